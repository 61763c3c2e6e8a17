from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.distances import LANGUAGE_KINDS, language_distances
from transfer_analysis.distances.languages import languages_with
from transfer_analysis.distances.languages.attributes import pretraining_size_distances
from transfer_analysis.distances.languages.imputation import NEIGHBOURS, imputed
from transfer_analysis.distances.languages.lexical import lexical_distances
from transfer_analysis.distances.languages.measures import angular, angular_of_members, gower
from transfer_analysis.distances.languages.subwords import (
    fertility,
    fertility_distances,
    spaced_words,
    subword_overlap_distances,
)
from transfer_analysis.distances.languages.typological import TYPOLOGICAL
from transfer_analysis.distances.languages.wordorder import ORDERS
from transfer_analysis.errors import InputError
from transfer_analysis.languages import FeatureTable, features, joined_rows, memberships, resolve
from transfer_analysis.languages.uriel import morphology, positions, scripts

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


@pytest.mark.parametrize("kind", TYPOLOGICAL)
def test_agreement_with_urielplus_to_its_four_decimals(kind):
    codes = REFERENCE["morphological_codes" if kind == "morphological" else "codes"]
    theirs = reference("script" if kind == "scriptural" else kind)
    raw = {"typology": features, "morphology": morphology, "membership": memberships, "position": positions}
    name, prefix = TYPOLOGICAL[kind]
    table = raw.get(name, scripts)().columns(prefix)
    ours, shared = (angular_of_members if kind == "genetic" else angular)(table.rows(codes))
    apart = ~np.eye(len(codes), dtype=bool)
    assert ((theirs == -1) == (shared == 0))[apart].all() or kind == "genetic"
    comparable = apart & np.isfinite(ours) & (shared > 0)
    if kind == "genetic":  # isolates, and a language whose family is not recorded, have rows of zeros there
        known = np.array([code not in ("eus", "ekk") for code in codes])
        comparable &= known[:, None] & known[None, :]
    assert comparable.sum() > 100
    np.testing.assert_allclose(ours[comparable], theirs[comparable], atol=5.1e-5)


def test_where_urielplus_is_wrong():
    """Its numbers for rows of zeros come from replacing them by rows of equal values; there is no angle to measure."""
    codes = REFERENCE["morphological_codes"]
    thai, vietnamese = codes.index("tha"), codes.index("vie")
    assert reference("morphological")[thai, vietnamese] == pytest.approx(0.8136)
    matrix = language_distances(["th", "vi"], "morphological")
    assert np.isnan(matrix.values.loc["th", "vi"])
    assert matrix.shared.loc["th", "vi"] == 36


def test_gaps_are_filled_from_the_macrolanguage_and_that_is_said():
    matrix = language_distances(["et", "fi", "en"], "syntactic")
    assert matrix.parameters["gaps filled from the macrolanguage"] == {"ekk": "est"}
    own, macro, joined = (features().columns("S_").rows([c])[0] for c in ("ekk", "est", "ekk"))
    joined = joined_rows("typology", "S_").rows(["ekk"])[0]
    known = np.isfinite(own)
    assert (joined[known] == own[known]).all()
    np.testing.assert_array_equal(joined[~known], macro[~known])
    assert "gaps filled from the macrolanguage" not in language_distances(["fi", "en"], "syntactic").parameters


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
    u, v = joined_rows("typology", "S_").rows(["eng", "deu"])
    both = np.isfinite(u) & np.isfinite(v)
    assert matrix.values.loc["en", "de"] == pytest.approx(np.mean(u[both] != v[both]))
    for option in ({"measure": "gower"}, {"impute": "nearest"}):
        with pytest.raises(InputError, match="genetic has none"):
            language_distances(["en", "de"], "genetic", **option)
        with pytest.raises(InputError, match="leave --measure and --impute out"):
            language_distances(["en", "de"], "script", **option)
    with pytest.raises(InputError, match="unknown measure 'cosine'"):
        language_distances(["en", "de"], "syntactic", measure="cosine")
    with pytest.raises(InputError, match="unknown imputation 'mean'"):
        language_distances(["en", "de"], "syntactic", impute="mean")


def test_imputation_guesses_only_what_is_unknown_and_is_recorded():
    plain = language_distances(["en", "hr"], "syntactic")
    matrix = language_distances(["en", "hr"], "syntactic", impute="nearest")
    assert plain.shared.loc["en", "hr"] == 12
    assert matrix.shared.loc["en", "hr"] > 90
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
    order = np.argsort(np.abs(values[:-1, :13] - values[-1, :13]).mean(axis=1), kind="stable")[:NEIGHBOURS]
    assert near[13] == pytest.approx(values[order, 13].mean())
    np.testing.assert_array_equal(near[:13], values[-1, :13])
    family = imputed(table.rows(["eng"]), ["eng"], table, "family")[0]
    assert family[13] == pytest.approx(values[:12, 13].mean())  # the twelve Indo-European ones


def test_word_order_agreement_by_hand():
    table = joined_rows("typology", "S_")
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
    sizes = pretraining_size_distances(["en", "de", "xx"], {"en": 1000.0, "de": 10.0}, "a test")
    assert sizes.values.loc["en", "de"] == pytest.approx(2)
    assert np.isnan(sizes.values.loc["en", "xx"])
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
    assert again.kind in LANGUAGE_KINDS
