"""Estimated marginal means of a fitted model, and planned contrasts of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.contrasts.contrast import Contrast
from transfer_analysis.statistics.formula import FixedEffects

Floats = npt.NDArray[np.float64]


class Fit(Protocol):
    """A fitted model with fixed effects: a mixed or a linear one."""

    @property
    def fixed(self) -> FixedEffects:
        """The fixed effects and what they were made of."""
        ...

    @property
    def n(self) -> int:
        """How many independent units there are."""
        ...

    @property
    def unit(self) -> str:
        """What n counts."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before quoting the fit."""
        ...

    def combinations(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Return estimate, standard error and degrees of freedom of combinations of effects."""
        ...


@dataclass(frozen=True)
class MarginalMeans:
    """Means of a model's outcome for levels of some factors, all else held equal.

    Attributes
    ----------
    fit
        The model.
    levels
        One row per mean: the factors' levels.
    weights
        What of each effect a mean is made of, shape (means, effects).
    held
        At what the other variables are held.
    """

    fit: Fit
    levels: pd.DataFrame
    weights: Floats
    held: str

    @property
    def names(self) -> list[str]:
        """The levels of each mean, joined by a colon."""
        return [":".join(map(str, row)) for row in self.levels.itertuples(index=False)]

    def tidy(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return one row per mean: the factors, `estimate, std_error, df, conf_low, conf_high`."""
        estimates, errors, df = self.fit.combinations(self.weights)
        reach = student.ppf((1 + confidence) / 2, df) * errors
        return self.levels.assign(
            estimate=estimates, std_error=errors, df=df, conf_low=estimates - reach, conf_high=estimates + reach
        )

    def contrast(self, weights: Mapping[str, float], name: str = "") -> Contrast:
        """Return a planned contrast of the means.

        Parameters
        ----------
        weights
            Name of a mean (levels joined by a colon) → its weight: `{"syntactic": 1, "semantic": -1}`. An interaction with the
            encoder is the difference of differences: `{"syntactic:mbert": 1, "semantic:mbert": -1, "syntactic:xlmr": -1,
            "semantic:xlmr": 1}`.

        Raises
        ------
        InputError
            For a mean that there is not, or weights that do not sum to zero.
        """
        unknown = [f"no mean {key!r}{nearest(key, self.names)}" for key in weights if key not in self.names]
        if unknown:
            raise InputError([f"{problem}; there are {', '.join(self.names)}" for problem in unknown])
        if abs(sum(weights.values())) > 1e-9:
            raise InputError(f"the weights of a contrast sum to zero, and these to {sum(weights.values()):g}")
        row = np.array([[weights.get(key, 0.0) for key in self.names]]) @ self.weights
        estimate, error, df = self.fit.combinations(row)
        sides = (" + ".join(k for k, w in weights.items() if w * sign > 0) for sign in (1, -1))
        return Contrast(
            name=name or " − ".join(sides),
            estimate=float(estimate[0]),
            std_error=float(error[0]),
            df=float(df[0]),
            n=self.fit.n,
            unit=self.fit.unit,
            notes=self.fit.notes,
            method=f"contrast of estimated marginal means: {self.fit.fixed.formula}{self.held}",
            assumptions=("the model's form is right", "effects and residuals are normal"),
        )

    def pairwise(self) -> dict[str, Contrast]:
        """Return the difference of each pair of means; their p-values are to be corrected together."""
        pairs = {f"{a} − {b}": {a: 1.0, b: -1.0} for a, b in combinations(self.names, 2)}
        return {name: self.contrast(weights, name) for name, weights in pairs.items()}


def marginal_means(
    fit: Fit, factors: str | Sequence[str], at: Mapping[str, float | str] | None = None
) -> MarginalMeans:
    """Return the means of a model's outcome for the levels of factors (Searle, Speed & Milliken 1980).

    Parameters
    ----------
    fit
        A mixed or a linear model.
    factors
        Categorical variables of the formula; several give a mean for each combination.
    at
        Values at which other variables are held.

    Raises
    ------
    InputError
        For a factor that the model does not have, or one that is a number.

    Notes
    -----
    Predictions over a grid of all levels of all categorical variables and the means of the numeric ones, averaged with equal
    weights over the levels of the other categorical ones (what R's emmeans does by default): m = Lβ, L the mean of the grid's
    rows. Assumes the model's form; not for combinations of levels that do not occur. Of a generalised model they are
    on the scale of its link.
    """
    wanted = [factors] if isinstance(factors, str) else list(factors)
    variables, held = fit.fixed.variables, dict(at or {})
    for name in [*wanted, *held]:
        if name not in variables:
            raise InputError(
                f"the model has no variable {name!r}{nearest(name, variables)}; it has {', '.join(variables)}"
            )
    for name in wanted:
        if isinstance(variables[name], float):
            raise InputError(
                f"{name} is a number, not a factor; hold it at values by `at`, or write C({name}) in the formula"
            )
    grid = [_values(name, variables[name], held) for name in variables]
    frame = pd.DataFrame(list(product(*grid)), columns=list(variables))
    columns = fit.fixed.columns_for(frame)
    keys = frame[wanted].apply(tuple, axis=1)
    means = list(dict.fromkeys(keys))
    weights = np.array([columns[(keys == key).to_numpy()].mean(axis=0) for key in means])
    numbers = [f"{n} = {held.get(n, v):.3g}" for n, v in variables.items() if isinstance(v, float)]
    return MarginalMeans(
        fit, pd.DataFrame(means, columns=wanted), weights, f", at {', '.join(numbers)}" if numbers else ""
    )


def _values(name: str, known: tuple[Any, ...] | float, held: Mapping[str, float | str]) -> list[Any]:
    """Return the values of a variable in the grid."""
    if isinstance(known, float):
        value = held.get(name, known)
        if not isinstance(value, int | float):
            raise InputError(f"at {name} = {value!r}: {name} is a number")
        return [float(value)]
    if name not in held:
        return list(known)
    levels = {str(level): level for level in known}
    if str(held[name]) not in levels:
        raise InputError(
            f"{name} has no level {held[name]!r}{nearest(str(held[name]), levels)}; it has {', '.join(levels)}"
        )
    return [levels[str(held[name])]]
