"""Slopes on a language distance: the rows they are of, and the difference of two groups of conditions."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.languages import lineages
from transfer_analysis.statistics import Outcome, relatedness, run_slopes, slope_difference
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.hypotheses import DiverseTasks, GroupSlopes
from transfer_analysis.studies.selected import of_targets
from transfer_analysis.tasks.conditions import task_of

#: Languages that a line needs.
_FEWEST = 3


def away_rows(material: Material, hypothesis: DiverseTasks | GroupSlopes, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of languages besides the source that have a distance."""
    known = frame[f"{hypothesis.distance}_distance"].notna()
    return frame[(frame["language"] != material.study.source_language) & known]


def slopes_of_runs(material: Material, hypothesis: DiverseTasks | GroupSlopes, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the slope of each run on the language distance of a hypothesis, and adjusted for its score at home."""
    return run_slopes(
        frame,
        value=hypothesis.value,
        distance=f"{hypothesis.distance}_distance",
        source_language=material.study.source_language,
    )


def slope_rows(material: Material, hypothesis: DiverseTasks | GroupSlopes) -> pd.DataFrame:
    """Return the rows after single intermediate tasks, overlaps left out, with the chance of their target.

    A target must be tested in three languages with a distance; and for a share of what the source language's score is above
    chance, in the source language.

    Raises
    ------
    InputError
        Where no such target is left.
    """
    frame = material.observations("gain" if hypothesis.value == "gain" else "score").frame
    known = frame["condition"].map(lambda name: name in material.catalogue and task_of(name) == name)
    if isinstance(hypothesis, GroupSlopes) and hypothesis.model is not None:
        known &= frame["model"] == hypothesis.model
    frame = of_targets(frame[known & ~frame["overlap"]], hypothesis.id, hypothesis.targets)
    if hypothesis.value == "normalised":
        at_home = set(frame.loc[frame["language"] == material.study.source_language, "target"])
        if not at_home:
            raise InputError(f"{hypothesis.id}: no target is tested in {material.study.source_language}")
        frame = frame[frame["target"].isin(at_home)]
    languages = away_rows(material, hypothesis, frame).groupby("target")["language"].nunique()
    frame = frame[frame["target"].isin(languages.index[languages >= _FEWEST])]
    if frame.empty:
        raise InputError(
            f"{hypothesis.id}: no target is tested in {_FEWEST} languages with a {hypothesis.distance} distance"
        )
    chance = {target: material.catalogue[target].chance or 0.0 for target in frame["target"].unique()}
    return frame.assign(chance=frame["target"].map(chance))


def difference_of_slopes(
    hypothesis: DiverseTasks | GroupSlopes,
    material: Material,
    frame: pd.DataFrame,
    first: Sequence[str],
    second: Sequence[str],
) -> Outcome:
    """Test the difference of the slopes of two groups of conditions, over languages related as they are."""
    frame = frame[frame["condition"].isin([*first, *second])]
    tested = away_rows(material, hypothesis, frame).groupby(["target", "condition"])["language"].agg(set)
    if tested.empty:
        raise InputError(f"{hypothesis.id}: no row with a {hypothesis.distance} distance is left")
    languages = sorted(set.intersection(*tested))
    found = slope_difference(
        frame,
        first,
        second,
        relatedness(list(lineages(languages).values())),
        languages,
        value=hypothesis.value,
        distance=f"{hypothesis.distance}_distance",
        source_language=material.study.source_language,
        alternative=hypothesis.alternative,
        seed=material.study.seed,
    )
    return found.noting(f"targets: {', '.join(sorted(frame['target'].unique()))}")
