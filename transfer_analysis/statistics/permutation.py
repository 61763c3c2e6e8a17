"""Permutation of labels: the nulls of association and selection.

A distance is tied to labels, not to single cells, so the null exchanges labels: whole rows and whole columns of the
distance matrix. Where rows and columns name different things (intermediate and target tasks) they are permuted
separately; where they name the same things, one permutation serves both sides, which keeps self-transfer on the
diagonal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from itertools import permutations as all_permutations
from math import comb, factorial, prod

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.outcome import Alternative, require_alternative

#: Nulls up to this size are enumerated whole.
EXACT_LIMIT = 20_000

#: Power of the minimum detectable effect.
_POWER = 0.8

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

    def first(self, count: int) -> Relabelings:
        """Return some of random relabelings, the observed one first; all where they are enumerated, or fewer."""
        if self.exact or len(self) <= count:
            return self
        description = self.description.replace(f"{len(self) - 1:,} random", f"{count - 1:,} random")
        return replace(self, rows=self.rows[:count], columns=self.columns[:count], description=description)

    def __len__(self) -> int:
        return len(self.rows)

    def observed(self, distance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return the distances as they are, in the outcome's shape."""
        found: npt.NDArray[np.float64] = distance[np.ix_(self.rows[0], self.columns[0])]
        return found

    def distances(self, distance: npt.NDArray[np.float64], width: int = 1) -> Iterator[npt.NDArray[np.float64]]:
        """Yield relabeled distances in chunks of shape (relabelings, rows, columns).

        `width` numbers the values that the caller makes of each cell, and shortens the chunks accordingly.
        """
        cells = self.rows.shape[1] * self.columns.shape[1] * width
        step = max(1, _CHUNK_CELLS // max(1, cells))
        for start in range(0, len(self), step):
            rows, columns = self.rows[start : start + step], self.columns[start : start + step]
            yield distance[rows[:, :, None], columns[:, None, :]]

    def p_value(self, statistics: npt.NDArray[np.float64], alternative: Alternative = "two-sided") -> float:
        """Return the p-value of the first statistic among all of them.

        The identity is one of the relabelings, so this is (b + 1)/(m + 1) for m random ones, and the exact p-value
        for an enumerated null.
        """
        return share(statistics, float(statistics[0]), alternative)

    def attainable_p(self, statistics: npt.NDArray[np.float64], alternative: Alternative = "two-sided") -> float:
        """Return the p-value of the most extreme of all statistics: the smallest that these data could have given."""
        return attainable_share(statistics, alternative)


def share(statistics: npt.NDArray[np.float64], observed: float, alternative: Alternative) -> float:
    """Return the share of a null's statistics, the observed one among them, at least as extreme as one value."""
    require_alternative(alternative)
    # A relabeling that leaves the matrix as it was must count as equal in spite of rounding.
    slack = 1e-9 * max(1.0, abs(observed))
    if alternative == "two-sided":
        as_extreme = np.abs(statistics) >= abs(observed) - slack
    elif alternative == "greater":
        as_extreme = statistics >= observed - slack
    else:
        as_extreme = statistics <= observed + slack
    return float(as_extreme.mean())


def attainable_share(statistics: npt.NDArray[np.float64], alternative: Alternative) -> float:
    """Return the share of the most extreme of a null's statistics."""
    if alternative == "two-sided":
        extreme = statistics[int(np.argmax(np.abs(statistics)))]
    else:
        extreme = statistics.max() if alternative == "greater" else statistics.min()
    return share(statistics, float(extreme), alternative)


def minimum_detectable(
    statistics: npt.NDArray[np.float64], alternative: Alternative = "two-sided", alpha: float = 0.05
) -> float:
    """Return the size of effect detected with a power of 80%, from the spread of the null (normal approximation).

    (z_α + z_.8) s, s the null's standard deviation, and α halved where two-sided.
    """
    tail = alpha / 2 if alternative == "two-sided" else alpha
    return float((norm.ppf(1 - tail) + norm.ppf(_POWER)) * np.std(statistics))


def too_few(attainable: float, alpha: float, draws: str) -> list[str]:
    """Say that no p-value below α could have come out, whatever the data."""
    return [] if attainable <= alpha else [f"only {draws}: no p-value below {attainable:.3f} can occur"]


def joint_relabelings(
    labels: Sequence[str],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    strata: Sequence[str] | None = None,
    count: int = 9_999,
    seed: int = 0,
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
    strata
        A stratum for each of `labels`; labels of different strata are not exchanged.
    count
        Number of random permutations where there are too many to enumerate.

    Returns
    -------
    Relabelings
        The identity first.

    Raises
    ------
    InputError
        For a row or column that is no label, or strata of another number than labels.

    Notes
    -----
    D*_ij = D_π(i)π(j) (Hubert & Schultz 1976), which keeps self-transfer on the diagonal. Assumes that labels of a role and
    stratum are exchangeable.
    """
    position = {label: i for i, label in enumerate(labels)}
    unknown = [label for label in (*rows, *columns) if label not in position]
    if unknown:
        raise InputError(f"{unknown[0]!r} is not a label of the distances{nearest(str(unknown[0]), map(str, labels))}")
    stratum = _strata(strata, len(labels), "labels")
    roles: dict[tuple[bool, bool, str], list[int]] = {}
    for i, label in enumerate(labels):
        roles.setdefault((label in set(rows), label in set(columns), stratum[i]), []).append(i)
    groups = [np.array(group) for role, group in roles.items() if role[0] or role[1]]
    orders, exact = _grouped_orders(len(labels), groups, count, np.random.default_rng(seed))
    how = "all" if exact else f"{len(orders) - 1:,} random"
    only = "on the same sides" if strata is None else "of the same stratum and sides"
    among = "" if len(groups) == 1 else f", exchanged only among labels {only} ({_sizes(groups)})"
    return Relabelings(
        rows=orders[:, [position[label] for label in rows]],
        columns=orders[:, [position[label] for label in columns]],
        exact=exact,
        description=f"{how} joint permutations of the {len(labels)} labels{among}",
    )


def separate_relabelings(
    rows: int,
    columns: int,
    *,
    row_strata: Sequence[str] | None = None,
    column_strata: Sequence[str] | None = None,
    names: tuple[str, str] = ("row", "column"),
    count: int = 9_999,
    seed: int = 0,
) -> Relabelings:
    """Permute the labels of rows and of columns separately.

    Parameters
    ----------
    rows, columns
        Numbers of row labels and of column labels.
    row_strata, column_strata
        A stratum for each row or column; labels of different strata are not exchanged (families of tasks, say).
    names
        What a row and a column are, for the description.
    count
        Number of random permutations where there are too many to enumerate.

    Returns
    -------
    Relabelings
        The identity first.

    Raises
    ------
    InputError
        For strata of another number than rows or columns.

    Notes
    -----
    D*_ij = D_π(i)ρ(j), π and ρ independent (Good 2005). Assumes that rows, and columns, are exchangeable within strata.
    """
    rng = np.random.default_rng(seed)
    of_rows = _groups(_strata(row_strata, rows, "rows"))
    of_columns = _groups(_strata(column_strata, columns, "columns"))
    within = "".join(
        f", {side} exchanged only within strata ({_sizes(groups)})"
        for side, groups in (("rows", of_rows), ("columns", of_columns))
        if len(groups) > 1
    )
    labels = f"the {rows} {names[0]} and {columns} {names[1]} labels{within}"
    number = _number(of_rows) * _number(of_columns)
    if number <= EXACT_LIMIT:
        row_orders, column_orders = _every_order(rows, of_rows), _every_order(columns, of_columns)
        pairs = np.indices((len(row_orders), len(column_orders))).reshape(2, -1)
        return Relabelings(
            row_orders[pairs[0]], column_orders[pairs[1]], exact=True, description=f"all permutations of {labels}"
        )
    return Relabelings(
        _random_orders(rows, of_rows, count, rng),
        _random_orders(columns, of_columns, count, rng),
        exact=False,
        description=f"{count:,} random permutations of {labels}",
    )


def subsets(chosen: npt.NDArray[np.bool_], count: int, seed: int) -> tuple[npt.NDArray[np.bool_], bool]:
    """Return all ways to choose as many of n things as are chosen, or random ones; the given choice is the first.

    Parameters
    ----------
    chosen
        Which of the things are chosen, shape (n,).
    count
        Random choices, where there are too many to enumerate.

    Returns
    -------
    choices, exact
        Shape (choices, n), and whether these are all there are.
    """
    n, k = len(chosen), int(chosen.sum())
    if comb(n, k) > EXACT_LIMIT:
        drawn = np.random.default_rng(seed).permuted(np.tile(chosen, (count, 1)), axis=1)
        return np.vstack([chosen, drawn]), False
    every = np.zeros((comb(n, k), n), dtype=bool)
    for row, members in enumerate(combinations(range(n), k)):
        every[row, list(members)] = True
    first = (every == chosen).all(axis=1)
    return np.vstack([every[first], every[~first]]), True


def _strata(given: Sequence[str] | None, n: int, what: str) -> list[str]:
    if given is None:
        return [""] * n
    if len(given) != n:
        raise InputError(f"{len(given)} strata are given for {n} {what}; each needs one")
    return [str(stratum) for stratum in given]


def _groups(strata: Sequence[str]) -> list[npt.NDArray[np.intp]]:
    return [np.flatnonzero(np.array(strata) == stratum) for stratum in dict.fromkeys(strata)]


def _sizes(groups: Sequence[npt.NDArray[np.intp]]) -> str:
    return " + ".join(str(len(group)) for group in groups)


def _number(groups: Sequence[npt.NDArray[np.intp]]) -> int:
    return prod(factorial(len(group)) for group in groups)


def _grouped_orders(
    n: int, groups: Sequence[npt.NDArray[np.intp]], count: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.intp], bool]:
    """Return permutations of n positions that stay within groups, the identity first."""
    if _number(groups) <= EXACT_LIMIT:
        return _every_order(n, groups), True
    return _random_orders(n, groups, count, rng), False


def _every_order(n: int, groups: Sequence[npt.NDArray[np.intp]]) -> npt.NDArray[np.intp]:
    orders = np.arange(n, dtype=np.intp)[None]
    for group in groups:
        options = np.array(list(all_permutations(group)), dtype=np.intp)
        before = len(orders)
        orders = np.repeat(orders, len(options), axis=0)
        orders[:, group] = np.tile(options, (before, 1))
    return orders


def _random_orders(
    n: int, groups: Sequence[npt.NDArray[np.intp]], count: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    orders = np.tile(np.arange(n, dtype=np.intp), (count + 1, 1))
    for group in groups:
        orders[1:, group] = rng.permuted(np.tile(group, (count, 1)), axis=1)
    return orders
