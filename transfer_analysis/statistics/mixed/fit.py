"""Fitting a linear mixed model, and what the fit says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.linalg import cho_solve
from scipy.optimize import minimize
from scipy.stats import t as student

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.formula import FixedEffects, effect_table
from transfer_analysis.statistics.mixed.degrees import combination_degrees
from transfer_analysis.statistics.mixed.design import Design, design
from transfer_analysis.statistics.mixed.deviance import (
    CrossProducts,
    Solution,
    cross_products,
    degrees,
    deviance,
    deviance_and_slopes,
    profiled,
    solved,
)
from transfer_analysis.statistics.mixed.levels import Groupings, clustered_predictors, groupings_of, require_own_levels
from transfer_analysis.statistics.outcome import Alternative, Outcome, freedom, require_alternative

Floats = npt.NDArray[np.float64]

DegreesOfFreedom = Literal["satterthwaite", "kenward-roger"]

#: θ below which a variance counts as zero, as lme4's isSingular has it.
_SINGULAR = 1e-4

#: Degrees of freedom below which Satterthwaite's test was found to reject true nulls too often.
_FEW = 30
_LENIENT = (
    "few levels: Satterthwaite's test rejects true nulls too often (8% of them with 6 intermediate tasks × 3 targets); use "
    "Kenward and Roger's degrees of freedom"
)

#: Where the search for θ begins, in units of the residual's standard deviation.
_STARTS = (1.0, 0.3, 3.0)

#: Largest slope of the deviance by θ at which a fit has converged, and by θ² below zero at which a zero is no minimum.
_FLAT, _FALLING = 2e-3, -1e-3


@dataclass(frozen=True)
class MixedFit:
    """A fitted linear mixed model.

    Attributes
    ----------
    design
        What it was fitted to.
    reml
        Whether by restricted maximum likelihood.
    theta
        Standard deviation of each random term over that of the residual.
    converged
        Whether the deviance is flat at θ.
    degrees_of_freedom
        How those of the fixed effects are approximated.
    remarks
        Effect → what to know of the model before quoting it.
    left_out
        What was left out of the rows beforehand.
    """

    design: Design
    products: CrossProducts
    reml: bool
    theta: Floats
    converged: bool
    degrees_of_freedom: DegreesOfFreedom = "satterthwaite"
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @cached_property
    def solution(self) -> Solution:
        """The model at θ."""
        return solved(self.products, self.theta)

    @property
    def sigma(self) -> float:
        """Standard deviation of the residual."""
        return float(np.sqrt(self.solution.quadratic / degrees(self.products, self.reml)))

    @property
    def log_likelihood(self) -> float:
        """The log likelihood, restricted where the fit is."""
        return -profiled(self.products, self.solution, self.reml) / 2

    @property
    def singular(self) -> bool:
        """Whether a variance is estimated as zero, or nearly: the model has a term more than the data can tell."""
        return bool((self.theta < _SINGULAR).any())

    @property
    def covariance(self) -> Floats:
        """Covariance of the fixed effects, shape (effects, effects), the variances taken as known."""
        covariance: Floats = np.asarray(self.sigma**2 * np.linalg.inv(self.solution.x_v_x), dtype=np.float64)
        return covariance

    @property
    def variances(self) -> pd.DataFrame:
        """One row per random term and the residual: `term`, `levels`, `variance`, `std_dev`."""
        names = [term.name for term in self.design.terms] + ["residual"]
        levels = [len(term.levels) for term in self.design.terms] + [self.design.rows]
        deviations = np.append(self.theta * self.sigma, self.sigma)
        return pd.DataFrame({"term": names, "levels": levels, "variance": deviations**2, "std_dev": deviations})

    def _repr_html_(self) -> str:
        """Return it as notebooks show it: fixed effects above, variances below."""
        tables = (self.tidy(), self.variances)
        shown = "".join(table.to_html(index=False, float_format="{:.4g}".format) for table in tables)
        return f"<p>{escape(self.design.formula)}</p>{shown}"

    def tidy(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return one row per fixed effect.

        Columns `term, estimate, std_error, df, statistic, p_value, conf_low, conf_high`. From a fit that has not converged
        there is no p-value and no interval, but NaN.
        """
        errors, df = combination_degrees(self, np.eye(len(self.design.names)))
        estimates = self.solution.beta
        if not self.converged:
            df = np.full(len(estimates), np.nan)
        return effect_table(self.design.names, estimates, errors, df, confidence)

    @property
    def fixed(self) -> FixedEffects:
        """The fixed effects and what they were made of."""
        return self.design

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.design.rows

    @property
    def unit(self) -> str:
        """What n counts: rows, and how many levels of each grouping they fall into."""
        return f"rows ({', '.join(f'{len(t.levels)} {t.group}' for t in self.design.terms if not t.slope)})"

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before quoting any of its effects."""
        notes = [*self.left_out, *(remark for remarks in self.remarks.values() for remark in remarks)]
        if self.singular:
            zero = [t.name for t, theta in zip(self.design.terms, self.theta, strict=True) if theta < _SINGULAR]
            notes.append(f"the variance of {', '.join(zero)} is estimated as zero (a singular fit)")
        if not self.converged:
            notes.append("the fit has not converged, so there is neither a p-value nor an interval")
        return tuple(notes)

    def combinations(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Return estimate, standard error and degrees of freedom of combinations of the fixed effects.

        Parameters
        ----------
        weights
            Shape (combinations, effects).

        Raises
        ------
        InputError
            For a fit that has not converged, whose standard errors mean nothing.
        """
        if not self.converged:
            raise InputError("the fit has not converged, so that its contrasts have neither error nor p-value")
        errors, df = combination_degrees(self, weights)
        return weights @ self.solution.beta, errors, df

    def random_effects(self) -> dict[str, pd.Series]:
        """Return the predicted effect of each level of each random term (best linear unbiased predictions)."""
        scale = self.theta[self.products.term]
        residual = self.products.zy - self.products.zx @ self.solution.beta
        effects = scale * cho_solve((self.solution.factor, True), scale * residual)
        ends = np.cumsum([len(term.levels) for term in self.design.terms])
        return {
            term.name: pd.Series(part, index=list(term.levels))
            for term, part in zip(self.design.terms, np.split(effects, ends[:-1]), strict=True)
        }

    def outcome(self, term: str, confidence: float = 0.95, alternative: Alternative = "two-sided") -> Outcome:
        """Return what the fit says about one fixed effect; with a direction, its p-value is that of one tail of t.

        Raises
        ------
        InputError
            For an effect that the model does not have.
        """
        require_alternative(alternative)
        row = self.tidy(confidence).iloc[self.design.place(term)]
        fine = self.converged
        p_value = float(row["p_value"])
        if alternative != "two-sided":
            as_predicted = (row["estimate"] < 0) == (alternative == "less")
            p_value = p_value / 2 if as_predicted else 1 - p_value / 2
        of_others = {remark for name, remarks in self.remarks.items() if name != term for remark in remarks}
        warnings = [note for note in self.notes if note not in of_others]
        if self.degrees_of_freedom == "satterthwaite" and fine and row["df"] < _FEW:
            warnings.append(_LENIENT)
        return Outcome(
            statistic=f"effect of {term} on {self.design.outcome}",
            estimate=float(row["estimate"]),
            low=float(row["conf_low"]) if fine else None,
            high=float(row["conf_high"]) if fine else None,
            confidence=confidence,
            interval_method=f"t with {self.degrees_of_freedom} degrees of freedom",
            p_value=p_value if fine else None,
            alternative=alternative,
            null=f"no effect, {freedom(float(row['df']))}" if fine else "",
            minimum_detectable=float((student.ppf(0.975, row["df"]) + student.ppf(0.8, row["df"])) * row["std_error"])
            if fine
            else None,
            n=self.n,
            unit=self.unit,
            method=f"linear mixed model, {'REML' if self.reml else 'ML'}: {self.design.formula}, random "
            f"{', '.join(t.name for t in self.design.terms)}",
            assumptions=(
                "effects and residuals are normal",
                "a level's effects are independent of each other and of the rest",
            ),
            warnings=tuple(warnings),
        )


def mixed_model(
    formula: str,
    data: pd.DataFrame,
    random: Sequence[str],
    slopes: Mapping[str, str | Sequence[str]] | None = None,
    *,
    reml: bool = True,
    degrees_of_freedom: DegreesOfFreedom = "satterthwaite",
) -> MixedFit:
    """Fit a linear mixed model.

    y = Xβ + Σₖ Zₖbₖ + ε with independent normal effects; variances by minimising the profiled deviance from several starts,
    with its gradient (see `deviance`).

    Parameters
    ----------
    formula
        `gain ~ task_distance * language_distance`, as formulaic reads it.
    random
        Groupings with a random intercept: `language`, `condition:target`.
    slopes
        Grouping → columns with a random slope, uncorrelated with the intercept.
    reml
        Restricted maximum likelihood; to compare models with other fixed effects, maximum likelihood.
    degrees_of_freedom
        `satterthwaite`, or `kenward-roger` for few levels, which corrects the standard errors too and needs REML.

    Raises
    ------
    InputError
        For data that the model cannot be fitted to (see `design`), or a model that lacks the random term at the level at which
        a predictor varies: its standard error would be that of a predictor that varies over rows (DESIGN rule 5; such a
        model rejects true nulls far too often).

    Notes
    -----
    Bates et al. (2015, JSS 67(1)) for the deviance, Kuznetsova et al. (2017, JSS 82(13)) for the degrees of freedom.
    Assumes normal effects and residuals, and effects of levels that are independent: languages are not, so that their
    family needs an intercept too, or the regression on the tree serves. With few levels (six conditions, three
    targets) Satterthwaite's test was found too lenient and Kenward and Roger's not. Not for scores near 0 or 100,
    whose residuals are not normal.
    """
    if degrees_of_freedom not in ("satterthwaite", "kenward-roger"):
        raise InputError(f"degrees_of_freedom {degrees_of_freedom!r}: expected satterthwaite or kenward-roger")
    given, groupings = require_model(formula, data, random, slopes)
    _require_noise(given)
    return replace(fit_design(given, reml, degrees_of_freedom), remarks=clustered_predictors(given, data, groupings))


def require_model(
    formula: str, data: pd.DataFrame, random: Sequence[str], slopes: Mapping[str, str | Sequence[str]] | None
) -> tuple[Design, Groupings]:
    """Return what a model would be fitted to, and refuse one that would not be: without a fit.

    Raises
    ------
    InputError
        As `mixed_model`, but for what only the outcome tells.
    """
    given = design(formula, data, random, slopes)
    groupings = groupings_of(given, data)
    require_own_levels(given, groupings)
    return given, groupings


def _require_noise(given: Design) -> None:
    """Refuse an outcome that the fixed effects give without error: no variance is left to estimate."""
    coefficients = np.linalg.lstsq(given.x, given.y, rcond=None)[0]
    if np.abs(given.y - given.x @ coefficients).max() <= 1e-10 * np.abs(given.y).max():
        raise InputError(
            f"the effects {', '.join(given.names)} give {given.outcome} without error; there is nothing to test"
        )


def fit_design(
    given: Design,
    reml: bool,
    degrees_of_freedom: DegreesOfFreedom = "satterthwaite",
    starts: Sequence[float | Floats] = _STARTS,
) -> MixedFit:
    """Fit a model to arrays, without a look at its levels.

    `starts` are where the search for θ begins: one number for all terms, or one for each.
    """
    products = cross_products(given)
    theta = _best(products, reml, starts)
    return MixedFit(given, products, reml, theta, _is_flat(products, theta, reml), degrees_of_freedom)


def _best(products: CrossProducts, reml: bool, starts: Sequence[float | Floats]) -> Floats:
    """Return θ at the lowest deviance found from several starts."""
    found = [_descended(products, np.broadcast_to(start, products.terms).astype(float), reml) for start in starts]
    return min(found, key=lambda theta: deviance(products, theta, reml))


def _descended(products: CrossProducts, theta: Floats, reml: bool) -> Floats:
    def objective(at: Floats) -> tuple[float, Floats]:
        value, slopes = deviance_and_slopes(products, at, reml)
        return value, 2 * at * slopes

    for _ in range(products.terms + 1):
        found = minimize(
            objective,
            theta,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None)] * products.terms,
            options={"ftol": 1e-15, "gtol": 1e-8, "maxiter": 500, "maxls": 50},
        )
        theta = np.where(found.x < 1e-6, 0.0, found.x)
        # By θ the deviance is always flat at zero; by θ² it may still fall.
        falling = (theta == 0) & (deviance_and_slopes(products, theta, reml)[1] < _FALLING)
        if not falling.any():
            break
        theta = np.where(falling, 0.1, theta)
    return theta


def _is_flat(products: CrossProducts, theta: Floats, reml: bool) -> bool:
    slopes = deviance_and_slopes(products, theta, reml)[1]
    inside = theta > 0
    return bool((np.abs(2 * theta * slopes)[inside] < _FLAT).all() and (slopes[~inside] >= _FALLING).all())
