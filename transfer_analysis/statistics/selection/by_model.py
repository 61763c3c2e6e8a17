"""Selection by a model of several distances, fitted without the target, or without the tasks, that it is used on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.outcome import Outcome
from transfer_analysis.statistics.permutation import Relabelings
from transfer_analysis.statistics.selection.chosen import measured_outcome
from transfer_analysis.statistics.selection.measures import Measure

Array = npt.NDArray[np.float64]
LeaveOut = Literal["target", "task"]

#: A target needs this many cells to tell anything of the coefficients.
MIN_CELLS = 3

#: Ridge added to the diagonal, relative to it: features that repeat each other then share their weight.
_RIDGE = 1e-8


def selection_by_model(
    distances: Mapping[str, Array],
    scores: Array,
    relabelings: Relabelings,
    measure: Measure,
    *,
    leave_out: LeaveOut = "target",
    labels: tuple[Sequence[str], Sequence[str]] | None = None,
    seed: int = 0,
    unit: str = "targets",
) -> Outcome:
    """Return the mean over targets of a measure of selecting the candidates that a model of the distances predicts best.

    Parameters
    ----------
    distances
        Name → distances that the relabelings point into.
    scores
        Scores or gains of shape (candidates, targets), NaN where an intermediate task is no candidate.
    leave_out
        `target`: the model that predicts a target's column is fitted to the other targets. `task`: the model that
        predicts a cell is fitted without its candidate and without its target, as for tasks never seen.
    labels
        Names of candidates and of targets; with `task`, one that is on both sides is left out on both.

    Returns
    -------
    Outcome
        As `selection` gives it; under each relabeling, which moves all distances together, the models are fitted anew.

    Raises
    ------
    InputError
        Without distances, or where cells are too few to fit the model.

    Notes
    -----
    Least squares of the score, divided by its standard deviation within the target, on the distances, with an
    intercept for each target: ŷ_ij = a_j + Σ_k β_k d_k,ij. Assumes coefficients that are the same for all targets; not
    for many distances of few cells. Only cells with a score and all distances count; a cell lacking a distance is no
    candidate.
    """
    if not distances:
        raise InputError("selection by a model needs a distance at least")
    if leave_out not in ("target", "task"):
        raise InputError(f"leave_out {leave_out!r}: expected target or task")
    _require_cells(distances, scores, relabelings)
    shared = _shared(labels, scores.shape) if labels and leave_out == "task" else None
    stacked = np.stack([_standardised(d) for d in distances.values()])
    scaled = scores / np.array([_spread(column) for column in scores.T])
    parts = []
    chunks = [relabelings.distances(one, width=len(stacked) ** 2) for one in stacked]
    for moved in zip(*chunks, strict=True):
        features = np.stack(moved, axis=-1)
        parts.append(-_predicted(features, scaled, leave_out, shared))
    predicted = np.concatenate(parts)
    kept = np.where(np.isfinite(predicted[0]), scores, np.nan)
    outcome = measured_outcome(predicted, kept, relabelings, measure, seed=seed, unit=unit)
    names = ", ".join(distances)
    return replace(
        outcome,
        statistic=f"mean {measure.name()} of selecting by a model of {names}",
        method=f"least squares on {names}, each {leave_out} left out in turn; relabeling joint over targets, refitted",
    )


def _require_cells(distances: Mapping[str, Array], scores: Array, relabelings: Relabelings) -> None:
    observed = [relabelings.observed(distance) for distance in distances.values()]
    known = np.isfinite(scores) & np.logical_and.reduce([np.isfinite(distance) for distance in observed])
    of_targets = known.sum(axis=0)[known.sum(axis=0) >= MIN_CELLS]
    if len(of_targets) < 2 or of_targets.sum() - of_targets.max() - len(of_targets) <= len(distances):
        raise InputError(
            f"too few cells to fit a model of {', '.join(distances)} without the target that it predicts: {len(of_targets)} "
            f"targets have {MIN_CELLS} or more cells with a score and all distances"
        )


def _spread(column: Array) -> float:
    """Return the standard deviation of a target's scores, or one where they do not vary."""
    known = column[np.isfinite(column)]
    return float(known.std()) if len(known) and np.ptp(known) > 0 else 1.0


def _standardised(distance: Array) -> Array:
    """Bring a distance to unit spread, so that the ridge means the same for all."""
    spread = float(np.nanstd(distance))
    return np.asarray((distance - np.nanmean(distance)) / (spread if spread > 0 else 1.0))


def _shared(labels: tuple[Sequence[str], Sequence[str]], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Say which candidate is which target, shape (candidates, targets)."""
    candidates, targets = labels
    if (len(candidates), len(targets)) != shape:
        raise InputError(f"labels name {len(candidates)} candidates and {len(targets)} targets; the scores are {shape}")
    return np.array([[candidate == target for target in targets] for candidate in candidates])


def _predicted(features: Array, scores: Array, leave_out: LeaveOut, shared: npt.NDArray[np.bool_] | None) -> Array:
    """Return the prediction for each cell from a model fitted without it, shape (relabelings, candidates, targets).

    Parameters
    ----------
    features
        Shape (relabelings, candidates, targets, distances).
    """
    mask = np.isfinite(scores) & np.isfinite(features).all(axis=-1)
    x = np.where(mask[..., None], features, 0.0)
    y = np.where(mask, np.nan_to_num(scores), 0.0)
    values = np.concatenate([x, y[..., None], mask[..., None].astype(float)], axis=-1)
    moments = values[..., :, None] * values[..., None, :]  # of each cell: products of distances, score and one
    predictions = np.full(mask.shape, np.nan)
    for j in range(scores.shape[1]):
        if leave_out == "target":
            kept = np.delete(moments.sum(axis=1), j, axis=1)[:, None]
        else:
            kept = _without_tasks(moments, j, shared)
        weights = _weights(kept)
        # Less its mean over the target's candidates: coefficients that differ by candidate must not weigh what all share.
        count = np.maximum(mask[:, :, j].sum(axis=1), 1)[:, None, None]
        here = np.where(mask[:, :, j, None], x[:, :, j] - x[:, :, j].sum(axis=1, keepdims=True) / count, 0.0)
        predictions[:, :, j] = np.einsum("mik,mik->mi", here, np.broadcast_to(weights, here.shape))
    return np.where(mask, predictions, np.nan)


def _without_tasks(moments: Array, j: int, shared: npt.NDArray[np.bool_] | None) -> Array:
    """Return the moments of each column, for each candidate i without i and without j, shape (m, candidates, columns, ...)."""
    kept = moments.sum(axis=1)[:, None] - moments
    if shared is not None:
        for twin in np.flatnonzero(shared[:, j]):
            own = np.arange(moments.shape[1]) == twin
            kept = kept - np.where(own[None, :, None, None, None], 0.0, moments[:, twin][:, None])
        kept = np.where(shared[None, :, :, None, None], 0.0, kept)
    return np.delete(kept, j, axis=2)


def _weights(moments: Array) -> Array:
    """Return the coefficients of the distances from moments by column, shape (m, candidates or 1, distances)."""
    count = np.maximum(moments[..., -1, -1], 1.0)
    sums = moments[..., -1, :-1]
    # A column's intercept takes its mean away.
    centred = moments[..., :-1, :-1] - sums[..., :, None] * sums[..., None, :] / count[..., None, None]
    total = centred.sum(axis=2)
    gram, product = total[..., :-1, :-1], total[..., :-1, -1]
    size = np.maximum(np.einsum("...kk->...k", gram).mean(axis=-1), 1e-12)
    ridge = _RIDGE * size[..., None, None] * np.eye(gram.shape[-1])
    return np.asarray(np.linalg.solve(gram + ridge, product[..., None])[..., 0])
