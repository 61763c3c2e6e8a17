"""Regression over related languages: phylogenetic generalised least squares with a null simulated on the tree.

Languages of one family resemble each other in their scores and in their distances (Galton's problem), so ordinary
correlation rejects true nulls too often. Here the residuals follow the tree: their covariance is λC + (1 − λ)I, with C
the shared branch length of two languages and λ in [0, 1] (Pagel 1999, Nature 401) estimated by restricted maximum
likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.outcome import Alternative, Outcome, number

Array = npt.NDArray[np.float64]

#: Fewest languages for a regression.
MIN_LANGUAGES = 5

_LAMBDAS = np.linspace(0.0, 1.0, 51)


@dataclass(frozen=True)
class _Fit:
    """Slope, its standard error, λ and σ² of each column of outcomes, each of shape (outcomes,)."""

    slope: Array
    error: Array
    strength: Array
    variance: Array


def grafen_covariance(lineages: Sequence[Sequence[str]]) -> Array:
    """Return the shared branch lengths of languages on their classification, with Grafen's branch lengths.

    Parameters
    ----------
    lineages
        Classification of each language from its family downwards.

    Returns
    -------
    array
        Shape (languages, languages), 1 on the diagonal, 0 between families. The height of a node is the number of
        languages below it less one, over the number of all languages less one (Grafen 1989, Phil. Trans. R. Soc. B
        326, with ρ = 1); two languages share 1 − the height of their lowest common node.
    """
    n = len(lineages)
    covariance = np.eye(n)
    below: dict[tuple[str, ...], int] = {}
    for lineage in lineages:
        for depth in range(1, len(lineage) + 1):
            node = tuple(lineage[:depth])
            below[node] = below.get(node, 0) + 1
    for i in range(n):
        for j in range(i):
            common = _common(lineages[i], lineages[j])
            if common:
                covariance[i, j] = covariance[j, i] = 1 - (below[common] - 1) / max(n - 1, 1)
    return covariance


def phylogenetic_regression(
    outcome: Array,
    predictor: Array,
    covariance: Array,
    *,
    names: tuple[str, str] = ("outcome", "distance"),
    covariates: Array | None = None,
    alternative: Alternative = "two-sided",
    confidence: float = 0.95,
    simulations: int = 1_999,
    seed: int = 0,
) -> Outcome:
    """Return the slope of an outcome on a predictor over related languages.

    Parameters
    ----------
    outcome, predictor
        One value per language, shape (languages,), no NaN.
    covariance
        Shared branch lengths, from `grafen_covariance`, in the same order.
    names
        Names of outcome and predictor for the statistic.
    covariates
        Further columns, shape (languages, covariates).
    simulations
        Outcomes drawn on the tree under the null.

    Returns
    -------
    Outcome
        Slope in units of outcome per unit of predictor. p compares its t-value with those of outcomes simulated on
        the tree under the fitted model without the predictor, λ re-estimated in each; the interval is the slope ± the
        corresponding quantile of |t| times the standard error.

    Raises
    ------
    InputError
        For fewer than five languages, or a predictor or outcome that does not vary.
    """
    n = len(outcome)
    if n < MIN_LANGUAGES:
        raise InputError(
            f"{n} languages are too few for a regression of {names[0]} on {names[1]}; {MIN_LANGUAGES} are needed"
        )
    for name, values in zip(names, (outcome, predictor), strict=True):
        if np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
            raise InputError(f"{name} is the same for all {n} languages; a slope cannot be estimated")
    rest = np.ones((n, 1)) if covariates is None else np.column_stack([np.ones(n), covariates])
    full = np.column_stack([predictor, rest])
    if np.linalg.matrix_rank(full) < full.shape[1]:
        raise InputError(f"{names[1]} is a linear function of the covariates; its slope cannot be estimated")

    values, vectors = np.linalg.eigh(covariance)
    values = np.clip(values, 0.0, None)
    y, x, z = vectors.T @ outcome[:, None], vectors.T @ full, vectors.T @ rest
    fit = _reml(y, x, values)
    null = _reml(y, z, values)

    # In the rotated space the simulated outcomes are independent with the eigenvalues as variances. Their mean does
    # not matter: the t-value of the predictor is the same whatever the intercept and the covariates' coefficients.
    rng = np.random.default_rng(seed)
    spread = np.sqrt(null.variance[0] * (null.strength[0] * values + 1 - null.strength[0]))
    simulated = _reml(rng.standard_normal((n, simulations)) * spread[:, None], x, values)
    t = float(fit.slope[0] / fit.error[0])
    t_null = simulated.slope / simulated.error
    as_extreme = {
        "two-sided": np.abs(t_null) >= abs(t),
        "greater": t_null >= t,
        "less": t_null <= t,
    }[alternative]
    quantile = float(np.quantile(np.abs(t_null), confidence))
    slope, error = float(fit.slope[0]), float(fit.error[0])
    return Outcome(
        statistic=f"slope of {names[0]} on {names[1]}",
        estimate=slope,
        low=slope - quantile * error,
        high=slope + quantile * error,
        confidence=confidence,
        interval_method="t-values simulated on the tree",
        p_value=float((as_extreme.sum() + 1) / (simulations + 1)),
        alternative=alternative,
        null=f"{simulations:,} outcomes simulated on the language tree",
        attainable_p=1 / (simulations + 1),
        n=n,
        unit="languages",
        minimum_detectable=float((np.quantile(np.abs(t_null), 0.95) + 0.8416) * error),
        method=f"phylogenetic least squares, λ = {number(float(fit.strength[0]))} by REML",
        assumptions=(
            "residuals follow the classification with Grafen's branch lengths, to the degree λ",
            "the relation is linear",
        ),
    )


def _reml(outcomes: Array, design: Array, eigenvalues: Array) -> _Fit:
    """Fit each column of outcomes with λ chosen on a grid by restricted likelihood.

    Parameters
    ----------
    outcomes, design
        Shape (languages, outcomes) and (languages, coefficients), rotated to the eigenvectors of the covariance.
        The slope returned is that of the first column of the design.
    """
    n, k = design.shape
    m = outcomes.shape[1]
    best = np.full(m, -np.inf)
    slope, error, strength, variance = (np.zeros(m) for _ in range(4))
    for lam in _LAMBDAS:
        diagonal = lam * eigenvalues + 1 - lam
        if diagonal.min() <= 1e-10:
            continue
        weights = 1 / diagonal
        information = design.T @ (weights[:, None] * design)
        inverse = np.linalg.inv(information)
        coefficients = inverse @ (design.T @ (weights[:, None] * outcomes))
        residuals = outcomes - design @ coefficients
        sigma2 = (weights[:, None] * residuals**2).sum(axis=0) / (n - k)
        likelihood = -0.5 * ((n - k) * np.log(sigma2) + np.log(diagonal).sum() + np.linalg.slogdet(information)[1])
        better = likelihood > best
        best[better] = likelihood[better]
        slope[better] = coefficients[0, better]
        error[better] = np.sqrt(sigma2[better] * inverse[0, 0])
        strength[better] = lam
        variance[better] = sigma2[better]
    return _Fit(slope, error, strength, variance)


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    shared: list[str] = []
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared.append(a)
    return tuple(shared)
