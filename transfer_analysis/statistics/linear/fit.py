"""Ordinary least squares and generalised linear models by statsmodels, with errors by cluster where rows are not independent."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.formula import (
    FixedEffects,
    effect_table,
    fixed_effects,
    require_columns,
    require_complete,
)
from transfer_analysis.statistics.outcome import Outcome, freedom

Floats = npt.NDArray[np.float64]
Family = Literal["binomial", "poisson"]

#: What is to be known of a fit that takes rows for independent.
_ROWS = (
    "descriptive unless rows are independent: rows of one task, language or run are not, and count here as if they were; give "
    "clusters, or fit a mixed model"
)

#: Linear predictor beyond which a fitted share is 0 or 1.
_ENDLESS = 15.0

#: Below so many clusters the error by cluster is too small (Cameron & Miller 2015), and so is the p-value: of true nulls, 7%
#: were rejected with forty.
FEW_CLUSTERS = 100


@dataclass(frozen=True)
class LinearFit:
    """A fitted linear or generalised linear model.

    Attributes
    ----------
    fixed
        What it was fitted to.
    coefficients, covariance
        Of the effects, shapes (effects,) and (effects, effects).
    df
        Degrees of freedom of t: residual ones, or clusters less one; infinite for generalised models without clusters.
    log_likelihood
        Of the fit, rows taken to be independent.
    method
        The procedure.
    n, unit
        How many independent units there are, and what they are.
    notes
        What to know before quoting it.
    """

    fixed: FixedEffects
    coefficients: Floats
    covariance: Floats
    df: float
    log_likelihood: float
    method: str
    n: int
    unit: str
    notes: tuple[str, ...]

    def combinations(self, weights: Floats) -> tuple[Floats, Floats, Floats]:
        """Return estimate, standard error and degrees of freedom of combinations of effects, weights (combinations, effects)."""
        errors = np.sqrt(np.einsum("ci,ij,cj->c", weights, self.covariance, weights))
        return weights @ self.coefficients, np.asarray(errors), np.full(len(weights), self.df)

    def tidy(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return one row per effect: `term, estimate, std_error, df, statistic, p_value, conf_low, conf_high`."""
        estimates, errors, df = self.combinations(np.eye(len(self.fixed.names)))
        return effect_table(self.fixed.names, estimates, errors, df, confidence)

    def _repr_html_(self) -> str:
        """Return it as notebooks show it."""
        return f"<p>{escape(f'{self.method}: {self.fixed.formula}')}</p>{self.tidy().to_html(index=False, float_format='{:.4g}'.format)}"

    def outcome(self, term: str, confidence: float = 0.95) -> Outcome:
        """Return what the fit says about one effect.

        Raises
        ------
        InputError
            For an effect that the model does not have.
        """
        row = self.tidy(confidence).iloc[self.fixed.place(term)]
        return Outcome(
            statistic=f"effect of {term} on {self.fixed.outcome}",
            estimate=float(row["estimate"]),
            low=float(row["conf_low"]),
            high=float(row["conf_high"]),
            confidence=confidence,
            interval_method="t" if np.isfinite(self.df) else "normal",
            p_value=float(row["p_value"]),
            null=f"no effect, {freedom(self.df)}",
            minimum_detectable=float((student.ppf(0.975, self.df) + student.ppf(0.8, self.df)) * row["std_error"]),
            n=self.n,
            unit=self.unit,
            method=f"{self.method}: {self.fixed.formula}",
            assumptions=(f"{self.unit} are independent", "effects are linear"),
            warnings=self.notes,
        )


def linear_model(formula: str, data: pd.DataFrame, clusters: str | Sequence[str] | None = None) -> LinearFit:
    """Fit a linear model by ordinary least squares.

    Parameters
    ----------
    formula
        `gain ~ task_distance + log_size`, as formulaic reads it.
    clusters
        Column whose levels are independent of each other while their rows are not, or two such columns that cross.

    Raises
    ------
    InputError
        For data that the model cannot be fitted to (see `fixed_effects`), or fewer than three clusters.

    Notes
    -----
    β = (XᵀX)⁻¹Xᵀy. Assumes effects that are linear, and rows (or clusters) that are independent. Without clusters
    every row counts as independent evidence, which rows of one cell, language or run are not. With clusters the
    covariance is (XᵀX)⁻¹ (Σ_g X_gᵀe_g e_gᵀX_g) (XᵀX)⁻¹ times G/(G − 1) · (n − 1)/(n − k), and t has G − 1 degrees of
    freedom, G the number of clusters (CR1, Cameron & Miller 2015, Journal of Human Resources 50); with two columns,
    that of each less that of their combinations (Cameron et al. 2011), or the sum of the two where that is not positive. With fewer than a hundred clusters this rejects true nulls too often:
    use `wild_cluster_bootstrap`, or a mixed model.
    """
    import statsmodels.api as sm

    fixed = fixed_effects(formula, data)
    _require_rows(fixed)
    model = sm.OLS(fixed.y, fixed.x)
    if clusters is None:
        fitted = model.fit()
        notes = (_ROWS,)
        return _fit(fixed, fitted, fitted.cov_params(), float(fitted.df_resid), "ordinary least squares", "rows", notes)
    columns, groups = _clusters(data, clusters)
    fitted = model.fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    return _clustered(fixed, model, fitted, columns, groups, "ordinary least squares")


def generalised_linear_model(
    formula: str,
    data: pd.DataFrame,
    family: Family = "binomial",
    *,
    trials: str | None = None,
    clusters: str | Sequence[str] | None = None,
) -> LinearFit:
    """Fit a generalised linear model: binomial with a logistic link, or Poisson with a logarithmic one.

    Parameters
    ----------
    formula
        The outcome is a share between 0 and 1 of the trials (accuracy / 100), or a count.
    trials
        Column with the number of test examples behind each share; without it each row is one trial.
    clusters
        As for `linear_model`. Without it, examples of one test set count as independent given the effects.

    Raises
    ------
    InputError
        Besides what `linear_model` raises: for an outcome outside the family's range, and for complete separation, in which
        an effect tells the outcome without error and has no finite estimate.

    Notes
    -----
    log p/(1 − p) = Xβ, or log μ = Xβ, by maximum likelihood (McCullagh & Nelder 1989). Scores of one language or task
    vary more than their trials let expect; without clusters or a term for them the errors are too small.
    """
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import PerfectSeparationError, PerfectSeparationWarning

    if family not in ("binomial", "poisson"):
        raise InputError(f"family {family!r}: expected binomial or poisson")
    fixed = fixed_effects(formula, data)
    _require_rows(fixed)
    _require_range(fixed, family)
    outcome = fixed.y if trials is None else _successes(fixed.y, data, trials, family)
    kind = sm.families.Binomial() if family == "binomial" else sm.families.Poisson()
    method = f"{family} regression"
    model = sm.GLM(outcome, fixed.x, family=kind)
    columns, groups = _clusters(data, clusters) if clusters is not None else ((), None)
    given = {} if groups is None else {"cov_type": "cluster", "cov_kwds": {"groups": groups}, "use_t": True}
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerfectSeparationWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            fitted = model.fit(**given)
        except (PerfectSeparationWarning, PerfectSeparationError) as error:
            raise InputError(_separated(fixed)) from error
    predicted = fitted.predict(which="linear")
    # Beyond this a share is 0 or 1, or a count 0, to seven digits: the estimate was on its way to infinity.
    endless = predicted.min() < -_ENDLESS or (family == "binomial" and predicted.max() > _ENDLESS)
    if not fitted.converged or endless:
        raise InputError(_separated(fixed))
    if groups is None:
        return _fit(fixed, fitted, fitted.cov_params(), np.inf, method, "rows", (_ROWS,))
    return _clustered(fixed, model, fitted, columns, groups, method)


def _successes(shares: Floats, data: pd.DataFrame, trials: str, family: Family) -> Floats:
    """Return successes and failures of each row, shape (rows, 2)."""
    if family != "binomial":
        raise InputError(f"trials are of a binomial outcome; of a {family} one there are none")
    require_columns(data, [trials], "trials")
    require_complete(data, [trials])
    count = data[trials].to_numpy(dtype=float)
    if count.min() <= 0:
        raise InputError(f"{trials} is {count.min():g} in some row; a share needs a trial at least")
    return np.column_stack([shares * count, (1 - shares) * count])


def _fit(
    fixed: FixedEffects, fitted: Any, covariance: Floats, df: float, method: str, unit: str, notes: tuple[str, ...]
) -> LinearFit:
    return LinearFit(
        fixed=fixed,
        coefficients=np.asarray(fitted.params),
        covariance=np.asarray(covariance),
        df=df,
        log_likelihood=float(fitted.llf),
        method=method,
        n=fixed.rows,
        unit=unit,
        notes=notes,
    )


def _clustered(
    fixed: FixedEffects, model: Any, fitted: Any, columns: tuple[str, ...], groups: Any, method: str
) -> LinearFit:
    counts = [len(np.unique(column)) for column in np.atleast_2d(groups.T)]
    fewest = min(counts)
    _require_spread(fixed, np.atleast_2d(groups.T), columns)
    covariance, notes = _positive(np.asarray(fitted.cov_params()), model, groups)
    if fewest < FEW_CLUSTERS:
        notes = (
            *notes,
            f"descriptive: with {fewest} clusters errors by cluster are too small and the p-value with them; the test is "
            "wild_cluster_bootstrap (fit linear --test), or a mixed model",
        )
    unit = " and ".join(f"{count} {column}" for count, column in zip(counts, columns, strict=True))
    fit = _fit(fixed, fitted, covariance, fewest - 1.0, f"{method}, errors by cluster", "", notes)
    return replace(fit, n=fewest, unit=f"clusters ({unit})")


def _positive(covariance: Floats, model: Any, groups: Any) -> tuple[Floats, tuple[str, ...]]:
    """Return a covariance without negative eigenvalues, which that of two crossed clusters may have.

    Setting those to zero (Cameron et al. 2011) leaves some effects with next to no error: with 4 × 6 clusters it rejected 57% of
    true nulls at 5% where it was needed. The sum of the covariances by either cluster, their combinations not taken off, is
    positive, and rejected 18%: with so few clusters both are descriptions.
    """
    values = np.linalg.eigvalsh(covariance)
    if values.min() >= -1e-12 * max(float(values.max()), 1e-300):
        return covariance, ()
    fits = [model.fit(cov_type="cluster", cov_kwds={"groups": column}, use_t=True) for column in groups.T]
    total: Floats = np.sum([fit.cov_params() for fit in fits], axis=0)
    return total, ("the covariance by two crossed clusters was not positive: the sum of those by either is taken",)


def _require_spread(fixed: FixedEffects, groups: npt.NDArray[np.int64], columns: tuple[str, ...]) -> None:
    """Refuse effects of which the clusters cannot tell an error: one that a single cluster alone has."""
    problems = []
    for codes, column in zip(groups, columns, strict=True):
        if fixed.x.shape[1] > codes.max():
            problems.append(f"{fixed.x.shape[1]} effects are too many for {codes.max() + 1} clusters of {column}")
        for name, values in zip(fixed.names, fixed.x.T, strict=True):
            usual = float(np.median(values))
            if name != "Intercept" and len(np.unique(codes[values != usual])) == 1:
                problems.append(
                    f"{name} differs in one cluster of {column} only, whose error cannot be told from it; leave it out, or test it "
                    "by permutation"
                )
    if problems:
        raise InputError(problems)


def _clusters(data: pd.DataFrame, clusters: str | Sequence[str]) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    columns = (clusters,) if isinstance(clusters, str) else tuple(clusters)
    if not 1 <= len(columns) <= 2:
        raise InputError(f"clusters are of one column or of two that cross, not of {len(columns)}")
    require_columns(data, list(columns), "clusters")
    require_complete(data, list(columns))
    codes = [pd.factorize(data[column])[0].astype(np.int64) for column in columns]
    for column, code in zip(columns, codes, strict=True):
        if code.max() + 1 < 3:
            raise InputError(
                f"{column} has {code.max() + 1} levels; errors by cluster need three at least, better a hundred"
            )
    return columns, codes[0] if len(codes) == 1 else np.column_stack(codes)


def _require_rows(fixed: FixedEffects) -> None:
    if fixed.rows <= fixed.x.shape[1]:
        raise InputError(f"{fixed.rows} rows are too few for {fixed.x.shape[1]} effects ({', '.join(fixed.names)})")


def _require_range(fixed: FixedEffects, family: Family) -> None:
    low, high = float(fixed.y.min()), float(fixed.y.max())
    if family == "binomial" and not 0 <= low <= high <= 1:
        raise InputError(
            f"{fixed.outcome} goes from {low:g} to {high:g}; a binomial outcome is a share between 0 and 1 (accuracy / 100)"
        )
    if family == "poisson" and low < 0:
        raise InputError(f"{fixed.outcome} goes down to {low:g}; a Poisson outcome is a count")


def _separated(fixed: FixedEffects) -> str:
    """Say which effect tells the outcome without error, where one alone does."""
    one = fixed.y > 0.5
    for name, column in zip(fixed.names, fixed.x.T, strict=True):
        if (
            np.ptp(column) > 0
            and one.any()
            and not one.all()
            and (column[one].min() >= column[~one].max() or column[one].max() <= column[~one].min())
        ):
            return (
                f"complete separation: {name} tells {fixed.outcome} without error, so that its effect has no finite estimate; "
                "leave it out, or compare the groups by permutation"
            )
    return (
        f"the effects {', '.join(fixed.names)} together tell {fixed.outcome} (nearly) without error, so that they have no "
        "finite estimates; leave some out"
    )
