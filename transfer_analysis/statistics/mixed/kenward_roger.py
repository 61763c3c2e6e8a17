"""Kenward & Roger's standard errors and degrees of freedom of a mixed model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve

from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from transfer_analysis.statistics.mixed.fit import MixedFit

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Derivatives:
    """What the method needs of V, the covariance of y, and of its components Gₖ: the residual's I, then each ZₖZₖᵀ.

    Attributes
    ----------
    x_v_x
        XᵀV⁻¹X.
    p
        −XᵀV⁻¹GₖV⁻¹X of each component.
    q
        XᵀV⁻¹GₖV⁻¹GₘV⁻¹X of each pair.
    traces
        tr(V⁻¹GₖV⁻¹Gₘ).
    """

    x_v_x: Floats
    p: list[Floats]
    q: list[list[Floats]]
    traces: Floats


def kenward_roger(fit: MixedFit, combinations: Floats) -> tuple[Floats, Floats]:
    """Return standard errors and degrees of freedom of combinations of effects (Kenward & Roger 1997, Biometrics 53).

    Parameters
    ----------
    combinations
        Shape (combinations, effects).

    Raises
    ------
    InputError
        For a fit by maximum likelihood.
    """
    if not fit.reml:
        raise InputError("Kenward and Roger's method is for fits by restricted maximum likelihood; give reml=True")
    parts = _derivatives(fit)
    phi = np.linalg.inv(parts.x_v_x)
    p, q, count = parts.p, parts.q, len(parts.p)
    information = np.empty((count, count))
    for k in range(count):
        for m in range(count):
            adjusted = np.trace(phi @ p[k] @ phi @ p[m]) / 2 - np.trace(phi @ q[k][m])
            information[k, m] = parts.traces[k, m] / 2 + adjusted
    w = np.linalg.pinv(information, hermitian=True)
    correction = sum(w[k, m] * (q[k][m] - p[k] @ phi @ p[m]) for k in range(count) for m in range(count))
    covariance = phi + 2 * phi @ correction @ phi
    df = []
    for contrast in combinations:
        theta = np.outer(contrast, contrast) / (contrast @ phi @ contrast)
        a1 = a2 = 0.0
        for k in range(count):
            for m in range(count):
                one, other = theta @ phi @ p[k] @ phi, theta @ phi @ p[m] @ phi
                a1 += w[k, m] * np.trace(one) * np.trace(other)
                a2 += w[k, m] * np.trace(one @ other)
        df.append(_one_contrast(a1, a2))
    return np.sqrt(np.einsum("ci,ij,cj->c", combinations, covariance, combinations)), np.array(df)


def _derivatives(fit: MixedFit) -> _Derivatives:
    """Return them from cross-products, no matrix being wider than there are levels.

    With V = σ²(I + ZS²Zᵀ), V⁻¹ = σ⁻²(I − ZKZᵀ) with K = S(I + SZᵀZS)⁻¹S (Woodbury), so that ZᵀV⁻¹Z, ZᵀV⁻¹X and whatever holds
    V⁻¹ twice or thrice are products of ZᵀZ, ZᵀX and K.
    """
    products, solution, variance = fit.products, fit.solution, fit.sigma**2
    scale = fit.theta[products.term]
    a, b, n = products.zz, products.zx, products.rows
    k = scale[:, None] * cho_solve((solution.factor, True), np.diag(scale))
    ka, kb = k @ a, k @ b
    z_v_z, z_v_x = (a - a @ ka) / variance, (b - a @ kb) / variance
    left = np.eye(len(a)) - ka  # V⁻¹Z = Z left / σ²
    z_vv_z = left.T @ a @ left / variance**2
    x_vv_z = (b.T - kb.T @ a) @ left / variance**2
    x_vv_x = (products.xx - 2 * b.T @ kb + kb.T @ a @ kb) / variance**2
    x_vvv_x = (x_vv_x - z_v_x.T @ k @ z_v_x) / variance
    blocks = [np.flatnonzero(products.term == term) for term in range(products.terms)]
    of_x = [z_v_x[block] for block in blocks]
    p = [-x_vv_x, *(-part.T @ part for part in of_x)]
    with_residual = [x_vv_z[:, block] @ part for block, part in zip(blocks, of_x, strict=True)]
    q = [[x_vvv_x, *with_residual]]
    size = products.terms + 1
    traces = np.empty((size, size))
    traces[0, 0] = (n - 2 * np.trace(ka) + np.sum(ka * ka.T)) / variance**2
    for i, rows in enumerate(blocks):
        q.append(
            [with_residual[i].T, *(of_x[i].T @ z_v_z[np.ix_(rows, other)] @ of_x[j] for j, other in enumerate(blocks))]
        )
        traces[0, i + 1] = traces[i + 1, 0] = np.trace(z_vv_z[np.ix_(rows, rows)])
        for j, other in enumerate(blocks):
            traces[i + 1, j + 1] = np.sum(z_v_z[np.ix_(rows, other)] ** 2)
    return _Derivatives(solution.x_v_x / variance, p, q, traces)


def _one_contrast(a1: float, a2: float) -> float:
    """Return the denominator's degrees of freedom of an F test of one contrast (Kenward & Roger 1997, with ℓ = 1)."""
    b = (a1 + 6 * a2) / 2
    g = (2 * a1 - 5 * a2) / (3 * a2)
    c = 3 + 2 * (1 - g)
    c1, c2, c3 = g / c, (1 - g) / c, (3 - g) / c
    # 1/ρ, as ρ is infinite where the degrees of freedom are four.
    inverse_rho = ((1 - c2 * b) / (1 - a2)) ** 2 * (1 - c3 * b) / (1 + c1 * b)
    return 4 + 3 * inverse_rho / (1 - inverse_rho)
