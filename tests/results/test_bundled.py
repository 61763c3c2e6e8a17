"""The results that come with the project: whole, as their README says, and joined with what lies beside them."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.files import folder_hash
from transfer_analysis.results import read_table
from transfer_analysis.studies import Given, load_study
from transfer_analysis.studies.check import check_study
from transfer_analysis.studies.selected import scores_of
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.tasks.conditions import NONE
from transfer_analysis.training.plan import load_plan

from tests.conftest import ROOT

FOLDER = ROOT / "data" / "results"
STUDIES = (
    "semantic-distance-xtreme",
    "typological-robustness",
    "syntactic-vs-semantic",
    "semantic-similarity-xtreme-r",
    "task-families-vs-random-init",
)


@pytest.fixture(scope="module")
def table():
    return read_table(FOLDER / "results.parquet")


@pytest.mark.parametrize(("name", "model"), [("plan.yaml", "verse-mini"), ("plan-minilm.yaml", "all-MiniLM-L6-v2")])
def test_every_run_of_the_plan_is_there(table, name, model):
    grid = load_plan(FOLDER / name).grid
    tests = table.frame[(table.frame["split"] == "test") & (table.frame["model"] == model)]
    runs = set(tests[["initialisation", "condition", "target", "seed"]].itertuples(index=False, name=None))
    expected = {(job.initialisation, job.condition, target, job.seed) for job in grid.jobs() for target in grid.targets}
    assert runs == expected


def test_it_was_made_by_the_bundled_encoder_and_a_second_one():
    about = json.loads((FOLDER / "provenance.json").read_text())
    assert folder_hash(ROOT / "data" / "encoders" / "verse-mini") in about["common"]["encoder"]
    assert about["common"]["model"] == ["verse-mini", "all-MiniLM-L6-v2"]


def test_pretrained_weights_score_far_above_random_ones_where_something_was_learnt(table):
    """Of seeds' means over languages besides English, the lowest pretrained one is above the highest random one."""
    scores = scores_of(table, load_catalogue())
    scores = scores[(scores["condition"] == NONE) & (scores["language"] != "en") & (scores["model"] == "verse-mini")]
    means = scores.groupby(["target", "initialisation", "seed"])["score"].mean()
    for target in ("udpos", "wikiann"):
        assert means[target]["pretrained"].min() > means[target]["random"].max() + 3


def test_the_second_encoder_learnt_xnli(table):
    scores = scores_of(table, load_catalogue())
    scores = scores[(scores["condition"] == NONE) & (scores["model"] == "all-MiniLM-L6-v2")]
    seeds = scores[scores["language"] == "en"].set_index("seed")["score"]
    assert len(seeds) == 5
    assert seeds.min() > 45  # guessing gives 33.3


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
