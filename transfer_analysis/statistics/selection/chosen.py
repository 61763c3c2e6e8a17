"""Selection: how good are the intermediate tasks that a distance would pick, beside picking at random?

Two things are kept apart. The *level* of random selection is enumerated per target: the mean of the measure over all
choices (all orders for NDCG, all C(n, k) subsets for Regret@k). The *p-value* comes from relabeling the distances
jointly over all targets, because an intermediate task that is good for one target is often good for all, so choices
for different targets are not independent. Sources at equal distance are equally likely to be chosen first: measures
are expectations over the orders that the distances leave open.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import Relabelings, minimum_detectable, too_few
from transfer_analysis.statistics.selection.measures import AverageRank, Measure, Regret
from transfer_analysis.statistics.selection.orders import best_weights, expected_best

Array = npt.NDArray[np.float64]

#: Level at which the smallest p-value that could have come out is remarked on.
_ALPHA = 0.05

#: Targets are resampled for an interval only from this many on.
MIN_TARGETS_FOR_INTERVAL = 10


def selection(
    distance: Array, scores: Array, relabelings: Relabelings, measure: Measure, *, seed: int = 0, unit: str = "targets"
) -> Outcome:
    """Return the mean over targets of a measure of selecting the nearest candidates first.

    Parameters
    ----------
    distance
        Distances that the relabelings point into.
    scores
        Scores or gains of shape (candidates, targets), NaN where an intermediate task is no candidate (self-transfer, overlap).
    relabelings
        The null, from `joint_relabelings` or `separate_relabelings`.
    measure
        `NDCG(...)` or `Regret(...)`.

    Returns
    -------
    Outcome
        `random_selection` and `random_selection_spread` are the mean and standard deviation of the statistic over all
        independent random choices, one per target. p is one-sided, towards better selection. An interval is given from
        ten targets on; it resamples targets and takes the candidates as they are. The minimum detectable effect is the
        distance from the level of random selection.

    Raises
    ------
    InputError
        Where no target has at least two candidates with a distance.

    Notes
    -----
    m̄ = (1/T) Σ_t m_t, m_t the measure of target t's candidates in the order of their distances, its expectation over
    the orders that ties leave open. Assumes labels that are exchangeable under the null; as good intermediate tasks
    are good everywhere, targets are not independent, so that a binomial test over targets would not do. Not to compare
    two distances with each other.
    """
    observed = relabelings.observed(distance)
    columns = _columns(scores, observed)
    per_target = np.concatenate([_measured(x, scores, columns, measure) for x in relabelings.distances(distance)])
    found = _outcome(per_target, scores, columns, relabelings, measure, seed, unit)
    return replace(found, warnings=(*_taken_last(scores, observed, columns), *found.warnings))


def measured_outcome(
    distances: Array, scores: Array, relabelings: Relabelings, measure: Measure, *, seed: int, unit: str
) -> Outcome:
    """Return what `selection` does from the distances of each relabeling, shape (relabelings, candidates, targets)."""
    columns = _columns(scores, distances[0])
    per_target = _measured(distances, scores, columns, measure)
    found = _outcome(per_target, scores, columns, relabelings, measure, seed, unit)
    return replace(found, warnings=(*_taken_last(scores, distances[0], columns), *found.warnings))


def _columns(scores: Array, observed: Array) -> list[int]:
    """Return the targets with something to select from."""
    candidates = np.isfinite(scores) & np.isfinite(observed)
    columns = [j for j in range(scores.shape[1]) if candidates[:, j].sum() >= 2]
    if not columns:
        raise InputError("no target has two or more candidates with a distance; there is nothing to select")
    return columns


def _taken_last(scores: Array, observed: Array, columns: list[int]) -> list[str]:
    """Say how many candidates have no distance, in the observed labels as in all others: nothing speaks for them."""
    there = np.isfinite(scores[:, columns])
    unknown = int((there & ~np.isfinite(observed[:, columns])).sum())
    if not unknown:
        return []
    return [f"{unknown} of {int(there.sum())} candidates have no distance: they are chosen last, and not left out"]


def _outcome(
    per_target: Array,
    scores: Array,
    columns: list[int],
    relabelings: Relabelings,
    measure: Measure,
    seed: int,
    unit: str,
) -> Outcome:
    used = np.isfinite(per_target[0])
    if not used.any():
        raise InputError(f"{measure.name()} is undefined for every target")
    statistics = np.nanmean(per_target[:, used], axis=1)
    chances = [measure.random_selection(_present(scores[:, j])) for j, keep in zip(columns, used, strict=True) if keep]
    low, high = _resampled(per_target[0, used], seed)
    warnings = []
    if not used.all() or len(columns) < scores.shape[1]:
        warnings.append(f"{scores.shape[1] - int(used.sum())} of {scores.shape[1]} targets left out: undefined")
    if low is None:
        warnings.append(f"no interval: fewer than {MIN_TARGETS_FOR_INTERVAL} targets")
    if isinstance(measure, Regret | AverageRank) and measure.k >= min(np.isfinite(scores[:, columns]).sum(axis=0)):
        warnings.append(f"k = {measure.k} takes every candidate of some target, where it then says nothing")
    alternative: Alternative = "greater" if measure.higher_is_better else "less"
    attainable = relabelings.attainable_p(statistics, alternative)
    if np.ptp(statistics) <= 1e-12 * max(1.0, float(np.abs(statistics).max())):
        warnings.append(
            "the measure is the same whatever is selected: distances or scores do not differ, or k takes them all"
        )
    warnings += too_few(attainable, _ALPHA, f"{len(relabelings)} relabelings")
    if used.sum() < 3:
        warnings.append(
            f"{int(used.sum())} target{'s' if used.sum() > 1 else ''}: what holds for so few may not hold for others"
        )
    return Outcome(
        statistic=f"mean {measure.name()} of selecting by distance",
        estimate=float(statistics[0]),
        low=low,
        high=high,
        interval_method="percentile bootstrap over targets" if low is not None else "",
        p_value=relabelings.p_value(statistics, alternative),
        alternative=alternative,
        null=relabelings.description,
        attainable_p=attainable,
        minimum_detectable=minimum_detectable(statistics, alternative, _ALPHA),
        n=int(used.sum()),
        unit=unit,
        random_selection=float(np.mean([mean for mean, _ in chances])),
        random_selection_spread=float(np.sqrt(np.sum([variance for _, variance in chances]))) / len(chances),
        method="selection by distance; relabeling joint over targets",
        assumptions=("labels are exchangeable under the null",),
        warnings=tuple(warnings),
    )


def selection_curve(distance: Array, gains: Array, relabelings: Relabelings) -> pd.DataFrame:
    """Return the best gain among the k nearest candidates, beside random choice, for every k.

    Parameters
    ----------
    distance, gains, relabelings
        As for `selection`.

    Returns
    -------
    DataFrame
        One row per k with `k`, `selected` (mean over targets of the best of the k nearest), `random` (exact expectation
        of the best of k chosen at random), `low` and `high` (2.5% and 97.5% quantiles of `selected` over the relabelings)
        and `best` (the best candidate of each target). A description: the curve at each k is a test of its own.
    """
    columns = np.flatnonzero(np.isfinite(gains).sum(axis=0) >= 2)
    if not len(columns):
        raise InputError("no target has two or more candidates; there is nothing to select")
    largest = int(np.isfinite(gains[:, columns]).sum(axis=0).min())
    rng = np.random.default_rng(0)
    curves = np.concatenate([_best_of(x, gains, columns, largest, rng) for x in relabelings.distances(distance)])
    low, high = np.quantile(curves, [0.025, 0.975], axis=0)
    observed = relabelings.observed(distance)
    sizes = range(1, largest + 1)
    selected = [
        np.mean(
            [expected_best(_for_target(observed[None], gains, int(j)), _present(gains[:, j]), k)[0] for j in columns]
        )
        for k in sizes
    ]
    expected = [
        np.mean([np.sort(_present(gains[:, j])) @ best_weights(np.isfinite(gains[:, j]).sum(), k) for j in columns])
        for k in sizes
    ]
    return pd.DataFrame(
        {
            "k": list(sizes),
            "selected": selected,
            "random": expected,
            "low": low,
            "high": high,
            "best": float(np.nanmax(gains[:, columns], axis=0).mean()),
        }
    )


def _measured(x: Array, scores: Array, columns: list[int], measure: Measure) -> Array:
    """Return the measure of each relabeling and target, shape (relabelings, targets)."""
    return np.stack([measure.values(_for_target(x, scores, j), _present(scores[:, j])) for j in columns], axis=1)


def _for_target(x: Array, scores: Array, j: int) -> Array:
    """Return one target's distances to its candidates, shape (relabelings, candidates); infinite where missing."""
    distances = x[:, np.isfinite(scores[:, j]), j]
    return np.where(np.isfinite(distances), distances, np.inf)


def _best_of(x: Array, gains: Array, columns: npt.NDArray[np.intp], largest: int, rng: np.random.Generator) -> Array:
    """Return the running best of the nearest candidates, averaged over targets, shape (relabelings, largest).

    Ties are broken at random, once: this is for a band, and exact expectations for every k would take minutes.
    """
    best = []
    for j in columns:
        distances, values = _for_target(x, gains, j), _present(gains[:, j])
        order = np.lexsort((rng.random(distances.shape), distances), axis=1)
        best.append(np.maximum.accumulate(values[order], axis=1)[:, :largest])
    return np.asarray(np.mean(best, axis=0))


def _present(column: Array) -> Array:
    present: Array = column[np.isfinite(column)]
    return present


def _resampled(per_target: Array, seed: int, draws: int = 9_999) -> tuple[float | None, float | None]:
    if len(per_target) < MIN_TARGETS_FOR_INTERVAL:
        return None, None
    rng = np.random.default_rng(seed)
    means = per_target[rng.integers(len(per_target), size=(draws, len(per_target)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
