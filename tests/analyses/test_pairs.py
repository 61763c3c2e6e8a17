"""Pairs with predictors: beside scipy, least squares written out, and LangRank's own formula."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, rankdata, spearmanr
from transfer_analysis.analyses.pairs import Predictor, pair_panel
from transfer_analysis.cli import app
from transfer_analysis.distances import DistanceMatrix, language_distances
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import (
    NDCG,
    joint_relabelings,
    leave_one_target_out,
    pair_correlation,
    separate_relabelings,
)
from typer.testing import CliRunner

CELL = ["train", "test", "overlap"]
CODES = ["en", "de", "fr", "es", "ru", "tr", "hi", "ja"]


def table(codes=CODES, seed=0, slope=8.0):
    rng = np.random.default_rng(seed)
    good, easy = rng.normal(size=len(codes)), rng.normal(size=len(codes))
    rows = []
    for i, source in enumerate(codes):
        for j, target in enumerate(codes):
            overlap = rng.random()
            score = 60 + slope * overlap + 3 * good[i] + 3 * easy[j] + rng.normal() if i != j else 95.0
            rows.append((source, target, overlap, score))
    return pd.DataFrame(rows, columns=["train", "test", "overlap", "las"])


def panel(frame, predictors=None, **options):
    predictors = predictors or [Predictor("overlap", "similarity")]
    given = {"source": "train", "target": "test", "score": "las", "permutations": 199, **options}
    return pair_panel(frame, predictors, **given)


def test_correlations_over_all_pairs_are_scipys_and_a_pair_with_itself_is_left_out():
    frame = table()
    found = panel(frame)
    other = frame[frame["train"] != frame["test"]]
    estimates = {question: outcome.estimate for question, outcome in found.outcomes.items()}
    assert estimates["Pearson over all pairs, overlap"] == pytest.approx(pearsonr(other["overlap"], other["las"])[0])
    assert estimates["Spearman over all pairs, overlap"] == pytest.approx(spearmanr(other["overlap"], other["las"])[0])
    each = [pearsonr(part["overlap"], part["las"])[0] for _, part in other.groupby("test")]
    assert estimates["Pearson within targets, overlap"] == pytest.approx(np.mean(each))
    assert found.outcomes["Pearson over all pairs, overlap"].n == 56
    assert "8 rows of a train with itself left out" in found.notes
    line = np.polyfit(other["overlap"], other["las"], 1)
    assert estimates["least squares, overlap"] == pytest.approx(line[0])
    assert found.r_squared == pytest.approx(pearsonr(other["overlap"], other["las"])[0] ** 2)


def test_missing_values_count_as_without_them():
    frame = table()
    frame.loc[frame["train"].eq("tr") & frame["test"].eq("hi"), "overlap"] = np.nan
    found = panel(frame)
    other = frame[frame["train"] != frame["test"]].dropna()
    expected = spearmanr(other["overlap"], other["las"])[0]
    assert found.outcomes["Spearman over all pairs, overlap"].estimate == pytest.approx(expected)
    assert "1 pairs without every predictor left out of the regression" in found.notes


def test_predictions_are_least_squares_on_pairs_that_lack_the_target():
    frame = table()
    other = frame[frame["train"] != frame["test"]].reset_index(drop=True)
    guesses = pd.Series(index=other.index, dtype=float)
    means, of_source = guesses.copy(), guesses.copy()
    for code in CODES:
        train = other[(other["train"] != code) & (other["test"] != code)]
        test = other[other["test"] == code]
        slope, level = np.polyfit(train["overlap"], train["las"], 1)
        guesses[test.index] = level + slope * test["overlap"]
        means[test.index] = train["las"].mean()
        of_source[test.index] = test["train"].map(train.groupby("train")["las"].mean())
    found = panel(frame).errors.set_index("model")
    for name, guess in (("regression", guesses), ("mean", means), ("mean of the source", of_source)):
        error = other["las"] - guess
        assert found.at[name, "rmse"] == pytest.approx(np.sqrt((error**2).mean()))
        assert found.at[name, "mae"] == pytest.approx(error.abs().mean())
        spread = ((other["las"] - other["las"].mean()) ** 2).sum()
        assert found.at[name, "r_squared"] == pytest.approx(1 - (error**2).sum() / spread)


def test_exponential_gains_of_the_best_are_langranks():
    scores, order = np.array([90.0, 70.0, 80.0, 60.0, 85.0]), np.array([2, 1, 0, 4, 3])
    top, k = 3, 2
    relevance = np.maximum(0, top + 1 - rankdata(-scores))
    gains = 2**relevance - 1
    by_distance = gains[np.argsort(order)]
    discounts = 1 / np.log2(np.arange(2, 2 + k))
    expected = (by_distance[:k] @ discounts) / (np.sort(gains)[::-1][:k] @ discounts)
    found = NDCG("top-ranks", k, top=top).values(order[None, :].astype(float), scores)
    assert found[0] == pytest.approx(expected)


def test_labels_on_both_sides_move_together_and_within_families():
    frame = table()
    assert "joint permutations of the 8 labels" in panel(frame).outcomes["top-1 accuracy, overlap"].null
    apart = frame.assign(test=frame["test"] + "-test")
    assert "permutations of the 8 source and 8 target labels" in panel(apart).outcomes["top-1 accuracy, overlap"].null
    within = panel(frame, within_families=True).outcomes["top-1 accuracy, overlap"].null
    assert "of the same stratum" in within
    assert any("lenient null" in note for note in panel(frame).notes)


def test_true_nulls_are_rejected_as_often_as_they_should():
    rejected = dict.fromkeys(("pearson", "prediction"), 0)
    codes = [f"l{i}" for i in range(9)]
    for seed in range(200):
        frame = table(codes, seed=seed, slope=0.0)
        scores, overlap = (frame.pivot(index="train", columns="test", values=name) for name in ("las", "overlap"))
        values = scores.to_numpy(copy=True)
        np.fill_diagonal(values, np.nan)
        labels = list(scores.index)
        relabelings = joint_relabelings(labels, labels, labels, count=99, seed=seed)
        pooled = pair_correlation(overlap.to_numpy(), values, relabelings)
        predicted = leave_one_target_out([overlap.to_numpy()], values, relabelings, labels=(labels, labels))
        rejected["pearson"] += pooled.p_value <= 0.05
        rejected["prediction"] += predicted.outcome.p_value <= 0.05
    # 200 draws at 5%: 10 are expected, and more than 18 come in fewer than one case of a hundred.
    assert max(rejected.values()) <= 18


@pytest.mark.parametrize("joint", [True, False])
def test_relabeled_predictors_are_those_of_the_relabelings(joint):
    rng = np.random.default_rng(1)
    labels = list("abcdefghi")  # too many to enumerate
    scores = rng.normal(size=(9, 9))
    np.fill_diagonal(scores, np.nan)
    x = rng.normal(size=(9, 9))
    made = joint_relabelings(labels, labels, labels, count=19) if joint else separate_relabelings(9, 9, count=19)
    sides = (labels, labels if joint else [label.upper() for label in labels])
    found = leave_one_target_out([x], scores, made, labels=sides).outcome
    errors = [
        leave_one_target_out(
            [y], scores, joint_relabelings(labels, labels, labels, count=1), labels=sides
        ).outcome.estimate
        for y in (x[np.ix_(r, c)] for r, c in zip(made.rows, made.columns, strict=True))
    ]
    count = min(len(errors), 1000)
    assert found.p_value == pytest.approx(np.mean(np.array(errors[:count]) <= errors[0] + 1e-9))


def test_scores_of_several_tasks_are_never_averaged():
    frame = pd.concat([table().assign(task="pos"), table(seed=1).assign(task="ner")])
    with pytest.raises(InputError, match=r"differ in task: .*--by task"):
        panel(frame)
    seeds = pd.concat([table().assign(seed=1), table().assign(seed=2)])
    assert "112 rows averaged to 56 pairs, over seeds" in panel(seeds).notes


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({"model": "a"}, {"model": None}, "differ in model"),
        ({"lr": 0.1}, {"lr": 0.2}, "differ in lr"),
        ({"lr": 0.1, "seed": 1}, {"lr": 0.2, "seed": 1}, "differ in lr"),
        ({}, {}, "no column says that they are seeds"),
    ],
)
def test_only_seeds_are_averaged(one, other, said):
    with pytest.raises(InputError, match=said):
        panel(pd.concat([table().assign(**one), table(seed=1)[["las"]].join(table()[CELL]).assign(**other)]))


def test_a_loss_of_each_seed_is_no_setting():
    seeds = [table().assign(seed=seed, loss=0.1 * seed) for seed in (1, 2)]
    assert panel(pd.concat(seeds)).outcomes == panel(table()).outcomes


def test_labels_may_be_numbers():
    frame = table()
    numbers = {code: number for number, code in enumerate(CODES, 1)}
    found = panel(frame.assign(train=frame["train"].map(numbers), test=frame["test"].map(numbers)), permutations=99)
    expected = panel(frame, permutations=99)
    for question, outcome in expected.outcomes.items():
        assert found.outcomes[question].estimate == pytest.approx(outcome.estimate), question


def test_pairs_without_a_value_are_counted_beside_every_answer():
    frame = table()
    frame.loc[frame["train"] == "en", "overlap"] = np.nan
    found = panel(frame, permutations=99)
    assert "overlap has no value for 7 of 56 pairs" in found.notes
    chosen = found.outcomes["NDCG@3 of ranks, overlap"]
    assert any(said.startswith("7 of 56 candidates have no distance: they are chosen last") for said in chosen.warnings)


def test_a_question_without_an_answer_leaves_the_others():
    frame = table().merge(pd.DataFrame({"test": CODES, "speakers": np.arange(8.0)}), on="test")
    found = panel(frame, [Predictor("speakers", "similarity"), Predictor("overlap", "similarity")], permutations=99)
    assert "Pearson over all pairs, speakers" in found.outcomes
    assert "Pearson within targets, speakers" not in found.outcomes
    assert any(said.startswith("no Pearson within targets, speakers: ") for said in found.notes)
    assert "Pearson within targets, overlap" in found.outcomes


def test_parts_that_have_no_name_are_refused(tmp_path):
    pd.concat([table().assign(model="a"), table(seed=1).assign(model=None)]).to_csv(tmp_path / "s.csv", index=False)
    words = ["fit", "pairs", str(tmp_path / "s.csv"), "--source", "train", "--target", "test", "--score", "las"]
    found = CliRunner().invoke(app, [*words, "--by", "model", "--predictor", "overlap:similarity"])
    assert "model is missing in 64 rows" in str(found.exception)


def test_losses_are_better_when_low():
    frame = table()
    loss = panel(frame.assign(las=100 - frame["las"]), lower_is_better=True)
    gain = panel(frame)
    for question in ("NDCG@3 of ranks, overlap", "top-1 accuracy, overlap", "Regret@3 (absolute, best of 3), overlap"):
        assert loss.outcomes[question].estimate == pytest.approx(gain.outcomes[question].estimate)


def test_on_the_command_line(tmp_path):
    frame = pd.concat([table().assign(model="a"), table(seed=1).assign(model="b")])
    frame.to_csv(tmp_path / "scores.csv", index=False)
    mine = DistanceMatrix(language_distances(CODES, "genetic").values, "mine")
    mine.write(tmp_path / "mine.csv")
    words = ["fit", "pairs", tmp_path / "scores.csv", "--source", "train", "--target", "test", "--score", "las"]
    words += ["--by", "model", "--predictor", "overlap:similarity", "--predictor", "syntactic:distance"]
    words += ["--predictor", f"mine={tmp_path / 'mine.csv'}:distance", "--permutations", "99"]
    said = CliRunner().invoke(app, [*map(str, words), "--json"])
    assert said.exception is None, said.output
    found = json.loads(said.stdout)
    assert set(found["parts"]) == {"a", "b"}
    expected = panel(
        table(),
        [Predictor("overlap", "similarity"), Predictor("syntactic", "distance"), Predictor("mine", "distance", mine)],
        permutations=99,
    )
    rows = {row["question"]: row for row in found["outcomes"] if row["part"] == "a"}
    for question, outcome in expected.outcomes.items():
        assert rows[question]["estimate"] == pytest.approx(outcome.estimate)
    plain = CliRunner().invoke(app, list(map(str, words)))
    assert "each target left out" in plain.stdout


def test_a_column_for_each_target(tmp_path):
    frame = table()
    frame.pivot(index="train", columns="test", values="las").to_csv(tmp_path / "wide.csv")
    frame.pivot(index="train", columns="test", values="overlap").to_csv(tmp_path / "overlap.csv")
    words = [
        "fit",
        "pairs",
        tmp_path / "wide.csv",
        "--wide",
        "--predictor",
        f"overlap={tmp_path / 'overlap.csv'}:similarity",
    ]
    said = CliRunner().invoke(app, [*map(str, words), "--permutations", "99", "--json"])
    assert said.exception is None, said.output
    rows = {row["question"]: row["estimate"] for row in json.loads(said.stdout)["outcomes"]}
    assert rows["Pearson over all pairs, overlap"] == pytest.approx(
        panel(frame).outcomes["Pearson over all pairs, overlap"].estimate
    )


@pytest.mark.parametrize(
    ("predictors", "said"),
    [
        (["overlap"], "expected NAME:similarity"),
        (["overlap:near"], "expected similarity or distance"),
        (["overlop:distance"], "did you mean 'overlap'"),
        (["overlap:distance", "overlap:similarity"], "one is given twice"),
    ],
)
def test_predictors_that_are_none(tmp_path, predictors, said):
    table().to_csv(tmp_path / "scores.csv", index=False)
    words = ["fit", "pairs", str(tmp_path / "scores.csv"), "--source", "train", "--target", "test", "--score", "las"]
    for predictor in predictors:
        words += ["--predictor", predictor]
    found = CliRunner().invoke(app, words)
    assert isinstance(found.exception, InputError)
    assert said in str(found.exception)
