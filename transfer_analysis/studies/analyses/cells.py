"""Cells: sources × targets with their distances, each a mean over the same runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import Relabelings, joint_relabelings, separate_relabelings
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.hypotheses import Languages, OfTaskDistance, TaskAssociation, TaskSelection, Which
from transfer_analysis.studies.selected import of_languages, of_targets
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks.conditions import task_of

#: What the sides of a cell are called.
_SIDES = {"task": "intermediate task", "source_language": "source language"}


@dataclass(frozen=True)
class Cells:
    """A table of sources × targets with the distances and the relabelings that belong to it.

    Attributes
    ----------
    outcome
        Frame of shape (sources, targets), NaN for empty cells: the mean over seeds, then over models, adaptations and
        languages, the same ones for every source of a target.
    distance
        Array that the relabelings point into.
    observed
        Distances in the shape of `outcome`.
    notes
        What was left out so that all cells of a target are means over the same runs.
    """

    outcome: pd.DataFrame
    distance: np.ndarray
    observed: np.ndarray
    relabelings: Relabelings
    notes: tuple[str, ...]


def task_cells(
    material: Material,
    which: Which,
    languages: Languages,
    distance: str | None = None,
    targets: Sequence[str] = (),
    known_to: Sequence[str] = (),
) -> Cells:
    """Return the cells of intermediate × target task, overlaps and self-transfer left out.

    An overlapping cell has neither outcome nor distance: its distance is small by construction, and relabeling must
    not move it onto cells where it is not. Tasks that stand on both sides are relabeled jointly, others separately.

    Parameters
    ----------
    targets
        Targets that count; all there are where empty.
    known_to
        Further distances that must know a cell's tasks, so that several are compared on the same cells.

    Raises
    ------
    InputError
        Where gains are wanted and the results have none.
    """
    name, known = material.task_distance(distance), tuple(known_to)
    return material.once(
        ("cells", which, languages, name, tuple(targets), known),
        lambda: _of_tasks(material, which, languages, name, targets, known),
    )


def _of_tasks(
    material: Material, which: Which, languages: Languages, name: str, targets: Sequence[str], known_to: Sequence[str]
) -> Cells:
    frame = material.observations(which).frame
    frame = of_targets(frame[frame["condition"] != "none"], "task cells", targets)
    # A condition `x+mlm` or `x@de` has the distance of x, and stands for it beside x itself.
    frame = frame.assign(task=frame["condition"].map(task_of))
    overlaps = set(frame.loc[frame["overlap"], ["task", "target"]].itertuples(index=False, name=None))
    frame = of_languages(frame[~frame["overlap"] & (frame["task"] != frame["target"])], languages)
    matrix = material.distances[name]
    for knows in (matrix, *(material.distances[other] for other in known_to)):
        frame = frame[frame["task"].isin(knows.rows) & frame["target"].isin(knows.columns)]
        if knows.model is not None:
            frame = frame[frame["model"] == knows.model]
    return _cells(frame, "task", "target", which, matrix, material.study, overlaps)


def looked_at(material: Material) -> tuple[Cells, Which, Languages] | None:
    """Return the cells that the first hypothesis on the first task distance is of; None without a task distance."""
    study = material.study
    if not study.task_distances:
        return None
    first = next(
        (h for h in study.every if isinstance(h, TaskAssociation | TaskSelection) and _of_first(h, study)), None
    )
    which: Which = first.outcome if first else "gain"
    languages: Languages = first.languages if first else "all"
    return task_cells(material, which, languages), which, languages


def _of_first(hypothesis: OfTaskDistance, study: Study) -> bool:
    return hypothesis.distance in (None, study.first_distance)


def language_cells(material: Material, kind: str) -> Cells:
    """Return the cells of source × test language, a language with itself left out."""
    frame = material.scores.frame
    frame = frame[frame["source_language"] != frame["language"]]
    matrix = material.distances[kind]
    # A language is no distance from itself where any of its features are known.
    known = [c for c in matrix.columns if np.isfinite(matrix.values.at[c, c])]
    unknown = sorted({*frame["source_language"], *frame["language"]} - set(known))
    frame = frame[frame["source_language"].isin(known) & frame["language"].isin(known)]
    cells = _cells(frame, "source_language", "language", "score", matrix, material.study, set())
    note = f"{len(unknown)} languages without known {kind} features left out: {', '.join(unknown)}"
    return replace(cells, notes=(note, *cells.notes)) if unknown else cells


def _cells(
    frame: pd.DataFrame,
    row: str,
    column: str,
    which: str,
    matrix: DistanceMatrix,
    study: Study,
    overlaps: set[tuple[str, str]],
) -> Cells:
    if frame.empty:
        raise InputError(f"no cell of {row} × {column} is left to analyse")
    frame = frame.assign(run_of=run_of(frame, row, column))
    notes, columns = [], {}
    for name, part in frame.groupby(column):
        columns[name], left_out = balanced(part, row, which)
        notes += [f"{name}: {note}" for note in left_out]
    outcome = pd.DataFrame(columns).rename_axis(index=row, columns=column).sort_index()
    rows, names = list(outcome.index), list(outcome.columns)
    joint = bool(set(rows) & set(names))
    # In an order of their own, so that every matrix of the same tasks is relabeled alike.
    labels = sorted({*rows, *names} & set(matrix.rows))
    of_rows, of_columns = (labels, labels) if joint else (rows, names)
    distance = pd.DataFrame(matrix.array(of_rows, of_columns), of_rows, of_columns)
    for one, other in overlaps:
        if one in distance.index and other in distance.columns:
            distance.loc[one, other] = np.nan
    if joint:
        relabelings = joint_relabelings(labels, rows, names, count=study.permutations, seed=study.seed)
    else:
        sides = _SIDES.get(row, row), _SIDES.get(column, column)
        relabelings = separate_relabelings(
            len(rows), len(names), names=sides, count=study.permutations, seed=study.seed
        )
    observed = distance.loc[rows, names].to_numpy()
    return Cells(outcome, distance.to_numpy(), observed, relabelings, tuple(notes))


def run_of(frame: pd.DataFrame, *sides: str) -> pd.Series:
    """Name what a score was observed with besides its cell: model, adaptation, languages, and the condition in full."""
    parts = ["model", "adaptation", "initialisation", "checkpoint", "source_language", "language", "condition"]
    if "task" in sides:
        # `x`, `x+mlm` and `x@de` are three ways of having had x.
        ways = [condition.removeprefix(task_of(condition)) for condition in frame["condition"]]
        frame = frame.assign(condition=ways)
    named: pd.Series = frame[[part for part in parts if part not in sides]].astype(str).agg("/".join, axis=1)
    return named


def balanced(frame: pd.DataFrame, row: str, which: str) -> tuple[pd.Series, list[str]]:
    """Return the mean of each row over the same runs, and what had to be left out for that.

    Rows observed in different runs (other models, other languages) would differ for that reason alone. Seeds are
    averaged first. A row that lacks more than half of the runs is left out; then the runs that some row lacks are.
    """
    table = frame.groupby([row, "run_of"])[which].mean().unstack("run_of")
    rows, runs = [], []
    while table.isna().to_numpy().any():
        lacking_rows, lacking_runs = table.isna().mean(axis=1), table.isna().mean(axis=0)
        if lacking_rows.max() > 0.5:
            rows.append(str(lacking_rows.idxmax()))
            table = table.drop(index=lacking_rows.idxmax())
        else:
            runs.append(str(lacking_runs.idxmax()))
            table = table.drop(columns=lacking_runs.idxmax())
    notes = []
    if rows:
        notes.append(f"{', '.join(rows)} left out, which other runs than the rest were scored in")
    if runs:
        notes.append(f"{len(runs)} runs left out that not every {row.replace('_', ' ')} has (such as {runs[0]})")
    # Sums in another order differ in their last digits, which must not decide between equal scores.
    return table.mean(axis=1).round(9), notes
