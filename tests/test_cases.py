"""Small inputs that went wrong, as people have them, each with the right answer; more of a kind than the one that was found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.cli import app
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.distances.languages.attributes import pretraining_size_distances, read_sizes, script_distances
from transfer_analysis.errors import InputError
from transfer_analysis.languages import resolve
from transfer_analysis.reporting import distance_dendrogram
from transfer_analysis.results import gains, read_table
from transfer_analysis.results.importers import Asked, import_file
from transfer_analysis.statistics import mantel
from transfer_analysis.statistics.matrices import complete
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.reading.checks import Place
from transfer_analysis.training.reading.golds import gold_answers, gold_labels, gold_of_each
from typer.testing import CliRunner


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


SIZES = "language,size\nen,300.8\nhi,20.2\nhi-Latn,0.5\nzh-Hans,46.9\nzh-Hant,16.6\n"


def test_entries_of_one_language_are_added_up(tmp_path):
    sizes = read_sizes(write(tmp_path / "sizes.csv", SIZES))
    found = pretraining_size_distances(["en", "hi", "zh"], sizes).values
    assert found.at["en", "hi"] == pytest.approx(np.log10(300.8 / 20.7))
    assert found.at["en", "zh"] == pytest.approx(np.log10(300.8 / 63.5))


def test_an_entry_that_is_there_twice_is_refused_with_both_rows(tmp_path):
    with pytest.raises(InputError, match="repeated.csv row 4: 'hin' is the same language as in repeated.csv row 3"):
        read_sizes(write(tmp_path / "repeated.csv", "language,size\nen,300.8\nhi,20.2\nhin,99\n"))


@pytest.mark.parametrize("called", ["deu", "deu_Latn", "DE", "german", "stan1295"])
def test_a_folder_may_bear_any_name_of_its_language(tmp_path, called):
    folder = tmp_path / "udpos" / called
    folder.mkdir(parents=True)
    write(folder / "test.jsonl", '{"tokens": ["a"], "upos": ["X"]}\n')
    corpus = FolderCorpus(tmp_path)
    assert corpus.languages("udpos") == ["de"]
    for code in ("de", "deu_Latn", "German"):
        assert corpus.examples("udpos", code, "test") == [{"tokens": ["a"], "upos": ["X"]}]
    (tmp_path / "udpos" / "ger").mkdir()
    with pytest.raises(InputError, match=r"are one language \(de\); keep one folder"):
        corpus.examples("udpos", "de", "test")


@pytest.mark.parametrize(
    ("treebank", "code"),
    [("hi_hdtb", "hi"), ("en_ewt", "en"), ("de_gsd", "de"), ("ko_kaist", "ko"), ("ur_udtb", "ur"), ("kmr_mg", "kmr")],
)
def test_a_treebank_is_its_language_in_its_usual_script(treebank, code):
    assert resolve(treebank) == resolve(code)


@pytest.mark.parametrize("wrong", ["hi-hdtb", "de-xxxx", "xx_ewt", "hi_HDTB_x"])
def test_what_is_no_script_is_no_part_of_a_tag(wrong):
    with pytest.raises(InputError, match="unknown language"):
        resolve(wrong)


WITHIN = """model,target,language,condition,score
xlm-r,xnli,de,none,81.2
xlm-r,xnli,fr,none,0.79
xlm-r,xnli,de,squad,0.809
xlm-r,xnli,fr,squad,78.1
"""
BY_TARGET = """model,target,language,condition,score
x,xnli,en,none,0.85
x,xnli,de,none,0.80
x,paws-x,en,none,94
x,paws-x,de,none,88
"""


def test_scales_that_are_mixed_are_refused_row_by_row(tmp_path):
    with pytest.raises(InputError) as caught:
        import_file(write(tmp_path / "within.csv", WITHIN))
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["within.csv row 3", "within.csv row 4"]
    with pytest.raises(InputError, match="by.csv row 2: the largest accuracy score of xnli is 0.85"):
        import_file(write(tmp_path / "by.csv", BY_TARGET))


def test_what_a_target_is_scored_in_can_be_said(tmp_path):
    path = write(tmp_path / "by.csv", BY_TARGET)
    table = import_file(path, Asked(scales={"xnli": "fraction"})).table
    assert sorted(table.frame["score"]) == [80.0, 85.0, 88.0, 94.0]
    kept = write(tmp_path / "low.csv", BY_TARGET.replace("0.85", "0.5").replace("0.80", "0.2"))
    said = CliRunner().invoke(
        app, ["results", "import", "csv", str(kept), "--scale", "xnli=percent", "-o", str(tmp_path / "low.parquet")]
    )
    assert said.exception is None, said.exception
    assert sorted(read_table(tmp_path / "low.parquet").frame["score"]) == [0.2, 0.5, 88.0, 94.0]
    with pytest.raises(InputError, match="expected fraction or percent"):
        import_file(path, Asked(scales={"xnli": "cent"}))


def test_a_low_baseline_still_counts(tmp_path):
    """A score that was said to be per cent is one, for gains as well."""
    rows = "model,target,language,condition,score\nx,xnli,de,none,0.5\nx,xnli,de,squad,0.9\n"
    table = import_file(write(tmp_path / "x.csv", rows), Asked(scales={"xnli": "percent"})).table
    assert gains(table).frame["gain"].tolist() == pytest.approx([0.4])


FULL = [
    [0, 0.3, 0.2, 0.5, 0.6],
    [0.3, 0, 0.35, 0.5, 0.6],
    [0.2, 0.35, 0, 0.5, 0.3],
    [0.5, 0.5, 0.5, 0, 0.6],
    [0.6, 0.6, 0.3, 0.6, 0],
]
NAMES = ["en", "de", "fr", "sw", "he"]


def test_gaps_are_named_with_the_fewest_labels_to_leave_out():
    full = pd.DataFrame(FULL, NAMES, NAMES)
    gaps = full.copy()
    gaps.loc["en", "he"] = gaps.loc["he", "en"] = gaps.loc["de", "he"] = gaps.loc["he", "de"] = np.nan
    with pytest.raises(
        InputError, match=r"missing for 2 of 10 pairs \(he and en, he and de\). None is missing without he:"
    ):
        mantel(gaps, full)
    (one, other), dropped = (lambda found: (found[0].values(), found[1]))(complete({"a": gaps, "b": full}))
    assert dropped == ["he"]
    assert list(one.index) == list(other.index) == ["en", "de", "fr", "sw"]


def test_a_triangle_is_the_matrix_that_it_stands_for(tmp_path):
    full = pd.DataFrame(FULL, NAMES, NAMES)
    for name, half in (("lower", np.tril), ("upper", np.triu)):
        kept = full.where(half(np.ones((5, 5))).astype(bool))
        kept.to_csv(tmp_path / f"{name}.csv", index_label="Language")
        pd.testing.assert_frame_equal(DistanceMatrix.read(tmp_path / f"{name}.csv").values, full)
    full.loc["en", "he"] = np.nan  # a gap is no triangle
    full.to_csv(tmp_path / "gap.csv", index_label="Language")
    assert DistanceMatrix.read(tmp_path / "gap.csv").missing() == 1
    said = CliRunner().invoke(
        app, ["fit", "mantel", str(tmp_path / "gap.csv"), str(tmp_path / "lower.csv"), "--complete"]
    )
    assert said.exception is None, said.exception
    assert "left out, as distances are missing: en" in said.output


def collapsed_table(tmp_path, initial: float = 33.33):
    """Five languages, three seeds; the third seed after squad answers one class everywhere."""
    rng = np.random.default_rng(1)
    rows = [
        (
            "xlm-r",
            "xnli",
            language,
            condition,
            seed,
            initial if (condition, seed) == ("squad", 3) else 74 + rng.normal(),
        )
        for language in ("en", "de", "fr", "sw", "tr")
        for condition in ("none", "squad", "qqp")
        for seed in (1, 2, 3)
    ]
    frame = pd.DataFrame(rows, columns=["model", "target", "language", "condition", "seed", "score"])
    frame.to_csv(tmp_path / "div.csv", index=False)
    return tmp_path / "div.csv"


def test_a_run_that_collapsed_is_named_and_can_be_left_out(tmp_path):
    path = collapsed_table(tmp_path)
    said = CliRunner().invoke(app, ["results", "check", str(path)])
    assert "xlm-r, squad → xnli, seed 3: at chance in all of 5 scores (mean 33.3)" in said.output
    assert said.output.count("at chance in all") == 1
    words = ["results", "gains", str(path), "-o", str(tmp_path / "gains.csv")]
    assert "note: xlm-r, squad → xnli, seed 3" in CliRunner().invoke(app, words).output
    with_it = pd.read_csv(tmp_path / "gains.csv").groupby("condition")["gain"].mean()
    assert "left out: xlm-r, squad" in CliRunner().invoke(app, [*words, "--without-collapsed"]).output
    without = pd.read_csv(tmp_path / "gains.csv").groupby("condition")["gain"].mean()
    assert with_it["squad"] < -12
    assert abs(without["squad"]) < 1
    assert with_it["qqp"] == pytest.approx(without["qqp"])


def test_a_target_that_nothing_has_learnt_is_no_collapsed_run(tmp_path):
    rows = pd.read_csv(collapsed_table(tmp_path)).assign(score=33.5)
    rows.to_csv(tmp_path / "flat.csv", index=False)
    said = CliRunner().invoke(app, ["results", "check", str(tmp_path / "flat.csv")])
    assert said.exit_code == 0
    assert "at chance in all" not in said.output


def test_halves_that_differ_by_rounding_are_one_pair_each():
    rng = np.random.default_rng(0)
    array = rng.random((8, 8))
    labels = list("abcdefgh")
    one, other = (pd.DataFrame((a + a.T) / 2, labels, labels) for a in (array, rng.random((8, 8))))
    shaken = one + np.triu(rng.normal(size=(8, 8)) * 1e-9, 1)
    exact, rounded = (mantel(matrix, other, permutations=199) for matrix in (one, shaken))
    assert exact.unit == rounded.unit == "labels (28 pairs)"
    assert rounded.estimate == pytest.approx(exact.estimate, abs=1e-6)
    assert rounded.p_value == exact.p_value


def test_what_has_no_distance_has_no_branch():
    labels = ["en", "de", "nl", "sw", "xx"]
    near = pd.DataFrame(
        [[0, 1, 2, 8], [1, 0, 1.5, 9], [2, 1.5, 0, 8.5], [8, 9, 8.5, 0]], labels[:4], labels[:4], dtype=float
    )
    tree = distance_dendrogram(near.reindex(index=labels, columns=labels), label="mine")
    beside, heat = tree.get_axes()[:2]
    shown = [tick.get_text() for tick in heat.get_yticklabels()]
    assert shown[-1] == "xx"
    assert set(shown[1:4]) == {"en", "de", "nl"} or set(shown[:3]) == {"en", "de", "nl"}
    assert beside.get_ylim() == (-10.0, 40.0)
    farthest = max(x for line in beside.collections for path in line.get_paths() for x in path.vertices[:, 0])
    assert farthest == pytest.approx(8.5)  # as without the label: 8, 9 and 8.5 on average


ALS = "model,target,language,condition,score\nm,wikiann,als,none,61.2\nm,wikiann,sq,none,80\n"


def test_wikipedias_own_codes(tmp_path):
    path = write(tmp_path / "both.csv", ALS)
    with pytest.raises(InputError, match="als and sq are one language, sq"):
        import_file(path)
    found = import_file(path, Asked(codes="wikipedia"))
    assert set(found.table.frame["language"]) == {"gsw", "sq"}
    assert "language read as: als → gsw" in found.notes
    alone = import_file(write(tmp_path / "als.csv", ALS.rsplit("m,", 1)[0]))
    assert "als is Albanian in ISO 639, and Alemannic in Wikipedia; --codes wikipedia reads it so" in alone.notes


@pytest.mark.parametrize(
    ("wikipedia", "code"),
    [
        ("bat-smg", "sgs"), ("be-x-old", "be"), ("be_x_old", "be"), ("cbk-zam", "cbk"), ("fiu-vro", "vro"), ("map-bms", "jv"),
        ("roa-rup", "rup"), ("simple", "en"), ("zh-classical", "lzh"), ("zh-min-nan", "nan"), ("bh", "bho"), ("zh-yue", "yue"),
    ],
)  # fmt: skip
def test_codes_that_are_wikipedias_alone_are_named(tmp_path, wikipedia, code):
    path = write(tmp_path / "x.csv", f"model,target,language,score\nm,wikiann,{wikipedia},61.2\nm,wikiann,de,80\n")
    assert set(import_file(path, Asked(codes="wikipedia")).table.frame["language"]) == {code, "de"}
    if wikipedia not in ("zh-yue",):  # Cantonese is so called elsewhere too
        with pytest.raises(InputError, match="import with --codes wikipedia"):
            import_file(path)


def test_two_scripts_of_one_language_are_two_rows(tmp_path):
    rows = "".join(
        f"m,xnli,{code},{score}\n"
        for code, score in (("srp_Latn", 81), ("srp_Cyrl", 80), ("zho_Hans", 82), ("zho_Hant", 79))
    )
    frame = import_file(write(tmp_path / "x.csv", f"model,target,language,score\n{rows}")).table.frame
    assert set(frame["language"]) == {"sr-Latn", "sr", "zh", "zh-Hant"}
    far = script_distances(["zh-Hans", "zho_Hans", "zh-Hant", "zh", "ja", "srp_Latn", "srp_Cyrl"])
    assert far["zh-Hans", "zho_Hans"] == far["zh-Hant", "zh"] == 0.0
    assert far["srp_Latn", "srp_Cyrl"] == far["zh", "ja"] == 1.0


def test_every_wrong_row_is_named_or_counted():
    task = load_catalogue()["xquad"]
    right = {"question": "Where?", "context": "In Lima.", "answers": {"text": ["Lima"], "answer_start": [3]}}
    wrong = {**right, "answers": {"text": ["Lima"], "answer_start": [0]}}
    place = Place("xquad ar/test", None)

    def gold(number, example, at):
        return gold_answers(task, example, example["context"], at)

    assert gold_of_each([right], place, gold) == [[(3, "Lima")]]
    with pytest.raises(InputError) as error:
        gold_of_each([right, wrong, right, wrong, right, wrong], place, gold)
    assert [problem.split(":")[0] for problem in error.value.problems] == [f"xquad ar/test row {n}" for n in (2, 4, 6)]
    with pytest.raises(InputError, match="… and 35 more rows like the last"):
        gold_of_each([wrong] * 40, place, gold)
    labels = [{"premise": "a", "hypothesis": "b", "label": value} for value in (0, 7, 1, "maybe")]
    with pytest.raises(InputError) as error:
        gold_labels(load_catalogue()["xnli"], labels, Place("xnli en/train", None))
    assert len(error.value.problems) == 2
