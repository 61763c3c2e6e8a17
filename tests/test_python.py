"""What Python users call, as a first notebook would: paths as text, tables as frames."""

from __future__ import annotations

import doctest
import math
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
import transfer_analysis as ta
import yaml
from matplotlib.collections import PathCollection
from transfer_analysis.analyses import models
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.statistics import NDCG
from transfer_analysis.studies.analyses.languages import LanguageRegression
from transfer_analysis.studies.analyses.tasks import TaskAssociation
from transfer_analysis.studies.fields import new_study

INTERMEDIATES = ["qqp", "squad", "stsb", "hellaswag", "cosmosqa", "anli"]
TARGETS = ["xnli", "paws-x", "xcopa"]


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A table in a person's own words, and a matrix of distances, as files."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    distance = pd.DataFrame(rng.uniform(0, 1, (6, 3)), index=INTERMEDIATES, columns=TARGETS)
    rows = [
        ("XNLI" if target == "xnli" else target, task, language, seed, 60 + noise - (0 if task == "-" else 8 * distance.at[task, target]))
        for target in TARGETS
        for task in ["-", *INTERMEDIATES]
        for language in ("en", "de", "fr", "sw", "tr")
        for seed in (1, 2)
        for noise in [rng.normal()]
    ]  # fmt: skip
    pd.DataFrame(rows, columns=["task", "condition", "language", "seed", "acc"]).to_csv("mine.csv", index=False)
    DistanceMatrix(distance, "mine").write(tmp_path / "semantic.csv")
    return tmp_path


def test_the_first_notebook(mine):
    table = ta.read_results(
        "mine.csv", rename={"acc": "score", "task": "target"}, values={"target": {"XNLI": "xnli"}},
        constants={"model": "mine"}, baseline="-",
    )  # fmt: skip
    gains = ta.gains(table)
    rows = ta.join(gains, task_distances={"semantic": "semantic.csv"}, language_distances=["syntactic", "genetic"])
    found = ta.association(rows, "semantic", alternative="less", permutations=199)
    assert found.estimate < -0.5
    assert any("of the source language left out" in note for note in found.warnings)
    fit = ta.mixed_model(
        "gain ~ semantic * syntactic + (1|condition) + (1|condition:target) + (1|target:language) + (1|language) "
        "+ (1|run) + (0 + syntactic|condition:target)",
        rows,
    )  # fmt: skip
    assert "semantic_distance" in set(fit.tidy()["term"])
    assert {"condition", "condition:target", "language"} <= set(fit.variances["term"])
    assert any("of the source language left out" in note for note in fit.notes)
    rows.to_parquet("rows.parquet")
    again = ta.association(pd.read_parquet("rows.parquet"), "semantic", permutations=199)
    assert again.estimate == found.estimate


def test_results_join_is_the_same_join(mine):
    from transfer_analysis.cli import app
    from typer.testing import CliRunner

    table = ta.read_results(
        "mine.csv", rename={"acc": "score", "task": "target"}, values={"target": {"XNLI": "xnli"}},
        constants={"model": "mine"}, baseline="-",
    )  # fmt: skip
    table.frame.to_csv("table.csv", index=False)
    words = ["results", "join", "table.csv", "--task-distance", "semantic=semantic.csv", "--languages", "syntactic"]
    said = CliRunner().invoke(app, [*words, "-o", "rows.parquet"])
    assert said.exception is None, said.exception
    rows = ta.join(ta.gains(table), task_distances={"semantic": "semantic.csv"}, language_distances=["syntactic"])
    joined = pd.read_parquet("rows.parquet")
    for column in ("gain", "semantic_distance", "syntactic_distance", "overlap"):
        assert joined[column].tolist() == pytest.approx(rows[column].tolist(), nan_ok=True)


def test_a_table_without_baselines_says_so(mine):
    from transfer_analysis.cli import app
    from typer.testing import CliRunner

    table = ta.read_results(
        "mine.csv", rename={"acc": "score", "task": "target"}, values={"target": {"XNLI": "xnli"}},
        constants={"model": "mine"}, baseline="-",
    )  # fmt: skip
    frame = table.frame
    frame[frame["condition"] != "none"].to_csv("without.csv", index=False)
    said = CliRunner().invoke(app, ["results", "gains", "without.csv", "-o", "gains.csv"])
    assert "no score has a baseline (condition none)" in str(said.exception)
    assert not (mine / "gains.csv").exists()
    with pytest.raises(ta.InputError, match="no baseline"):
        ta.gains("without.csv")
    checked = CliRunner().invoke(app, ["results", "check", "without.csv"])
    assert "3 of 3 models × targets have no baseline" in checked.output


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("y ~ x", ("y ~ x", [], {})),
        ("y ~ x + (1|a:b) + z", ("y ~ x + z", ["a:b"], {})),
        ("y ~ (1 | a) + (0+x|b)", ("y ~ 1", ["a"], {"b": "x"})),
        ("y ~ x*z + ( 1 |a)+(1|b)", ("y ~ x*z", ["a", "b"], {})),
    ],
)
def test_random_terms_as_lme4_writes_them(formula, expected):
    assert models.parted(formula) == expected


def test_correlated_slopes_are_refused_with_the_remedy():
    with pytest.raises(ta.InputError, match=r"expected \(1.a\), or \(0 \+ x.a\) beside it"):
        models.parted("y ~ x + (1 + x|a)")


def test_ndcg_at_k_by_hand():
    """Ranks 2, 0, 1 in the order of distance: DCG@2 = 2 + 0, its best 2 + 1 / log2(3)."""
    distances, scores = np.array([[0.1, 0.2, 0.3]]), np.array([3.0, 1.0, 2.0])
    assert NDCG(k=2).values(distances, scores)[0] == pytest.approx(2 / (2 + 1 / math.log2(3)))
    assert NDCG(k=3).values(distances, scores) == pytest.approx(NDCG().values(distances, scores))
    orders = np.array([[a, b, c] for a in (1, 2, 3) for b in (1, 2, 3) for c in (1, 2, 3) if len({a, b, c}) == 3])
    for k in (1, 2, 3):
        every = NDCG(k=k).values(orders.astype(float), scores)
        assert NDCG(k=k).random_selection(scores) == pytest.approx((every.mean(), every.var()))


PUBLIC = [name for name in ta.__all__ if name not in ("__version__", "plot")]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_has_an_example(name):
    assert ">>> " in getattr(ta, name).__doc__


@pytest.mark.parametrize("module", sorted({getattr(ta, name).__module__ for name in PUBLIC} | {ta.plot.__name__}))
def test_examples_run(module):
    assert doctest.testmod(import_module(module)).failed == 0


def test_scatter_is_of_the_cells_that_the_association_is_of():
    rows = ta.example_rows()
    found = ta.association(rows, "semantic", permutations=19)
    ax = ta.plot.distance_gain(rows, "semantic", hue="family")
    points = [drawn for drawn in ax.collections if isinstance(drawn, PathCollection)]
    assert sum(len(drawn.get_offsets()) for drawn in points) == found.n == 18
    with pytest.raises(ta.InputError, match="hue 'famly': no column of the table"):
        ta.plot.distance_gain(rows, "semantic", hue="famly")
    with pytest.raises(ta.InputError, match="has several values; give one per task"):
        ta.plot.distance_gain(rows, "semantic", hue="language")


def test_a_matrix_is_indexed_by_its_labels():
    d = ta.language_distances(["en", "de", "ja"])
    assert d["en", "de"] == d.loc["en", "de"] == d.to_frame().at["en", "de"]
    long = d.to_long()
    assert list(long.columns) == ["row", "column", "distance", "shared"]
    assert long.set_index(["row", "column"])["distance"]["en", "ja"] == d["en", "ja"]
    with pytest.raises(ta.InputError, match="has no 'jp'"):
        d["en", "jp"]
    assert "3 × 3" in d._repr_html_()


def test_frames_may_be_given_to_a_study(tmp_path):
    (tmp_path / "mine.yaml").write_text(new_study("mine"), encoding="utf-8")
    found = ta.run_study(
        tmp_path / "mine.yaml", tmp_path / "report", results=ta.example_results().frame,
        task_distances={"semantic": ta.example_distances().to_frame()},
    )  # fmt: skip
    rows = ta.example_rows()
    assert found.outcome("nearer-tasks").estimate == pytest.approx(
        ta.association(rows, "semantic", permutations=19).estimate
    )
    assert "task-distances semantic=semantic.csv" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


def test_who_stops_a_study_keeps_the_tests_that_were_made(tmp_path, monkeypatch):
    declared = yaml.safe_load(new_study("mine"))
    declared["hypotheses"].append(
        {"id": "farther", "statement": "S.", "analysis": "language-regression", "distance": "syntactic"}
    )
    declared["exploratory"] = [{**declared["hypotheses"][0], "id": "more"}]
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")

    def stop(self, material):
        raise KeyboardInterrupt

    given = {"results": ta.example_results(), "task_distances": {"semantic": ta.example_distances()}}
    whole = ta.run_study(tmp_path / "mine.yaml", tmp_path / "whole", **given)
    with monkeypatch.context() as patched:
        patched.setattr(LanguageRegression, "run", stop)
        found = ta.run_study(tmp_path / "mine.yaml", tmp_path / "report", **given)
    assert found.stopped
    assert [finding.id for finding in found.findings] == ["nearer-tasks"]
    assert found.outcome("nearer-tasks") == whole.outcome("nearer-tasks")
    text = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert "farther: could not be tested: stopped before it was tested" in text
    assert "stopped before farther, more" in text
    # Stopped before the first, nothing is written.
    monkeypatch.setattr(TaskAssociation, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        ta.run_study(tmp_path / "mine.yaml", tmp_path / "none", **given)
    assert not (tmp_path / "none").exists()


def test_the_headline_names_what_was_tested(tmp_path):
    (tmp_path / "mine.yaml").write_text(new_study("mine"), encoding="utf-8")
    given = {"results": ta.example_results(), "task_distances": {"semantic": ta.example_distances()}}
    found = ta.run_study(tmp_path / "mine.yaml", tmp_path / "report", **given)
    assert found.answer.endswith("Tested on example: paws-x, wikiann, xnli, 13 languages.")
