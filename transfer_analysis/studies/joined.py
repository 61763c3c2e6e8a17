"""Results joined with distances: what the tests of a study work on."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.observations import Observations, observe
from transfer_analysis.progress import Report
from transfer_analysis.results import TransferTable, gains
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.covariates import read_covariates
from transfer_analysis.studies.given import Given
from transfer_analysis.studies.inputs import StudyInputs
from transfer_analysis.studies.selected import Selected, select_rows, with_groups_of
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import Catalogue, load_catalogue


def material_of(study: Study, table: TransferTable, given: Given, report: Report) -> tuple[Material, list[str]]:
    """Return the results joined with distances and diversity, and what happened to them on the way."""
    catalogue = load_catalogue(given.tasks)
    selected = select_rows(study, table, catalogue)
    grouped, left_out = with_groups_of(study, selected.comparable)
    covariates = read_covariates(study, given.languages)
    report("computing distances", 0.0)
    inputs = StudyInputs(grouped, given, catalogue, selected.table)
    material, remarks = joined_with(grouped, selected, inputs.distances(), covariates, catalogue)
    material = replace(material, diversity=inputs.diversity(report))
    said = selected.said_of_excluded()
    if others := len(selected.comparable) - len(selected.table):
        said.append(f"{others:,} scores from other initialisations, used only by contrasts that name them")
    return material, [*left_out, *said, *remarks]


def joined_with(
    study: Study,
    selected: Selected,
    distances: dict[str, DistanceMatrix],
    covariates: pd.DataFrame,
    catalogue: Catalogue,
) -> tuple[Material, list[str]]:
    """Join scores and gains with the distances, and say what happened to the rows.

    Raises
    ------
    InputError
        Where no row can be joined, or tasks have distances and the results no intermediate task.
    """
    table = selected.table
    of_tasks = {distance.name: distances[distance.name] for distance in study.task_distances}
    of_languages = {kind: distances[kind] for kind in study.language_distance_names}
    remarks = [table.describe()]

    def joined(frame: pd.DataFrame, tasks: dict[str, DistanceMatrix]) -> Observations:
        return observe(frame, task_distances=tasks, language_distances=of_languages, catalogue=catalogue)

    with_condition = table.frame[table.frame["condition"] != "none"]
    if with_condition.empty:
        if of_tasks:
            raise InputError(f"{study.name}: the results have no intermediate tasks (every condition is none)")
        scores = joined(table.frame, {})
        return Material(study, None, scores, selected, distances, covariates, catalogue), [*remarks, *scores.describe()]
    found = gains(table)
    remarks.append(found.describe())
    with_gains = joined(found.frame, of_tasks) if len(found.frame) else None
    scores = joined(with_condition, of_tasks)
    said = with_gains.describe() if with_gains is not None else []
    return Material(study, with_gains, scores, selected, distances, covariates, catalogue, found), [
        *remarks,
        *dict.fromkeys([*said, *scores.describe()]),
    ]
