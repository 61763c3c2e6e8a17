"""Association of a distance with an outcome, within columns (targets, or target languages).

Scores of different targets are on different scales, so the distance and the outcome are compared within each column
and the columns are then combined. The unit of inference is the cell: a distance between tasks varies over cells, not
over languages or seeds, which must be averaged beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.association.intervals import inverted
from transfer_analysis.statistics.association.units import (
    MIN_CELLS,
    NAMES,
    Method,
    coefficient,
    defined,
    features,
    require_method,
    unit_vectors,
)
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import Relabelings, minimum_detectable, too_few

Array = npt.NDArray[np.float64]


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
        `spearman` (ranks within a column), `pearson` (values standardised within a column), `kendall` (tau-b) or
        `distance` (distance correlation, which finds relations of any form and has no sign; it is tested one-sided).
    unit, column, names
        What a cell and a column are called, and the names of the columns, for the outcome's text.

    Returns
    -------
    Outcome
        p from the relabelings. The interval inverts that test: it holds every b for which "the outcome, standardised
        within its column, less b times the standardised distance, is unrelated to distance" is not rejected; the
        distance correlation has none. Columns with fewer than three cells, or without variation, are left out and named
        in the warnings.

    Raises
    ------
    InputError
        Where no column has a defined correlation, or a direction is asked of the distance correlation.

    Notes
    -----
    r̄ = (1/C) Σ_c r_c. Assumes that labels are exchangeable under the null (permutation tests: Good 2005; for one
    label on both sides Hubert & Schultz 1976, British Journal of Mathematical and Statistical Psychology 29). They are
    not where labels are related, as languages are: use `phylogenetic_regression` for a distance from one source
    language. Not for rows that are single observations: average seeds and languages first.
    """
    require_method(method)
    if method == "distance":
        if alternative == "less":
            raise InputError("the distance correlation has no sign, so that it cannot be tested for being less")
        alternative = "greater"
    check_shapes(distance, outcome, relabelings)
    statistics, columns, shared = _relabeled(distance, outcome, relabelings, method)
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
    low, high = (None, None) if method == "distance" else inverted(*shared, confidence)
    attainable = relabelings.attainable_p(statistics, alternative)
    warnings += too_few(attainable, 1 - confidence, f"{len(relabelings)} relabelings")
    n = int((np.isfinite(outcome) & np.isfinite(relabelings.observed(distance)))[:, used].sum())
    return Outcome(
        statistic=f"mean within-{column} {NAMES[method]}",
        estimate=float(statistics[0]),
        low=low,
        high=high,
        confidence=confidence,
        interval_method=""
        if method == "distance"
        else f"inversion of the permutation test on values standardised within the {column}",
        p_value=relabelings.p_value(statistics, alternative),
        alternative=alternative,
        null=relabelings.description,
        attainable_p=attainable,
        n=n,
        unit=f"{unit} in {int(used.sum())} {column}s",
        # The distance correlation is above zero under the null too.
        minimum_detectable=minimum_detectable(statistics, alternative)
        + (float(np.mean(statistics)) if method == "distance" else 0.0),
        method=f"permutation test of {NAMES[method]} within each {column}",
        assumptions=("labels are exchangeable under the null",),
        warnings=tuple(warnings),
    )


def columnwise_correlations(
    distance: Array, outcome: Array, columns: list[str], method: Method = "spearman"
) -> pd.DataFrame:
    """Return each column's own correlation with its number of cells: columns `column`, `correlation`, `n`.

    `distance` and `outcome` have the same shape; a column without a defined correlation has NaN. A description of what
    `association` averages: no column is tested on its own.
    """
    mask = np.isfinite(distance) & np.isfinite(outcome)
    correlations = _correlations(distance, outcome, mask, method)
    return pd.DataFrame({"column": columns, "correlation": correlations, "n": mask.sum(axis=0)})


def check_shapes(distance: Array, outcome: Array, relabelings: Relabelings) -> None:
    """Refuse an outcome or a distance of another shape than the relabelings are for."""
    expected = (relabelings.rows.shape[1], relabelings.columns.shape[1])
    if outcome.shape != expected:
        raise InputError(f"the outcome has shape {outcome.shape}, the relabelings are for {expected}")
    largest = (int(relabelings.rows.max()) + 1, int(relabelings.columns.max()) + 1)
    if distance.ndim != 2 or distance.shape[0] < largest[0] or distance.shape[1] < largest[1]:
        raise InputError(f"the distance has shape {distance.shape}, the relabelings point into {largest}")


def _relabeled(
    distance: Array, outcome: Array, relabelings: Relabelings, method: Method
) -> tuple[Array, Array, tuple[Array, Array]]:
    """Return the statistic of each relabeling, that of each column as observed, and what the inversion needs.

    The inversion needs, per relabeling, the mean overlap of the relabeled distance with the outcome and with the
    observed distance, over the cells where both distances are known.
    """
    first: Array | None = None
    statistics, with_outcome, with_distance = [], [], []
    for per_column, on_both, overlap in _chunks(distance, outcome, relabelings, method):
        first = per_column[0] if first is None else first
        statistics.append(_mean(per_column))
        with_outcome.append(_mean(on_both))
        with_distance.append(_mean(overlap))
    assert first is not None
    return np.concatenate(statistics), first, (np.concatenate(with_outcome), np.concatenate(with_distance))


def _chunks(
    distance: Array, outcome: Array, relabelings: Relabelings, method: Method
) -> Iterator[tuple[Array, Array, Array]]:
    """Yield per relabeling and column: the correlation, the same over cells with both distances, the overlap."""
    if method in ("pearson", "spearman"):
        met = _cells_met(distance, outcome, relabelings)
        if met is not None:
            yield from _moved(distance, outcome, relabelings, method, met)
            return
    now, base = relabelings.observed(distance), np.isfinite(outcome)
    for x_raw in relabelings.distances(distance, width=max(1, features(len(outcome), method) // len(outcome))):
        mask = base & np.isfinite(x_raw)
        per_column = _correlations(x_raw, outcome, mask, method)
        if method == "distance":  # has no interval that would need the overlaps
            yield per_column, per_column, per_column
            continue
        both = mask & np.isfinite(now)
        on_both = per_column if both.sum() == mask.sum() else _correlations(x_raw, outcome, both, method)
        yield per_column, on_both, _known_in(on_both, _correlations(x_raw, now, both, method))


def _moved(
    distance: Array, outcome: Array, relabelings: Relabelings, method: Method, met: npt.NDArray[np.bool_]
) -> Iterator[tuple[Array, Array, Array]]:
    """Yield what `_chunks` does, each column's vector made once and moved with its labels."""
    base = np.isfinite(outcome)
    vectors, y = unit_vectors(distance, met, method), unit_vectors(outcome, base, method)
    x = relabelings.observed(vectors)
    start = 0
    for moved in relabelings.distances(vectors):
        columns = relabelings.columns[start : start + len(moved)]
        start += len(moved)
        varies = np.any(vectors != 0, axis=0)[columns]
        usable = varies & (base.sum(axis=0) >= MIN_CELLS) & np.any(y != 0, axis=0)
        correlations = np.where(usable, np.einsum("mij,ij->mj", moved, y), np.nan)
        overlaps = np.where(varies & np.any(x != 0, axis=0), np.einsum("mij,ij->mj", moved, x), np.nan)
        yield correlations, correlations, _known_in(correlations, overlaps)


def _known_in(correlations: Array, overlaps: Array) -> Array:
    """Return the overlaps of the columns that have a correlation: the statistic is of these alone."""
    return np.where(np.isfinite(correlations), overlaps, np.nan)


def _cells_met(distance: Array, outcome: Array, relabelings: Relabelings) -> npt.NDArray[np.bool_] | None:
    """Return the cells of the distance that ever stand beside an outcome, or None where a relabeling changes them.

    Where each column of distances meets outcomes in the same of its cells under all relabelings (in all of them, or in all
    but the diagonal), and knows them all, its ranks are the same in all.
    """
    base = np.isfinite(outcome)
    met = np.zeros(distance.shape, dtype=bool)
    step = max(1, 4_000_000 // max(1, base.size))
    pieces = [slice(start, start + step) for start in range(0, len(relabelings), step)]
    i, j = np.nonzero(base)
    for piece in pieces:
        met[relabelings.rows[piece][:, i], relabelings.columns[piece][:, j]] = True
    i, j = np.nonzero(~base)
    moved = any(met[relabelings.rows[piece][:, i], relabelings.columns[piece][:, j]].any() for piece in pieces)
    return None if moved or not np.isfinite(distance[met]).all() else met


def _correlations(x_raw: Array, outcome: Array, mask: npt.NDArray[np.bool_], method: Method) -> Array:
    """Return the correlation down each column of each relabeling, shape (relabelings, columns); NaN where undefined."""
    x = unit_vectors(x_raw, mask, method)
    if x.ndim == 3 and (mask == mask[0]).all():
        # The same cells in every relabeling: the outcome's vectors need be found only once.
        y = unit_vectors(outcome, mask[0], method)
    else:
        y = unit_vectors(np.broadcast_to(outcome, x_raw.shape), mask, method)
    return np.asarray(np.where(defined(mask, x, y), coefficient((x * y).sum(axis=-2), method), np.nan))


def _mean(per_column: Array) -> Array:
    """Mean over the columns that have a value; 0 for a relabeling that leaves none, which favours no hypothesis."""
    known = np.isfinite(per_column)
    total = np.where(known, per_column, 0.0).sum(axis=-1)
    return np.asarray(total / np.maximum(known.sum(axis=-1), 1))
