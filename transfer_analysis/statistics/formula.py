"""From a formula and a table to the fixed effects of a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from transfer_analysis.errors import InputError, nearest

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FixedEffects:
    """Arrays of the fixed effects of a model.

    Attributes
    ----------
    formula
        Outcome and fixed effects.
    outcome, y
        Name of the outcome and its values, shape (rows,).
    names, x
        Names of the fixed effects and their columns, shape (rows, effects).
    variables
        Each variable of the effects: its levels where it is categorical, else its mean.
    spec
        How formulaic makes columns of them.
    """

    formula: str
    outcome: str
    y: Floats
    names: tuple[str, ...]
    x: Floats
    variables: Mapping[str, tuple[Any, ...] | float]
    spec: Any

    @property
    def rows(self) -> int:
        """Number of observations."""
        return len(self.y)

    def place(self, term: str) -> int:
        """Return the place of an effect.

        Raises
        ------
        InputError
            For an effect that the model does not have.
        """
        if term not in self.names:
            raise InputError(f"no effect {term!r}{nearest(term, self.names)}; there are {', '.join(self.names)}")
        return self.names.index(term)

    def columns_for(self, data: pd.DataFrame) -> Floats:
        """Return the columns of the fixed effects for other values of the variables, shape (rows, effects)."""
        return np.asarray(self.spec.get_model_matrix(data), dtype=np.float64)


def effect_table(
    names: Sequence[str], estimates: Floats, errors: Floats, df: Floats, confidence: float
) -> pd.DataFrame:
    """Return one row per effect, tested by t: `term, estimate, std_error, df, statistic, p_value, conf_low, conf_high`."""
    reach = student.ppf((1 + confidence) / 2, df) * errors
    statistic = estimates / errors
    return pd.DataFrame(
        {
            "term": names,
            "estimate": estimates,
            "std_error": errors,
            "df": df,
            "statistic": statistic,
            "p_value": 2 * student.sf(np.abs(statistic), df),
            "conf_low": estimates - reach,
            "conf_high": estimates + reach,
        }
    )


def fixed_effects(formula: str, data: pd.DataFrame) -> FixedEffects:
    """Return the arrays of a formula.

    Raises
    ------
    InputError
        For a formula that cannot be read, a column that is not there, a value that is missing, an outcome or an effect
        that does not vary, or effects of which one is a combination of others.
    """
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        parsed = Formula(formula)
        wanted = sorted(str(name) for name in parsed.required_variables)
    except (FormulaicError, SyntaxError) as error:
        raise InputError(f"formula {formula!r} cannot be read: {error}") from error
    if not hasattr(parsed, "lhs") or not hasattr(parsed, "rhs"):
        raise InputError(f"formula {formula!r}: expected outcome ~ effects")
    both = set(map(str, parsed.lhs.required_variables)) & set(map(str, parsed.rhs.required_variables))
    if both:
        raise InputError(f"formula {formula!r}: {sorted(both)[0]} is explained by itself; leave it out on the right")
    require_columns(data, wanted, "the formula")
    require_complete(data, wanted)
    # Rows must not be dropped where a transformation gives no number: each side would drop its own.
    with np.errstate(all="ignore"):
        left, right = (side.get_model_matrix(data, na_action="ignore") for side in (parsed.lhs, parsed.rhs))
    y = np.asarray(left, dtype=float)
    if y.shape[1] != 1:
        raise InputError(f"formula {formula!r}: the outcome has {y.shape[1]} columns; expected one number in each row")
    x = np.asarray(right, dtype=float)
    names = tuple("Intercept" if str(name) in ("Intercept", "1") else str(name) for name in right.columns)
    if not np.isfinite(y).all() or not np.isfinite(x).all():
        wrong = data.index[~(np.isfinite(y).all(axis=1) & np.isfinite(x).all(axis=1))]
        raise InputError(f"formula {formula!r}: no finite number in row {wrong[0]}; leave such rows out, and say so")
    outcome = str(left.columns[0])
    if np.ptp(y) == 0:
        raise InputError(f"{outcome} is {y[0, 0]:g} in every row; there is nothing to explain")
    for name, column in zip(names, x.T, strict=True):
        if name != "Intercept" and np.ptp(column) == 0:
            raise InputError(f"{name} is {column[0]:g} in every row; its effect cannot be told from the intercept's")
    if np.linalg.matrix_rank(x / np.maximum(np.abs(x).max(axis=0), 1e-300)) < x.shape[1]:
        raise InputError(f"some of the effects {', '.join(names)} are combinations of others; leave one out")
    variables = {name: _variable(data[name], names) for name in sorted(map(str, parsed.rhs.required_variables))}
    return FixedEffects(formula, outcome, y[:, 0], names, x, variables, right.model_spec)


def _variable(column: pd.Series, effects: Sequence[str]) -> tuple[Any, ...] | float:
    """Return the levels of a factor, a number written C(...) among them, or the mean of a number."""
    factor = any(re.search(rf"C\({re.escape(str(column.name))}[,)]", effect) for effect in effects)
    if factor or pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        return tuple(sorted(set(column)))
    return float(column.mean())


def require_columns(data: pd.DataFrame, names: Sequence[str], where: str) -> None:
    """Refuse a table without the columns that something names."""
    missing = [name for name in names if name not in data.columns]
    if missing:
        raise InputError(
            f"{where} names {name!r}, which is not a column{nearest(name, map(str, data.columns))}; there are "
            f"{', '.join(map(str, data.columns))}"
            for name in missing
        )


def require_complete(data: pd.DataFrame, names: Sequence[str]) -> None:
    """Refuse columns in which a value is missing."""
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
