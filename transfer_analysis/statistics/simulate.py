"""Transfer tables drawn from a planted model, whose coefficients are therefore known exactly.

For calibration (does a test reject true nulls at its rate?), coverage (does an interval hold the planted value?) and power
(how large a study does an effect need?).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError

Array = npt.NDArray[np.float64]

#: Where scores lie that nothing else is said of.
_MEAN = 60.0


@dataclass(frozen=True)
class Planted:
    """A planted model of scores, in points.

    score(none, t, l, s) = mean + target + language + family + target:language + β_l · x(l) + run + error, and
    score(c, t, l, s) = the same without run and error + β_d · d(c, t) + β_i · d(c, t) · x(l) + condition + cell + run +
    error, where d is the task distance, x the language distance, both of variance 1, c a condition, t a target, l a
    language and s a seed. All gains of a target, language and seed share one baseline run.

    Attributes
    ----------
    conditions, targets, seeds
        How many of each (`none` apart).
    families
        Languages in each family.
    task_distance, language_distance, interaction
        The coefficients β_d, β_l and β_i.
    condition, target, language, family, target_language, cell, run, error
        Standard deviations of the random effects. `run` is that of one trained model, shared by its languages.
    clustered
        Share of the variance of the task distance that belongs to the condition (sources that are near to all targets),
        and of the language distance that belongs to the family.
    missing
        Share of the cells (condition × target) that are not there, drawn at random.
    """

    conditions: int = 9
    targets: int = 6
    seeds: int = 3
    families: tuple[int, ...] = (8, 5, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1)
    task_distance: float = 0.0
    language_distance: float = 0.0
    interaction: float = 0.0
    condition: float = 1.5
    target: float = 8.0
    language: float = 4.0
    family: float = 5.0
    target_language: float = 3.0
    cell: float = 1.5
    run: float = 1.0
    error: float = 1.0
    clustered: float = 0.5
    missing: float = 0.0

    def __post_init__(self) -> None:
        problems = [
            f"{name}: {getattr(self, name)} is not positive"
            for name in ("conditions", "targets", "seeds")
            if getattr(self, name) < 1
        ]
        deviations = ("condition", "target", "language", "family", "target_language", "cell", "run", "error")
        problems += [f"{name}: {getattr(self, name)} is negative" for name in deviations if getattr(self, name) < 0]
        problems += [
            f"{name}: {getattr(self, name)} is not a share"
            for name in ("clustered", "missing")
            if not 0 <= getattr(self, name) < 1
        ]
        if not self.families or min(self.families) < 1:
            problems.append(f"families: {self.families}; expected at least one, each with a language or more")
        if problems:
            raise InputError(problems)


@dataclass(frozen=True)
class Drawn:
    """One table, as arrays.

    Attributes
    ----------
    baselines
        Scores without an intermediate task, shape (targets, languages, seeds).
    scores
        Scores, shape (conditions, targets, languages, seeds), NaN where a cell is missing.
    task_distance, language_distance
        Shapes (conditions, targets) and (languages,).
    family
        Number of each language's family.
    """

    planted: Planted
    baselines: Array
    scores: Array
    task_distance: Array
    language_distance: Array
    family: npt.NDArray[np.int64]

    def gains(self) -> Array:
        """Return score − baseline of the same seed, shape (conditions, targets, languages, seeds)."""
        return np.asarray(self.scores - self.baselines)

    def cells(self) -> Array:
        """Return the mean gain of each condition × target over languages and seeds, NaN where the cell is missing."""
        return np.asarray(self.gains().mean(axis=(2, 3)))

    def frame(self) -> pd.DataFrame:
        """Return one row per score with its baseline and gain, distances and labels; missing cells have none."""
        conditions, targets, languages, _ = self.scores.shape
        c, t, language, s = (index.ravel() for index in np.indices(self.scores.shape))
        frame = pd.DataFrame(
            {
                "condition": np.array([f"c{i + 1}" for i in range(conditions)])[c],
                "target": np.array([f"t{i + 1}" for i in range(targets)])[t],
                "language": np.array([f"l{i + 1}" for i in range(languages)])[language],
                "language_family": np.array([f"f{i + 1}" for i in self.family])[language],
                "seed": s + 1,
                "score": self.scores.ravel(),
                "baseline": np.broadcast_to(self.baselines, self.scores.shape).ravel(),
                "task_distance": self.task_distance[c, t],
                "language_distance": self.language_distance[language],
            }
        ).assign(gain=self.gains().ravel())
        return frame.dropna(subset="score").reset_index(drop=True)


def draw(planted: Planted, seed: int | np.random.Generator) -> Drawn:
    """Draw one table from a planted model.

    Scores are not cut off at 0 and 100, which would make them other than planted.
    """
    rng = np.random.default_rng(seed)
    conditions, targets, seeds = planted.conditions, planted.targets, planted.seeds
    family = np.repeat(np.arange(len(planted.families)), planted.families)
    languages = len(family)
    own, shared = np.sqrt(1 - planted.clustered), np.sqrt(planted.clustered)
    distance = shared * rng.normal(size=(conditions, 1)) + own * rng.normal(size=(conditions, targets))
    away = shared * rng.normal(size=len(planted.families))[family] + own * rng.normal(size=languages)

    def effect(deviation: float, *shape: int) -> Array:
        return np.asarray(deviation * rng.normal(size=shape))

    level = (
        _MEAN
        + effect(planted.target, targets, 1, 1)
        + effect(planted.language, 1, languages, 1)
        + effect(planted.family, len(planted.families))[family][None, :, None]
        + effect(planted.target_language, targets, languages, 1)
        + planted.language_distance * away[None, :, None]
    )
    baselines = level + effect(planted.run, targets, 1, seeds) + effect(planted.error, targets, languages, seeds)
    gain = (
        planted.task_distance * distance[:, :, None, None]
        + planted.interaction * distance[:, :, None, None] * away[None, None, :, None]
        + effect(planted.condition, conditions, 1, 1, 1)
        + effect(planted.cell, conditions, targets, 1, 1)
        + effect(planted.run, conditions, targets, 1, seeds)
        + effect(planted.error, conditions, targets, languages, seeds)
    )
    scores = level + gain
    scores[rng.random((conditions, targets)) < planted.missing] = np.nan
    return Drawn(planted, baselines, scores, distance, away, family)
