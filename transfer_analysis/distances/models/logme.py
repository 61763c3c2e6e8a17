"""LogME: the log evidence of a Bayesian linear model from states to labels (You et al. 2021, ICML).

A label column y is modelled as Fw + noise, w ~ N(0, α⁻¹), noise ~ N(0, β⁻¹), F the states, n × d. The score is the maximum
over α and β of log p(y | F) / n. With the singular values of F, and z = Uᵀy for the r of them that are not zero,

    log p = n/2 log β + r/2 log α − n/2 log 2π − β/2 |Fm − y|² − α/2 |m|² − ½ Σᵢ log(α + β σᵢ²)

The published implementation has d/2 log α, and log(α + βσ²) only for the singular values it has computed. The d − r
directions in which F has nothing contribute log α each to the determinant, which leaves r/2 log α: with n < d, or features
of which some are combinations of others, its score is off by (d − r)/2 · log α / n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError

Floats = npt.NDArray[np.float64]

#: Squared singular values below this share of the largest count as zero.
_CUTOFF = 1e-10

#: Iterations at most, and the change of log α and log β at which they end.
_ITERATIONS = 500
_TOLERANCE = 1e-6

#: Bounds of α and β, within which a perfect fit (β without bound) stays a number.
_BOUNDS = (1e-12, 1e12)


@dataclass(frozen=True)
class Factorised:
    """States, factorised once for any number of label sets.

    Attributes
    ----------
    left
        Left singular vectors, shape (units, rank).
    squares
        Squared singular values, shape (rank,).
    """

    left: Floats
    squares: Floats

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.left)


def factorised(states: Floats) -> Factorised:
    """Factorise states, shape (units, width), by the eigenvectors of the smaller of FᵀF and FFᵀ.

    Raises
    ------
    InputError
        For states that are all zero, or not all numbers.
    """
    if not np.isfinite(states).all():
        raise InputError("some states are no numbers; the encoder may have failed in training")
    units, width = states.shape
    squares, vectors = np.linalg.eigh(states.T @ states if width <= units else states @ states.T)
    keep = squares > _CUTOFF * squares[-1]
    if not squares[-1] > 0 or not keep.any():
        raise InputError("all states are zero; nothing can be told from them")
    squares, vectors = squares[keep], vectors[:, keep]
    left = states @ vectors / np.sqrt(squares) if width <= units else vectors
    return Factorised(left, squares)


def logme_of_classes(states: Factorised, labels: npt.NDArray[np.int64]) -> float:
    """Return LogME of a classification: the mean over classes of the evidence of being of that class or not.

    Parameters
    ----------
    labels
        Class numbers, shape (units,).

    Raises
    ------
    InputError
        Where there is one class only.
    """
    names, numbers = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise InputError("all examples are of one class; LogME needs two")
    return float(log_evidence(states, np.eye(len(names))[numbers]).mean())


def logme_of_numbers(states: Factorised, labels: Floats) -> float:
    """Return LogME of a regression: the evidence of its numbers, shape (units,)."""
    if np.ptp(labels) == 0:
        raise InputError("all examples have the same number; LogME needs several")
    return float(log_evidence(states, labels[:, None])[0])


def log_evidence(states: Factorised, columns: Floats) -> Floats:
    """Return the greatest log evidence per unit of each column of labels, shape (columns,).

    All columns are maximised together by MacKay's fixed point: γ = Σ βσ²/(α + βσ²), α = γ/|m|², β = (n − γ)/|Fm − y|².

    Parameters
    ----------
    columns
        Shape (units, columns).
    """
    units = states.units
    squares = states.squares[:, None]
    projected = (states.left.T @ columns) ** 2
    outside = np.maximum((columns**2).sum(axis=0) - projected.sum(axis=0), 0.0)
    alpha, beta = np.ones(columns.shape[1]), np.ones(columns.shape[1])
    for _ in range(_ITERATIONS):
        gamma, size, error = _moments(alpha, beta, squares, projected, outside)
        new_alpha = np.clip(gamma / np.maximum(size, 1e-300), *_BOUNDS)
        new_beta = np.clip((units - gamma) / np.maximum(error, 1e-300), *_BOUNDS)
        change = max(np.abs(np.log(new_alpha / alpha)).max(), np.abs(np.log(new_beta / beta)).max())
        alpha, beta = new_alpha, new_beta
        if change < _TOLERANCE:
            break
    _, size, error = _moments(alpha, beta, squares, projected, outside)
    evidence: Floats = (
        units * np.log(beta)
        + len(squares) * np.log(alpha)
        - units * np.log(2 * np.pi)
        - beta * error
        - alpha * size
        - np.log(alpha + beta * squares).sum(axis=0)
    ) / (2 * units)
    return evidence


def _moments(
    alpha: Floats, beta: Floats, squares: Floats, projected: Floats, outside: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return γ, |m|² and |Fm − y|² of each column."""
    precision = alpha + beta * squares
    gamma = (beta * squares / precision).sum(axis=0)
    size = (beta**2 * squares * projected / precision**2).sum(axis=0)
    error = (projected * (alpha / precision) ** 2).sum(axis=0) + outside
    return gamma, size, error
