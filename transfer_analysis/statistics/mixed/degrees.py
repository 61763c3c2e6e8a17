"""Degrees of freedom of the fixed effects of a mixed model: Satterthwaite's and Kenward & Roger's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.mixed.deviance import CrossProducts, degrees, slopes, solved

if TYPE_CHECKING:
    from transfer_analysis.statistics.mixed.fit import MixedFit

Floats = npt.NDArray[np.float64]

#: Step of numerical derivatives, relative to a parameter of size one.
_STEP = 1e-4

#: Eigenvalues of the curvature below this are taken for directions that the data say nothing about.
_FLAT = 1e-8

#: Rows at most for Kenward and Roger's method, whose matrices are as wide as there are rows.
_WIDEST = 3000


def combination_degrees(fit: MixedFit, combinations: Floats) -> tuple[Floats, Floats]:
    """Return the standard error and the degrees of freedom of each combination of the fixed effects.

    Parameters
    ----------
    combinations
        Shape (combinations, effects).
    """
    if fit.degrees_of_freedom == "kenward-roger":
        return kenward_roger(fit, combinations)
    return np.sqrt(_quadratic(combinations, fit.covariance)), satterthwaite(fit, combinations)


def _quadratic(combinations: Floats, matrix: Floats) -> Floats:
    return np.asarray(np.einsum("ci,ij,cj->c", combinations, matrix, combinations))


def satterthwaite(fit: MixedFit, combinations: Floats) -> Floats:
    """Return Satterthwaite's degrees of freedom (Kuznetsova et al. 2017, JSS 82(13)).

    df = 2 (cᵀCc)² / gᵀHg, C the covariance of the effects, g its derivative by the variance parameters (θ, σ) and H their
    asymptotic covariance, twice the inverse of the deviance's curvature.
    """
    at = np.append(fit.theta, fit.sigma)
    curvature = _curvature(fit, at)
    values, vectors = np.linalg.eigh(curvature)
    kept = values > _FLAT * max(1.0, float(values.max()))
    covariance = 2 * (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    gradients = _gradients(fit.products, at, combinations)
    variances = _quadratic(combinations, fit.covariance)
    spread = np.einsum("ki,kl,li->i", gradients, covariance, gradients)
    result: Floats = 2 * variances**2 / spread
    return result


def _curvature(fit: MixedFit, at: Floats) -> Floats:
    """Return second derivatives of the deviance by (θ, σ): central differences of its first ones."""
    curvature = _differences(lambda moved: _first_derivatives(fit, moved), at)
    return (curvature + curvature.T) / 2


def _first_derivatives(fit: MixedFit, at: Floats) -> Floats:
    """Return the derivatives of log |V| + log |XᵀV⁻¹X| + n log 2πσ² + quadratic / σ² by (θ, σ)."""
    theta, sigma = at[:-1], float(at[-1])
    solution = solved(fit.products, theta)
    by_theta = 2 * theta * slopes(fit.products, solution, 1 / sigma**2, fit.reml)
    by_sigma = 2 * degrees(fit.products, fit.reml) / sigma - 2 * solution.quadratic / sigma**3
    return np.append(by_theta, by_sigma)


def _gradients(products: CrossProducts, at: Floats, combinations: Floats) -> Floats:
    """Return derivatives of each combination's variance by (θ, σ), shape (parameters, combinations)."""

    def variances(moved: Floats) -> Floats:
        inverse = np.asarray(np.linalg.inv(solved(products, moved[:-1]).x_v_x), dtype=np.float64)
        return np.asarray(moved[-1] ** 2 * _quadratic(combinations, inverse))

    return _differences(variances, at)


def _differences(function: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Return central differences of a function of the parameters, shape (parameters, values), each in steps of its size."""
    rows = []
    for place, value in enumerate(at):
        step = _STEP * max(abs(float(value)), 1e-2)
        ends = []
        for sign in (1, -1):
            moved = at.copy()
            moved[place] += sign * step
            ends.append(function(moved))
        rows.append((ends[0] - ends[1]) / (2 * step))
    differences: Floats = np.array(rows)
    return differences


def kenward_roger(fit: MixedFit, combinations: Floats) -> tuple[Floats, Floats]:
    """Return the standard errors and degrees of freedom of Kenward & Roger (1997, Biometrics 53).

    Raises
    ------
    InputError
        For a fit by maximum likelihood, or with more than 3,000 rows.
    """
    if not fit.reml:
        raise InputError("Kenward and Roger's method is for fits by restricted maximum likelihood; give reml=True")
    if fit.design.rows > _WIDEST:
        raise InputError(
            f"Kenward and Roger's method needs matrices as wide as there are rows ({fit.design.rows:,}); beyond {_WIDEST:,} "
            "use satterthwaite, which agrees with it there"
        )
    x, n = fit.design.x, fit.design.rows
    parts = [np.eye(n)] + [np.asarray((t.matrix @ t.matrix.T).todense()) for t in fit.design.terms]
    variances = fit.sigma**2 * np.append(1.0, fit.theta**2)
    inverse = np.linalg.inv(sum(v * part for v, part in zip(variances, parts, strict=True)))
    phi = np.linalg.inv(x.T @ inverse @ x)
    left = [inverse @ part for part in parts]  # V⁻¹Gₖ
    t = [part @ inverse @ x for part in left]  # V⁻¹GₖV⁻¹X
    p = [-x.T @ part for part in t]
    q = [[x.T @ left[k] @ t[m] for m in range(len(parts))] for k in range(len(parts))]
    information = np.empty((len(parts), len(parts)))
    for k in range(len(parts)):
        for m in range(len(parts)):
            trace = float(np.einsum("ij,ji->", left[k], left[m]))
            information[k, m] = trace / 2 - np.trace(phi @ q[k][m]) + np.trace(phi @ p[k] @ phi @ p[m]) / 2
    w = np.linalg.pinv(information, hermitian=True)
    correction = sum(w[k, m] * (q[k][m] - p[k] @ phi @ p[m]) for k in range(len(parts)) for m in range(len(parts)))
    adjusted = phi + 2 * phi @ correction @ phi
    df = []
    for contrast in combinations:
        theta = np.outer(contrast, contrast) / (contrast @ phi @ contrast)
        a1 = a2 = 0.0
        for k in range(len(parts)):
            for m in range(len(parts)):
                one, other = theta @ phi @ p[k] @ phi, theta @ phi @ p[m] @ phi
                a1 += w[k, m] * np.trace(one) * np.trace(other)
                a2 += w[k, m] * np.trace(one @ other)
        df.append(_one_contrast(a1, a2))
    return np.sqrt(_quadratic(combinations, adjusted)), np.array(df)


def _one_contrast(a1: float, a2: float) -> float:
    """Return the denominator's degrees of freedom of an F test of one contrast (Kenward & Roger 1997, with ℓ = 1)."""
    b = (a1 + 6 * a2) / 2
    g = (2 * a1 - 5 * a2) / (3 * a2)
    c = 3 + 2 * (1 - g)
    c1, c2, c3 = g / c, (1 - g) / c, (3 - g) / c
    expectation = 1 / (1 - a2)
    variance = 2 * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    rho = variance / (2 * expectation**2)
    return 4 + 3 / (rho - 1)


__all__ = ["combination_degrees", "kenward_roger", "satterthwaite"]
