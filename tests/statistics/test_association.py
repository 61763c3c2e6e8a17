"""Association, against scipy and against loops that follow the definition."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import kendalltau, linregress, pearsonr, rankdata, spearmanr, zscore
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import (
    association,
    columnwise_correlations,
    joint_relabelings,
    partial_association,
    pigeonhole_interval,
    pooled_association,
    separate_relabelings,
)


def distance_correlation(x, y):
    """Székely, Rizzo & Bakirov 2007, equations 2.8 to 2.10, by loops."""
    n = len(x)

    def centred(v):
        a = np.array([[abs(v[k] - v[m]) for m in range(n)] for k in range(n)])
        return a - a.mean(axis=0)[None] - a.mean(axis=1)[:, None] + a.mean()

    a, b = centred(x), centred(y)
    return np.sqrt((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


CORRELATION = {
    "spearman": lambda x, y: spearmanr(x, y).statistic,
    "pearson": lambda x, y: pearsonr(x, y).statistic,
    "kendall": lambda x, y: kendalltau(x, y).statistic,
    "distance": distance_correlation,
}


def slow_statistic(distance, outcome, method):
    values = []
    for j in range(outcome.shape[1]):
        use = np.isfinite(outcome[:, j]) & np.isfinite(distance[:, j])
        if use.sum() >= 3 and np.ptp(distance[use, j]) > 0 and np.ptp(outcome[use, j]) > 0:
            values.append(CORRELATION[method](distance[use, j], outcome[use, j]))
    return np.mean(values) if values else 0.0


@pytest.fixture
def table():
    rng = np.random.default_rng(5)
    outcome = rng.normal(size=(5, 3))
    outcome[1, 2] = np.nan
    return rng.random((5, 3)).round(1), outcome  # rounding makes ties


@pytest.mark.parametrize("method", list(CORRELATION))
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
    with pytest.raises(InputError, match="the outcome has shape"):
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


def test_the_distance_correlation_finds_what_has_no_direction_and_takes_none():
    """The value is that of dcor in R's energy 1.7.11: dcor(-4:5, (-4:5)^2)."""
    x = np.arange(-4.0, 6)[:, None]
    result = association(x, x**2, separate_relabelings(10, 1, count=999), method="distance")
    assert result.estimate == pytest.approx(0.590059088368, abs=1e-10)
    assert (result.alternative, result.low) == ("greater", None)
    longer = np.arange(-20.0, 21)[:, None]
    assert association(longer, longer**2, separate_relabelings(41, 1, count=999), method="distance").p_value < 0.02
    with pytest.raises(InputError, match="has no sign"):
        association(x, x**2, separate_relabelings(10, 1), method="distance", alternative="less")


def test_moving_vectors_and_ranking_anew_give_the_same_null():
    """One cell that is empty sends the test the long way; with the diagonal alone empty it takes the short one."""
    rng = np.random.default_rng(4)
    labels = [f"t{i}" for i in range(7)]
    distance, outcome = rng.random((7, 7)), rng.normal(size=(7, 7))
    np.fill_diagonal(outcome, np.nan)
    result = association(distance, outcome, joint_relabelings(labels, labels, labels))
    null = [slow_statistic(distance[np.ix_(p, p)], outcome, "spearman") for p in permutations(range(7))]
    assert result.p_value == pytest.approx(np.mean(np.abs(null) >= abs(null[0]) - 1e-12))


def test_labels_are_exchanged_only_within_their_stratum():
    rng = np.random.default_rng(5)
    distance, outcome = rng.random((5, 2)), rng.normal(size=(5, 2))
    strata = ["qa", "qa", "nli", "nli", "nli"]
    relabelings = separate_relabelings(5, 2, row_strata=strata)
    assert (len(relabelings), relabelings.exact) == (2 * 6 * 2, True)
    assert "rows exchanged only within strata (2 + 3)" in relabelings.description
    allowed = [(*a, *b) for a in permutations((0, 1)) for b in permutations((2, 3, 4))]
    null = [
        slow_statistic(distance[np.ix_(rows, columns)], outcome, "spearman")
        for rows in allowed
        for columns in permutations(range(2))
    ]
    result = association(distance, outcome, relabelings)
    assert result.p_value == pytest.approx(np.mean(np.abs(null) >= abs(null[0]) - 1e-12))
    labels = list("abcde")
    joint = joint_relabelings(labels, labels, labels, strata=strata)
    assert {tuple(order) for order in joint.rows} == set(allowed)
    with pytest.raises(InputError, match="2 strata are given for 5 labels"):
        joint_relabelings(labels, labels, labels, strata=["a", "b"])


def frees(values, covariates, mask):
    """Return within-column standardised values less their regression on standardised covariates, by least squares."""

    def standardised(v):
        return np.concatenate([zscore(v[mask[:, j], j]) / np.sqrt(mask[:, j].sum()) for j in range(v.shape[1])])

    z = np.column_stack([standardised(c) for c in covariates])
    y = standardised(values)
    return y, y - z @ np.linalg.lstsq(z, y, rcond=None)[0], z


def test_partial_association_agrees_with_refitting_each_permuted_outcome():
    """Freedman and Lane's outcome, fitted values plus moved residuals, regressed anew each time."""
    rng = np.random.default_rng(6)
    size = np.repeat(rng.normal(size=(5, 1)), 2, axis=1)
    other = rng.normal(size=(5, 2))
    distance, outcome = rng.normal(size=(5, 2)) + size, rng.normal(size=(5, 2)) + 2 * size
    mask = np.ones((5, 2), dtype=bool)
    relabelings = separate_relabelings(5, 2)
    covariates = {"size": size, "other": other}
    result = partial_association(distance, outcome, covariates, relabelings, method="pearson")
    _, x, z = frees(distance, covariates.values(), mask)
    y, residual, _ = frees(outcome, covariates.values(), mask)
    assert result.estimate == pytest.approx(pearsonr(x, residual).statistic)
    table = residual.reshape(2, 5).T
    null = []
    for rows, columns in zip(relabelings.rows, relabelings.columns, strict=True):
        moved = (y - residual) + table[np.ix_(rows, columns)].T.ravel()
        again = moved - z @ np.linalg.lstsq(z, moved, rcond=None)[0]
        null.append((x * again).sum() / np.sqrt((x**2).sum() * (again**2).sum()))
    assert result.p_value == pytest.approx(np.mean(np.abs(null) >= abs(null[0]) - 1e-9))


def test_a_partial_association_of_one_column_is_that_of_residuals():
    rng = np.random.default_rng(7)
    z, noise = rng.normal(size=(2, 12))
    x, y = z + noise, z + rng.normal(size=12)
    result = partial_association(
        x[:, None], y[:, None], {"z": z[:, None]}, separate_relabelings(12, 1, count=99), method="spearman"
    )
    a, b, c = (rankdata(v) for v in (x, y, z))
    expected = pearsonr(a - linregress(c, a).slope * c, b - linregress(c, b).slope * c).statistic
    assert result.estimate == pytest.approx(expected)


def test_what_covariates_leave_no_room_for_is_refused():
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(2, 6, 2))
    relabelings = separate_relabelings(6, 2, count=99)
    with pytest.raises(InputError, match="distance does not vary within targets once copy is held fixed"):
        partial_association(x, y, {"copy": 3 * x + 1}, relabelings, method="pearson")
    with pytest.raises(InputError, match="do not vary within columns, or repeat each other"):
        partial_association(x, y, {"a": y, "b": 2 * y}, relabelings, method="pearson")
    with pytest.raises(InputError, match="do not vary within columns"):
        partial_association(x, y, {"flat": np.ones((6, 2))}, relabelings)
    with pytest.raises(InputError, match="needs a covariate"):
        partial_association(x, y, {}, relabelings)
    gaps = np.full((6, 2), np.nan)
    gaps[0] = 1.0
    with pytest.raises(InputError, match="too few to hold any fixed"):
        partial_association(x, y, {"gaps": gaps}, relabelings)


def test_the_pigeonhole_interval_holds_the_planted_correlation_and_needs_ten_levels():
    rng = np.random.default_rng(9)
    covered = []
    for _ in range(60):
        x = rng.normal(size=(12, 10))
        y = x + np.sqrt(3) * rng.normal(size=(12, 10))
        low, high = pigeonhole_interval(x, y, method="pearson", draws=199, seed=int(rng.integers(1 << 30)))
        covered.append(low <= 0.5 <= high)
    assert np.mean(covered) >= 0.85
    with pytest.raises(InputError, match="needs 10 rows and 10 columns, and there are 9 and 12"):
        pigeonhole_interval(np.zeros((9, 12)), np.zeros((9, 12)))
    square = rng.normal(size=(10, 10))
    np.fill_diagonal(square, np.nan)
    low, high = pigeonhole_interval(square, square + rng.normal(size=(10, 10)), same_labels=True, draws=199)
    assert 0 < low < high < 1
