"""Coefficients of correlation as products of two vectors of length one.

Pearson's, Spearman's and Kendall's coefficients and the square of the distance correlation are each the inner product of
a vector made of the one variable with a vector made of the other. Permutation needs only the first to be moved.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from transfer_analysis.errors import InputError, nearest

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Method = Literal["spearman", "pearson", "kendall", "distance"]

#: How each coefficient is called in a sentence.
NAMES = {
    "spearman": "Spearman correlation",
    "pearson": "Pearson correlation",
    "kendall": "Kendall's tau-b",
    "distance": "distance correlation",
}

#: A column needs this many cells for a correlation.
MIN_CELLS = 3


def unit_vectors(values: Array, mask: Mask, method: Method) -> Array:
    """Return the vectors of each column, shape (..., features, columns); zeros where a column does not vary.

    Parameters
    ----------
    values, mask
        Shape (..., rows, columns), and which of them are known.
    method
        `pearson`: centred values; `spearman`: centred ranks, ties at their mean; `kendall`: the sign of each pair's
        difference (tau-b, Kendall 1945); `distance`: doubly centred distances of each pair (Székely, Rizzo & Bakirov
        2007, Annals of Statistics 35).
    """
    if method == "kendall":
        return _scaled(_signs(values, mask), 1.0)
    if method == "distance":
        return _pair_distances(values, mask)
    if method == "spearman":
        # Masked cells rank last and are zeroed below, so they do not disturb the ranks of the others.
        values = rankdata(np.where(mask, values, np.inf), axis=-2)
    filled = np.where(mask, values, 0.0)
    count = mask.sum(axis=-2, keepdims=True)
    centred = np.where(mask, filled - filled.sum(axis=-2, keepdims=True) / np.maximum(count, 1), 0.0)
    return _scaled(centred, np.abs(filled).max(axis=-2, keepdims=True))


def require_method(method: str) -> None:
    """Refuse a coefficient that there is not."""
    if method not in NAMES:
        raise InputError(f"no coefficient {method!r}{nearest(method, NAMES)}; there are {', '.join(NAMES)}")


def features(rows: int, method: Method) -> int:
    """Return how many values the vector of a column of so many rows has."""
    return {"kendall": rows * (rows - 1) // 2, "distance": rows * rows}.get(method, rows)


def coefficient(products: Array, method: Method) -> Array:
    """Return the coefficient from the inner product of two vectors of length one."""
    if method != "distance":
        return products
    # The product is never negative but for rounding.
    return np.asarray(np.sqrt(np.maximum(products, 0.0)))


def defined(mask: Mask, x: Array, y: Array) -> Mask:
    """Say which columns have enough cells, and vectors on both sides."""
    enough = mask.sum(axis=-2) >= MIN_CELLS
    found: Mask = enough & np.any(x != 0, axis=-2) & np.any(y != 0, axis=-2)
    return found


def _scaled(vectors: Array, size: Array | float) -> Array:
    length = np.sqrt((vectors**2).sum(axis=-2, keepdims=True))
    # Constant columns leave rounding dust of the size of their values; call that no variation.
    varies = length > 1e-12 * np.maximum(size, 1e-300)
    return np.asarray(np.where(varies, vectors / np.where(varies, length, 1.0), 0.0))


def _signs(values: Array, mask: Mask) -> Array:
    first, second = np.triu_indices(values.shape[-2], 1)
    filled = np.where(mask, values, 0.0)
    both = mask[..., first, :] & mask[..., second, :]
    return np.where(both, np.sign(filled[..., first, :] - filled[..., second, :]), 0.0)


def _pair_distances(values: Array, mask: Mask) -> Array:
    filled = np.where(mask, values, 0.0)
    both = mask[..., :, None, :] & mask[..., None, :, :]
    apart = np.where(both, np.abs(filled[..., :, None, :] - filled[..., None, :, :]), 0.0)
    count = np.maximum(mask.sum(axis=-2), 1)[..., None, None, :]
    by_row = apart.sum(axis=-2, keepdims=True) / count
    mean = by_row.sum(axis=-3, keepdims=True) / count
    centred = np.where(both, apart - by_row - np.swapaxes(by_row, -3, -2) + mean, 0.0)
    flat = centred.reshape(*centred.shape[:-3], -1, centred.shape[-1])
    return _scaled(flat, apart.max(axis=(-3, -2))[..., None, :])
