"""What else a mixed model is asked: comparisons of models, intervals from its likelihood, the variance it explains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import chi2

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.mixed.design import Design
from transfer_analysis.statistics.mixed.fit import MixedFit, fit_design
from transfer_analysis.statistics.outcome import Outcome

Floats = npt.NDArray[np.float64]

#: Levels below which the likelihood ratio was found too lenient.
_MANY = 30
_MANY_LEVELS = (
    "descriptive: with few levels the likelihood ratio and its interval are too lenient (92% of true values held with four "
    "intermediate tasks × three targets); use the bootstrap, or Kenward and Roger's degrees of freedom"
)


@dataclass(frozen=True)
class Comparison:
    """A likelihood-ratio test of two nested models.

    Attributes
    ----------
    statistic, df, p_value
        Twice the difference of the log likelihoods, of how many parameters, and the upper tail of χ². For a variance, which is
        zero at the edge of what it may be, the p-value is conservative (Self & Liang 1987).
    """

    statistic: float
    df: int
    p_value: float


def likelihood_ratio(smaller: MixedFit, larger: MixedFit) -> Comparison:
    """Compare two nested fits by maximum likelihood, or by REML where they have the same fixed effects.

    2(l₁ − l₀) beside χ² with as many degrees of freedom as parameters differ (Wilks 1938). Assumes normal effects and
    residuals. The χ² is that of many levels; with few it rejects too often, and `bootstrap_p_value` is the remedy.

    Raises
    ------
    InputError
        For fits of other data, of REML with other fixed effects, that have not converged, or of which the second is not the
        larger.
    """
    if not np.array_equal(smaller.design.y, larger.design.y):
        raise InputError("the two models are of other rows or outcomes; fit both to the same")
    if smaller.reml != larger.reml or (smaller.reml and smaller.design.names != larger.design.names):
        raise InputError("restricted likelihoods compare only with the same fixed effects; fit both with reml=False")
    if not smaller.converged or not larger.converged:
        raise InputError("one of the fits has not converged; there is nothing to compare")
    df = _parameters(larger) - _parameters(smaller)
    if df <= 0:
        raise InputError(f"the second model has {-df} parameters fewer than the first; give the smaller one first")
    statistic = max(0.0, 2 * (larger.log_likelihood - smaller.log_likelihood))
    return Comparison(statistic, df, float(chi2.sf(statistic, df)))


def bootstrap_p_value(smaller: MixedFit, larger: MixedFit, replicates: int = 200, seed: int = 0) -> float:
    """Return the p-value of the likelihood ratio from data simulated by the smaller model, (b + 1) / (m + 1).

    Both models are fitted to each simulated outcome (a parametric bootstrap; Halekoh & Højsgaard 2014, JSS 59(9)).
    Assumes normal effects and residuals; for few levels, where χ² does not hold.
    """
    observed = likelihood_ratio(smaller, larger).statistic
    rng = np.random.default_rng(seed)
    exceeding = 0
    for _ in range(replicates):
        y = simulated_outcome(smaller, rng)
        null, alternative = (_refitted(fit, y) for fit in (smaller, larger))
        exceeding += 2 * (alternative.log_likelihood - null.log_likelihood) >= observed
    return (exceeding + 1) / (replicates + 1)


def bootstrap_intervals(
    fit: MixedFit, replicates: int = 200, confidence: float = 0.95, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Return percentile intervals of the fixed effects from data simulated by the fit itself.

    The quantiles of β̂ over outcomes y* = Xβ̂ + Zb* + e* (Davison & Hinkley 1997). Assumes normal effects and residuals.
    Variances that are estimated too small make them too narrow with few levels: a description there.
    """
    rng = np.random.default_rng(seed)
    draws = np.array([_refitted(fit, simulated_outcome(fit, rng)).solution.beta for _ in range(replicates)])
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return {name: (float(a), float(b)) for name, a, b in zip(fit.design.names, low, high, strict=True)}


def _refitted(fit: MixedFit, y: Floats) -> MixedFit:
    """Fit a model to another outcome; one drawn from the fit itself has its optimum near, so one start does."""
    return fit_design(replace(fit.design, y=y), fit.reml, starts=[np.maximum(fit.theta, 0.1)])


def simulated_outcome(fit: MixedFit, rng: np.random.Generator) -> Floats:
    """Return an outcome drawn from a fitted model, with new effects of all levels, shape (rows,)."""
    y: Floats = fit.design.x @ fit.solution.beta + fit.sigma * rng.normal(size=fit.design.rows)
    for term, theta in zip(fit.design.terms, fit.theta, strict=True):
        y = y + fit.sigma * theta * rng.normal(size=len(term.levels))[term.codes] * term.values
    return y


def profile_interval(fit: MixedFit, term: str, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a fixed effect within which twice the log likelihood falls by no more than χ²₁'s quantile.

    {b: 2(l(β̂) − l(b)) ≤ χ²₁}, by maximum likelihood, all else refitted at each value (Bates et al. 2015). Assumes normal
    effects and residuals, and many levels: with few it is too narrow.

    Raises
    ------
    InputError
        For an effect that the model does not have, or one that cannot be profiled as it is the only one.
    """
    place = fit.design.place(term)
    if len(fit.design.names) < 2:
        raise InputError(f"{term} is the only fixed effect, which cannot be held fixed; use the interval of tidy()")
    best = fit_design(fit.design, reml=False)
    error = float(np.sqrt(best.covariance[place, place]))
    limit = float(chi2.ppf(confidence, 1))
    rest = _without(fit.design, term)

    def fall(value: float) -> float:
        held = fit_design(replace(rest, y=fit.design.y - value * fit.design.x[:, place]), reml=False)
        return 2 * (best.log_likelihood - held.log_likelihood) - limit

    middle = float(best.solution.beta[place])
    return _crossing(fall, middle, -error), _crossing(fall, middle, error)


def likelihood_outcome(fit: MixedFit, term: str, confidence: float = 0.95) -> Outcome:
    """Return the likelihood-ratio test of one fixed effect, with its profile interval.

    Both by maximum likelihood, whatever the fit: 2(l₁ − l₀) beside χ²₁, and the values within which it stays below χ²₁'s
    quantile. With few levels both are too lenient; `bootstrap_outcome` is not.

    Raises
    ------
    InputError
        For an effect that the model does not have, or its only one.
    """
    larger, smaller = _with_and_without(fit, term)
    test = likelihood_ratio(smaller, larger)
    low, high = profile_interval(fit, term, confidence)
    return replace(
        replace(fit, converged=larger.converged).outcome(term, confidence),
        estimate=float(larger.solution.beta[larger.design.place(term)]),
        low=low,
        high=high,
        interval_method="profile likelihood",
        p_value=test.p_value,
        null="likelihood ratio, χ² with 1 degree of freedom",
        warnings=(*fit.notes, *((_MANY_LEVELS,) if min(len(t.levels) for t in fit.design.terms) < _MANY else ())),
    )


def bootstrap_outcome(
    fit: MixedFit, term: str, replicates: int = 200, confidence: float = 0.95, seed: int = 0
) -> Outcome:
    """Return the test of one fixed effect by parametric bootstrap.

    p is the share of outcomes simulated without the effect whose likelihood ratio is as large (b + 1)/(m + 1) (Halekoh &
    Højsgaard 2014, JSS 59(9)). For few levels. Rests on normal effects and residuals. The interval stays that of the
    fit's t: percentiles of the bootstrap held 90% of true values with four intermediate tasks and three targets.
    """
    larger, smaller = _with_and_without(fit, term)
    return replace(
        fit.outcome(term, confidence),
        p_value=bootstrap_p_value(smaller, larger, replicates, seed),
        attainable_p=1 / (replicates + 1),
        null=f"{replicates:,} outcomes simulated without the effect",
    )


def _with_and_without(fit: MixedFit, term: str) -> tuple[MixedFit, MixedFit]:
    """Return the fit by maximum likelihood, and that without one effect."""
    fit.design.place(term)
    if len(fit.design.names) < 2:
        raise InputError(f"{term} is the only fixed effect; a model without it has none to compare with")
    return fit_design(fit.design, reml=False), fit_design(_without(fit.design, term), reml=False)


def _without(design: Design, term: str) -> Design:
    place = design.place(term)
    names = tuple(name for name in design.names if name != term)
    return replace(design, names=names, x=np.delete(design.x, place, axis=1))


def r_squared(fit: MixedFit) -> tuple[float, float]:
    """Return the marginal and the conditional R² (Nakagawa & Schielzeth 2013; with slopes, Johnson 2014).

    The share of the variance that the fixed effects explain, and that they and the random effects explain:
    σ²_f / (σ²_f + Σσ²_k + σ²) and (σ²_f + Σσ²_k) / (the same). A description; not to choose between models by.
    """
    fixed = float(np.var(fit.design.x @ fit.solution.beta))
    random = sum(
        fit.sigma**2 * float(theta) ** 2 * float(np.mean(term.values**2))
        for term, theta in zip(fit.design.terms, fit.theta, strict=True)
    )
    whole = fixed + random + fit.sigma**2
    return fixed / whole, (fixed + random) / whole


def _parameters(fit: MixedFit) -> int:
    return len(fit.design.names) + len(fit.theta) + 1


def _crossing(fall: Callable[[float], float], middle: float, step: float) -> float:
    """Return where a function that is negative in the middle becomes zero, in the direction of the step."""
    reach = 2 * step
    for _ in range(20):
        if fall(middle + reach) > 0:
            return float(brentq(fall, middle, middle + reach, xtol=1e-6 * abs(step)))
        reach *= 1.7
    return float("inf") if step > 0 else float("-inf")
