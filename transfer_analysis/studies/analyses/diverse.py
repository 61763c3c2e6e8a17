"""Hypotheses on the diversity of intermediate tasks: does transfer fall less with language distance after diverse ones?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from transfer_analysis.analyses.cells import balanced
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import Outcome, against_random_selection
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.analyses.slopes import difference_of_slopes, slope_rows, slopes_of_runs
from transfer_analysis.studies.hypotheses import DiverseTasks


def diverse_tasks(hypothesis: DiverseTasks, material: Material) -> Outcome:
    """Return how the slopes of the most diverse tasks differ from those of others.

    Raises
    ------
    InputError
        Where diversity is not known of every intermediate task, or too few tasks, runs or languages are left.
    """
    frame = slope_rows(material, hypothesis)
    chosen = most_diverse(hypothesis, material, sorted(frame["condition"].unique()))
    outcome = (_choice if hypothesis.analysis == "diverse-choice" else _slopes)(hypothesis, material, frame, chosen)
    said = f"the {hypothesis.k} most diverse by {hypothesis.diversity}: {', '.join(chosen)}"
    return outcome.noting(said)


def _choice(hypothesis: DiverseTasks, material: Material, frame: pd.DataFrame, chosen: list[str]) -> Outcome:
    """Place the mean slope of the chosen tasks among all choices, each task's over the same runs."""
    slopes = slopes_of_runs(material, hypothesis, frame)
    sides = ["model", "adaptation", "initialisation", "target"]
    runs = slopes[[s for s in sides if s in slopes]].astype(str).agg("/".join, axis=1)
    known = slopes.assign(run_of=runs).dropna(subset=["adjusted_slope"])
    means, notes = balanced(known, "condition", "adjusted_slope")
    lost = [task for task in chosen if task not in means.index]
    if lost:
        raise InputError(f"{hypothesis.id}: {', '.join(lost)} has no slope on the targets that the others have")
    source = material.study.source_language
    nowhere = sorted(slopes.groupby("target")["source_score"].max().loc[lambda found: found.isna()].index)
    if nowhere:
        notes.append(f"{', '.join(nowhere)} left out: without a score in {source}, slopes cannot be adjusted for it")
    unlearnt = known["learnt"].eq(False).sum()
    if unlearnt:
        notes.append(
            f"{unlearnt} of {len(known)} runs are at chance in the source language, where a flat slope is no sign of robustness"
        )
    notes.append(f"targets: {', '.join(sorted(known['target'].unique()))}")
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
    """Test the difference of the slopes of the chosen tasks and the others."""
    others = [task for task in sorted(frame["condition"].unique()) if task not in chosen]
    return difference_of_slopes(hypothesis, material, frame, chosen, others)


def most_diverse(hypothesis: DiverseTasks, material: Material, tasks: list[str]) -> list[str]:
    """Return the k most diverse intermediate tasks.

    Raises
    ------
    InputError
        Where the diversity of some task is not known, or there are no others.
    """
    table = material.diversity
    of_measure = table[table["measure"] == hypothesis.diversity].set_index("task")["value"]
    lacking = [task for task in tasks if task not in of_measure.index]
    if lacking:
        raise InputError(f"{hypothesis.id}: no {hypothesis.diversity} is known of {', '.join(lacking)}")
    if hypothesis.k >= len(tasks):
        raise InputError(f"{hypothesis.id}: the {hypothesis.k} most diverse of {len(tasks)} tasks are all of them")
    return list(of_measure.loc[tasks].nlargest(hypothesis.k).index)


def _called(hypothesis: DiverseTasks) -> str:
    names: Mapping[str, str] = {"gain": "the gain", "normalised": "the normalised score"}
    return names[hypothesis.value]
