"""Cells as a study asks for them, each made once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from transfer_analysis.analyses import Languages, task_cells
from transfer_analysis.errors import InputError
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.hypotheses import OfTaskDistance, TaskAssociation, TaskSelection, Which
from transfer_analysis.studies.study import Study


def cells_of(
    material: Material,
    which: Which,
    languages: Languages,
    distances: Sequence[str] = (),
    targets: Sequence[str] = (),
    model: str | None = None,
) -> CellTable:
    """Return the cells of intermediate × target task with some task distances, the study's first where none is named.

    Raises
    ------
    InputError
        Where gains are wanted and the results have none, and as `task_cells`.
    """
    names = tuple(distances) or (material.task_distance(),)
    study = material.study
    return material.once(
        ("cells", which, languages, names, tuple(targets), model),
        lambda: task_cells(
            material.observations(which).frame,
            which,
            [f"{name}_distance" for name in names],
            languages=languages,
            targets=targets,
            model=model,
            permutations=study.permutations,
            seed=study.seed,
        ),
    )


def looked_at(material: Material) -> tuple[CellTable, Which, Languages] | None:
    """Return the cells that the first hypothesis on the first task distance is of; None without a task distance."""
    study = material.study
    if not study.task_distances:
        return None
    first = next(
        (h for h in study.every if isinstance(h, TaskAssociation | TaskSelection) and _of_first(h, study)), None
    )
    which: Which = first.outcome if first else "gain"
    languages: Languages = first.languages if first else "zero-shot"
    return cells_of(material, which, languages), which, languages


def _of_first(hypothesis: OfTaskDistance, study: Study) -> bool:
    return hypothesis.distance in (None, study.first_distance)


def language_cells(material: Material, kind: str) -> CellTable:
    """Return the cells of source × test language, a language with itself left out.

    Raises
    ------
    InputError
        As `task_cells`.
    """
    frame = material.scores.frame
    matrix = material.distances[kind]
    # A language is no distance from itself where any of its features are known.
    known = [c for c in matrix.columns if np.isfinite(matrix.values.at[c, c])]
    unknown = sorted({*frame["source_language"], *frame["language"]} - set(known))
    frame = frame[frame["source_language"].isin(known) & frame["language"].isin(known)]
    if frame.empty:
        raise InputError(f"no pair of languages has a {kind} distance")
    cells = task_cells(
        frame,
        "score",
        [f"{kind}_distance"],
        languages="all",
        overlaps=True,
        row="source_language",
        column="language",
        permutations=material.study.permutations,
        seed=material.study.seed,
    )
    note = f"{len(unknown)} languages without known {kind} features left out: {', '.join(unknown)}"
    return cells.noting(note) if unknown else cells
