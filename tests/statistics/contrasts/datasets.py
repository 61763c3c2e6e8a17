"""A study of two groups of tasks in two encoders, that linear models and contrasts are compared with R on.

python -m tests.statistics.contrasts.datasets FILE     # writes it as CSV for reference.R
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

GROUPS = {
    "syntactic": ["parsing", "pos", "ccg"],
    "semantic": ["stsb", "qqp", "paws"],
    "other": ["squad"],
}


def study(seed: int = 1) -> pd.DataFrame:
    """Seven tasks by two encoders by eight languages by three seeds, a tenth of the rows gone."""
    rng = np.random.Generator(np.random.PCG64(seed))
    tasks = [(task, group) for group, members in GROUPS.items() for task in members]
    c, m, language, s = (p.ravel() for p in np.meshgrid(range(7), range(2), range(8), range(3), indexing="ij"))
    group = np.array([group for _, group in tasks])[c]
    distance = rng.random(8)[language]
    gain = (
        1.5 * (group == "semantic")
        - 0.5 * (group == "syntactic") * (m == 1)
        - 2 * distance
        + 0.8 * rng.normal(size=7)[c]
        + 0.6 * rng.normal(size=8)[language]
        + 0.5 * rng.normal(size=42)[(c * 2 + m) * 3 + s]
        + rng.normal(size=len(c))
    )
    trials = rng.integers(80, 200, size=len(c))
    right = rng.binomial(trials, 1 / (1 + np.exp(-0.3 * gain)))
    frame = pd.DataFrame(
        {
            "gain": gain,
            "group": group,
            "condition": np.array([task for task, _ in tasks])[c],
            "encoder": np.array(["mbert", "xlmr"])[m],
            "language": [f"l{v}" for v in language],
            "distance": distance,
            "run": [f"r{v}" for v in (c * 2 + m) * 3 + s],
            "seed": s,
            "trials": trials,
            "share": right / trials,
        }
    )
    return frame[rng.random(len(c)) > 0.1].reset_index(drop=True)


if __name__ == "__main__":
    study().to_csv(Path(sys.argv[1]), index=False, float_format="%.17g")
