"""Degrees of freedom of the fixed effects of a mixed model: Satterthwaite's, or Kenward & Roger's."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from transfer_analysis.statistics.mixed.deviance import CrossProducts, degrees, slopes, solved
from transfer_analysis.statistics.mixed.kenward_roger import kenward_roger

if TYPE_CHECKING:
    from transfer_analysis.statistics.mixed.fit import MixedFit

Floats = npt.NDArray[np.float64]

#: Step of numerical derivatives, relative to a parameter of size one.
_STEP = 1e-4

#: Eigenvalues of the curvature below this are taken for directions that the data say nothing about.
_FLAT = 1e-8


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
