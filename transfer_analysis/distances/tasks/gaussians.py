"""Gaussians with the mean and the covariance of samples, and the distance between two of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian.

    Attributes
    ----------
    mean
        Shape (width,).
    root
        R with RᵀR the covariance, shape (min(sample, width), width).
    """

    mean: Floats
    root: Floats

    @classmethod
    def of(cls, sample: Floats) -> Gaussian:
        """Return the Gaussian of a sample of at least two rows, shape (sample, width); covariance over n − 1."""
        mean = sample.mean(axis=0)
        root = (sample - mean) / np.sqrt(len(sample) - 1)
        if len(root) > root.shape[1]:
            root = np.linalg.qr(root, mode="r")
        return cls(mean, root)

    def squared_wasserstein(self, other: Gaussian) -> float:
        """Return the squared 2-Wasserstein distance to another Gaussian (Dowson & Landau 1982); not negative.

        |μ₁ − μ₂|² + tr C₁ + tr C₂ − 2 tr (C₁^½ C₂ C₁^½)^½. The last trace is the nuclear norm of R₁R₂ᵀ, which needs no root
        of a matrix and no covariance of full rank.
        """
        cross = np.linalg.svd(self.root @ other.root.T, compute_uv=False).sum()
        spread = (self.root**2).sum() + (other.root**2).sum() - 2 * cross
        return max(0.0, float(((self.mean - other.mean) ** 2).sum() + spread))
