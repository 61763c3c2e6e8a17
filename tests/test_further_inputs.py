"""Five further inputs of each kind that a case in `test_cases` stands for, each with the right answer by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.distances import DistanceMatrix, language_distances
from transfer_analysis.distances.languages.attributes import read_sizes, script_distances
from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable
from transfer_analysis.results.collapsed import collapsed_runs
from transfer_analysis.results.importers import Asked, import_file
from transfer_analysis.statistics.matrices import complete
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.reading.checks import Place
from transfer_analysis.training.reading.golds import gold_answers, gold_label, gold_of_each


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def table(rows, columns="model target language condition metric score"):
    return columns.replace(" ", ",") + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


# Scales that are mixed: refused where a whole part is on another one, kept where low scores are honest.


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        # one condition of F1 as fractions
        ([("m", "xquad", c, k, "f1", v) for k, vs in (("none", (70, 66)), ("squad", (0.72, 0.67))) for c, v in zip(("de", "ru"), vs, strict=True)], "with condition squad are at most 0.72"),
        # one model, exact match
        ([(m, "mlqa", c, "none", "exact_match", v) for m, vs in (("a", (50, 45)), ("b", (0.51, 0.44))) for c, v in zip(("de", "es"), vs, strict=True)], "with model b are at most 0.51"),
        # accuracy in one row, beside its chance
        ([("m", "paws-x", c, "none", "accuracy", v) for c, v in (("de", 88), ("fr", 0.89), ("ja", 80))], "accuracy 0.89 of paws-x looks like a fraction"),
        # a correlation, all of it
        ([("m", "stsb", "en", k, "pearson", v) for k, v in (("none", 0.85), ("qqp", 0.88))], "the largest pearson score of stsb is 0.88"),
        # every row of one target beside another in per cent
        ([("m", t, c, "none", "accuracy", v) for t, vs in (("xnli", (0.8, 0.7)), ("paws-x", (90, 80))) for c, v in zip(("de", "fr"), vs, strict=True)], "the largest accuracy score of xnli is 0.8"),
    ],
)  # fmt: skip
def test_parts_on_another_scale_are_refused(tmp_path, rows, said):
    with pytest.raises(InputError, match=said):
        import_file(write(tmp_path / "t.csv", table(rows)))


@pytest.mark.parametrize(
    "values",
    [(70, 0.4), (70, 0.0), (1.2, 0.9), (55, 0.9), (3.1, 0.2)],
)
def test_low_scores_of_a_run_that_failed_are_kept(tmp_path, values):
    """A single F1 below 1 beside others is what a failed run has: it is no scale of its own."""
    rows = [("m", "xquad", c, "none", "f1", v) for c, v in zip(("de", "ru"), values, strict=True)]
    assert sorted(import_file(write(tmp_path / "t.csv", table(rows))).table.frame["score"]) == sorted(values)


# Entries of one language in a table of sizes.


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("ta,10\nta-Latn,1", {"ta": 11.0}),
        ("zho_Hans,5\nzho_Hant,7\nyue,1", {"zh": 12.0, "yue": 1.0}),
        ("sr-Cyrl,3\nsr-Latn,4", {"sr": 7.0}),
        ("ur,2\nur-Latn,0.5\nhi,3", {"ur": 2.5, "hi": 3.0}),
        ("no,5\nnn,1", {"no": 5.0, "nn": 1.0}),
    ],
)
def test_sizes_of_scripts_are_added(tmp_path, rows, found):
    assert read_sizes(write(tmp_path / "s.csv", f"language,size\n{rows}\n")) == found


@pytest.mark.parametrize("twice", ["de,1\ndeu,2", "de,1\nger,2", "zh,1\nzh-CN,2", "de,1\nGerman,2", "he,1\niw,2"])
def test_a_language_twice_in_sizes_is_refused(tmp_path, twice):
    with pytest.raises(InputError, match=r"s.csv row 3: .* is the same language as in s.csv row 2"):
        read_sizes(write(tmp_path / "s.csv", f"language,size\n{twice}\n"))


# Languages that later sources alone describe.


@pytest.mark.parametrize(
    ("code", "source"),
    [("yrl", "GRAMBANK"), ("pcm", "APICS"), ("tpi", "APICS"), ("gcf", "APICS"), ("hwc", "APICS")],
)
def test_languages_of_later_sources_have_syntax(code, source):
    old = language_distances(["pt", code], "syntactic", sources="uriel-2017")
    new = language_distances(["pt", code], "syntactic", count_sources=True)
    assert new.shared.loc[code, code] > old.shared.loc[code, code]
    assert new.by_source[source].loc[code, code] > 0


# Two scripts of one language.


@pytest.mark.parametrize(
    ("codes", "kept"),
    [
        (("uzb_Latn", "uzb_Cyrl"), 2), (("kas_Arab", "kas_Deva"), 2), (("pan_Guru", "pan_Arab"), 2), (("mni_Beng", "mni_Mtei"), 2),
        (("zh-Hans-CN", "zh-Hant-TW"), 2), (("ben_Beng", "ben_Latn"), 2),
    ],
)  # fmt: skip
def test_scripts_stay_apart_in_results(tmp_path, codes, kept):
    rows = [("m", "xnli", code, "none", "accuracy", 70 + i) for i, code in enumerate(codes)]
    frame = import_file(write(tmp_path / "t.csv", table(rows))).table.frame
    assert frame["language"].nunique() == kept
    assert script_distances(list(codes)).values.iloc[0, 1] == (0.0 if codes[0].startswith("zh") else 1.0)


# Runs that collapsed, and those that did not.


@pytest.mark.parametrize(
    ("target", "scores", "named"),
    [
        ("xnli", (33.3, 33.4, 33.33), True), ("paws-x", (50.0, 50.4, 49.8), True), ("xcopa", (50.0, 50.0, 50.6), True),
        ("xnli", (33.3, 33.4, 36.0), False), ("xquad", (0.5, 0.4, 0.1), False),
    ],
)  # fmt: skip
def test_runs_at_chance(target, scores, named):
    codes = {"xcopa": ("et", "it", "sw")}.get(target, ("de", "ru", "zh"))
    rows = [
        {"model": "m", "target": target, "language": code, "condition": condition, "score": score}
        for condition, values in (("none", (70.0, 68.0, 66.0)), ("squad", scores))
        for code, score in zip(codes, values, strict=True)
    ]
    found = collapsed_runs(TransferTable.from_frame(pd.DataFrame(rows).assign(flag="percent")), load_catalogue())
    assert list(found["condition"]) == (["squad"] if named else [])


# Matrices with gaps.


def square(gaps, labels="abcdef"):
    rng = np.random.default_rng(0)
    values = rng.random((len(labels), len(labels)))
    values = values + values.T
    np.fill_diagonal(values, 0)
    frame = pd.DataFrame(values, list(labels), list(labels))
    for one, other in gaps:
        frame.loc[one, other] = frame.loc[other, one] = np.nan
    return frame


@pytest.mark.parametrize(
    ("gaps", "dropped"),
    [
        ([], []), (["ab"], 1), (["ab", "ac", "ad"], ["a"]), (["ab", "cd"], 2), (["ab", "bc", "cd", "be"], 2),
        ([a + b for a in "a" for b in "bcdef"], ["a"]),
    ],
)  # fmt: skip
def test_the_fewest_labels_are_left_out(gaps, dropped):
    kept, left = complete({"one": square(gaps), "other": square([])})
    assert len(left) == dropped if isinstance(dropped, int) else left == dropped
    assert all(frame.notna().all(axis=None) and list(frame) == list(kept["one"]) for frame in kept.values())


@pytest.mark.parametrize("half", ["lower", "upper", "lower without diagonal", "upper without diagonal", "dist of R"])
def test_triangles(tmp_path, half):
    full = square([])
    mask = (np.tril if half.startswith(("lower", "dist")) else np.triu)(
        np.ones((6, 6)), -1 if half.startswith(("lower w", "dist")) else 1 if "without" in half else 0
    ).astype(bool)
    kept = full.where(mask)
    if half == "dist of R":  # whose first row and last column are left out
        kept = kept.iloc[1:, :-1]
    kept.to_csv(tmp_path / "t.csv", index_label="x")
    read = DistanceMatrix.read(tmp_path / "t.csv").values
    off = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose(read.to_numpy()[off], full.to_numpy()[off])


# Gold answers and labels that are wrong.


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"text": ["Lima"], "answer_start": [4]}, "does not stand at character 4"),
        ({"text": ["Lima"], "answer_start": [-1]}, "does not stand"),
        ({"text": ["Lima", "In"], "answer_start": [3]}, "of equal length"),
        ({"text": "Lima", "answer_start": 3}, "expected {text"),
        ({"text": ["lima"], "answer_start": [3]}, "does not stand"),
        ({"text": [], "answer_start": []}, "has no answer"),
    ],
)
def test_wrong_answers_are_named(answers, said):
    task = load_catalogue()["xquad"]
    example = {"question": "Where?", "context": "In Lima.", "answers": answers}
    with pytest.raises(InputError, match=f"xquad de/test row 1.*{said}"):
        gold_of_each([example], Place("xquad de/test", None), lambda i, e, at: gold_answers(task, e, e["context"], at))


@pytest.mark.parametrize("label", ["neutrl", 3, -1, None, True])
def test_wrong_labels_are_named(label):
    with pytest.raises(InputError, match="xnli row 1: label"):
        gold_label(load_catalogue()["xnli"], label, "xnli row 1: label")


# Names and blanks of baselines.


@pytest.mark.parametrize("name", ["baseline", "No intermediate", "vanilla", "NONE", "without intermediate"])
def test_usual_names_of_the_baseline(tmp_path, name):
    rows = [("m", "xnli", "de", name, "accuracy", 70), ("m", "xnli", "de", "squad", "accuracy", 71)]
    assert set(import_file(write(tmp_path / "t.csv", table(rows))).table.frame["condition"]) == {"none", "squad"}


@pytest.mark.parametrize("name", ["", "XLM-R", "0", "direct", "no-inter (ours)"])
def test_other_names_of_the_baseline_are_given(tmp_path, name):
    rows = [("m", "xnli", "de", name, "accuracy", 70), ("m", "xnli", "de", "squad", "accuracy", 71)]
    found = import_file(write(tmp_path / "t.csv", table(rows)), Asked(baseline=name))
    assert set(found.table.frame["condition"]) == {"none", "squad"}
