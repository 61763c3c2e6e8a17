"""Columns of a person's own that are called as the product's are: neither is taken for the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from transfer_analysis import analyses
from transfer_analysis.analyses.models import model_rows
from transfer_analysis.analyses.rows import counted
from transfer_analysis.errors import InputError
from transfer_analysis.observations import observe

TASKS, TARGETS, LANGUAGES = ["qqp", "squad", "stsb", "hellaswag", "mnli"], ["xnli", "paws-x"], ["de", "fr", "sw", "tr"]


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        [
            (task, target, code, seed)
            for task in TASKS
            for target in TARGETS
            for code in LANGUAGES
            for seed in (1, 2, 3)
        ],
        columns=["condition", "target", "language", "seed"],
    ).assign(source_language="en", model="mine")
    by_task = dict(zip(TASKS, [0.1, 0.4, 0.2, 0.9, 0.5], strict=True))
    near = frame["condition"].map(by_task) + 0.05 * frame["target"].eq("xnli")
    return frame.assign(semantic_distance=near, gain=2 - 3 * near + rng.normal(size=len(frame)) / 10)


def test_a_measure_called_overlap_is_a_predictor_and_the_catalogue_knows_what_overlaps(rows):
    rng = np.random.default_rng(1)
    shared = {cell: rng.random() for cell in {*zip(rows["condition"], rows["target"], strict=True)}}
    mine = rows.assign(overlap=[shared[cell] for cell in zip(rows["condition"], rows["target"], strict=True)])
    found = analyses.association(mine, "overlap", permutations=99)
    # MNLI is XNLI's training set, QQP's paraphrases are not PAWS's.
    assert found.n == 9
    assert "12 rows of overlapping cells left out" in found.warnings
    assert analyses.association(rows, "semantic", permutations=99).n == 9
    joined = observe(mine)
    assert joined.frame["overlap"].tolist() == mine["overlap"].tolist()


def test_families_of_ones_own_are_kept(rows):
    mine = rows.assign(family=rows["condition"].map(lambda task: "mine" if task < "r" else "yours"))
    assert set(observe(mine).frame["family"]) == {"mine", "yours"}


def test_runs_that_are_numbered_anew_in_each_condition_are_not_one(rows):
    numbered = model_rows(rows.assign(run=rows["seed"].astype(str))).frame
    assert numbered["run"].nunique() == 9 * 3  # MNLI on XNLI overlaps
    named = rows.assign(run=rows["condition"] + rows["target"] + rows["seed"].astype(str))
    assert set(model_rows(named).frame["run"]) < set(named["run"])


def test_what_describes_a_run_can_be_a_predictor(rows):
    sizes = dict(zip(TASKS, [363846.0, 87599.0, 5749.0, 39905.0, 392702.0], strict=True))
    mine = rows.assign(n_examples=np.log(rows["condition"].map(sizes)))
    fit = analyses.mixed_model("gain ~ n_examples + (1|condition) + (1|condition:target) + (1|run)", mine)
    assert "n_examples" in set(fit.tidy()["term"])


def test_covariates_may_be_called_score_or_distance(rows):
    rng = np.random.default_rng(2)
    codes = ["de", "fr", "sw", "tr", "ja", "fi", "ar", "hi", "vi", "ru"]
    of_language = {code: ((i + 1) / 10, float(rng.normal())) for i, code in enumerate(codes)}
    frame = pd.DataFrame(
        [(c, s, 60 + rng.normal()) for c in codes for s in (1, 2)], columns=["language", "seed", "accuracy"]
    )
    frame = frame.assign(
        source_language="en", target="xnli", condition="none",
        syntactic_distance=[of_language[c][0] for c in frame["language"]],
        score=[of_language[c][1] for c in frame["language"]],
    )  # fmt: skip
    found = analyses.language_regression(frame, "syntactic", outcome="accuracy", covariates=["score"])
    renamed = frame.rename(columns={"score": "z"})
    again = analyses.language_regression(renamed, "syntactic", outcome="accuracy", covariates=["z"])
    assert (found.estimate, found.p_value) == (again.estimate, again.p_value)


def test_a_column_called_way_is_a_distance_like_others(rows):
    mine = rows.assign(way=rows["semantic_distance"])
    same = analyses.association(rows, "semantic", permutations=99)
    assert analyses.association(mine, "way", permutations=99).estimate == same.estimate


def test_a_label_of_the_predictor_is_not_its_level(rows):
    sizes = {"qqp": 1.0, "squad": 0.0, "stsb": 0.0, "hellaswag": 1.0, "mnli": 1.0}
    mine = rows.assign(large=rows["condition"].map(sizes))
    mine["size_class"] = np.where(mine["large"] > 0, "large", "small")
    with pytest.raises(InputError, match="add 'condition' to the random intercepts"):
        analyses.mixed_model("gain ~ large + (1|language)", mine)
    assert analyses.mixed_model("gain ~ large + (1|condition) + (1|language)", mine).converged


@pytest.mark.parametrize("options", [{"overlaps": True}, {}])
def test_a_task_in_another_language_or_with_more_training_is_itself(options):
    rows = [
        (condition, "squad", "fr", 50.0, False) for condition in ("squad", "squad@de", "squad+mlm", "qqp", "qqp@de")
    ]
    frame = pd.DataFrame(rows, columns=["condition", "target", "language", "score", "overlap"])
    found = counted(frame, **options)
    assert list(found.frame["condition"]) == ["qqp", "qqp@de"]
    assert "3 rows of a condition with itself left out" in found.notes
