"""The deviance of a linear mixed model, profiled over its fixed effects and residual variance, and its gradient.

y = Xβ + Σₖ Zₖbₖ + ε with bₖ ~ N(0, σ²θₖ² I) and ε ~ N(0, σ² I), so that y has the covariance σ²V, V = I + Σ θₖ² ZₖZₖᵀ.
Everything as long as the data enters through cross-products that are made once; the inverse and the determinant of V come from
a matrix as wide as there are levels (Woodbury's identity), A = I + S ZᵀZ S, S the diagonal of θ. It is the profiled deviance of
Bates et al. 2015 (JSS 67(1), eq. 34 and 41).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import LinAlgError, cholesky, solve_triangular

from transfer_analysis.statistics.mixed.design import Design

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CrossProducts:
    """All that a fit needs of the data.

    Attributes
    ----------
    zz, zx, zy, xx, xy, yy
        ZᵀZ, ZᵀX, Zᵀy, XᵀX, Xᵀy and yᵀy, Z the columns of all random terms side by side.
    term
        Number of the random term of each column of Z.
    rows
        Number of observations.
    """

    zz: Floats
    zx: Floats
    zy: Floats
    xx: Floats
    xy: Floats
    yy: float
    term: Ints
    rows: int

    @property
    def terms(self) -> int:
        """Number of random terms."""
        return int(self.term[-1]) + 1


def cross_products(given: Design) -> CrossProducts:
    """Return the cross-products of a design. Memory grows as rows + levels²."""
    z = sparse.hstack([term.matrix for term in given.terms], format="csr")
    sizes = [len(term.levels) for term in given.terms]
    return CrossProducts(
        np.asarray((z.T @ z).todense(), dtype=np.float64),
        z.T @ given.x,
        z.T @ given.y,
        given.x.T @ given.x,
        given.x.T @ given.y,
        float(given.y @ given.y),
        np.repeat(np.arange(len(sizes)), sizes),
        given.rows,
    )


@dataclass(frozen=True)
class Solution:
    """A model at some θ.

    Attributes
    ----------
    theta
        Standard deviation of each random term over that of the residual.
    beta
        Generalised least squares estimate of the fixed effects.
    x_v_x
        XᵀV⁻¹X.
    quadratic
        (y − Xβ)ᵀV⁻¹(y − Xβ).
    log_v, log_x
        log |V| and log |XᵀV⁻¹X|.
    factor, x_part, y_part
        Lower triangle L of A = LLᵀ, L⁻¹SZᵀX and L⁻¹SZᵀy.
    """

    theta: Floats
    beta: Floats
    x_v_x: Floats
    quadratic: float
    log_v: float
    log_x: float
    factor: Floats
    x_part: Floats
    y_part: Floats


def solved(products: CrossProducts, theta: Floats) -> Solution:
    """Return the model at θ, shape (terms,)."""
    scale = theta[products.term]
    a = scale[:, None] * products.zz * scale[None, :]
    a[np.diag_indices_from(a)] += 1.0
    factor = cholesky(a, lower=True, overwrite_a=True, check_finite=False)
    x_part = solve_triangular(factor, scale[:, None] * products.zx, lower=True, check_finite=False)
    y_part = solve_triangular(factor, scale * products.zy, lower=True, check_finite=False)
    x_v_x = products.xx - x_part.T @ x_part
    x_v_y = products.xy - x_part.T @ y_part
    root = cholesky(x_v_x, lower=True, check_finite=False)
    half = solve_triangular(root, x_v_y, lower=True, check_finite=False)
    beta = solve_triangular(root, half, lower=True, trans=1, check_finite=False)
    quadratic = products.yy - float(y_part @ y_part) - float(half @ half)
    return Solution(
        theta,
        beta,
        x_v_x,
        max(quadratic, 1e-300),
        2 * float(np.log(np.diag(factor)).sum()),
        2 * float(np.log(np.diag(root)).sum()),
        factor,
        x_part,
        y_part,
    )


def degrees(products: CrossProducts, reml: bool) -> int:
    """Return n, or n − p for restricted maximum likelihood."""
    return products.rows - (len(products.xy) if reml else 0)


def deviance(products: CrossProducts, theta: Floats, reml: bool) -> float:
    """Return −2 log likelihood (restricted, where `reml`), at the best β and σ for θ; infinite where it has no value."""
    try:
        at = solved(products, theta)
    except LinAlgError:
        return float("inf")
    return profiled(products, at, reml)


def profiled(products: CrossProducts, at: Solution, reml: bool) -> float:
    """Return the deviance of a solution, at the best σ."""
    n = degrees(products, reml)
    return at.log_v + (at.log_x if reml else 0.0) + n * (1 + float(np.log(2 * np.pi * at.quadratic / n)))


def deviance_and_slopes(products: CrossProducts, theta: Floats, reml: bool) -> tuple[float, Floats]:
    """Return the deviance and its derivatives by ψ = θ², shape (terms,).

    ∂ log|V| = tr(ZₖᵀV⁻¹Zₖ), ∂ quadratic = −|ZₖᵀV⁻¹r|², ∂ log|XᵀV⁻¹X| = −tr((XᵀV⁻¹X)⁻¹ XᵀV⁻¹ZₖZₖᵀV⁻¹X), r = y − Xβ.
    """
    at = solved(products, theta)
    precision = degrees(products, reml) / at.quadratic
    return profiled(products, at, reml), slopes(products, at, precision, reml)


def slopes(products: CrossProducts, at: Solution, precision: float, reml: bool) -> Floats:
    """Return the derivatives of log |V| + precision · quadratic (+ log |XᵀV⁻¹X|) by ψ = θ², shape (terms,)."""
    scale = at.theta[products.term]
    z_part = solve_triangular(at.factor, scale[:, None] * products.zz, lower=True, check_finite=False)
    own = np.diag(products.zz) - (z_part**2).sum(axis=0)
    z_v_x = products.zx - z_part.T @ at.x_part
    z_v_r = products.zy - z_part.T @ at.y_part - z_v_x @ at.beta
    each = own - precision * z_v_r**2
    if reml:
        each = each - np.einsum("ij,jk,ik->i", z_v_x, np.linalg.inv(at.x_v_x), z_v_x)
    by_term: Floats = np.bincount(products.term, weights=each, minlength=products.terms).astype(np.float64)
    return by_term
