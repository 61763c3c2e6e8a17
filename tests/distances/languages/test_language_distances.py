from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import KNNImputer
from transfer_analysis.distances import kinds_of_codes, language_distances
from transfer_analysis.distances.languages import languages_with
from transfer_analysis.distances.languages.attributes import pretraining_size_distances, read_sizes
from transfer_analysis.distances.languages.imputation import NEIGHBOURS, imputed
from transfer_analysis.distances.languages.lexical import lexical_distances
from transfer_analysis.distances.languages.measures import angular, angular_of_members, gower
from transfer_analysis.distances.languages.subwords import (
    fertility,
    fertility_distances,
    spaced_words,
    subword_overlap_distances,
)
from transfer_analysis.distances.languages.trees import tree_distances
from transfer_analysis.distances.languages.typological import TYPOLOGICAL
from transfer_analysis.distances.languages.wordorder import ORDERS
from transfer_analysis.errors import InputError
from transfer_analysis.languages import FeatureTable, features, joined_rows, memberships, resolve
from transfer_analysis.languages.sources import chosen, typology
from transfer_analysis.languages.uriel import positions, scripts

LANGUAGES = ["en", "de", "fr", "hi", "tr", "ja", "sw", "zh", "vi", "eu"]

REFERENCE = json.loads((Path(__file__).parent / "reference" / "urielplus.json").read_text(encoding="utf-8"))


def slow_distance(kind, one, other):
    """The definition, pair by pair and feature by feature."""
    table = joined_rows(*TYPOLOGICAL[kind])
    u, v = table.rows([resolve(one).iso639_3, resolve(other).iso639_3])
    pairs = [(float(a), float(b)) for a, b in zip(u, v, strict=True) if np.isfinite(a) and np.isfinite(b)]
    if not pairs:
        return np.nan, 0
    a, b = map(np.array, zip(*pairs, strict=True))
    if kind == "genetic" and not (a.any() and b.any()):
        return 1.0, len(pairs)
    if not (a.any() and b.any()):
        return np.nan, len(pairs)
    cosine = a @ b / np.sqrt((a @ a) * (b @ b))
    return 2 / np.pi * np.arccos(min(1.0, cosine)), len(pairs)


@pytest.mark.parametrize("kind", TYPOLOGICAL)
def test_all_pairs_follow_the_definition(kind):
    matrix = language_distances(LANGUAGES, kind)
    for i, one in enumerate(LANGUAGES):
        for j, other in enumerate(LANGUAGES):
            wanted, shared = slow_distance(kind, one, other)
            assert matrix.shared.iloc[i, j] == shared
            got = matrix.values.iloc[i, j]
            if i == j:
                assert got == 0 or (shared == 0 and np.isnan(got))
            else:
                assert got == pytest.approx(wanted, nan_ok=True, abs=1e-7)


def reference(kind):
    """urielplus's own matrix, and where it is right: pairs with shared features, of which neither has a row of zeros."""
    lower = REFERENCE[kind]
    values = np.zeros((len(lower), len(lower)))
    for i, row in enumerate(lower):
        values[i, :i] = values[:i, i] = row
    return values


OF_2017 = [kind for kind in TYPOLOGICAL if kind != "morphological"]  # which had no morphology


@pytest.mark.parametrize("kind", OF_2017)
def test_agreement_with_urielplus_to_its_four_decimals(kind):
    codes = REFERENCE["codes"]
    theirs = reference("script" if kind == "scriptural" else kind)
    raw = {"typology": features, "membership": memberships, "position": positions}
    name, prefixes = TYPOLOGICAL[kind]
    table = raw.get(name, scripts)()
    table = table.columns(*prefixes) if prefixes else table
    ours, shared = (angular_of_members if kind == "genetic" else angular)(table.rows(codes))
    apart = ~np.eye(len(codes), dtype=bool)
    assert ((theirs == -1) == (shared == 0))[apart].all() or kind == "genetic"
    comparable = apart & np.isfinite(ours) & (shared > 0)
    if kind == "genetic":  # isolates, and a language whose family is not recorded, have rows of zeros there
        known = np.array([code not in ("eus", "ekk") for code in codes])
        comparable &= known[:, None] & known[None, :]
    assert comparable.sum() > 100
    np.testing.assert_allclose(ours[comparable], theirs[comparable], atol=5.1e-5)


@pytest.mark.parametrize("kind", ["syntactic", "phonological", "inventory", "morphological"])
def test_agreement_with_urielplus_when_all_its_sources_are_integrated(kind):
    codes = REFERENCE["all_codes"]
    theirs = reference(f"all_{kind}")
    ours, shared = angular(typology().columns(*TYPOLOGICAL[kind][1]).rows(codes))
    apart = ~np.eye(len(codes), dtype=bool)
    assert ((theirs == -1) == (shared == 0))[apart].all()
    comparable = apart & np.isfinite(ours) & (shared > 0)
    assert comparable.sum() > 100
    np.testing.assert_allclose(ours[comparable], theirs[comparable], atol=5.1e-5)


def test_languages_of_grambank_and_of_apics_have_distances_with_their_sources():
    """Nheengatu stands in Grambank alone, Nigerian Pidgin in APiCS alone (112 and 180 known syntactic features)."""
    matrix = language_distances(["pt", "yrl", "pcm"], "syntactic", count_sources=True)
    assert np.isfinite(matrix.values.to_numpy()).all()
    assert matrix.shared.loc["yrl", "yrl"] == 112
    assert matrix.by_source["GRAMBANK"].loc["pt", "yrl"] == matrix.shared.loc["pt", "yrl"] == 112
    assert matrix.by_source["APICS"].loc["pcm", "pcm"] > 100
    assert matrix.by_source["several together"].loc["pt", "pcm"] == matrix.shared.loc["pt", "pcm"] == 64
    old = language_distances(["pt", "yrl", "pcm"], "syntactic", sources="uriel-2017", count_sources=True)
    assert np.isnan(old.values.loc["pt", "yrl"])
    assert "GRAMBANK" not in old.by_source
    table = typology()
    row = table.rows(["yrl"])[0][[i for i, name in enumerate(table.names) if name.startswith("S_")]]
    assert np.isfinite(row).sum() == 112


def test_sources_may_be_named_and_are_checked():
    wals = language_distances(["en", "de"], "syntactic", sources="wals", count_sources=True)
    assert language_distances(["en", "de"], "syntactic").by_source == {}
    both = language_distances(["en", "de"], "syntactic", sources="wals+sswl")
    assert wals.shared.loc["en", "de"] < both.shared.loc["en", "de"]
    assert set(wals.by_source) == {"WALS", "several together"}
    with pytest.raises(InputError, match="unknown source 'grambnk' .* .did you mean 'grambank'"):
        language_distances(["en", "de"], "syntactic", sources="grambnk")
    for kind in ("genetic", "word-order", "script"):
        with pytest.raises(InputError, match="source"):
            language_distances(["en", "de"], kind, sources="wals")


@pytest.mark.parametrize("source", ["grambank", "wals"])
def test_distances_of_one_source_are_shares_that_differ(source):
    matrix = language_distances(["en", "tr", "ja"], source)
    (table,) = chosen(source)
    one, other = (table.values[table.languages.index(code)] for code in ("eng", "jpn"))
    known = np.isfinite(one) & np.isfinite(other)
    assert matrix.shared.loc["en", "ja"] == known.sum() > 50
    assert matrix.values.loc["en", "ja"] == pytest.approx((one[known] != other[known]).mean())


def test_counts_by_source_are_written_beside_the_matrix(tmp_path):
    language_distances(["pt", "yrl"], "syntactic", count_sources=True).write(tmp_path / "d.csv")
    table = pd.read_csv(tmp_path / "d-sources.csv")
    assert table.query("row == 'pt' and column == 'yrl'")[["source", "features"]].to_numpy().tolist() == [
        ["GRAMBANK", 112]
    ]


TREE = "((de:1,nl:2)Germanic:3,(fr:2,'Spanish':2):4,eu:9);"


def test_a_tree_of_ones_own(tmp_path):
    path = tmp_path / "t.nwk"
    path.write_text(TREE)
    matrix = tree_distances(path)
    assert sorted(matrix.rows) == ["de", "es", "eu", "fr", "nl"]
    assert matrix.parameters["longest path"] == 15.0  # fr to eu
    assert matrix.values.loc["de", "nl"] == pytest.approx(3 / 15)
    assert matrix.values.loc["de", "es"] == pytest.approx(10 / 15)
    assert matrix.values.loc["fr", "eu"] == 1.0
    assert (matrix.values.to_numpy() == matrix.values.to_numpy().T).all()
    path.write_text("((de,nl),(fr,es),eu);")
    assert (
        tree_distances(path, ["de", "nl", "eu"]).values.loc["de", "eu"] == 1.0
    )  # three branches, the longest path of these
    for text, said in (
        ("((de,nl);", "is not one tree"),
        ("((de:1,nl:-2):1,fr:1);", "negative length"),
        ("(de,deu,fr);", "stands in the tree twice"),
        ("(alpha1,beta2);", "no node has the code"),
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=said):
            tree_distances(path)
    path.write_text(TREE)
    with pytest.raises(InputError, match="has no language 'ja'"):
        tree_distances(path, ["de", "ja"])


def test_where_urielplus_is_wrong():
    """Its numbers for rows of zeros come from replacing them by rows of equal values; there is no angle to measure."""
    codes = REFERENCE["all_codes"]
    thai, vietnamese = codes.index("tha"), codes.index("vie")
    assert reference("all_morphological")[thai, vietnamese] == pytest.approx(0.8136)
    matrix = language_distances(["th", "vi"], "morphological")
    assert np.isnan(matrix.values.loc["th", "vi"])
    assert matrix.shared.loc["th", "vi"] == 36


def test_gaps_are_filled_from_the_macrolanguage_and_that_is_said():
    matrix = language_distances(["et", "fi", "en"], "syntactic", count_sources=True)
    assert matrix.parameters["gaps filled from the macrolanguage"] == {"ekk": "est"}
    own, macro = (features().columns("S_").rows([c])[0] for c in ("ekk", "est"))
    joined = joined_rows("typology", ("S_",), "uriel-2017").rows(["ekk"])[0]
    known = np.isfinite(own)
    assert (joined[known] == own[known]).all()
    np.testing.assert_array_equal(joined[~known], macro[~known])
    assert "gaps filled from the macrolanguage" not in language_distances(["fi", "en"], "syntactic").parameters
    # Grambank knows Estonian itself; what the table of 2017 files under the macrolanguage is read beside it.
    assert matrix.by_source["GRAMBANK"].loc["et", "fi"] > 100
    assert matrix.shared.loc["et", "fi"] > matrix.by_source["GRAMBANK"].loc["et", "fi"] + 40


def test_isolates_are_unrelated_to_everything():
    matrix = language_distances(["eu", "en"], "genetic")
    assert matrix.values.to_numpy().tolist() == [[0, 1], [1, 0]]


def test_a_language_whose_family_is_not_recorded_is_missing_not_unrelated():
    """urielplus 1.3.2 records no family of Nynorsk (nno), under any code; Glottolog has it in Indo-European."""
    matrix = language_distances(["nn", "fi", "eu"], "genetic")
    assert np.isnan(matrix.values.loc["nn"]).all()
    assert matrix.shared.loc["nn", "fi"] == 0
    assert matrix.values.loc["eu", "fi"] == 1


def test_a_family_recorded_under_the_macrolanguage_is_used():
    matrix = language_distances(["et", "fi", "hu"], "genetic")  # ekk has none; est is Uralic, Finnic
    assert matrix.values.loc["et", "fi"] < matrix.values.loc["et", "hu"] < 1


def test_pairs_without_shared_features_are_missing_not_zero():
    matrix = language_distances(["en", "hyw", "otk"], "syntactic")
    assert np.isnan(matrix.values.loc["en", "hyw"])
    assert np.isnan(matrix.values.loc["otk", "otk"])
    assert matrix.shared.loc["en", "otk"] == 0


def test_pairs_with_few_shared_features_can_be_left_out():
    loose, strict = (language_distances(["en", "hr"], "syntactic", min_shared=m) for m in (1, 20))
    assert loose.values.loc["en", "hr"] == 0  # twelve features on which the two agree
    assert np.isnan(strict.values.loc["en", "hr"])
    assert strict.parameters["min_shared"] == 20


def test_two_codes_of_one_language_are_no_distance_apart():
    assert language_distances(["zh", "cmn"], "syntactic").values.to_numpy().max() == 0


def test_unknown_kind():
    with pytest.raises(InputError, match="unknown language distance 'syntax' .did you mean 'syntactic'"):
        language_distances(["en", "de"], "syntax")


def test_gower_is_the_share_that_differ_and_the_mean_difference():
    rows = np.array([[1, 0, 1, np.nan], [0, 0, 1, 1], [np.nan, np.nan, np.nan, 1]], dtype=np.float32)
    values, shared = gower(rows)
    assert values[0, 1] == pytest.approx(1 / 3)
    assert shared.tolist() == [[3, 3, 0], [3, 4, 1], [0, 1, 1]]
    assert np.isnan(values[0, 2])
    assert values[1, 2] == 0
    parts, shared = gower(np.array([[0.5, 0], [0, np.nan]], dtype=np.float32))
    assert parts[0, 1] == 0.5
    assert shared[0, 1] == 1


def test_measure_and_imputation_are_for_properties_only():
    matrix = language_distances(["en", "de"], "syntactic", measure="gower")
    u, v = joined_rows("typology", ("S_",)).rows(["eng", "deu"])
    both = np.isfinite(u) & np.isfinite(v)
    assert matrix.values.loc["en", "de"] == pytest.approx(np.mean(u[both] != v[both]))
    for option in ({"measure": "gower"}, {"impute": "nearest"}):
        with pytest.raises(InputError, match="genetic has none"):
            language_distances(["en", "de"], "genetic", **option)
        with pytest.raises(InputError, match="leave --measure, --impute and --sources out"):
            language_distances(["en", "de"], "script", **option)
    with pytest.raises(InputError, match="unknown measure 'cosine'"):
        language_distances(["en", "de"], "syntactic", measure="cosine")
    with pytest.raises(InputError, match="unknown imputation 'mean'"):
        language_distances(["en", "de"], "syntactic", impute="mean")


def test_imputation_guesses_only_what_is_unknown_and_is_recorded():
    plain = language_distances(["en", "hr"], "syntactic", sources="uriel-2017")
    matrix = language_distances(["en", "hr"], "syntactic", sources="uriel-2017", impute="nearest")
    assert plain.shared.loc["en", "hr"] == matrix.shared.loc["en", "hr"] == 12  # what is guessed is not known
    assert plain.values.loc["en", "hr"] == 0 < matrix.values.loc["en", "hr"]
    strict = language_distances(["en", "hr"], "syntactic", sources="uriel-2017", impute="nearest", min_shared=20)
    assert np.isnan(strict.values.loc["en", "hr"])
    assert matrix.parameters["imputation"].startswith(f"nearest, k = {NEIGHBOURS}: ")
    assert plain.parameters["imputation"] == "none"
    # A language of which nothing is known stays unknown.
    assert np.isnan(language_distances(["en", "otk"], "syntactic", impute="family").values.loc["en", "otk"])


def test_guesses_are_means_of_neighbours_and_of_relatives():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2, size=(30, 14)).astype(np.float32)
    codes = ["deu", "nld", "fra", "spa", "ita", "por", "rus", "pol", "ces", "hin", "urd", "ben", "fin", "hun", "est"]
    codes += ["jpn", "kor", "cmn", "vie", "tha", "tur", "arb", "heb", "swh", "yor", "eus", "kat", "tam", "tel", "eng"]
    values[-1] = values[0]
    values[-1, 13] = np.nan
    table = FeatureTable(tuple(codes), tuple(f"S_{i}" for i in range(14)), values, "test")
    near = imputed(table.rows(["eng"]), ["eng"], table, "nearest")[0]
    order = np.argsort(np.abs(values[:-1, :13] - values[-1, :13]).sum(axis=1), kind="stable")[:NEIGHBOURS]
    assert near[13] == pytest.approx(values[order, 13].mean())
    np.testing.assert_array_equal(near[:13], values[-1, :13])
    theirs = KNNImputer(n_neighbors=NEIGHBOURS).fit_transform(values)[-1]
    np.testing.assert_allclose(imputed(table.rows(["eng"]), ["eng"], table, "knn")[0], theirs)
    family = imputed(table.rows(["eng"]), ["eng"], table, "family")[0]
    assert family[13] == pytest.approx(values[:12, 13].mean())  # the twelve Indo-European ones


def test_word_order_agreement_by_hand():
    table = joined_rows("typology", ("S_",), "uriel-2017")
    matrix = language_distances(["en", "ja", "de", "en-US"], "word-order")
    agreements = []
    for names in ORDERS.values():
        en, ja = ({n for n in names if table.rows([c])[0, table.names.index(n)] == 1} for c in ("eng", "jpn"))
        if en and ja:
            agreements.append(len(en & ja) / len(en | ja))
    assert matrix.shared.loc["en", "ja"] == len(agreements)
    assert matrix.values.loc["en", "ja"] == pytest.approx(1 - np.mean(agreements))
    assert matrix.values.loc["en", "en-US"] == 0
    assert matrix.values.loc["en", "de"] < matrix.values.loc["en", "ja"]
    assert np.isnan(language_distances(["en", "ja"], "word-order", min_shared=40).values.loc["en", "ja"])


def test_every_parameter_of_word_order_is_in_uriel():
    names = set(features().names)
    assert all(name in names for group in ORDERS.values() for name in group)


def test_scripts_and_pretraining_sizes():
    matrix = language_distances(["en", "de", "ru", "qu"], "script")
    assert matrix.values.loc["en"].tolist() == [0, 0, 1, 0]
    sizes = pretraining_size_distances(["en", "deu", "fi"], {"en": 1000.0, "de": 10.0}, "a test")
    assert sizes.values.loc["en", "deu"] == pytest.approx(2)
    assert np.isnan(sizes.values.loc["en", "fi"])
    assert np.isnan(language_distances(["en", "qu"], "pretraining-size").values.loc["en", "qu"])  # none in CC-100


def test_lexical_table(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("a,b,ldnd\nen,deu,60\nno,nan,99.5\nde,en,60\n", encoding="utf-8")
    matrix = lexical_distances(path)
    assert matrix.kind == "ldnd"
    assert matrix.rows == ["de", "en", "nan", "no"]  # Min Nan and Norwegian, not missing and not false
    assert matrix.values.loc["en", "de"] == 60
    assert matrix.values.loc["no", "nan"] == 99.5
    assert np.isnan(matrix.values.loc["en", "no"])
    assert lexical_distances(path, ["deu", "en"]).values.loc["deu", "en"] == 60
    path.write_text("a,b,ldnd\nen,germn,60\nen,de,far\nen,fr,-1\nen,es,1\nes,en,2\n", encoding="utf-8")
    with pytest.raises(InputError) as raised:
        lexical_distances(path)
    text = str(raised.value)
    for part in (
        "row 2: unknown language 'germn'",
        "row 3: 'far'",
        "row 4: '-1'",
        "row 6: es and en are 2 apart here, 1",
    ):
        assert part in text
    path.write_text("a,b,ldnd\nen,de,60\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no distance of fi"):
        lexical_distances(path, ["en", "fi"])
    path.write_text("a,b\nen,de\n", encoding="utf-8")
    with pytest.raises(InputError, match="has the columns a, b"):
        lexical_distances(path)


class Letters:
    """Cuts a word into letters; knows a to e."""

    name = "letters"

    def ids(self, texts):
        return [[ord(letter) for letter in text if letter != " "] for text in texts]

    def known_ids(self, texts):
        return [one for row in self.ids(texts) for one in row if one <= ord("e")]

    unknown_id = ord("z")

    def word_ids(self, words):
        return self.ids(words)

    def provenance(self):
        return {"tokenizer": self.name}


def test_subwords_by_hand():
    texts = {"en": ["ab ba", "ac"], "de": ["ad"], "fr": ["aadddd"]}
    matrix = subword_overlap_distances(texts, Letters())
    assert matrix.values.loc["en", "de"] == pytest.approx(1 - 1 / 4)  # a of a, b, c, d
    assert matrix.values.loc["de", "fr"] == 0
    words = spaced_words({**texts, "zh": ["ab"]})
    assert fertility(words, Letters())["en"] == 2
    found = fertility_distances(words, Letters())
    assert found.values.loc["en", "fr"] == 4
    assert np.isnan(found.values.loc["en", "zh"])
    assert found.parameters["fertility"] == {"en": 2.0, "de": 2.0, "fr": 6.0, "zh": None}
    with pytest.raises(InputError, match="knows no subword of en"):
        subword_overlap_distances({"en": ["xyz"]}, Letters())
    with pytest.raises(InputError, match="no text of de"):
        fertility_distances({"en": [["a"]], "de": []}, Letters())


def test_every_language_there_is():
    syntactic = languages_with("syntactic")
    assert len(syntactic) == len(set(syntactic)) > 2_600
    assert {"no", "nan", "et"} <= set(syntactic)
    assert not {"est", "nob"} & set(syntactic)  # the same languages under other codes
    assert "quz" not in languages_with("pretraining-size")


def test_matrices_survive_a_file(tmp_path):
    matrix = language_distances(["no", "nan", "en"], "syntactic")
    matrix.write(tmp_path / "m.csv")
    again = type(matrix).read(tmp_path / "m.csv")
    pd.testing.assert_frame_equal(again.values, matrix.values, rtol=1e-9)
    assert again.rows == ["no", "nan", "en"]
    assert again.kind in kinds_of_codes()


def test_a_language_is_not_its_own_neighbour_under_another_code():
    table = joined_rows("typology", ("S_",))
    row = table.rows(["cmn"])
    row[0, np.flatnonzero(np.isfinite(row[0]))[:30]] = np.nan
    guessed = imputed(row, ["cmn"], table, "nearest")
    alone = FeatureTable(table.languages, table.names, table.values.copy(), "test")
    alone.values[[table.index["cmn"], table.index["zho"]]] = np.nan
    np.testing.assert_array_equal(guessed, imputed(row, ["cmn"], alone, "nearest"))


def test_of_languages_that_agree_those_that_share_more_are_nearer():
    values = np.full((14, 60), np.nan, dtype=np.float32)
    values[:11, :12] = 1  # eleven sparse languages that agree in all they share
    values[:11, 59] = 0
    values[11:, :59] = 1  # and two rich ones
    values[11:, 59] = 1
    values[13, 59] = np.nan
    codes = ("deu", "nld", "fra", "spa", "ita", "por", "rus", "pol", "ces", "hin", "urd", "fin", "hun", "est")
    table = FeatureTable(codes, tuple(f"S_{i}" for i in range(60)), values, "test")
    guessed = imputed(table.rows(["est"]), ["est"], table, "nearest")[0, 59]
    assert guessed == pytest.approx(2 / NEIGHBOURS)  # the two rich ones are among the ten, first


def test_no_language_and_no_features():
    for code in ("und", "mul", "mis", "zxx"):
        with pytest.raises(InputError, match="unknown language"):
            language_distances(["en", code], "geographic")
    with pytest.raises(InputError, match="needs at least 1 shared feature"):
        language_distances(["en", "otk"], "syntactic", min_shared=0)
    with pytest.raises(InputError, match="needs at least 1 shared feature"):
        language_distances(["en", "otk"], "word-order", min_shared=-1)
    with pytest.raises(InputError, match="leave --min-shared out"):
        language_distances(["en", "de"], "script", min_shared=2)
    assert language_distances(["et", "fi"], "word-order").parameters["gaps filled from the macrolanguage"] == {
        "ekk": "est"
    }
    everything = language_distances(languages_with("word-order"), "word-order")
    assert np.isfinite(np.diag(everything.values)).all()


def test_the_script_of_a_tag_counts():
    matrix = language_distances(["sr_Latn", "sr_Cyrl", "hr", "ru"], "script")
    assert matrix.values.loc["sr_Latn"].tolist() == [0, 1, 0, 1]
    assert language_distances(["grc", "el"], "script").values.loc["grc", "el"] == 0


@pytest.mark.parametrize("kind", ["syntactic", "geographic", "genetic", "word-order"])
def test_distances_of_many_languages_are_exactly_symmetric(kind):
    values = language_distances(languages_with("scriptural")[:600], kind).values.to_numpy()
    np.testing.assert_array_equal(values, values.T)


def test_urielplus_is_read_and_left_as_it_is():
    """Its own code copies databases into its folder and configures logging when it starts."""
    script = """
import hashlib, logging, sys
from importlib.util import find_spec
from pathlib import Path
folder = Path(find_spec("urielplus").submodule_search_locations[0])
def state():
    return sorted((str(p), p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*") if "__pycache__" not in str(p))
before = state()
from transfer_analysis.distances import kinds_of_codes, language_distances
for kind in kinds_of_codes():
    language_distances(["en", "de", "et"], kind)
assert state() == before
assert not logging.getLogger().handlers
assert "urielplus.urielplus" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_fertility_with_real_tokenizers():
    from tokenizers import Tokenizer as Backend
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import ByteLevel
    from transfer_analysis.distances.tokenizers import Tokenizer
    from transfer_analysis.training.pretraining.built import word_tokenizer
    from transformers import PreTrainedTokenizerFast

    plain = Tokenizer("words", word_tokenizer(["red", "cat"], 16), "")
    found = fertility_distances(
        spaced_words({"en": ["red cat dog"], "zh": ["\u4f60\u597d \u4e16\u754c"], "de": [""]}), plain
    )
    assert np.isnan(found.values.loc["en", ["zh", "de"]]).all()  # no spaces between words; no words
    assert found.parameters["unknown_share"] == {"en": 0.3333, "zh": 0.0, "de": 0.0}
    space = chr(0x120)
    letters = [space, *"redcat"]
    vocabulary = {
        token: i
        for i, token in enumerate(dict.fromkeys([*letters, "re", "red", space + "red", "ca", "cat", space + "cat"]))
    }
    merges = [("r", "e"), ("re", "d"), (space, "red"), ("c", "a"), ("ca", "t"), (space, "cat")]
    backend = Backend(BPE(vocabulary, merges))
    backend.pre_tokenizer = ByteLevel(add_prefix_space=False)
    of_bytes = Tokenizer("bytes", PreTrainedTokenizerFast(tokenizer_object=backend), "")
    assert fertility({"en": [["red", "cat"]]}, of_bytes) == {"en": 1.0}  # as inside a sentence


def test_sizes_of_a_table(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("language,size\nno,10\ndeu,1000\n")
    assert read_sizes(path) == {"no": 10.0, "de": 1000.0}
    path.write_text("language,size\nxx,10\nde,much\n")
    with pytest.raises(InputError, match="row 2: unknown language 'xx'(.|\\n)*row 3: size 'much'"):
        read_sizes(path)


def test_a_lexical_table_that_contradicts_itself(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text("a,b,d\nzh,cmn,50\n")
    with pytest.raises(InputError, match="row 2: zh and cmn are one language, 50 apart"):
        lexical_distances(path)
    path.write_text("a,b,d\n")
    with pytest.raises(InputError, match="no rows below its header"):
        lexical_distances(path)


def test_a_study_says_how_its_language_distances_are_made():
    from transfer_analysis.studies.study import LanguageDistance

    declared = LanguageDistance.model_validate(
        {"name": "syntax-of-old", "kind": "syntactic", "sources": "uriel-2017", "measure": "gower", "impute": "family"}
    )
    ours = declared.compute(["en", "de", "hr"], 1)
    theirs = language_distances(["en", "de", "hr"], "syntactic", sources="uriel-2017", measure="gower", impute="family")
    pd.testing.assert_frame_equal(ours.values, theirs.values)
    assert declared.model_dump()["sources"] == "uriel-2017"
    assert LanguageDistance.model_validate("genetic").model_dump() == "genetic"
