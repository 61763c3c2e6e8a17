"""Permutation of labels: the nulls of association and selection.

A distance is tied to labels, not to single cells, so the null exchanges labels: whole rows and whole columns of the
distance matrix. Where rows and columns name different things (intermediate and target tasks) they are permuted
separately; where they name the same things, one permutation serves both sides, which keeps self-transfer on the
diagonal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations as all_permutations
from math import factorial

import numpy as np
import numpy.typing as npt

from transfer_analysis.statistics.outcome import Alternative

#: Nulls up to this size are enumerated whole.
EXACT_LIMIT = 20_000

#: Cells handled at a time, to bound memory (float64: 32 MB an array).
_CHUNK_CELLS = 4_000_000


@dataclass(frozen=True)
class Relabelings:
    """Permuted positions of a distance matrix; the first is the identity.

    Attributes
    ----------
    rows, columns
        Integer arrays of shape (m, rows of the outcome) and (m, columns of the outcome): which row and column of
        the distance matrix each cell of the outcome takes its distance from.
    exact
        Whether these are all permutations there are.
    description
        The null in words.
    """

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    exact: bool
    description: str

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def attainable_p(self) -> float:
        """The smallest p-value that these relabelings can give."""
        return 1 / len(self.rows)

    def distances(self, distance: npt.NDArray[np.float64]) -> Iterator[npt.NDArray[np.float64]]:
        """Yield relabelled distances in chunks of shape (relabelings, rows, columns)."""
        cells = self.rows.shape[1] * self.columns.shape[1]
        step = max(1, _CHUNK_CELLS // max(1, cells))
        for start in range(0, len(self), step):
            rows, columns = self.rows[start : start + step], self.columns[start : start + step]
            yield distance[rows[:, :, None], columns[:, None, :]]

    def p_value(self, statistics: npt.NDArray[np.float64], alternative: Alternative = "two-sided") -> float:
        """Return the p-value of the first statistic among all of them.

        The identity is one of the relabelings, so this is (b + 1)/(m + 1) for m random ones, and the exact p-value
        for an enumerated null.
        """
        observed = statistics[0]
        # A relabeling that leaves the matrix as it was must count as equal in spite of rounding.
        slack = 1e-9 * max(1.0, abs(float(observed)))
        if alternative == "two-sided":
            as_extreme = np.abs(statistics) >= abs(observed) - slack
        elif alternative == "greater":
            as_extreme = statistics >= observed - slack
        else:
            as_extreme = statistics <= observed + slack
        return float(as_extreme.mean())


def joint_relabelings(
    labels: Sequence[str], rows: Sequence[str], columns: Sequence[str], *, count: int = 9_999, seed: int = 0
) -> Relabelings:
    """Permute one set of labels that stands on both sides.

    Parameters
    ----------
    labels
        Labels of the square distance matrix.
    rows, columns
        Labels of the outcome's rows and columns, each among `labels`.
    count
        Number of random permutations where there are too many to enumerate.
    """
    position = {label: i for i, label in enumerate(labels)}
    orders, exact = _orders(len(labels), count, np.random.default_rng(seed))
    how = "all" if exact else f"{len(orders) - 1:,} random"
    return Relabelings(
        rows=orders[:, [position[label] for label in rows]],
        columns=orders[:, [position[label] for label in columns]],
        exact=exact,
        description=f"{how} joint permutations of the {len(labels)} labels",
    )


def separate_relabelings(rows: int, columns: int, *, count: int = 9_999, seed: int = 0) -> Relabelings:
    """Permute the labels of rows and of columns separately.

    Parameters
    ----------
    rows, columns
        Numbers of row labels and of column labels.
    count
        Number of random permutations where there are too many to enumerate.
    """
    rng = np.random.default_rng(seed)
    if factorial(rows) * factorial(columns) <= EXACT_LIMIT:
        of_rows, of_columns = _orders(rows, count, rng)[0], _orders(columns, count, rng)[0]
        pairs = np.indices((len(of_rows), len(of_columns))).reshape(2, -1)
        return Relabelings(
            of_rows[pairs[0]],
            of_columns[pairs[1]],
            exact=True,
            description=f"all permutations of the {rows} row and {columns} column labels",
        )
    return Relabelings(
        _random_orders(rows, count, rng),
        _random_orders(columns, count, rng),
        exact=False,
        description=f"{count:,} random permutations of the {rows} row and {columns} column labels",
    )


def _orders(n: int, count: int, rng: np.random.Generator) -> tuple[npt.NDArray[np.intp], bool]:
    if factorial(n) <= EXACT_LIMIT:
        return np.array(list(all_permutations(range(n))), dtype=np.intp), True
    return _random_orders(n, count, rng), False


def _random_orders(n: int, count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    drawn = rng.permuted(np.tile(np.arange(n), (count, 1)), axis=1)
    return np.vstack([np.arange(n), drawn]).astype(np.intp)
