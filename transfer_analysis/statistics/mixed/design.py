"""What a mixed model is fitted to: fixed effects from a formula, random terms from the names of columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.formula import FixedEffects, fixed_effects, require_columns, require_complete

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
class Design(FixedEffects):
    """Arrays of a mixed model: its fixed effects and its random terms."""

    terms: tuple[RandomTerm, ...]


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
    fixed = fixed_effects(formula, data)
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
    return Design(**vars(fixed), terms=tuple(terms))


def _term(data: pd.DataFrame, group: str, slope: str) -> RandomTerm:
    columns = group.split(":")
    require_columns(data, [*columns, *([slope] if slope else [])], f"the random term {group}")
    require_complete(data, [*columns, *([slope] if slope else [])])
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
