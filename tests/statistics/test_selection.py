"""Selection, against scikit-learn and against enumeration by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations, product

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.metrics import ndcg_score
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import (
    NDCG,
    AverageRank,
    Regret,
    Top1,
    joint_relabelings,
    selection,
    selection_by_model,
    selection_curve,
    separate_relabelings,
)

SCORES = np.array([70.0, 65.0, 80.0, 72.0, 61.0])


@pytest.mark.parametrize("relevance", ["ranks", "scores"])
def test_ndcg_agrees_with_scikit_learn(relevance):
    distance = np.array([0.4, 0.1, 0.3, 0.9, 0.7])
    true = rankdata(SCORES) - 1 if relevance == "ranks" else SCORES
    value = NDCG(relevance).values(distance[None], SCORES)[0]
    assert value == pytest.approx(ndcg_score([true], [-distance]))


def test_ndcg_of_clipped_gains_counts_losses_as_nothing():
    gains = np.array([2.0, -3.0, 0.0])
    assert NDCG("clipped-gains").values(np.array([[2.0, 1.0, 3.0]]), gains)[0] == pytest.approx(1 / np.log2(3))
    assert np.isnan(NDCG("clipped-gains").values(np.array([[1.0, 2.0]]), np.array([-1.0, -2.0]))[0])
    with pytest.raises(InputError, match="not defined for negative"):
        NDCG("scores").values(np.array([[1.0, 2.0, 3.0]]), gains)


@pytest.mark.parametrize("measure", [NDCG("ranks"), NDCG("scores")])
def test_random_level_of_ndcg_is_that_of_all_orders(measure):
    every = measure.values(np.array(list(permutations(range(5))), dtype=float), SCORES)
    mean, variance = measure.random_selection(SCORES)
    assert mean == pytest.approx(every.mean())
    assert variance == pytest.approx(every.var())


@pytest.mark.parametrize("of", ["mean", "best"])
@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("k", [1, 2, 3, 5, 9])
def test_random_level_of_regret_is_that_of_all_choices(k, of, relative):
    measure = Regret(k, of, relative)
    reach = np.mean if of == "mean" else np.max
    every = [80 - reach(choice) for choice in combinations(SCORES, min(k, 5))]
    every = np.array(every) * (100 / 80 if relative else 1)
    mean, variance = measure.random_selection(SCORES)
    assert mean == pytest.approx(every.mean())
    assert variance == pytest.approx(every.var(), abs=1e-9)


def test_regret_by_hand():
    distances = np.array([[3.0, 1.0, 2.0, 5.0, 4.0]])  # 65 and 80 are the nearest
    assert Regret(2, "mean").values(distances, SCORES)[0] == pytest.approx(100 * (80 - 72.5) / 80)
    assert Regret(2, "best").values(distances, SCORES)[0] == 0
    assert Regret(1, "best", relative=False).values(distances, SCORES)[0] == 15


@pytest.mark.parametrize(
    "measure",
    [NDCG("ranks"), NDCG("scores"), Regret(1), Regret(2), Regret(2, "best"), Regret(3, "best", relative=False)],
)
@pytest.mark.parametrize("distances", [[1, 1, 1, 1, 1], [1, 2, 2, 2, 3], [0, 0, 1, 1, 1], [1, 2, np.inf, np.inf, 0]])
def test_ties_are_the_mean_over_the_orders_they_leave_open(measure, distances):
    tied = np.array(distances, dtype=float)
    orders = [p for p in permutations(range(5)) if (np.diff(np.nan_to_num(tied[list(p)], posinf=9)) >= 0).all()]
    broken = np.array([np.argsort(p) for p in orders], dtype=float)
    assert measure.values(tied[None], SCORES)[0] == pytest.approx(measure.values(broken, SCORES).mean())
    if len(set(distances)) == 1:
        assert measure.values(tied[None], SCORES)[0] == pytest.approx(measure.random_selection(SCORES)[0])


def slow_regret(distance, scores, k):
    values = []
    for j in range(scores.shape[1]):
        use = np.isfinite(scores[:, j])
        nearest = scores[use, j][np.argsort(distance[use, j], kind="stable")][:k]
        best = scores[use, j].max()
        values.append(100 * (best - nearest.mean()) / best)
    return np.mean(values)


def test_selection_agrees_with_enumeration_by_hand_for_separate_labels():
    rng = np.random.default_rng(4)
    distance, scores = rng.random((4, 3)), 60 + 20 * rng.random((4, 3))
    result = selection(distance, scores, separate_relabelings(4, 3), Regret(2))
    assert result.estimate == pytest.approx(slow_regret(distance, scores, 2))
    null = [
        slow_regret(distance[np.ix_(r, c)], scores, 2)
        for r, c in product(permutations(range(4)), permutations(range(3)))
    ]
    assert result.p_value == pytest.approx(np.mean(np.array(null) <= result.estimate + 1e-12))
    chances = [Regret(2).random_selection(scores[:, j]) for j in range(3)]
    assert result.random_selection == pytest.approx(np.mean([m for m, _ in chances]))
    assert result.random_selection_spread == pytest.approx(np.sqrt(sum(v for _, v in chances)) / 3)
    assert result.low is None
    assert any("fewer than 10 targets" in w for w in result.warnings)


def test_selection_leaves_self_transfer_out_and_permutes_labels_jointly():
    rng = np.random.default_rng(7)
    distance = rng.random((5, 5))
    np.fill_diagonal(distance, 0)
    scores = 50 + 10 * rng.random((5, 5))
    np.fill_diagonal(scores, np.nan)
    labels = list("abcde")
    result = selection(distance, scores, joint_relabelings(labels, labels, labels), Regret(1))
    null = [slow_regret(distance[np.ix_(p, p)], scores, 1) for p in permutations(range(5))]
    assert result.p_value == pytest.approx(np.mean(np.array(null) <= result.estimate + 1e-12))
    assert result.n == 5


def test_a_perfect_distance_selects_perfectly():
    scores = np.random.default_rng(1).random((5, 12)) + 1
    result = selection(-scores, scores, separate_relabelings(5, 12, count=199), NDCG("scores"))
    assert result.estimate == pytest.approx(1)
    assert result.p_value == pytest.approx(1 / 200)
    assert result.low is not None


def test_the_selection_curve_by_hand():
    gains = np.array([[1.0, 0.0], [3.0, 5.0], [-2.0, 4.0]])
    distance = np.array([[0.1, 0.5], [0.2, 0.9], [0.3, 0.1]])
    curve = selection_curve(distance, gains, separate_relabelings(3, 2))
    assert curve["k"].tolist() == [1, 2, 3]
    assert curve["selected"].tolist() == [(1 + 4) / 2, (3 + 4) / 2, (3 + 5) / 2]
    by_hand = [np.mean([np.mean([max(c) for c in combinations(gains[:, j], k)]) for j in range(2)]) for k in (1, 2, 3)]
    assert curve["random"].tolist() == pytest.approx(by_hand)
    assert set(curve["best"]) == {4.0}
    assert (curve["low"] <= curve["high"]).all()


def test_what_cannot_be_selected_is_an_error():
    relabelings = separate_relabelings(2, 1)
    with pytest.raises(InputError, match="nothing to select"):
        selection(np.ones((2, 1)), np.array([[1.0], [np.nan]]), relabelings, Regret(1))
    with pytest.raises(InputError, match="with a distance; there is nothing to select"):
        selection(np.full((2, 1), np.nan), np.array([[1.0], [2.0]]), relabelings, Regret(1))
    with pytest.raises(InputError, match="nothing to select"):
        selection_curve(np.ones((2, 1)), np.full((2, 1), np.nan), relabelings)
    with pytest.raises(InputError, match="needs a positive best score"):
        selection(np.array([[1.0], [2.0]]), np.array([[-1.0], [-2.0]]), relabelings, Regret(1))
    with pytest.raises(InputError, match="undefined for every target"):
        selection(np.array([[1.0], [2.0]]), np.array([[-1.0], [-2.0]]), relabelings, NDCG("clipped-gains"))


def test_a_k_that_takes_everybody_is_warned_of():
    result = selection(
        np.random.default_rng(0).random((3, 2)),
        np.array([[1.0, 1.0], [2.0, 2.0], [4.0, np.nan]]),
        separate_relabelings(3, 2),
        Regret(2),
    )
    assert any("takes every candidate" in warning for warning in result.warnings)
    flat = selection(np.ones((3, 2)), np.arange(1.0, 7).reshape(3, 2), separate_relabelings(3, 2), Regret(1))
    assert any("is the same whatever is selected" in warning for warning in flat.warnings)
    assert flat.p_value == 1


def test_measures_that_there_are_not_are_refused():
    with pytest.raises(InputError, match="k = 0: expected how many"):
        Regret(0)
    with pytest.raises(InputError, match=r"k = 2.5"):
        AverageRank(2.5)
    with pytest.raises(InputError, match="of 'median': expected mean or best"):
        Regret(1, "median")
    with pytest.raises(InputError, match="relevance 'gains'"):
        NDCG("gains")


@pytest.mark.parametrize("k", [1, 2, 5])
def test_random_levels_of_rank_and_top_1_are_those_of_all_choices(k):
    tied = np.array([70.0, 80.0, 80.0, 72.0, 61.0])
    ranks = np.array([4.0, 1.5, 1.5, 3.0, 5.0])
    every = [np.mean(choice) for choice in combinations(ranks, k)]
    mean, variance = AverageRank(k).random_selection(tied)
    assert (mean, variance) == (pytest.approx(np.mean(every)), pytest.approx(np.var(every), abs=1e-12))
    assert Top1().random_selection(tied) == (pytest.approx(0.4), pytest.approx(0.24))


def test_rank_and_top_1_by_hand():
    distances = np.array([[3.0, 1.0, 2.0, 5.0, 4.0], [1.0, 2.0, 1.0, 3.0, 4.0]])
    assert AverageRank(2).values(distances, SCORES).tolist() == [
        2.5,
        2.0,
    ]  # 65 and 80: ranks 4 and 1; 70 and 80: 3 and 1
    assert Top1().values(distances, SCORES).tolist() == [0.0, 0.5]  # in the second, 70 and 80 are equally near


def model_by_hand(features, scores, leave_out, sources, targets):
    """Ordinary least squares with an intercept for each target, fitted again for each cell."""
    spread = np.nanstd(scores, axis=0)
    predicted = np.full(scores.shape, np.nan)
    for i, j in product(range(len(sources)), range(len(targets))):
        if np.isnan(scores[i, j]):
            continue
        rows, y = [], []
        for a, b in product(range(len(sources)), range(len(targets))):
            out = {targets[j]} if leave_out == "target" else {sources[i], targets[j]}
            seen = targets[b] in out or (leave_out == "task" and sources[a] in out)
            if not seen and np.isfinite(scores[a, b]):
                rows.append([*features[:, a, b], *(float(b == c) for c in range(len(targets)))])
                y.append(scores[a, b] / spread[b])
        weights = np.linalg.lstsq(np.array(rows), np.array(y), rcond=None)[0]
        here = features[:, np.isfinite(scores[:, j]), j].mean(axis=1)
        predicted[i, j] = (features[:, i, j] - here) @ weights[: len(features)]
    return predicted


@pytest.mark.parametrize("leave_out", ["target", "task"])
def test_selection_by_a_model_is_that_of_its_held_out_predictions(leave_out):
    rng = np.random.default_rng(21)
    names = list("abcdef")
    features, scores = rng.normal(size=(2, 6, 6)), 60 + rng.normal(size=(6, 6))
    scores -= 2 * features[0]
    np.fill_diagonal(scores, np.nan)
    relabelings = joint_relabelings(names, names, names, count=20)
    measure = AverageRank(2)
    result = selection_by_model(
        {"semantic": features[0], "other": features[1]},
        scores,
        relabelings,
        measure,
        leave_out=leave_out,
        labels=(names, names),
    )
    null = []
    for order in relabelings.rows[:30]:
        predicted = model_by_hand(features[:, order][:, :, order], scores, leave_out, names, names)
        per_target = [
            measure.values(-predicted[np.isfinite(scores[:, j]), j][None], scores[np.isfinite(scores[:, j]), j])[0]
            for j in range(6)
        ]
        null.append(np.mean(per_target))
    assert result.estimate == pytest.approx(null[0], abs=1e-6)
    assert result.alternative == "less"
    assert "each " + leave_out + " left out in turn" in result.method
    few = replace(relabelings, rows=relabelings.rows[:30], columns=relabelings.columns[:30])
    again = selection_by_model(
        {"semantic": features[0], "other": features[1]},
        scores,
        few,
        measure,
        leave_out=leave_out,
        labels=(names, names),
    )
    assert again.p_value == pytest.approx(np.mean(np.array(null) <= null[0] + 1e-9))


def test_a_model_without_distances_or_cells_is_refused():
    relabelings = separate_relabelings(3, 2)
    with pytest.raises(InputError, match="needs a distance"):
        selection_by_model({}, np.ones((3, 2)), relabelings, Top1())
    with pytest.raises(InputError, match="too few cells"):
        selection_by_model({"d": np.full((3, 2), np.nan)}, np.ones((3, 2)), relabelings, Top1())
