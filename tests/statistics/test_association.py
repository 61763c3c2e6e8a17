"""Association, against scipy and against loops that follow the definition."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr, zscore
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import (
    association,
    columnwise_correlations,
    joint_relabelings,
    pooled_association,
    separate_relabelings,
)

CORRELATION = {"spearman": spearmanr, "pearson": pearsonr}


def slow_statistic(distance, outcome, method):
    values = []
    for j in range(outcome.shape[1]):
        use = np.isfinite(outcome[:, j]) & np.isfinite(distance[:, j])
        if use.sum() >= 3 and np.ptp(distance[use, j]) > 0 and np.ptp(outcome[use, j]) > 0:
            values.append(CORRELATION[method](distance[use, j], outcome[use, j]).statistic)
    return np.mean(values) if values else 0.0


@pytest.fixture
def table():
    rng = np.random.default_rng(5)
    outcome = rng.normal(size=(5, 3))
    outcome[1, 2] = np.nan
    return rng.random((5, 3)).round(1), outcome  # rounding makes ties


@pytest.mark.parametrize("method", ["spearman", "pearson"])
@pytest.mark.parametrize("gap", [False, True])
def test_separate_labels_agree_with_enumeration_by_hand(table, method, gap):
    distance, outcome = table
    if gap:
        distance = distance.copy()
        distance[3, 0] = np.nan
    result = association(distance, outcome, separate_relabelings(5, 3), method=method)
    assert result.estimate == pytest.approx(slow_statistic(distance, outcome, method))
    null = [
        slow_statistic(distance[np.ix_(rows, columns)], outcome, method)
        for rows, columns in product(permutations(range(5)), permutations(range(3)))
    ]
    assert result.p_value == pytest.approx(np.mean(np.abs(null) >= abs(result.estimate) - 1e-12))
    assert result.attainable_p == pytest.approx(1 / 720)
    assert result.n == int((np.isfinite(outcome) & np.isfinite(distance)).sum())


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_joint_labels_with_an_empty_diagonal_agree_with_enumeration_by_hand(alternative):
    rng = np.random.default_rng(6)
    labels, sources, targets = list("abcde"), list("abcde"), list("abcd")  # e is a source only
    distance = rng.random((5, 5))
    distance = distance + distance.T
    np.fill_diagonal(distance, 0)
    outcome = rng.normal(size=(5, 4))
    outcome[np.arange(4), np.arange(4)] = np.nan
    result = association(distance, outcome, joint_relabelings(labels, sources, targets), alternative=alternative)
    null = np.array(
        # e is never a target, so it is not exchanged with the tasks that are.
        [slow_statistic(distance[np.ix_((*p, 4), p)], outcome, "spearman") for p in permutations(range(4))]
    )
    observed = slow_statistic(distance[:, :4], outcome, "spearman")
    assert result.estimate == pytest.approx(observed)
    extreme = {
        "two-sided": np.abs(null) >= abs(observed) - 1e-12,
        "less": null <= observed + 1e-12,
        "greater": null >= observed - 1e-12,
    }
    assert result.p_value == pytest.approx(extreme[alternative].mean())
    assert result.n == 16


def test_the_interval_holds_the_values_that_the_test_does_not_reject():
    rng = np.random.default_rng(8)
    x = rng.normal(size=(6, 3))
    y = 0.8 * x + rng.normal(size=(6, 3))
    relabelings = separate_relabelings(6, 3)
    result = association(x, y, relabelings, method="pearson")
    xs = zscore(x, axis=0) / np.sqrt(6)
    ys = zscore(y, axis=0) / np.sqrt(6)
    assert result.low < result.estimate < result.high

    def p_of(b):
        """Test "the outcome less b times the distance is unrelated to distance", on standardised values."""
        residual = ys - b * xs
        null = [
            (xs[np.ix_(r, c)] * residual).sum(axis=0).mean()
            for r, c in zip(relabelings.rows, relabelings.columns, strict=True)
        ]
        return np.mean(np.abs(null) >= abs(null[0]) - 1e-12)

    for inside, outside in ((result.low + 0.02, result.low - 0.02), (result.high - 0.02, result.high + 0.02)):
        if abs(outside) <= 1:
            assert p_of(inside) > 0.05 >= p_of(outside)


def test_with_gaps_in_the_distances_the_interval_uses_the_cells_that_are_known():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(2, 6, 2))
    x[0, 0] = np.nan
    result = association(x, y, separate_relabelings(6, 2), method="pearson")
    assert result.low <= result.estimate <= result.high


def test_an_outcome_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="the outcome has shape"):
        association(np.zeros((5, 2)), np.zeros((4, 2)), separate_relabelings(5, 2))


def test_attainable_p_knows_of_ties():
    """Two-sided, an order and its reverse are equally extreme: of six orders of three, two."""
    result = association(np.array([[1.0], [2], [3]]), np.array([[3.0], [1], [2]]), separate_relabelings(3, 1))
    assert result.attainable_p == pytest.approx(1 / 3)


def test_pooled_agrees_with_scipy_and_enumeration():
    rng = np.random.default_rng(9)
    distance, outcome = rng.random((4, 3)), rng.normal(size=(4, 3))
    result = pooled_association(distance, outcome, separate_relabelings(4, 3))
    standardised = zscore(outcome, axis=0)
    assert result.estimate == pytest.approx(pearsonr(distance.ravel(), standardised.ravel()).statistic)
    null = [
        pearsonr(distance[np.ix_(r, c)].ravel(), standardised.ravel()).statistic
        for r, c in product(permutations(range(4)), permutations(range(3)))
    ]
    assert result.p_value == pytest.approx(np.mean(np.abs(null) >= abs(result.estimate) - 1e-12))


def test_shifting_or_scaling_a_target_changes_nothing(table):
    distance, outcome = table
    relabelings = separate_relabelings(5, 3)
    one = association(distance, outcome, relabelings)
    other = association(distance, outcome * [1, 10, 3] + [0, 50, -7], relabelings)
    assert (one.estimate, one.p_value) == (pytest.approx(other.estimate), other.p_value)


def test_columns_that_say_nothing_are_left_out_and_said(table):
    distance, outcome = table
    outcome = outcome.copy()
    outcome[:, 0] = 70.0
    result = association(distance, outcome, separate_relabelings(5, 3), names=["a", "b", "c"])
    assert any(
        "1 of 3 targets left out, with fewer than 3 cells or constant (a)" in warning for warning in result.warnings
    )
    assert "in 2 targets" in result.unit


@pytest.mark.parametrize(
    "outcome", [np.full((4, 2), 5.0), np.full((4, 2), np.nan), np.random.default_rng(0).random((2, 2))]
)
def test_nothing_to_correlate_is_an_error(outcome):
    distance = np.random.default_rng(1).random(outcome.shape)
    with pytest.raises(InputError, match="nothing can be correlated"):
        association(distance, outcome, separate_relabelings(*outcome.shape))


def test_too_few_relabelings_give_no_interval_and_a_warning():
    rng = np.random.default_rng(2)
    result = association(rng.random((3, 1)), rng.random((3, 1)), separate_relabelings(3, 1))
    assert result.low is None
    assert any("only 6 relabelings: no p-value below 0.333" in warning for warning in result.warnings)


def test_each_columns_own_correlation(table):
    distance, outcome = table
    own = columnwise_correlations(distance, outcome, ["a", "b", "c"])
    assert own["correlation"].iloc[0] == pytest.approx(spearmanr(distance[:, 0], outcome[:, 0]).statistic)
    assert own["n"].tolist() == [5, 5, 4]
