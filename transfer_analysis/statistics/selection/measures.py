"""Measures of selection: how good are the candidates chosen, and how good would random ones be?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.selection.orders import best_weights, discounts, expected_best, expected_order

Array = npt.NDArray[np.float64]

#: What a candidate counts for in NDCG, and what is reached by the k chosen in Regret.
Relevance = Literal["ranks", "scores", "clipped-gains", "top-ranks"]
Reached = Literal["mean", "best"]


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
        """Return the measure of selecting one target's candidates by each of several distances.

        Parameters
        ----------
        distances
            Shape (orders, candidates); infinite for a candidate without a distance, which comes last.
        scores
            Shape (candidates,).
        """
        ...

    def random_selection(self, scores: Array) -> tuple[float, float]:
        """Return mean and variance over all random choices."""
        ...


@dataclass(frozen=True)
class NDCG:
    """NDCG = Σ_r rel_(r) / log2(r + 1) over its largest value. Normalised discounted cumulative gain over all candidates (Järvelin & Kekäläinen 2002), linear gains, log2 discount.

    `relevance` is what a candidate counts for: `ranks` (0 for the worst, up to n − 1 for the best; TaskWeb's variant),
    `scores` as they are, `clipped-gains` (negative ones count as 0), or `top-ranks`: 2^ρ − 1 with ρ = `top` for the best
    candidate, `top` − 1 for the second, and 0 beyond (the exponential gains of Lin et al. 2019, LangRank, whose `top` is 10).
    With `k`, NDCG@k: only the first k places count, in the order and in the best one; all places where it is None.
    """

    relevance: Relevance = "ranks"
    k: int | None = None
    higher_is_better: bool = True
    top: int = 10

    def __post_init__(self) -> None:
        for count in (self.k, self.top):
            if count is not None:
                _require_count(count)
        known = get_args(Relevance)
        if self.relevance not in known:
            raise InputError(
                f"relevance {self.relevance!r}: expected {', '.join(known)}{nearest(self.relevance, known)}"
            )

    def name(self) -> str:
        """Return the name with its variant."""
        return f"NDCG{'' if self.k is None else f'@{self.k}'} of {self.relevance.replace('-', ' ')}"

    def values(self, distances: Array, scores: Array) -> Array:
        """Return the NDCG of each distance; NaN where no candidate has any relevance."""
        relevance, weights = self._relevance(scores), self._weights(len(scores))
        best = float(np.sort(relevance)[::-1] @ weights)
        if best <= 0:
            return np.full(len(distances), np.nan)
        # The measure is linear in relevance, so its expectation takes each tied candidate at the mean of its group.
        return np.asarray(expected_order(distances, relevance) @ weights / best)

    def random_selection(self, scores: Array) -> tuple[float, float]:
        """Return mean and variance over all orders.

        Each candidate is equally likely in each place, so the mean is r̄ Σd / DCG*, and sampling without replacement
        gives the variance s² (Σd² − (Σd)²/n) / DCG*², with s² the variance of relevance with denominator n − 1.
        """
        relevance, weights = self._relevance(scores), self._weights(len(scores))
        best = float(np.sort(relevance)[::-1] @ weights)
        if best <= 0:
            return np.nan, np.nan
        spread = float((weights**2).sum() - weights.sum() ** 2 / len(scores))
        return float(relevance.mean() * weights.sum() / best), float(relevance.var(ddof=1) * spread / best**2)

    def _weights(self, count: int) -> Array:
        """Return what each place counts for: nothing beyond the first k."""
        weights = discounts(count)
        if self.k is None:
            return weights
        return np.where(np.arange(count) < self.k, weights, 0.0)

    def _relevance(self, scores: Array) -> Array:
        if self.relevance == "ranks":
            return np.asarray(rankdata(scores, axis=-1) - 1)
        if self.relevance == "top-ranks":
            # Candidates that share a score share the mean of their places.
            return np.asarray(2.0 ** np.maximum(0.0, self.top + 1 - rankdata(-scores, axis=-1)) - 1.0)
        if self.relevance == "clipped-gains":
            return np.maximum(scores, 0.0)
        if scores.min() < 0:
            raise InputError(
                f"NDCG of scores is not defined for negative ones ({scores.min():.3g}); use ranks or clipped-gains"
            )
        return scores


@dataclass(frozen=True)
class Regret:
    """Regret@k: how far the k candidates chosen stay below the best one, in per cent of the best score or in points.

    Attributes
    ----------
    k
        How many candidates are chosen.
    of
        `mean` of the k chosen (TaskWeb's variant) or `best` of the k (Poth et al. 2021).
    relative
        In per cent of the best score (scores must then be positive), else in points.
    """

    k: int = 5
    of: Reached = "mean"
    relative: bool = True
    higher_is_better: bool = False

    def __post_init__(self) -> None:
        _require_count(self.k)
        if self.of not in ("mean", "best"):
            raise InputError(f"of {self.of!r}: expected mean or best")

    def name(self) -> str:
        """Return the name with its variant."""
        return f"Regret@{self.k} ({'relative %' if self.relative else 'absolute'}, {self.of} of {self.k})"

    def values(self, distances: Array, scores: Array) -> Array:
        """Return the regret of each distance."""
        k = min(self.k, len(scores))
        if self.of == "mean":
            reached = expected_order(distances, scores)[:, :k].mean(axis=1)
        else:
            reached = expected_best(distances, scores, k)
        return self._regret(reached, scores)

    def random_selection(self, scores: Array) -> tuple[float, float]:
        """Return mean and variance over all C(n, k) choices.

        Both are exact: the mean of k of n values has the mean of all and the variance s²/k · (1 − k/n), with s² the
        variance with denominator n − 1; the best of k has the distribution of `orders.best_weights`.
        """
        n, k = len(scores), min(self.k, len(scores))
        if self.of == "mean":
            mean = float(scores.mean())
            variance = float(scores.var(ddof=1)) / k * (1 - k / n)
        else:
            ordered, weights = np.sort(scores), best_weights(n, k)
            mean = float(ordered @ weights)
            variance = float((ordered - mean) ** 2 @ weights)
        scale = 100 / float(scores.max()) if self.relative else 1.0
        return float(self._regret(np.asarray(mean), scores)), variance * scale**2

    def _regret(self, reached: Array, scores: Array) -> Array:
        best = float(scores.max())
        if not self.relative:
            return np.asarray(best - reached)
        if best <= 0:
            raise InputError(f"relative regret needs a positive best score, got {best:.3g}; take it in points")
        return np.asarray(100 * (best - reached) / best)


@dataclass(frozen=True)
class Top1:
    """How often the nearest candidate is the best one; candidates that share the best score all count as it.

    1[argmin d = argmax y], averaged over targets. Coarse: with few targets it takes few values.
    """

    higher_is_better: bool = True

    def name(self) -> str:
        """Return the name."""
        return "top-1 accuracy"

    def values(self, distances: Array, scores: Array) -> Array:
        """Return the chance that the nearest is the best, between 0 and 1."""
        return np.asarray(expected_order(distances, self._best(scores))[:, 0])

    def random_selection(self, scores: Array) -> tuple[float, float]:
        """Return mean and variance of choosing one candidate at random: the share of best ones q, and q(1 − q)."""
        share = float(self._best(scores).mean())
        return share, share * (1 - share)

    @staticmethod
    def _best(scores: Array) -> Array:
        return np.asarray(scores == scores.max(), dtype=np.float64)


@dataclass(frozen=True)
class AverageRank:
    """Mean rank, by score, of the k nearest candidates: 1 is the best, ties at their mean rank.

    (1/k) Σ rank(y) over the k nearest. Says nothing of how much is lost.
    """

    k: int = 1
    higher_is_better: bool = False

    def __post_init__(self) -> None:
        _require_count(self.k)

    def name(self) -> str:
        """Return the name with its variant."""
        return "rank of the nearest candidate" if self.k == 1 else f"mean rank of the {self.k} nearest candidates"

    def values(self, distances: Array, scores: Array) -> Array:
        """Return the mean rank of the k nearest."""
        k = min(self.k, len(scores))
        return np.asarray(expected_order(distances, rankdata(-scores))[:, :k].mean(axis=1))

    def random_selection(self, scores: Array) -> tuple[float, float]:
        """Return mean and variance over all C(n, k) choices: (n + 1)/2, and s²/k · (1 − k/n) with s² that of the ranks."""
        n, k = len(scores), min(self.k, len(scores))
        ranks = rankdata(-scores)
        return float(ranks.mean()), float(ranks.var(ddof=1)) / k * (1 - k / n)


def _require_count(k: int) -> None:
    if not isinstance(k, int) or k < 1:
        raise InputError(f"k = {k}: expected how many candidates are chosen, one or more")
