"""Square matrices that Mantel tests and regressions on matrices are compared with R on.

python -m tests.statistics.matrices.datasets FOLDER     # writes them as CSV for reference.R
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def matrices(n: int, seed: int, noise: float) -> dict[str, np.ndarray]:
    """Return three symmetric matrices: an outcome, a distance that it follows, and a control that both follow."""
    rng = np.random.Generator(np.random.PCG64(seed))
    points = rng.normal(size=(n, 2))
    z = np.abs(points[:, None, 0] - points[None, :, 0])
    x = z + np.abs(points[:, None, 1] - points[None, :, 1])
    y = 0.5 * x + z + np.round(noise * _symmetric(rng, n), 2)
    return {"y": y, "x": x, "z": z}


def _symmetric(rng: np.random.Generator, n: int) -> np.ndarray:
    half = np.tril(rng.normal(size=(n, n)), -1)
    return half + half.T


#: Name → (labels, seed, noise).
CASES = {"small": (6, 1, 0.5), "middle": (14, 2, 1.0), "weak": (20, 3, 6.0)}

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, given in CASES.items():
        for letter, matrix in matrices(*given).items():
            np.savetxt(folder / f"{name}-{letter}.csv", matrix, delimiter=",", fmt="%.17g")
