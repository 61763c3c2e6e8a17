"""Intervals of an association, and the effect that a test could detect."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.association.units import MIN_CELLS, Method, coefficient, defined, unit_vectors

Array = npt.NDArray[np.float64]

#: Fewest rows, and fewest columns, for the pigeonhole bootstrap.
MIN_LEVELS = 10


def inverted(statistics: Array, overlaps: Array, confidence: float) -> tuple[float | None, float | None]:
    """Return the ends of the set of b that the test does not reject, within [−1, 1]; None where it never rejects.

    With the outcome less b times the distance, the statistic of relabeling π is A_π − b·B_π (A the statistics, B the
    overlaps of the relabeled with the observed distance; B is 1 for the identity), so no new permutations are needed.
    """
    alpha = 1 - confidence
    if 1 / len(statistics) > alpha:
        return None, None
    grid = np.linspace(-1, 1, 2001)
    p = np.array(
        [(np.abs(statistics - b * overlaps) >= abs(statistics[0] - b) * (1 - 1e-9) - 1e-12).mean() for b in grid]
    )
    inside = grid[p > alpha]
    return (float(inside.min()), float(inside.max())) if len(inside) else (float(statistics[0]),) * 2


def pigeonhole_interval(
    distance: Array,
    outcome: Array,
    *,
    method: Method = "spearman",
    same_labels: bool = False,
    confidence: float = 0.95,
    draws: int = 1_999,
    seed: int = 0,
) -> tuple[float, float]:
    """Return a percentile interval of the mean within-column correlation, rows and columns resampled.

    Cells of one row, or of one column, are not independent, so whole rows and whole columns are drawn with replacement,
    each independently of the other (the pigeonhole bootstrap of Owen 2007, Annals of Applied Statistics 1). Unlike the
    inversion of the permutation test it supposes no one slope for all columns; it is somewhat wide (at a planted
    correlation of −.4 and −.7 it held 96% and 97% of true values). r̄* = (1/C) Σ_c r(d*_·c, y*_·c) over the columns
    drawn. Assumes that rows and columns are samples of more of their kind; not for languages, which are related.

    Parameters
    ----------
    distance, outcome
        Shape (rows, columns), as observed, NaN where a cell is empty.
    same_labels
        Whether rows and columns name the same things in the same order; one draw then serves both sides, and a thing
        beside its own copy is no cell.

    Raises
    ------
    InputError
        With fewer than ten rows or columns, from which a distribution cannot be resampled.
    """
    if method not in ("spearman", "pearson", "kendall"):
        raise InputError(
            f"method {method!r}: the pigeonhole bootstrap is of spearman, pearson or kendall correlations; a distance correlation "
            "grows with rows that are drawn twice"
        )
    if distance.shape != outcome.shape:
        raise InputError(f"the distance has shape {distance.shape} and the outcome {outcome.shape}")
    rows, columns = outcome.shape
    if min(rows, columns) < MIN_LEVELS:
        raise InputError(
            f"the pigeonhole bootstrap needs {MIN_LEVELS} rows and {MIN_LEVELS} columns, and there are {rows} and "
            f"{columns}; take the interval by inversion of the permutation test"
        )
    if same_labels and rows != columns:
        raise InputError(f"same_labels: {rows} rows and {columns} columns cannot name the same things")
    rng = np.random.default_rng(seed)
    known = np.isfinite(distance) & np.isfinite(outcome)
    means = []
    for _ in range(draws):
        i = rng.integers(rows, size=(rows,))
        j = i if same_labels else rng.integers(columns, size=(columns,))
        mask = known[np.ix_(i, j)]
        if same_labels:
            mask = mask & np.not_equal.outer(i, j)
        x, y = (unit_vectors(values[np.ix_(i, j)], mask, method) for values in (distance, outcome))
        use = defined(mask, x, y)
        if use.any():
            means.append(float(coefficient((x * y).sum(axis=0), method)[use].mean()))
    if len(means) < draws / 2:
        raise InputError(f"most draws leave no column with {MIN_CELLS} cells that vary; the table is too sparse")
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
