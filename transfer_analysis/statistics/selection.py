"""Selection: how good are the intermediate tasks that a distance would pick, beside picking at random?

Two things are kept apart. The *level* of random selection is enumerated per target: the mean of the measure over all
choices (all orders for NDCG, all C(n, k) subsets for Regret@k). The *p-value* comes from relabeling the distances
jointly over all targets, because an intermediate task that is good for one target is often good for all, so choices
for different targets are not independent. Sources at equal distance are equally likely to be chosen first: measures
are expectations over the orders that the distances leave open.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import Relabelings

Array = npt.NDArray[np.float64]

#: Targets are resampled for an interval only from this many on.
MIN_TARGETS_FOR_INTERVAL = 10


class Measure(Protocol):
    """A measure of selection for one target."""

    @property
    def higher_is_better(self) -> bool:
        """Whether larger values are better."""
        ...

    def name(self) -> str:
        """Return the name with its variant."""
        ...

    def values(self, distances: Array, scores: Array) -> Array:
        """Return the measure of selecting one target's sources by each of several distances.

        Parameters
        ----------
        distances
            Shape (orders, sources); infinite for a source without a distance, which comes last.
        scores
            Shape (sources,).
        """
        ...

    def chance(self, scores: Array) -> tuple[float, float]:
        """Return mean and variance over all random choices."""
        ...


@dataclass(frozen=True)
class NDCG:
    """Normalised discounted cumulative gain over all sources (Järvelin & Kekäläinen 2002), linear gains, log2 discount.

    `relevance` is what a source counts for: `ranks` (0 for the worst, up to n − 1 for the best; TaskWeb's variant),
    `scores` as they are, or `clipped-gains` (negative ones count as 0).
    """

    relevance: Literal["ranks", "scores", "clipped-gains"] = "ranks"
    higher_is_better: bool = True

    def name(self) -> str:
        """Return the name with its variant."""
        return f"NDCG of {self.relevance.replace('-', ' ')}"

    def values(self, distances: Array, scores: Array) -> Array:
        """Return the NDCG of each distance; NaN where no source has any relevance."""
        relevance, discounts = self._relevance(scores), _discounts(len(scores))
        best = float(np.sort(relevance)[::-1] @ discounts)
        if best <= 0:
            return np.full(len(distances), np.nan)
        # The measure is linear in relevance, so its expectation takes each tied source at the mean of its group.
        return np.asarray(_expected_order(distances, relevance) @ discounts / best)

    def chance(self, scores: Array) -> tuple[float, float]:
        """Return mean and variance over all orders.

        Each source is equally likely in each place, so the mean is r̄ Σd / DCG*, and sampling without replacement
        gives the variance s² (Σd² − (Σd)²/n) / DCG*², with s² the variance of relevance with denominator n − 1.
        """
        relevance, discounts = self._relevance(scores), _discounts(len(scores))
        best = float(np.sort(relevance)[::-1] @ discounts)
        if best <= 0:
            return np.nan, np.nan
        spread = float((discounts**2).sum() - discounts.sum() ** 2 / len(scores))
        return float(relevance.mean() * discounts.sum() / best), float(relevance.var(ddof=1) * spread / best**2)

    def _relevance(self, scores: Array) -> Array:
        if self.relevance == "ranks":
            return np.asarray(rankdata(scores, axis=-1) - 1)
        if self.relevance == "clipped-gains":
            return np.maximum(scores, 0.0)
        if scores.min() < 0:
            raise InputError(
                f"NDCG of scores is not defined for negative ones ({scores.min():.3g}); use ranks or clipped-gains"
            )
        return scores


@dataclass(frozen=True)
class Regret:
    """Regret@k: how far the k sources chosen stay below the best one, in per cent of the best score or in points.

    Attributes
    ----------
    k
        How many sources are chosen.
    of
        `mean` of the k chosen (TaskWeb's variant) or `best` of the k (Poth et al. 2021).
    relative
        In per cent of the best score (scores must then be positive), else in points.
    """

    k: int = 5
    of: Literal["mean", "best"] = "mean"
    relative: bool = True
    higher_is_better: bool = False

    def name(self) -> str:
        """Return the name with its variant."""
        return f"Regret@{self.k} ({'relative %' if self.relative else 'absolute'}, {self.of} of {self.k})"

    def values(self, distances: Array, scores: Array) -> Array:
        """Return the regret of each distance."""
        k = min(self.k, len(scores))
        if self.of == "mean":
            reached = _expected_order(distances, scores)[:, :k].mean(axis=1)
        else:
            reached = _expected_best(distances, scores, k)
        return self._regret(reached, scores)

    def chance(self, scores: Array) -> tuple[float, float]:
        """Return mean and variance over all C(n, k) choices.

        Both are exact: the mean of k of n values has the mean of all and the variance s²/k · (1 − k/n), with s² the
        variance with denominator n − 1; the best of k has the distribution of `_best_weights`.
        """
        n, k = len(scores), min(self.k, len(scores))
        if self.of == "mean":
            mean = float(scores.mean())
            variance = float(scores.var(ddof=1)) / k * (1 - k / n)
        else:
            ordered, weights = np.sort(scores), _best_weights(n, k)
            mean = float(ordered @ weights)
            variance = float((ordered - mean) ** 2 @ weights)
        scale = 100 / float(scores.max()) if self.relative else 1.0
        return float(self._regret(np.asarray(mean), scores)), variance * scale**2

    def _regret(self, reached: Array, scores: Array) -> Array:
        best = float(scores.max())
        if not self.relative:
            return np.asarray(best - reached)
        if best <= 0:
            raise InputError(f"relative regret needs a positive best score, got {best:.3g}; use relative=False")
        return np.asarray(100 * (best - reached) / best)


def selection(
    distance: Array, scores: Array, relabelings: Relabelings, measure: Measure, *, seed: int = 0, unit: str = "targets"
) -> Outcome:
    """Return the mean over targets of a measure of selecting the nearest sources first.

    Parameters
    ----------
    distance
        Distances that the relabelings point into.
    scores
        Scores or gains of shape (sources, targets), NaN where a source is not a candidate (self-transfer, overlap).
    relabelings
        The null, from `joint_relabelings` or `separate_relabelings`.
    measure
        `NDCG(...)` or `Regret(...)`.

    Returns
    -------
    Outcome
        `chance` and `chance_spread` are the mean and standard deviation of the statistic over all independent random
        choices, one per target. p is one-sided, towards better selection. An interval is given from ten targets on; it
        resamples targets and takes the sources as they are.

    Raises
    ------
    InputError
        Where no target has at least two candidates with a distance.
    """
    observed = distance[np.ix_(relabelings.rows[0], relabelings.columns[0])]
    candidates = np.isfinite(scores) & np.isfinite(observed)
    columns = [j for j in range(scores.shape[1]) if candidates[:, j].sum() >= 2]
    if not columns:
        raise InputError("no target has two or more candidate sources with a distance; there is nothing to select")
    per_target = np.concatenate([_measured(x, scores, columns, measure) for x in relabelings.distances(distance)])
    used = np.isfinite(per_target[0])
    if not used.any():
        raise InputError(f"{measure.name()} is undefined for every target")
    statistics = np.nanmean(per_target[:, used], axis=1)
    chances = [measure.chance(_present(scores[:, j])) for j, keep in zip(columns, used, strict=True) if keep]
    low, high = _resampled(per_target[0, used], seed)
    warnings = []
    if not used.all() or len(columns) < scores.shape[1]:
        warnings.append(f"{scores.shape[1] - int(used.sum())} of {scores.shape[1]} targets left out: undefined")
    if low is None:
        warnings.append(f"no interval: fewer than {MIN_TARGETS_FOR_INTERVAL} targets")
    if isinstance(measure, Regret) and measure.k >= min(np.isfinite(scores[:, columns]).sum(axis=0)):
        warnings.append(f"k = {measure.k} takes every candidate of some target, whose regret then says nothing")
    alternative: Alternative = "greater" if measure.higher_is_better else "less"
    return Outcome(
        statistic=f"mean {measure.name()} of selecting by distance",
        estimate=float(statistics[0]),
        low=low,
        high=high,
        interval_method="percentile bootstrap over targets" if low is not None else "",
        p_value=relabelings.p_value(statistics, alternative),
        alternative=alternative,
        null=relabelings.description,
        attainable_p=relabelings.attainable_p(statistics, alternative),
        n=int(used.sum()),
        unit=unit,
        chance=float(np.mean([mean for mean, _ in chances])),
        chance_spread=float(np.sqrt(np.sum([variance for _, variance in chances]))) / len(chances),
        method="selection by distance; relabeling joint over targets",
        assumptions=("labels are exchangeable under the null",),
        warnings=tuple(warnings),
    )


def selection_curve(distance: Array, gains: Array, relabelings: Relabelings) -> pd.DataFrame:
    """Return the best gain among the k nearest sources, beside random choice, for every k.

    Parameters
    ----------
    distance, gains, relabelings
        As for `selection`.

    Returns
    -------
    DataFrame
        One row per k with `k`, `selected` (mean over targets of the best of the k nearest), `random` (exact
        expectation of the best of k chosen at random), `low` and `high` (2.5% and 97.5% quantiles of `selected` over
        the relabelings) and `best` (the best source of each target).
    """
    columns = np.flatnonzero(np.isfinite(gains).sum(axis=0) >= 2)
    if not len(columns):
        raise InputError("no target has two or more candidate sources; there is nothing to select")
    largest = int(np.isfinite(gains[:, columns]).sum(axis=0).min())
    rng = np.random.default_rng(0)
    curves = np.concatenate([_best_of(x, gains, columns, largest, rng) for x in relabelings.distances(distance)])
    low, high = np.quantile(curves, [0.025, 0.975], axis=0)
    observed = distance[np.ix_(relabelings.rows[0], relabelings.columns[0])]
    sizes = range(1, largest + 1)
    selected = [
        np.mean(
            [_expected_best(_for_target(observed[None], gains, int(j)), _present(gains[:, j]), k)[0] for j in columns]
        )
        for k in sizes
    ]
    expected = [
        np.mean([np.sort(_present(gains[:, j])) @ _best_weights(np.isfinite(gains[:, j]).sum(), k) for j in columns])
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


def _expected_order(distances: Array, values: Array) -> Array:
    """Return values nearest first, each tied one at the mean of its group, shape (orders, sources)."""
    order = np.argsort(distances, axis=1, kind="stable")
    nearest = np.take_along_axis(distances, order, axis=1)
    ordered: Array = values[order]
    tied = nearest[:, 1:] == nearest[:, :-1]
    if not tied.any():
        return ordered
    rows, n = ordered.shape
    group = np.concatenate([np.zeros((rows, 1), dtype=int), np.cumsum(~tied, axis=1)], axis=1)
    flat = (group + n * np.arange(rows)[:, None]).ravel()
    sums = np.bincount(flat, weights=ordered.ravel(), minlength=rows * n)
    counts = np.bincount(flat, minlength=rows * n)
    return np.asarray((sums / np.maximum(counts, 1))[flat].reshape(rows, n))


def _expected_best(distances: Array, values: Array, k: int) -> Array:
    """Return the expected best of the k nearest, shape (orders,)."""
    order = np.argsort(distances, axis=1, kind="stable")
    nearest = np.take_along_axis(distances, order, axis=1)
    ordered = values[order]
    best = np.asarray(ordered[:, :k].max(axis=1))
    if k < len(values):
        # Where the k-th and the next are tied, some of their group are chosen at random.
        for row in np.flatnonzero(nearest[:, k - 1] == nearest[:, k]):
            group = nearest[row] == nearest[row, k]
            sure = nearest[row] < nearest[row, k]
            floor = ordered[row, sure].max() if sure.any() else -np.inf
            options = np.sort(np.maximum(ordered[row, group], floor))
            best[row] = options @ _best_weights(len(options), k - int(sure.sum()))
    return best


def _best_of(x: Array, gains: Array, columns: npt.NDArray[np.intp], largest: int, rng: np.random.Generator) -> Array:
    """Return the running best of the nearest sources, averaged over targets, shape (relabelings, largest).

    Ties are broken at random, once: this is for a band, and exact expectations for every k would take minutes.
    """
    best = []
    for j in columns:
        distances, values = _for_target(x, gains, j), _present(gains[:, j])
        order = np.lexsort((rng.random(distances.shape), distances), axis=1)
        best.append(np.maximum.accumulate(values[order], axis=1)[:, :largest])
    return np.asarray(np.mean(best, axis=0))


def _best_weights(n: int, k: int) -> Array:
    """Probability that the i-th smallest of n is the best of k chosen at random: C(i − 1, k − 1) of C(n, k) choices."""
    return np.array([comb(i, k - 1) / comb(n, k) for i in range(n)])


def _present(column: Array) -> Array:
    present: Array = column[np.isfinite(column)]
    return present


def _discounts(n: int) -> Array:
    return np.asarray(1 / np.log2(np.arange(2, n + 2)))


def _resampled(per_target: Array, seed: int, draws: int = 9_999) -> tuple[float | None, float | None]:
    if len(per_target) < MIN_TARGETS_FOR_INTERVAL:
        return None, None
    rng = np.random.default_rng(seed)
    means = per_target[rng.integers(len(per_target), size=(draws, len(per_target)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
