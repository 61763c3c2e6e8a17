"""Regression over related languages: generalised least squares with a null simulated on the language tree.

Languages of one family resemble each other in their scores and in their distances (Galton's problem), so ordinary
correlation rejects true nulls too often. Here residuals are correlated as the languages are related: their covariance
is aF + bT + (1 − a − b)I, with F the sharing of a family, T the shared branch length on the classification (Pagel 1999,
Nature 401, has T alone), and a, b ≥ 0 estimated by restricted maximum likelihood. T alone would hold the members of a
large family too independent: with Grafen's branch lengths two languages at opposite ends of a family that makes up half
of the sample correlate by no more than one half, however alike they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.outcome import Alternative, Outcome, require_alternative

Array = npt.NDArray[np.float64]

#: Fewest languages for a regression.
MIN_LANGUAGES = 5

#: Least share of variance that belongs to each language alone; without any the covariance could not be inverted.
_OWN = 0.02


@dataclass(frozen=True)
class _Fit:
    """Slope, its standard error, and σ² of each column of outcomes; `chosen` numbers the covariance of each."""

    slope: Array
    error: Array
    variance: Array
    chosen: npt.NDArray[np.intp]


@dataclass(frozen=True)
class _Covariance:
    """A candidate covariance: the weight of each component, its Cholesky factor and log-determinant."""

    weights: tuple[float, ...]
    root: Array
    inverse_root: Array
    log_determinant: float


def relatedness(lineages: Sequence[Sequence[str]]) -> tuple[Array, Array]:
    """Return how languages are related: sharing a family (0 or 1), and shared branch length.

    Parameters
    ----------
    lineages
        Classification of each language from its family downwards.

    Notes
    -----
    F_ij = 1 within a family, and T of `grafen_covariance` (Pagel 1999, Nature 401, has T alone).
    """
    families = np.array([lineage[0] for lineage in lineages], dtype=object)
    return (families[:, None] == families[None, :]).astype(np.float64), grafen_covariance(lineages)


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
    components: Sequence[Array],
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
    components
        Covariances of the residuals, each of shape (languages, languages) with 1 on the diagonal, in the same order:
        those of `relatedness`. Their weights are estimated on a grid.
    names
        Names of outcome and predictor for the statistic.
    covariates
        Further columns, shape (languages, covariates), no NaN.
    simulations
        Outcomes drawn on the tree under the null.

    Returns
    -------
    Outcome
        Slope in units of outcome per unit of predictor. p compares its t-value with those of outcomes simulated on
        the tree under the fitted model without the predictor, the weights re-estimated in each; the interval is the
        slope ± the corresponding quantile of |t| times the standard error.

    Raises
    ------
    InputError
        For too few languages, values that are missing, or a predictor or outcome that does not vary.

    Notes
    -----
    y = Xβ + e with e ~ N(0, σ²(aF + bT + (1 − a − b)I)), F the sharing of a family and T the shared branch length
    (Grafen 1989; Pagel 1999); β by generalised least squares, a and b by restricted maximum likelihood on a grid.
    Assumes a linear relation and residuals that follow the classification. Not for a distance that is itself read off
    the tree (genetic), which it can hardly tell from the residuals; nor for square matrices of distances among all
    languages.
    """
    require_alternative(alternative)
    if not len(outcome) == len(predictor) == len(components[0]):
        raise InputError(
            f"{len(outcome)} outcomes, {len(predictor)} predictors and {len(components[0])} languages are given"
        )
    rest = np.ones((len(outcome), 1)) if covariates is None else np.column_stack([np.ones(len(outcome)), covariates])
    full = np.column_stack([predictor, rest])
    _check(outcome, full, names)
    candidates = list(_candidates(components))
    fit = _reml(outcome[:, None], full, candidates)
    null = _reml(outcome[:, None], rest, candidates)
    t = float(fit.slope[0] / fit.error[0])
    if not np.isfinite(t):
        raise InputError(f"the slope of {names[0]} on {names[1]} has no standard error; check the values")

    # The mean of the simulated outcomes does not matter: the predictor's t-value is the same whatever the intercept
    # and the coefficients of the covariates are.
    rng = np.random.default_rng(seed)
    root = candidates[int(null.chosen[0])].root
    drawn = np.sqrt(null.variance[0]) * (root @ rng.standard_normal((len(outcome), simulations)))
    simulated = _reml(drawn, full, candidates)
    t_null = simulated.slope / simulated.error
    as_extreme = {
        "two-sided": np.abs(t_null) >= abs(t),
        "greater": t_null >= t,
        "less": t_null <= t,
    }[alternative]
    quantile = float(np.quantile(np.abs(t_null), confidence))
    slope, error = float(fit.slope[0]), float(fit.error[0])
    weights = candidates[int(fit.chosen[0])].weights
    shares = " and ".join(f"{weight:.0%}" for weight in weights)
    # Some variance is a language's own in all that is tried.
    edge = ", the most that is tried" if sum(weights) >= 1 - _OWN - 1e-9 else ""
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
        n=len(outcome),
        unit="languages",
        minimum_detectable=float((np.quantile(np.abs(t_null), 0.95) + 0.8416) * error),
        method=f"phylogenetic least squares by REML; {shares} of the residual variance shared by family and along branches{edge}"
        if len(components) == 2
        else f"phylogenetic least squares by REML; {shares} of the residual variance shared{edge}",
        assumptions=(
            "residuals are correlated as languages share families and branches of Glottolog's classification",
            "the relation is linear",
        ),
    )


def _check(outcome: Array, design: Array, names: tuple[str, str]) -> None:
    n, columns = design.shape
    fewest = max(MIN_LANGUAGES, columns + 2)
    if n < fewest:
        raise InputError(f"{n} languages are too few for a regression of {names[0]} on {names[1]}; {fewest} are needed")
    if not (np.isfinite(outcome).all() and np.isfinite(design).all()):
        raise InputError(
            f"{names[0]}, {names[1]} or a covariate is missing for some language; leave those languages out"
        )
    for name, values in zip(names, (outcome, design[:, 0]), strict=True):
        if np.ptp(values) <= 1e-12 * max(1.0, float(np.abs(values).max())):
            raise InputError(f"{name} is the same for all {n} languages; a slope cannot be estimated")
    scaled = design / np.abs(design).max(axis=0)
    if np.linalg.matrix_rank(scaled) < columns:
        raise InputError(f"{names[1]} is a linear function of the covariates; its slope cannot be estimated")


def _candidates(components: Sequence[Array]) -> Iterator[_Covariance]:
    """Yield the covariances that are tried: weights in steps of 1/50 for one component, of 1/10 for several."""
    n = len(components[0])
    steps = 50 if len(components) == 1 else 10
    for parts in product(range(steps + 1), repeat=len(components)):
        if sum(parts) > steps:
            continue
        weights = np.array(parts) / steps * min(1.0, (1 - _OWN) * steps / max(1, sum(parts)))
        mixed = sum((w * c for w, c in zip(weights, components, strict=True)), (1 - weights.sum()) * np.eye(n))
        root = np.linalg.cholesky(mixed)
        yield _Covariance(tuple(map(float, weights)), root, np.linalg.inv(root), 2 * float(np.log(np.diag(root)).sum()))


def _reml(outcomes: Array, design: Array, candidates: Sequence[_Covariance]) -> _Fit:
    """Fit each column of outcomes under the covariance of the highest restricted likelihood.

    Parameters
    ----------
    outcomes, design
        Shape (languages, outcomes) and (languages, coefficients). The slope returned is that of the design's first
        column.
    """
    n, k = design.shape
    m = outcomes.shape[1]
    best = np.full(m, -np.inf)
    slope, error, variance = (np.zeros(m) for _ in range(3))
    chosen = np.zeros(m, dtype=np.intp)
    for number_of, candidate in enumerate(candidates):
        x, y = candidate.inverse_root @ design, candidate.inverse_root @ outcomes
        information = x.T @ x
        inverse = np.linalg.inv(information)
        coefficients = inverse @ (x.T @ y)
        # An exact relation leaves no residual; the floor keeps its likelihood finite.
        sigma2 = np.maximum(((y - x @ coefficients) ** 2).sum(axis=0) / (n - k), 1e-300)
        likelihood = -0.5 * ((n - k) * np.log(sigma2) + candidate.log_determinant + np.linalg.slogdet(information)[1])
        better = likelihood > best
        best[better] = likelihood[better]
        slope[better] = coefficients[0, better]
        error[better] = np.sqrt(sigma2[better] * inverse[0, 0])
        variance[better] = sigma2[better]
        chosen[better] = number_of
    return _Fit(slope, error, variance, chosen)


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    shared: list[str] = []
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        shared.append(a)
    return tuple(shared)
