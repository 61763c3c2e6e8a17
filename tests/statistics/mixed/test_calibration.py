"""How often mixed models reject true nulls, where predictors vary over cells and over languages."""

from __future__ import annotations

import numpy as np
import pandas as pd
from transfer_analysis.statistics.mixed import mixed_model
from transfer_analysis.statistics.mixed.design import design
from transfer_analysis.statistics.mixed.fit import fit_design

RANDOM = ["condition:target", "target:language", "language", "run"]


def null_study(rng: np.random.Generator) -> pd.DataFrame:
    """Six conditions by four targets by ten languages by two seeds; distances that have nothing to do with the gain."""
    c, t, language, k = (p.ravel() for p in np.meshgrid(range(6), range(4), range(10), range(2), indexing="ij"))
    cell, pair, run = c * 4 + t, t * 10 + language, (c * 4 + t) * 2 + k
    gain = (
        rng.normal(size=24)[cell]
        + 0.7 * rng.normal(size=40)[pair]
        + rng.normal(size=10)[language]
        + 0.7 * rng.normal(size=48)[run]
        + rng.normal(size=len(c))
    )
    return pd.DataFrame(
        {
            "gain": gain,
            "task_distance": rng.normal(size=24)[cell],
            "language_distance": rng.normal(size=10)[language],
            "condition": [f"c{v}" for v in c],
            "target": [f"t{v}" for v in t],
            "language": [f"l{v}" for v in language],
            "run": [f"r{v}" for v in run],
        }
    )


def rejections(replications: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of p-values below 5% and of intervals that hold zero, for both distances."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(replications):
        tidy = mixed_model("gain ~ task_distance + language_distance", null_study(rng), RANDOM).tidy().iloc[1:]
        found.append([tidy["p_value"] < 0.05, (tidy["conf_low"] < 0) & (tidy["conf_high"] > 0)])
    rejected, covered = np.mean(np.array(found, dtype=float), axis=0)
    return rejected, covered


def test_true_nulls_are_rejected_about_as_often_as_they_should_be():
    rejected, covered = rejections(120, seed=1)
    assert (rejected <= 0.10).all()  # 2.5 standard errors above the level
    assert (covered >= 0.90).all()


def test_a_model_without_the_predictors_own_level_rejects_far_too_often():
    """What the model is refused for: the same fits without the terms of cell, language and run."""
    rng = np.random.default_rng(3)
    wrong = []
    for _ in range(40):
        given = design("gain ~ task_distance + language_distance", null_study(rng), ["target:language"])
        wrong.append(fit_design(given, reml=True).tidy()["p_value"][1] < 0.05)
    assert np.mean(wrong) > 0.25
