"""Hypotheses on the diversity of intermediate tasks: does transfer fall less with language distance after diverse ones?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.languages import lineages
from transfer_analysis.statistics import Outcome, against_random_selection, relatedness, run_slopes, slope_difference
from transfer_analysis.studies.analyses.cells import balanced
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.hypotheses import DiverseTasks
from transfer_analysis.studies.selected import of_targets
from transfer_analysis.tasks.conditions import task_of


def diverse_tasks(hypothesis: DiverseTasks, material: Material) -> Outcome:
    """Return how the slopes of the most diverse tasks differ from those of others.

    Raises
    ------
    InputError
        Where diversity is not known of every intermediate task, or too few tasks, runs or languages are left.
    """
    frame = _rows(hypothesis, material)
    diversity = _diversity(hypothesis, material, sorted(frame["condition"].unique()))
    chosen = list(diversity.nlargest(hypothesis.k).index)
    outcome = (_choice if hypothesis.analysis == "diverse-choice" else _slopes)(hypothesis, material, frame, chosen)
    said = f"the {hypothesis.k} most diverse by {hypothesis.diversity}: {', '.join(chosen)}"
    return outcome.noting(said)


def _choice(hypothesis: DiverseTasks, material: Material, frame: pd.DataFrame, chosen: list[str]) -> Outcome:
    """Place the mean slope of the chosen tasks among all choices, each task's over the same runs."""
    slopes = run_slopes(
        frame,
        value=hypothesis.value,
        distance=f"{hypothesis.distance}_distance",
        source_language=material.study.source_language,
    )
    sides = ["model", "adaptation", "initialisation", "target"]
    runs = slopes[[s for s in sides if s in slopes]].astype(str).agg("/".join, axis=1)
    known = slopes.assign(run_of=runs).dropna(subset=["adjusted_slope"])
    means, notes = balanced(known, "condition", "adjusted_slope")
    lost = [task for task in chosen if task not in means.index]
    if lost:
        raise InputError(f"{hypothesis.id}: {', '.join(lost)} has no slope on the targets that the others have")
    unlearnt = slopes["learnt"].eq(False).sum()
    if unlearnt:
        notes.append(
            f"{unlearnt} of {len(slopes)} runs are at chance in the source language; a flat slope is no robustness"
        )
    outcome = against_random_selection(
        {str(task): float(value) for task, value in means.items()},
        chosen,
        name=f"mean slope of {_called(hypothesis)} on {hypothesis.distance} distance, adjusted for the source language,",
        alternative=hypothesis.alternative,
        permutations=material.study.permutations,
        seed=material.study.seed,
    )
    return outcome.noting(*notes)


def _slopes(hypothesis: DiverseTasks, material: Material, frame: pd.DataFrame, chosen: list[str]) -> Outcome:
    """Test the difference of the slopes of the chosen tasks and the others, over languages related as they are."""
    column = f"{hypothesis.distance}_distance"
    away = frame[(frame["language"] != material.study.source_language) & frame[column].notna()]
    tested = away.groupby(["target", "condition"])["language"].agg(set)
    languages = sorted(set.intersection(*tested))
    others = [task for task in sorted(frame["condition"].unique()) if task not in chosen]
    return slope_difference(
        frame,
        chosen,
        others,
        relatedness(list(lineages(languages).values())),
        languages,
        value=hypothesis.value,
        distance=column,
        source_language=material.study.source_language,
        alternative=hypothesis.alternative,
        seed=material.study.seed,
    )


def _rows(hypothesis: DiverseTasks, material: Material) -> pd.DataFrame:
    """Return the rows after single intermediate tasks, with the chance of their target."""
    frame = material.observations("gain" if hypothesis.value == "gain" else "score").frame
    known = frame["condition"].map(lambda name: name in material.catalogue and task_of(name) == name)
    frame = frame[known]
    frame = of_targets(frame, hypothesis.id, hypothesis.targets)
    chance = {target: material.catalogue[target].chance or 0.0 for target in frame["target"].unique()}
    return frame.assign(chance=frame["target"].map(chance))


def _diversity(hypothesis: DiverseTasks, material: Material, tasks: list[str]) -> pd.Series:
    """Return the diversity of each intermediate task."""
    table = material.diversity
    of_measure = table[table["measure"] == hypothesis.diversity].set_index("task")["value"]
    lacking = [task for task in tasks if task not in of_measure.index]
    if lacking:
        raise InputError(f"{hypothesis.id}: no {hypothesis.diversity} is known of {', '.join(lacking)}")
    if hypothesis.k >= len(tasks):
        raise InputError(f"{hypothesis.id}: the {hypothesis.k} most diverse of {len(tasks)} tasks are all of them")
    return of_measure.loc[tasks]


def _called(hypothesis: DiverseTasks) -> str:
    names: Mapping[str, str] = {"gain": "the gain", "normalised": "the normalised score"}
    return names[hypothesis.value]
