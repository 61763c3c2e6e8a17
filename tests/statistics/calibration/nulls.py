"""Data without an effect, or with a planted one, that have the structure of real studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
from transfer_analysis.languages import lineages
from transfer_analysis.statistics import relatedness

#: Sizes of families: balanced; one that makes up half of the sample, as Indo-European does.
BALANCED, ONE_LARGE = [8] * 5, [20, 5, 5, *[1] * 10]

XNLI = [
    "ar",
    "bg",
    "de",
    "el",
    "es",
    "fr",
    "hi",
    "ru",
    "sw",
    "th",
    "tr",
    "ur",
    "vi",
    "zh",
]  # without English, the source


def good_everywhere(rng: np.random.Generator, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a distance and an outcome that both cluster by source: sources good for all targets, or near to all."""
    outcome = 2 * rng.normal(size=(rows, 1)) + rng.normal(size=(1, columns)) + rng.normal(size=(rows, columns))
    distance = 2 * rng.normal(size=(rows, 1)) + rng.normal(size=(1, columns)) + rng.normal(size=(rows, columns))
    return distance, outcome


def same_tasks(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a symmetric distance and a directed outcome over the same tasks, the diagonal empty."""
    distance, outcome = good_everywhere(rng, n, n)
    np.fill_diagonal(outcome, np.nan)
    return distance + distance.T, outcome


def related(rng: np.random.Generator, icc: float, sizes: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return an outcome and a predictor that both cluster by family, and the family of each language."""
    family = np.repeat(np.arange(len(sizes)), sizes)
    y, x = (
        np.sqrt(icc) * rng.normal(size=len(sizes))[family] + np.sqrt(1 - icc) * rng.normal(size=len(family))
        for _ in range(2)
    )
    return y, x, family


def components_of(family: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return relatedness([(f"F{f}", f"l{i}") for i, f in enumerate(family)])


def xnli_components() -> tuple[np.ndarray, np.ndarray]:
    return relatedness(list(lineages(XNLI).values()))


def on_the_tree(rng: np.random.Generator, components: tuple[np.ndarray, np.ndarray], share: float) -> np.ndarray:
    """Return values that follow families and branches, half of the shared variance each."""
    n = len(components[0])
    covariance = share / 2 * components[0] + share / 2 * components[1] + (1 - share) * np.eye(n)
    return np.linalg.cholesky(covariance) @ rng.normal(size=n)


def pooled_cells(rng: np.random.Generator, icc: float, intermediates: int = 9, languages: int = 15) -> pd.DataFrame:
    """Return one row per intermediate × language; the distance varies over intermediates only (DESIGN rule 1)."""
    effect = np.sqrt(icc) * rng.normal(size=(intermediates, 1))
    outcome = effect + np.sqrt(1 - icc) * rng.normal(size=(intermediates, languages))
    distance = np.broadcast_to(rng.normal(size=(intermediates, 1)), outcome.shape)
    rows, columns = np.indices(outcome.shape)
    return pd.DataFrame(
        {
            "gain": outcome.ravel(),
            "task_distance": distance.ravel(),
            "condition": [f"c{i}" for i in rows.ravel()],
            "language": [f"l{i}" for i in columns.ravel()],
        }
    )


def two_groups(
    rng: np.random.Generator, each: int, languages: int = 6, seeds: int = 3, encoders: int = 1, effect: float = 0.0
) -> pd.DataFrame:
    """Return gains of two groups of tasks; tasks, languages and runs differ, the groups by the planted effect."""
    shape = (2 * each, encoders, languages, seeds)
    c, m, language, s = (index.ravel() for index in np.indices(shape))
    run = (c * encoders + m) * seeds + s
    gain = (
        effect * (c < each)
        + rng.normal(size=2 * each)[c]
        + rng.normal(size=languages)[language]
        + 0.5 * rng.normal(size=2 * each * encoders * seeds)[run]
        + rng.normal(size=len(c))
    )
    return pd.DataFrame(
        {
            "gain": gain,
            "score": gain,
            "group": np.where(c < each, "syntactic", "semantic"),
            "condition": [f"c{v}" for v in c],
            "encoder": [f"m{v}" for v in m],
            "language": [f"l{v}" for v in language],
            "seed": s,
            "run": [f"r{v}" for v in run],
        }
    )
