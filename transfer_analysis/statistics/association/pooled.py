"""Association over all cells at once, distances compared across columns too."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.association.units import MIN_CELLS, unit_vectors
from transfer_analysis.statistics.association.within import check_shapes
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import Relabelings, minimum_detectable, too_few

Array = npt.NDArray[np.float64]


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

    r = corr(d_ij, (y_ij − ȳ_j)/s_j) over all cells ij. Assumes what `association` does, and that distances mean the same for
    every target; not to be used where they do not (a model per target). Parameters and errors are those of `association`
    (Hubert & Schultz 1976); no interval is given. Columns with fewer than three cells, or
    without variation in the outcome, are left out and named in the warnings.
    """
    check_shapes(distance, outcome, relabelings)
    now = relabelings.observed(distance)
    base = np.isfinite(outcome)
    y = unit_vectors(outcome, base & np.isfinite(now), "pearson")
    used = ((base & np.isfinite(now)).sum(axis=0) >= MIN_CELLS) & np.any(y != 0, axis=0)
    outcome = np.where(used, outcome, np.nan)
    statistics = np.concatenate([_pooled(x, outcome) for x in relabelings.distances(distance)])
    n = int((np.isfinite(outcome) & np.isfinite(now)).sum())
    if not used.any() or np.ptp(now[np.isfinite(now) & np.isfinite(outcome)]) == 0:
        raise InputError("distance or outcome does not vary over the cells; nothing can be correlated")
    attainable = relabelings.attainable_p(statistics, alternative)
    left_out = f"{int((~used).sum())} of {len(used)} {column}s left out: fewer than {MIN_CELLS} cells or constant"
    return Outcome(
        statistic=f"correlation over cells of distance with outcome standardised within {column}",
        estimate=float(statistics[0]),
        p_value=relabelings.p_value(statistics, alternative),
        alternative=alternative,
        null=relabelings.description,
        attainable_p=attainable,
        n=n,
        unit=f"{unit} in {int(used.sum())} {column}s",
        minimum_detectable=minimum_detectable(statistics, alternative),
        method="permutation test of the pooled Pearson correlation",
        assumptions=("labels are exchangeable under the null",),
        warnings=(
            *(() if used.all() else (left_out,)),
            *too_few(attainable, 0.05, f"{len(relabelings)} relabelings"),
        ),
    )


def _pooled(x_raw: Array, outcome: Array) -> Array:
    """Return the correlation over all cells of each relabeling; 0 where one side does not vary."""
    mask = np.isfinite(outcome) & np.isfinite(x_raw)
    count = mask.sum(axis=-2, keepdims=True)
    y = unit_vectors(np.broadcast_to(outcome, x_raw.shape), mask, "pearson") * np.sqrt(np.maximum(count, 1))
    x = np.where(mask, x_raw, 0.0)
    total = np.maximum(mask.sum(axis=(1, 2), keepdims=True), 1)
    x = np.where(mask, x - x.sum(axis=(1, 2), keepdims=True) / total, 0.0)
    product = (x * y).sum(axis=(1, 2))
    lengths = np.sqrt((x**2).sum(axis=(1, 2)) * (y**2).sum(axis=(1, 2)))
    return np.asarray(np.divide(product, lengths, out=np.zeros_like(product), where=lengths > 1e-12))


def pair_correlation(
    predictor: Array,
    scores: Array,
    relabelings: Relabelings,
    *,
    method: Literal["pearson", "spearman"] = "pearson",
    alternative: Alternative = "two-sided",
    unit: str = "pairs",
) -> Outcome:
    """Return the correlation over all pairs of a predictor with the scores as they are, which must be on one scale.

    Targets that are harder, and sources that are better, count as they do in the papers that print it: a predictor that
    tells targets apart correlates too. `association` takes the targets out.

    r = corr(x_ij, y_ij) over all pairs ij, of values or of their ranks; p from the relabelings (Hubert & Schultz 1976), under
    which labels are exchangeable. A t-test of it would take pairs that share a language for independent.

    Raises
    ------
    InputError
        Where the predictor or the scores do not vary.
    """
    check_shapes(predictor, scores, relabelings)
    now = relabelings.observed(predictor)
    known = np.isfinite(now) & np.isfinite(scores)
    if known.sum() < MIN_CELLS or np.ptp(now[known]) == 0 or np.ptp(scores[known]) == 0:
        raise InputError("predictor or score does not vary over the pairs; nothing can be correlated")
    statistics = np.concatenate([_over_pairs(x, scores, method) for x in relabelings.distances(predictor)])
    attainable = relabelings.attainable_p(statistics, alternative)
    return Outcome(
        statistic=f"{method.capitalize()} correlation over all pairs",
        estimate=float(statistics[0]),
        p_value=relabelings.p_value(statistics, alternative),
        alternative=alternative,
        null=relabelings.description,
        attainable_p=attainable,
        n=int(known.sum()),
        unit=unit,
        minimum_detectable=minimum_detectable(statistics, alternative),
        method=f"permutation test of the {method.capitalize()} correlation over all pairs",
        assumptions=("labels are exchangeable under the null",),
        warnings=tuple(too_few(attainable, 0.05, f"{len(relabelings)} relabelings")),
    )


def _over_pairs(x_raw: Array, scores: Array, method: str) -> Array:
    """Return the correlation over all pairs of each relabeling, shape (relabelings, sources, targets)."""
    known = np.isfinite(scores)
    if np.isfinite(x_raw[:, known]).all():
        x, y = x_raw[:, known], scores[known]
        if method == "spearman":
            x, y = rankdata(x, axis=1), rankdata(y)
        x, y = x - x.mean(axis=1, keepdims=True), y - y.mean()
        lengths = np.sqrt((x**2).sum(axis=1) * (y @ y))
        return np.asarray(np.divide(x @ y, lengths, out=np.zeros(len(x)), where=lengths > 1e-12))
    found = []
    for x in x_raw:
        known = np.isfinite(x) & np.isfinite(scores)
        values = [x[known], scores[known]]
        if method == "spearman":
            values = [rankdata(one) for one in values]
        centred = [one - one.mean() for one in values]
        length = float(np.sqrt((centred[0] @ centred[0]) * (centred[1] @ centred[1])))
        found.append(float(centred[0] @ centred[1]) / length if length > 1e-12 else 0.0)
    return np.array(found)
