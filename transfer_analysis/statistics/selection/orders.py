"""Values in the order of distances that leave some of it open: expectations over all orders of tied candidates."""

from __future__ import annotations

from math import comb

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def expected_order(distances: Array, values: Array) -> Array:
    """Return values nearest first, each tied one at the mean of its group, shape (orders, candidates)."""
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


def expected_best(distances: Array, values: Array, k: int) -> Array:
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
            best[row] = options @ best_weights(len(options), k - int(sure.sum()))
    return best


def best_weights(n: int, k: int) -> Array:
    """Probability that the i-th smallest of n is the best of k chosen at random: C(i − 1, k − 1) of C(n, k) choices."""
    return np.array([comb(i, k - 1) / comb(n, k) for i in range(n)])


def discounts(n: int) -> Array:
    """Return the weights of NDCG by rank: 1 / log2(rank + 1)."""
    return np.asarray(1 / np.log2(np.arange(2, n + 2)))
