"""What a mixed model is fitted to: fixed effects from a formula, random terms from the names of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from transfer_analysis.errors import InputError, nearest

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class RandomTerm:
    """An effect drawn anew for each level of a grouping: an intercept, or the slope of a column.

    Attributes
    ----------
    group
        Column, or columns joined by a colon, whose levels have an effect each.
    slope
        Column whose slope it is, or an empty string for an intercept.
    levels
        Names of the levels.
    codes
        Level of each row, shape (rows,).
    values
        What the effect of a row's level is multiplied by, shape (rows,): 1, or the column's value.
    """

    group: str
    slope: str
    levels: tuple[str, ...]
    codes: Ints
    values: Floats

    @property
    def name(self) -> str:
        """`group`, or `group: slope of column`."""
        return f"{self.group}: slope of {self.slope}" if self.slope else self.group

    @property
    def matrix(self) -> sparse.csr_array:
        """Z of this term, shape (rows, levels)."""
        rows = np.arange(len(self.codes))
        return sparse.csr_array((self.values, (rows, self.codes)), shape=(len(self.codes), len(self.levels)))


@dataclass(frozen=True)
class Design:
    """Arrays of a mixed model.

    Attributes
    ----------
    formula
        Outcome and fixed effects.
    outcome, y
        Name of the outcome and its values, shape (rows,).
    names, x
        Names of the fixed effects and their columns, shape (rows, effects).
    terms
        The random terms.
    """

    formula: str
    outcome: str
    y: Floats
    names: tuple[str, ...]
    x: Floats
    terms: tuple[RandomTerm, ...]

    @property
    def rows(self) -> int:
        """Number of observations."""
        return len(self.y)


def design(
    formula: str, data: pd.DataFrame, random: Sequence[str], slopes: Mapping[str, str | Sequence[str]] | None = None
) -> Design:
    """Return the arrays of a model.

    Parameters
    ----------
    formula
        `outcome ~ effects`, as formulaic reads it.
    random
        Groupings with a random intercept: a column, or several joined by a colon, whose combinations are the levels.
    slopes
        Grouping → column or columns with a random slope for each of its levels, uncorrelated with the others.

    Raises
    ------
    InputError
        For a column that is not there, a value that is missing, an outcome or a predictor that does not vary, predictors of
        which one is a combination of others, or a grouping with a single level, or with a level for each row.
    """
    outcome, y, names, x = _fixed(formula, data)
    terms: list[RandomTerm] = []
    for group in random:
        terms.append(_term(data, group, ""))
    for group, columns in (slopes or {}).items():
        for column in [columns] if isinstance(columns, str) else columns:
            terms.append(_term(data, group, column))
    repeated = [term.name for i, term in enumerate(terms) if term.name in {t.name for t in terms[:i]}]
    if repeated:
        raise InputError(f"the random term {repeated[0]} stands there twice")
    if not terms:
        raise InputError("a mixed model needs a random term at least; without one use ordinary least squares")
    return Design(formula, outcome, y, names, x, tuple(terms))


def _fixed(formula: str, data: pd.DataFrame) -> tuple[str, Floats, tuple[str, ...], Floats]:
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        parsed = Formula(formula)
        wanted = sorted(str(name) for name in parsed.required_variables)
    except (FormulaicError, SyntaxError) as error:
        raise InputError(f"formula {formula!r} cannot be read: {error}") from error
    if not hasattr(parsed, "lhs") or not hasattr(parsed, "rhs"):
        raise InputError(f"formula {formula!r}: expected outcome ~ effects")
    _require_columns(data, wanted, "the formula")
    _require_complete(data, wanted)
    left, right = parsed.lhs.get_model_matrix(data), parsed.rhs.get_model_matrix(data)
    y = np.asarray(left, dtype=float)
    if y.shape[1] != 1:
        raise InputError(f"formula {formula!r}: the outcome has {y.shape[1]} columns; expected one number in each row")
    x = np.asarray(right, dtype=float)
    names = tuple("Intercept" if str(name) in ("Intercept", "1") else str(name) for name in right.columns)
    if not np.isfinite(y).all() or not np.isfinite(x).all():
        raise InputError(f"formula {formula!r}: some values are infinite")
    outcome = str(left.columns[0])
    if np.ptp(y) == 0:
        raise InputError(f"{outcome} is {y[0, 0]:g} in every row; there is nothing to explain")
    for name, column in zip(names, x.T, strict=True):
        if name != "Intercept" and np.ptp(column) == 0:
            raise InputError(f"{name} is {column[0]:g} in every row; its effect cannot be told from the intercept's")
    if np.linalg.matrix_rank(x / np.maximum(np.abs(x).max(axis=0), 1e-300)) < x.shape[1]:
        raise InputError(f"some of the effects {', '.join(names)} are combinations of others; leave one out")
    return outcome, y[:, 0], names, x


def _term(data: pd.DataFrame, group: str, slope: str) -> RandomTerm:
    columns = group.split(":")
    _require_columns(data, [*columns, *([slope] if slope else [])], f"the random term {group}")
    _require_complete(data, [*columns, *([slope] if slope else [])])
    keys = data[columns[0]].astype(str)
    for column in columns[1:]:
        keys = keys + ":" + data[column].astype(str)
    codes, levels = pd.factorize(keys, sort=True)
    if len(levels) < 2:
        raise InputError(f"{group} has one level only ({levels[0]}); a random term needs several")
    if len(levels) == len(data) and not slope:
        raise InputError(
            f"{group} has a level for each of the {len(data)} rows, which the residual already is; leave it out"
        )
    values = data[slope].to_numpy(dtype=float) if slope else np.ones(len(data))
    return RandomTerm(group, slope, tuple(map(str, levels)), codes.astype(np.int64), values)


def _require_columns(data: pd.DataFrame, names: Sequence[str], where: str) -> None:
    missing = [name for name in names if name not in data.columns]
    if missing:
        raise InputError(
            f"{where} names {name!r}, which is no column{nearest(name, map(str, data.columns))}; there are "
            f"{', '.join(map(str, data.columns))}"
            for name in missing
        )


def _require_complete(data: pd.DataFrame, names: Sequence[str]) -> None:
    problems = []
    for name in dict.fromkeys(names):
        missing = data[name].isna()
        if missing.any():
            problems.append(
                f"{name} is missing in {int(missing.sum())} of {len(data)} rows (first: {data.index[missing.to_numpy()][0]}); "
                "leave them out, and say so"
            )
    if problems:
        raise InputError(problems)
