"""Square matrices of the same labels: what may be compared, and relabeling one of them many times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations as all_permutations
from math import ceil, factorial, isqrt
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.permutation import EXACT_LIMIT

Array = npt.NDArray[np.float64]
Orders = npt.NDArray[np.intp]
Square: TypeAlias = Array | pd.DataFrame

#: Fewest labels: three have but three pairs.
MIN_LABELS = 4

#: Pairs times relabelings held at a time (float64: 32 MB an array).
_CHUNK = 4_000_000

#: What is to be known of every p-value of this room (DESIGN rule 3).
DESCRIPTIVE = (
    "descriptive: where labels are related, so that distances are autocorrelated, Mantel tests and regressions on matrices "
    "reject true nulls far too often (Guillot & Rousset 2013); do not take the p-value as evidence"
)


@dataclass(frozen=True)
class Pairs:
    """The pairs of labels that are compared: each once where all matrices are symmetric, else both ways.

    Attributes
    ----------
    n
        Number of labels.
    first, second
        Positions of the labels of each pair.
    """

    n: int
    first: Orders
    second: Orders

    def of(self, matrix: Array) -> Array:
        """Return the values of a matrix at the pairs."""
        values: Array = matrix[self.first, self.second]
        return values

    def matrix(self, values: Array) -> Array:
        """Return values of the pairs as a matrix, on both sides where each pair counts once."""
        matrix = np.zeros((self.n, self.n))
        if len(values) < self.n * (self.n - 1):
            matrix[self.second, self.first] = values
        matrix[self.first, self.second] = values
        return matrix

    def unit(self) -> str:
        """Say what n counts."""
        return f"labels ({len(self.first):,} pairs)"


#: Share of the largest value up to which two values differ by rounding alone.
ROUNDING = 1e-6


def aligned(matrices: dict[str, Square]) -> tuple[list[Array], Pairs]:
    """Return the matrices in one order of labels, and their pairs.

    Parameters
    ----------
    matrices
        Name → square array, or frame whose index and columns are the same labels; frames are put into the order of the
        first one.

    Raises
    ------
    InputError
        For a vector or a rectangle, naming the procedure that serves instead; other labels or sizes; values that are
        missing or do not vary; fewer than four labels.
    """
    labels: list[object] | None = None
    arrays = []
    for name, matrix in matrices.items():
        _require_square(name, np.shape(matrix))
        if isinstance(matrix, pd.DataFrame):
            if set(matrix.index) != set(matrix.columns):
                odd = sorted(map(str, set(matrix.index) ^ set(matrix.columns)))
                raise InputError(
                    f"{name}: {', '.join(odd[:3])} stands on one side only; rows and columns must be the same"
                )
            if not (matrix.index.is_unique and matrix.columns.is_unique):
                raise InputError(f"{name}: {matrix.index[matrix.index.duplicated()][0]!r} stands there twice")
            labels = list(matrix.index) if labels is None else labels
            if set(matrix.index) != set(labels):
                odd = sorted(map(str, set(matrix.index) ^ set(labels)))
                raise InputError(f"{name} lacks labels of the others, or has more: {', '.join(odd[:3])}")
            matrix = matrix.loc[labels, labels].to_numpy(dtype=float)
        arrays.append(np.asarray(matrix, dtype=float))
    n = len(arrays[0])
    if n < MIN_LABELS:
        raise InputError(f"{n} labels have {n * (n - 1) // 2} pairs; {MIN_LABELS} labels are needed at least")
    symmetric = all(map(is_symmetric, arrays))
    # Halves that differ by rounding would else count every pair twice.
    arrays = [(a + a.T) / 2 for a in arrays] if symmetric else arrays
    first, second = np.tril_indices(n, -1) if symmetric else np.nonzero(~np.eye(n, dtype=bool))
    pairs = Pairs(n, first, second)
    for name, array in zip(matrices, arrays, strict=True):
        if len(array) != n:
            raise InputError(f"{name} has {len(array)} labels and the first matrix {n}")
        values = pairs.of(array)
        if not np.isfinite(values).all():
            raise InputError(_gaps(name, values, pairs, labels or range(n)))
        if np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
            raise InputError(f"{name} is the same for all pairs; nothing can be compared")
    return arrays, pairs


def is_symmetric(array: Array) -> bool:
    """Whether both halves of a square are the same but for rounding: a millionth of the largest value."""
    if array.shape[0] != array.shape[1]:
        return False
    return bool(np.allclose(array, array.T, rtol=0, atol=ROUNDING * largest(array), equal_nan=True))


def largest(array: Array) -> float:
    """Return the largest size of a value; 0 where there is none."""
    known = np.abs(array[np.isfinite(array)])
    return float(known.max()) if len(known) else 0.0


def _gaps(name: str, values: Array, pairs: Pairs, labels: Sequence[object]) -> str:
    """Say which pairs are missing, and the fewest labels without which none is."""
    open_pairs = ~np.isfinite(values)
    gaps = list(zip(pairs.first[open_pairs].tolist(), pairs.second[open_pairs].tolist(), strict=True))
    shown = ", ".join(f"{labels[i]} and {labels[j]}" for i, j in gaps[:5]) + (", …" if len(gaps) > 5 else "")
    lacking = ", ".join(str(labels[i]) for i in fewest_without(gaps))
    return (
        f"{name} is missing for {len(gaps)} of {len(values)} pairs ({shown}). None is missing without {lacking}: leave "
        "them out (--complete does)"
    )


def fewest_without(gaps: Sequence[tuple[int, int]]) -> list[int]:
    """Return few numbers of which every pair has one, the most often named first (the fewest there are, for few gaps)."""
    left, chosen = list(gaps), []
    while left:
        counts = Counter(number for pair in left for number in pair)
        most = min(counts, key=lambda number: (-counts[number], number))
        chosen.append(most)
        left = [pair for pair in left if most not in pair]
    return sorted(chosen)


def complete(matrices: dict[str, pd.DataFrame]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return square matrices of the same labels without the fewest labels that leave no gap, and these labels."""
    first = next(iter(matrices.values()))
    labels = [label for label in first.index if all(label in m.index and label in m.columns for m in matrices.values())]
    arrays = [m.loc[labels, labels].to_numpy(dtype=float) for m in matrices.values()]
    missing = np.any([~np.isfinite(array) for array in arrays], axis=0)
    np.fill_diagonal(missing, False)
    gaps = [(int(i), int(j)) for i, j in zip(*np.nonzero(missing), strict=True)]
    dropped = {labels[i] for i in fewest_without(gaps)}
    kept = [label for label in labels if label not in dropped]
    return {name: m.loc[kept, kept] for name, m in matrices.items()}, sorted(map(str, dropped))


def _require_square(name: str, shape: tuple[int, ...]) -> None:
    if len(shape) == 1 or (len(shape) == 2 and 1 in shape and shape != (1, 1)):
        raise InputError(
            f"{name} is a vector of {max(shape)} values, as distances from one source are, and no square matrix: use "
            "phylogenetic_regression for languages (fit languages), association for tasks (fit association)"
        )
    if len(shape) != 2 or shape[0] != shape[1]:
        raise InputError(
            f"{name} has shape {' × '.join(map(str, shape))} and rows and columns name different things: use association "
            "with separate_relabelings (fit association), which exchanges whole rows and whole columns"
        )


def relabeled_products(moved: Array, fixed: list[Array], pairs: Pairs, count: int, seed: int) -> tuple[Array, bool]:
    """Return Σ over pairs of the relabeled matrix times each fixed one, shape (relabelings, fixed); the identity is first.

    Parameters
    ----------
    moved
        The matrix whose labels are permuted.
    fixed
        Matrices that stay.
    count
        Random relabelings, at least so many; all there are, where these are few.

    Returns
    -------
    products, exact
        And whether the relabelings are all there are.

    Notes
    -----
    Random relabelings are the products στ of a few permutations σ and τ, the identity among both. As Σ M[στi, στj] F[i, j]
    = Σ M[σi, σj] F[τ⁻¹i, τ⁻¹j], a hundred of each and one product of matrices give ten thousand. The p-value stays exact:
    under the null, the set {σ_a τ_b} with one of its members drawn as the identity is as valid as independent draws (Ramdas,
    Barber, Candès & Tibshirani 2023, Sankhya A 85, theorem 2), and as any two of its members are independent, its
    Monte-Carlo error is theirs too.
    """
    n = pairs.n
    if factorial(n) <= EXACT_LIMIT:
        outer = np.array(list(all_permutations(range(n))), dtype=np.intp)
        return _products(moved, fixed, pairs, outer, np.arange(n, dtype=np.intp)[None]), True
    rng = np.random.default_rng(seed)
    one = isqrt(count + 1)
    other = ceil((count + 1) / one)
    outer, inner = (np.vstack([np.arange(n), *(rng.permutation(n) for _ in range(m - 1))]) for m in (one, other))
    return _products(moved, fixed, pairs, outer, inner), False


def _products(moved: Array, fixed: list[Array], pairs: Pairs, outer: Orders, inner: Orders) -> Array:
    n = pairs.n
    total = np.zeros((len(fixed), len(outer), len(inner)))
    back = np.argsort(inner, axis=1)
    flat = [np.ascontiguousarray(matrix).ravel() for matrix in (moved, *fixed)]
    step = max(1, _CHUNK // max(len(outer), len(inner)))
    for start in range(0, len(pairs.first), step):
        i, j = pairs.first[start : start + step], pairs.second[start : start + step]
        left = flat[0][outer[:, i] * n + outer[:, j]]
        place = back[:, i] * n + back[:, j]
        for k, matrix in enumerate(flat[1:]):
            total[k] += left @ matrix[place].T
    products: Array = total.reshape(len(fixed), -1).T
    return products
