"""The results that come with the project: whole, as their README says, and joined with what lies beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.analyses.scores import scores_of
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.results import read_table
from transfer_analysis.studies import Given, load_study
from transfer_analysis.studies.check import check_study
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.tasks.conditions import NONE
from transfer_analysis.training.plan import load_plan

from tests.conftest import ROOT
from tests.toys import STUDIES

FOLDER = ROOT / "data" / "results"


@pytest.fixture(scope="module")
def table():
    return read_table(FOLDER / "results.parquet")


E5, MINILM = "multilingual-e5-small", "all-MiniLM-L6-v2"


def _runs(table, model):
    tests = table.frame[(table.frame["split"] == "test") & (table.frame["model"] == model)]
    return set(tests[["initialisation", "condition", "target", "seed"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(("name", "model"), [("plan.yaml", E5), ("plan-minilm.yaml", MINILM)])
def test_every_run_is_one_of_the_plan(table, name, model):
    grid = load_plan(FOLDER / name).grid
    planned = {(job.initialisation, job.condition, target, job.seed) for job in grid.jobs() for target in grid.targets}
    assert _runs(table, model) <= planned


def test_what_the_readme_says_is_whole_is_whole(table):
    """Seven targets have two seeds of every condition that did not diverge."""
    conditions = {"none", "anli+", "qqp", "squad", "squad_v2", "hellaswag", "cosmosqa"}
    conditions |= {"ud-parsing", "ud-pos-english", "multi-task"}
    targets = ("xnli", "udpos", "wikiann", "tatoeba", "bucc", "xquad", "mlqa")
    expected = {("pretrained", c, t, seed) for c in conditions for t in targets for seed in (1, 2)}
    assert expected <= _runs(table, E5)


def test_the_encoder_learnt_its_targets_in_english(table):
    scores = scores_of(table, load_catalogue())
    none = scores[(scores["condition"] == NONE) & (scores["model"] == E5) & (scores["initialisation"] == "pretrained")]
    english = none[none["language"] == "en"].groupby("target")["score"].mean()
    least = {"xnli": 66, "udpos": 90, "wikiann": 70, "xquad": 60, "mlqa": 50, "paws-x": 75}
    assert all(english[target] > floor for target, floor in least.items()), english
    elsewhere = none[none["language"] != "en"].groupby("target")["score"].mean()
    assert elsewhere["tatoeba"] > 80
    assert elsewhere["xnli"] > 60


def test_pretrained_weights_score_far_above_random_ones(table):
    """Of seeds' means over languages besides English, the lowest pretrained one is above the highest random one."""
    scores = scores_of(table, load_catalogue())
    scores = scores[(scores["condition"] == NONE) & (scores["language"] != "en") & (scores["model"] == E5)]
    means = scores.groupby(["target", "initialisation", "seed"])["score"].mean()
    for target in ("xnli", "udpos", "wikiann", "tatoeba", "xquad"):
        assert means[target]["pretrained"].min() > means[target]["random"].max() + 20


@pytest.mark.parametrize("name", STUDIES)
def test_the_studies_find_all_they_need(name):
    check_study(name, Given(results=FOLDER, scale="folder"))


def test_distances_and_diversity_know_every_single_task(table):
    catalogue = load_catalogue()
    tasks = {c for c in table.frame["condition"] if c in catalogue}
    targets = set(table.frame.loc[table.frame["split"] == "test", "target"])
    for distance in load_study("semantic-similarity-xtreme-r").task_distances:
        matrix = DistanceMatrix.read(FOLDER / f"distance-{distance.name}.csv")
        assert matrix.kind == distance.kind
        assert tasks <= set(matrix.rows)
        assert targets <= set(matrix.columns)
        assert np.isfinite(matrix.values.loc[sorted(tasks), sorted(targets)]).to_numpy().all()
    diversity = pd.read_csv(FOLDER / "diversity.csv")
    for measure in ("entropy-1", "entropy-3", "mtld", "vendi"):
        assert tasks <= set(diversity.loc[diversity["measure"] == measure, "task"])
