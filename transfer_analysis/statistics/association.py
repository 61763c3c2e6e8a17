"""Association of a distance with an outcome, within columns (targets, or target languages).

Scores of different targets are on different scales, so the distance and the outcome are compared within each column
and the columns are then combined. The unit of inference is the cell: a distance between tasks varies over cells, not
over languages or seeds, which must be averaged beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm, rankdata

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import Relabelings

Array = npt.NDArray[np.float64]
Method = Literal["spearman", "pearson"]

#: A column needs this many cells for a correlation.
MIN_CELLS = 3

_POWER = 0.8


def association(
    distance: Array,
    outcome: Array,
    relabelings: Relabelings,
    *,
    method: Method = "spearman",
    alternative: Alternative = "two-sided",
    confidence: float = 0.95,
    unit: str = "cells",
    column: str = "target",
    names: Sequence[str] | None = None,
) -> Outcome:
    """Return the mean over columns of the correlation between distance and outcome within a column.

    Parameters
    ----------
    distance
        Distances that the relabelings point into: square for joint ones, of `outcome`'s shape for separate ones.
    outcome
        Scores or gains of shape (rows, columns), NaN where a cell is empty (self-transfer, overlap, not run).
    relabelings
        The null, from `joint_relabelings` or `separate_relabelings`.
    method
        `spearman` (ranks within a column) or `pearson` (values standardised within a column).
    unit, column, names
        What a cell and a column are called, and the names of the columns, for the outcome's text.

    Returns
    -------
    Outcome
        p from the relabelings. The interval inverts that test: it holds every b for which "the outcome, standardised
        within its column, less b times the standardised distance, is unrelated to distance" is not rejected. Columns
        with fewer than three cells, or without variation, are left out and named in the warnings.

    Raises
    ------
    InputError
        Where no column has a defined correlation.

    Notes
    -----
    Assumes that labels are exchangeable under the null. They are not where labels are related, as languages are:
    use `phylogenetic_regression` for a distance from one source language.
    """
    _check_shapes(outcome, relabelings)
    statistics, columns, shared = _within(distance, outcome, relabelings, method)
    used = np.isfinite(columns)
    if not used.any():
        raise InputError(
            f"no {column} has {MIN_CELLS} or more cells with varying distance and outcome; nothing can be correlated"
        )
    warnings = []
    if not used.all():
        which = f" ({', '.join(n for n, keep in zip(names, used, strict=True) if not keep)})" if names else ""
        warnings.append(
            f"{int((~used).sum())} of {len(used)} {column}s left out, with fewer than {MIN_CELLS} cells or constant{which}"
        )
    low, high = _inverted(*shared, confidence)
    attainable = relabelings.attainable_p(statistics, alternative)
    if attainable > 1 - confidence:
        warnings.append(f"only {len(relabelings)} relabelings: no p-value below {attainable:.3f} can occur")
    n = int((np.isfinite(outcome) & np.isfinite(_observed(distance, relabelings)))[:, used].sum())
    return Outcome(
        statistic=f"mean within-{column} {method.capitalize()} correlation",
        estimate=float(statistics[0]),
        low=low,
        high=high,
        confidence=confidence,
        interval_method="inversion of the permutation test on values standardised within the column",
        p_value=relabelings.p_value(statistics, alternative),
        alternative=alternative,
        null=relabelings.description,
        attainable_p=attainable,
        n=n,
        unit=f"{unit} in {int(used.sum())} {column}s",
        minimum_detectable=_minimum_detectable(statistics),
        method=f"permutation test of {method.capitalize()} correlations within each {column}",
        assumptions=("labels are exchangeable under the null",),
        warnings=tuple(warnings),
    )


def pooled_association(
    distance: Array,
    outcome: Array,
    relabelings: Relabelings,
    *,
    alternative: Alternative = "two-sided",
    unit: str = "cells",
    column: str = "target",
) -> Outcome:
    """Return the Pearson correlation over all cells of distance with the outcome standardised within its column.

    Distances are compared across columns too. An outcome standardised within its column has the same mean in each, so
    differences between columns in distance can only lower the correlation; `association` takes them out.

    Parameters and errors are those of `association`; no interval is given. Columns with fewer than three cells, or
    without variation in the outcome, are left out and named in the warnings.
    """
    _check_shapes(outcome, relabelings)
    observed = _observed(distance, relabelings)
    base = np.isfinite(outcome)
    y = _unit(outcome, base & np.isfinite(observed), "pearson")
    used = ((base & np.isfinite(observed)).sum(axis=0) >= MIN_CELLS) & np.any(y != 0, axis=0)
    outcome = np.where(used, outcome, np.nan)
    statistics = np.concatenate([_pooled(x, outcome) for x in relabelings.distances(distance)])
    n = int((np.isfinite(outcome) & np.isfinite(observed)).sum())
    if not used.any() or statistics[0] == 0:
        raise InputError("distance or outcome does not vary over the cells; nothing can be correlated")
    left_out = f"{int((~used).sum())} of {len(used)} {column}s left out: fewer than {MIN_CELLS} cells or constant"
    return Outcome(
        statistic=f"correlation over cells of distance with outcome standardised within {column}",
        estimate=float(statistics[0]),
        p_value=relabelings.p_value(statistics, alternative),
        alternative=alternative,
        null=relabelings.description,
        attainable_p=relabelings.attainable_p(statistics, alternative),
        n=n,
        unit=f"{unit} in {int(used.sum())} {column}s",
        minimum_detectable=_minimum_detectable(statistics),
        method="permutation test of the pooled Pearson correlation",
        assumptions=("labels are exchangeable under the null",),
        warnings=() if used.all() else (left_out,),
    )


def columnwise_correlations(
    distance: Array, outcome: Array, columns: list[str], method: Method = "spearman"
) -> pd.DataFrame:
    """Return each column's own correlation with its number of cells: columns `column`, `correlation`, `n`.

    `distance` and `outcome` have the same shape; a column without a defined correlation has NaN.
    """
    mask = np.isfinite(distance) & np.isfinite(outcome)
    values = _unit(distance, mask, method), _unit(outcome, mask, method)
    correlations = np.where(_defined(mask, *values), (values[0] * values[1]).sum(axis=0), np.nan)
    return pd.DataFrame({"column": columns, "correlation": correlations, "n": mask.sum(axis=0)})


def _within(
    distance: Array, outcome: Array, relabelings: Relabelings, method: Method
) -> tuple[Array, Array, tuple[Array, Array]]:
    """Return the statistic of each relabeling, that of each column as observed, and what the inversion needs.

    The inversion needs, per relabeling, the mean overlap of the relabeled distance with the outcome and with the
    observed distance, over the cells where both distances are known.
    """
    observed = _observed(distance, relabelings)
    base = np.isfinite(outcome)
    first: Array | None = None
    statistics, with_outcome, with_distance = [], [], []
    for x_raw in relabelings.distances(distance):
        per_column = _correlations(x_raw, outcome, base & np.isfinite(x_raw), method)
        both = base & np.isfinite(x_raw) & np.isfinite(observed)
        complete = both.sum() == (base & np.isfinite(x_raw)).sum()
        on_both = per_column if complete else _correlations(x_raw, outcome, both, method)
        first = per_column[0] if first is None else first
        statistics.append(_mean(per_column))
        with_outcome.append(_mean(on_both))
        with_distance.append(_mean(_correlations(x_raw, observed, both, method)))
    assert first is not None
    return np.concatenate(statistics), first, (np.concatenate(with_outcome), np.concatenate(with_distance))


def _correlations(x_raw: Array, outcome: Array, mask: npt.NDArray[np.bool_], method: Method) -> Array:
    """Return the correlation down each column of each relabeling, shape (relabelings, columns); NaN where undefined."""
    x = _unit(x_raw, mask, method)
    if (mask == mask[0]).all():
        # The same cells in every relabeling: the outcome's ranks need be found only once.
        y = _unit(outcome, mask[0], method)
    else:
        y = _unit(np.broadcast_to(outcome, x.shape), mask, method)
    return np.asarray(np.where(_defined(mask, x, y), (x * y).sum(axis=-2), np.nan))


def _check_shapes(outcome: Array, relabelings: Relabelings) -> None:
    expected = (relabelings.rows.shape[1], relabelings.columns.shape[1])
    if outcome.shape != expected:
        raise ValueError(f"the outcome has shape {outcome.shape}, the relabelings are for {expected}")


def _observed(distance: Array, relabelings: Relabelings) -> Array:
    observed: Array = distance[np.ix_(relabelings.rows[0], relabelings.columns[0])]
    return observed


def _unit(values: Array, mask: npt.NDArray[np.bool_], method: Method) -> Array:
    """Return values (or their ranks) centred and scaled to length 1 down each column; 0 where masked or constant."""
    if method == "spearman":
        # Masked cells rank last and are zeroed below, so they do not disturb the ranks of the others.
        values = rankdata(np.where(mask, values, np.inf), axis=-2)
    filled = np.where(mask, values, 0.0)
    count = mask.sum(axis=-2, keepdims=True)
    centred = np.where(mask, filled - filled.sum(axis=-2, keepdims=True) / np.maximum(count, 1), 0.0)
    length = np.sqrt((centred**2).sum(axis=-2, keepdims=True))
    scale = np.maximum(np.abs(filled).max(axis=-2, keepdims=True), 1e-300)
    # Constant columns leave rounding dust of the size of their values; call that no variation.
    varies = length > 1e-12 * scale
    return np.asarray(np.where(varies, centred / np.where(varies, length, 1.0), 0.0))


def _defined(mask: npt.NDArray[np.bool_], x: Array, y: Array) -> npt.NDArray[np.bool_]:
    enough = mask.sum(axis=-2) >= MIN_CELLS
    defined: npt.NDArray[np.bool_] = enough & np.any(x != 0, axis=-2) & np.any(y != 0, axis=-2)
    return defined


def _mean(per_column: Array) -> Array:
    """Mean over the columns that have a value; 0 for a relabeling that leaves none, which favours no hypothesis."""
    known = np.isfinite(per_column)
    total = np.where(known, per_column, 0.0).sum(axis=-1)
    return np.asarray(total / np.maximum(known.sum(axis=-1), 1))


def _pooled(x_raw: Array, outcome: Array) -> Array:
    """Return the correlation over all cells of each relabeling; 0 where one side does not vary, as in `_mean`."""
    mask = np.isfinite(outcome) & np.isfinite(x_raw)
    count = mask.sum(axis=-2, keepdims=True)
    y = _unit(np.broadcast_to(outcome, x_raw.shape), mask, "pearson") * np.sqrt(np.maximum(count, 1))
    x = np.where(mask, x_raw, 0.0)
    total = np.maximum(mask.sum(axis=(1, 2), keepdims=True), 1)
    x = np.where(mask, x - x.sum(axis=(1, 2), keepdims=True) / total, 0.0)
    product = (x * y).sum(axis=(1, 2))
    lengths = np.sqrt((x**2).sum(axis=(1, 2)) * (y**2).sum(axis=(1, 2)))
    return np.asarray(np.divide(product, lengths, out=np.zeros_like(product), where=lengths > 1e-12))


def _inverted(statistics: Array, overlaps: Array, confidence: float) -> tuple[float | None, float | None]:
    """Return the ends of the set of b that the test does not reject, within [−1, 1]; None where it never rejects.

    With the outcome less b times the distance, the statistic of relabeling π is A_π − b·B_π (A the statistics, B the
    overlaps; B is 1 for the identity), so no new permutations are needed.
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


def _minimum_detectable(statistics: Array) -> float:
    """Size of effect detected with a power of 80% at 5% two-sided, from the spread of the null (normal approximation)."""
    spread = float(np.std(statistics))
    return float((norm.ppf(0.975) + norm.ppf(_POWER)) * spread)
