"""LogME: the log evidence of a Bayesian linear model from states to labels (You et al. 2021, ICML).

A label column y is modelled as Fw + noise, w ~ N(0, α⁻¹), noise ~ N(0, β⁻¹), F the states, n × d. The score is the maximum
over α and β of log p(y | F) / n. With the singular values σ of F that are not zero, r of them, z = Uᵀy, and t = α/β, the best
β for a given t is n / S, and what is left to maximise is a function of t alone:

    S(t) = |y|² − Σ zᵢ² (1 − wᵢ),   wᵢ = t / (t + σᵢ²)
    log p = −n/2 (log 2πe + log S/n) + ½ Σ log wᵢ

The published implementation has d/2 log α in place of r/2 log α, and log(α + βσ²) only for the singular values that it has
computed. The d − r directions in which F has nothing contribute log α each to the determinant, which cancels: with n < d, or
states of which some are combinations of others, its score is off by (d − r)/2 · log α / n.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError, UnsuitedError

Floats = npt.NDArray[np.float64]

#: Squared singular values below this share of the largest count as zero.
_CUTOFF = 1e-10

#: Values of t that are tried for all columns together, as shares of the largest squared singular value.
_TRIED = np.logspace(-12, 12, 289)

#: Steps of Newton's method from the best of them.
_STEPS = 8


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

    @cached_property
    def tried(self) -> Floats:
        """Values of t that are tried first, in increasing order."""
        values: Floats = _TRIED * self.squares.max()
        return values

    @cached_property
    def weights(self) -> Floats:
        """The w of each value that is tried, shape (values, rank)."""
        t = self.tried[:, None]
        weights: Floats = t / (t + self.squares)
        return weights


def factorised(states: Floats) -> Factorised:
    """Factorise states, shape (units, width), by the eigenvectors of the smaller of FᵀF and FFᵀ.

    Raises
    ------
    InputError
        For states that are all zero, or not all numbers.
    """
    if not np.isfinite(states).all():
        raise InputError("some states are NaN or infinite; the encoder may have failed in training")
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
    UnsuitedError
        Where there is one class only.
    """
    names, numbers = np.unique(labels, return_inverse=True)
    if len(names) < 2:
        raise UnsuitedError("all examples are of one class; give more with --count, or leave the task out")
    return float(log_evidence(states, np.eye(len(names))[numbers]).mean())


def logme_of_numbers(states: Factorised, labels: Floats) -> float:
    """Return LogME of a regression: the evidence of its numbers, shape (units,)."""
    if np.ptp(labels) == 0:
        raise UnsuitedError("all examples have the same number; give more with --count, or leave the task out")
    return float(log_evidence(states, labels[:, None])[0])


def log_evidence(states: Factorised, columns: Floats) -> Floats:
    """Return the greatest log evidence per unit of each column of labels, shape (columns,).

    Parameters
    ----------
    columns
        Shape (units, columns). The best t is looked for among many values, for all columns in one product, and from the
        best of them by Newton's method on log t.
    """
    units = len(columns)
    projected = (states.left.T @ columns) ** 2
    outside = np.maximum((columns**2).sum(axis=0) - projected.sum(axis=0), 0.0)
    errors = states.weights @ projected + outside
    tried = -units / 2 * np.log(errors / units) + np.log(states.weights).sum(axis=1)[:, None] / 2
    best = tried.argmax(axis=0)
    low = np.log(states.tried[np.maximum(best - 1, 0)])
    high = np.log(states.tried[np.minimum(best + 1, len(states.tried) - 1)])
    log_t = np.log(states.tried[best])
    for _ in range(_STEPS):
        slope, curvature = _derivatives(log_t, states.squares, projected, outside, units)
        low, high = np.where(slope > 0, log_t, low), np.where(slope > 0, high, log_t)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = log_t - slope / curvature
        # Where the function is not concave the step may lead away; then the middle of the bracket.
        log_t = np.where((step >= low) & (step <= high), step, (low + high) / 2)
    weights = _weights(log_t, states.squares)
    error = (projected * weights).sum(axis=0) + outside
    evidence: Floats = -(np.log(2 * np.pi) + 1 + np.log(error / units)) / 2 + np.log(weights).sum(axis=0) / (2 * units)
    # Never worse than the best that was tried.
    best_tried: Floats = tried.max(axis=0) / units - (np.log(2 * np.pi) + 1) / 2
    greatest: Floats = np.maximum(evidence, best_tried)
    return greatest


def _weights(log_t: Floats, squares: Floats) -> Floats:
    """Return w, shape (rank, columns)."""
    t = np.exp(log_t)
    weights: Floats = t / (t + squares[:, None])
    return weights


def _derivatives(
    log_t: Floats, squares: Floats, projected: Floats, outside: Floats, units: int
) -> tuple[Floats, Floats]:
    """Return the first and second derivative of the log evidence by log t, for each column."""
    w = _weights(log_t, squares)
    rise = w * (1 - w)
    error = (projected * w).sum(axis=0) + outside
    first = (projected * rise).sum(axis=0) / error
    second = (projected * rise * (1 - 2 * w)).sum(axis=0) / error
    slope: Floats = (1 - w).sum(axis=0) / 2 - units / 2 * first
    curvature: Floats = -rise.sum(axis=0) / 2 - units / 2 * (second - first**2)
    return slope, curvature
