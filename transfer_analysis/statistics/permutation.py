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
from math import factorial, prod

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

    def distances(self, distance: npt.NDArray[np.float64]) -> Iterator[npt.NDArray[np.float64]]:
        """Yield relabeled distances in chunks of shape (relabelings, rows, columns)."""
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
        return self._share(statistics, float(statistics[0]), alternative)

    def attainable_p(self, statistics: npt.NDArray[np.float64], alternative: Alternative = "two-sided") -> float:
        """Return the p-value of the most extreme of all statistics: the smallest that these data could have given."""
        if alternative == "two-sided":
            extreme = statistics[int(np.argmax(np.abs(statistics)))]
        else:
            extreme = statistics.max() if alternative == "greater" else statistics.min()
        return self._share(statistics, float(extreme), alternative)

    @staticmethod
    def _share(statistics: npt.NDArray[np.float64], observed: float, alternative: Alternative) -> float:
        """Return the share of statistics at least as extreme as one value."""
        # A relabeling that leaves the matrix as it was must count as equal in spite of rounding.
        slack = 1e-9 * max(1.0, abs(observed))
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
    """Permute labels that stand on both sides, those of each role among themselves.

    A label may be a row and a column, a row only, or a column only. Labels of different roles are not exchanged: a
    task that is never a target may differ from those that are.

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
    roles: dict[tuple[bool, bool], list[int]] = {}
    for i, label in enumerate(labels):
        roles.setdefault((label in set(rows), label in set(columns)), []).append(i)
    groups = [np.array(group) for role, group in roles.items() if any(role)]
    orders, exact = _grouped_orders(len(labels), groups, count, np.random.default_rng(seed))
    how = "all" if exact else f"{len(orders) - 1:,} random"
    among = (
        ""
        if len(groups) == 1
        else ", exchanged only among labels on the same sides (" + " + ".join(str(len(g)) for g in groups) + ")"
    )
    return Relabelings(
        rows=orders[:, [position[label] for label in rows]],
        columns=orders[:, [position[label] for label in columns]],
        exact=exact,
        description=f"{how} joint permutations of the {len(labels)} labels{among}",
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


def _grouped_orders(
    n: int, groups: Sequence[npt.NDArray[np.intp]], count: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], bool]:
    """Return permutations of n positions that stay within groups, the identity first."""
    if prod(factorial(len(group)) for group in groups) <= EXACT_LIMIT:
        every = [np.array(list(all_permutations(group)), dtype=np.intp) for group in groups]
        choices = np.indices([len(e) for e in every]).reshape(len(every), -1)
        orders = np.tile(np.arange(n, dtype=np.intp), (choices.shape[1], 1))
        for group, options, choice in zip(groups, every, choices, strict=True):
            orders[:, group] = options[choice]
        return orders, True
    orders = np.tile(np.arange(n, dtype=np.intp), (count + 1, 1))
    for group in groups:
        orders[1:, group] = rng.permuted(np.tile(group, (count, 1)), axis=1)
    return orders, False


def _random_orders(n: int, count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    drawn = rng.permuted(np.tile(np.arange(n), (count, 1)), axis=1)
    return np.vstack([np.arange(n), drawn]).astype(np.intp)
