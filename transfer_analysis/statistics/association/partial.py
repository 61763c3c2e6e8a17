"""Association with covariates held fixed, by permuting residuals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.association.units import MIN_CELLS, unit_vectors
from transfer_analysis.statistics.association.within import check_shapes
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import Relabelings, minimum_detectable, too_few

Array = npt.NDArray[np.float64]

#: Rows less one that a covariate of rows needs for the test to keep its level.
_ROWS_EACH = 4


def partial_association(
    distance: Array,
    outcome: Array,
    covariates: Mapping[str, Array],
    relabelings: Relabelings,
    *,
    method: Literal["spearman", "pearson"] = "spearman",
    alternative: Alternative = "two-sided",
    unit: str = "cells",
    column: str = "target",
) -> Outcome:
    """Return the correlation of distance and outcome within columns, with covariates held fixed.

    Parameters
    ----------
    distance, outcome, relabelings
        As for `association`.
    covariates
        Name → values of the outcome's shape (a covariate of rows, such as the size of the intermediate data, repeated
        over columns). Cells lacking one are left out and said.
    method
        `spearman` or `pearson`.

    Returns
    -------
    Outcome
        p by permutation of residuals. No interval is given: the test is approximate, and its inversion more so.

    Raises
    ------
    InputError
        Where too few cells are left, or the covariates leave nothing of distance or outcome to vary.

    Notes
    -----
    Values (or ranks) are standardised within each column; x, y and z hold them over all cells. With M = I − Z(ZᵀZ)⁻¹Zᵀ
    the statistic is (Mx)ᵀ(My) / |Mx||My|. Not for covariates that lie between distance and outcome: held fixed, they
    hide what is asked. The null moves the labels of the residuals e = My: y* = (I − M)y + πe, so that the statistic
    becomes (Mx)ᵀ(πe) / |Mx||M(πe)| (Freedman & Lane 1983, Journal of Business & Economic Statistics 1; Winkler et al.
    2014, NeuroImage 92). It holds its level approximately. What counts for covariates of rows (the size of the
    intermediate data) is the number of rows, however many columns there are: with more of them than a quarter of the
    rows less one it rejects true nulls too often, and says so. What is the same within a column has nothing left to
    hold fixed. A residual moved onto an empty cell is lost, and the cell that it would have come from counts as zero.
    """
    if method not in ("spearman", "pearson"):
        raise InputError(f"method {method!r}: partial associations are of pearson or spearman correlations")
    check_shapes(distance, outcome, relabelings)
    if not covariates:
        raise InputError("a partial association needs a covariate at least; without one use association")
    now = relabelings.observed(distance)
    for name, values in covariates.items():
        if values.shape != outcome.shape:
            raise InputError(f"covariate {name} has shape {values.shape} and the outcome {outcome.shape}")
    known = np.isfinite(outcome) & np.isfinite(now)
    complete = known & np.logical_and.reduce([np.isfinite(z) for z in covariates.values()])
    mask = complete & (complete.sum(axis=0) >= MIN_CELLS)
    if mask.sum() <= len(covariates) + 2:
        raise InputError(f"{int(mask.sum())} cells have distance, outcome and covariates, too few to hold any fixed")
    x, y = (unit_vectors(values, mask, method)[mask] for values in (now, outcome))
    z = np.column_stack([unit_vectors(values, mask, method)[mask] for values in covariates.values()])
    basis = _basis(z, list(covariates))
    residual_x, residual_y = (values - basis @ (basis.T @ values) for values in (x, y))
    for name, values, whole in (("distance", residual_x, x), ("outcome", residual_y, y)):
        if values @ values <= 1e-12 * max(whole @ whole, 1.0):
            raise InputError(f"{name} does not vary within {column}s once {', '.join(covariates)} is held fixed")
    residuals, place = np.zeros(distance.shape), np.ix_(relabelings.rows[0], relabelings.columns[0])
    residuals[place] = _laid_out(residual_y, mask)
    statistics = np.concatenate(
        [_statistics(moved[:, mask], residual_x, basis) for moved in relabelings.distances(residuals)]
    )
    left_out = int(known.sum() - mask.sum())
    attainable = relabelings.attainable_p(statistics, alternative)
    notes = _too_many(covariates, mask, column) + too_few(attainable, 0.05, f"{len(relabelings)} relabelings")
    if left_out:
        notes.append(f"{left_out} cells without a covariate, or alone in their {column}, left out")
    return Outcome(
        statistic=f"partial {method.capitalize()} correlation within {column}s given {', '.join(covariates)}",
        estimate=float(statistics[0]),
        p_value=relabelings.p_value(statistics, alternative),
        alternative=alternative,
        null=f"{relabelings.description}, of residuals",
        attainable_p=attainable,
        n=int(mask.sum()),
        unit=f"{unit} in {int(mask.any(axis=0).sum())} {column}s",
        minimum_detectable=minimum_detectable(statistics, alternative),
        method="Freedman-Lane permutation of residuals, approximate",
        assumptions=("labels of residuals are exchangeable under the null", "covariates act linearly within columns"),
        warnings=tuple(notes),
    )


def _too_many(covariates: Mapping[str, Array], mask: npt.NDArray[np.bool_], column: str) -> list[str]:
    """Say where covariates are too many for the rows that they are properties of."""
    of_rows = [name for name, values in covariates.items() if _constant(np.where(mask, values, np.nan))]
    rows = int(mask.any(axis=1).sum())
    if len(of_rows) <= (rows - 1) / _ROWS_EACH:
        return []
    return [
        f"descriptive: {', '.join(of_rows)} are the same in all {column}s, and {len(of_rows)} such covariates are too many for "
        f"{rows} rows, so that the test rejects too often"
    ]


def _constant(values: Array) -> bool:
    """Say whether a covariate is the same along each row."""
    known = np.isfinite(values)
    low, high = np.where(known, values, np.inf).min(axis=1), np.where(known, values, -np.inf).max(axis=1)
    some = known.any(axis=1)
    return bool((high - low <= 1e-12 * np.maximum(1.0, np.abs(high)))[some].all())


def _laid_out(values: Array, mask: npt.NDArray[np.bool_]) -> Array:
    laid = np.zeros(mask.shape)
    laid[mask] = values
    return laid


def _basis(z: Array, names: list[str]) -> Array:
    """Return an orthonormal basis of the covariates."""
    left, sizes, _ = np.linalg.svd(z, full_matrices=False)
    if not len(sizes) or sizes[-1] <= 1e-10 * max(sizes[0], 1e-300):
        raise InputError(f"the covariates {', '.join(names)} do not vary within columns, or repeat each other")
    basis: Array = left
    return basis


def _statistics(moved: Array, residual_x: Array, basis: Array) -> Array:
    """Return the partial correlation of each relabeled residual, shape (relabelings,)."""
    # What the covariates explain of a moved residual by chance is taken out again.
    squares = (moved**2).sum(axis=1) - ((moved @ basis) ** 2).sum(axis=1)
    lengths = np.sqrt(np.maximum(squares, 0.0) * (residual_x @ residual_x))
    products = moved @ residual_x
    return np.asarray(np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 1e-12))
