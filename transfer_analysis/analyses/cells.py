"""Cells of intermediate × target task: each a mean over the same runs, with the distances that belong to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from transfer_analysis.analyses.rows import Languages, counted, overlapping
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.cells import CellTable, relabelings_of, require_constant
from transfer_analysis.statistics.frames import require_observations
from transfer_analysis.statistics.matrices import is_symmetric
from transfer_analysis.tasks.conditions import NONE, task_of

#: What an observation of a cell is told apart by, besides the cell and the seed.
_RUN = ("model", "adaptation", "initialisation", "checkpoint", "source_language", "language", "_way")

#: What the sides of a cell are called.
_SIDES = {"condition": "intermediate task", "source_language": "source language"}


def task_cells(
    frame: pd.DataFrame,
    outcome: str,
    distances: Sequence[str],
    *,
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    overlaps: bool = False,
    row: str = "condition",
    column: str = "target",
    covariates: Sequence[str] = (),
    strata: str | None = None,
    permutations: int = 9_999,
    seed: int = 0,
) -> CellTable:
    """Return the cells of joined rows, each a mean over the same runs of its target.

    A cell of a task with itself is left out, and an overlapping one, unless asked for: it has neither outcome nor distance,
    as its distance is small by construction, and relabeling must not move it onto other cells. Conditions `x`, `x+mlm` and
    `x@de` are three ways of having had x. Seeds are averaged first; then the mean is over the runs (model, adaptation,
    language, …) that every task of a target has. Tasks that stand on both sides are relabeled jointly, others separately.

    Parameters
    ----------
    frame
        One row per observation, as `observe` joins them.
    outcome, distances, covariates
        Columns of numbers; `semantic` is `semantic_distance` where there is no column of the shorter name.
    strata
        Column with the stratum of each row label (its family, say); labels are then exchanged within strata only.
    languages, targets, model, initialisation, overlaps
        As for `counted`.
    permutations, seed
        Of the relabelings.

    Raises
    ------
    InputError
        For a column that is not there or holds no numbers, repeated rows, a distance or covariate that varies within a cell
        (naming one), or no cell.
    """
    distances = [distance_column(frame, name) for name in distances]
    require_observations(frame, [row, column, *([strata] if strata else [])], [outcome, *distances, *covariates])
    named = frame.assign(**{key: frame[key].astype(str) for key in (row, column)})
    if row == "condition":
        named = named[named[row] != NONE]
        named = named.assign(
            _way=[name.removeprefix(task_of(name)) for name in named[row]], condition=named[row].map(task_of)
        )
    every = named if overlaps else named[~overlapping(named, row, column)]
    rows = counted(
        named,
        languages=languages,
        targets=targets,
        model=model,
        initialisation=initialisation,
        overlaps=overlaps,
        row=row,
        column=column,
    )
    kept, notes = rows.frame, list(rows.notes)
    if (missing := int(kept[outcome].isna().sum())) > 0:
        notes.append(f"{missing} rows without {outcome} left out")
        kept = kept[kept[outcome].notna()]
    for name in [*distances, *covariates]:
        require_constant(every, [row, column], name)
        kept, said = _with_distance(kept, name, row, column)
        notes += said
    if kept.empty:
        raise InputError(f"no row has a {outcome} of one {row} on another {column}; nothing can be compared")
    means, said = _balanced_table(kept, row, column, outcome)
    notes += said
    sides = [str(label) for label in means.index], [str(label) for label in means.columns]
    joint = bool(set(sides[0]) & set(sides[1]))
    labels = sorted({*sides[0], *sides[1]})
    names = _SIDES.get(row, row), _SIDES.get(column, column)
    relabelings = relabelings_of(
        kept, (row, column), strata, sides, labels if joint else None, names, permutations, seed
    )
    first = every.groupby([row, column], observed=True)[[*distances, *covariates]].first()
    of_rows, of_columns = (labels, labels) if joint else sides
    notes += _gaps(means, first, distances, row, column)
    return CellTable(
        outcome=means,
        distances={name: _square(first[name], of_rows, of_columns, joint) for name in distances},
        covariates={
            name: first[name].unstack(column).reindex(index=sides[0], columns=sides[1]).to_numpy(dtype=float)
            for name in covariates
        },
        relabelings=relabelings,
        notes=tuple(notes),
    )


def distance_column(frame: pd.DataFrame, name: str) -> str:
    """Return the column of a distance: its name, or its name with `_distance`."""
    for column in (name, f"{name}_distance"):
        if column in frame:
            return column
    known = [str(column) for column in frame.columns if str(column).endswith("_distance")]
    raise InputError(
        f"the table has no distance {name!r}{nearest(name, known)}; it has {', '.join(known) or 'none'}. Join one with "
        "`results join`"
    )


def balanced(frame: pd.DataFrame, row: str, which: str) -> tuple[pd.Series, list[str]]:
    """Return the mean of each row over the same runs (column `_run_of`), and what had to be left out for that.

    Rows observed in different runs (other models, other languages) would differ for that reason alone. Seeds are
    averaged first. A row that lacks more than half of the runs is left out; then the runs that some row lacks are.
    """
    table = frame.groupby([row, "_run_of"])[which].mean().unstack("_run_of")
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
        notes.append(f"excluded: {', '.join(rows)}, not scored in the same runs as the others")
    if runs:
        notes.append(f"{len(runs)} runs left out: not every {_called(row)} has them (such as {runs[0]})")
    # Sums in another order differ in their last digits, which must not decide between equal scores.
    return table.mean(axis=1).round(9), notes


def _called(row: str) -> str:
    return "task" if row == "condition" else row.replace("_", " ")


def run_of(frame: pd.DataFrame, *sides: str) -> pd.Series:
    """Name what each row was observed with besides the sides of its cell: model, adaptation, languages and so on."""
    parts = [part for part in (*_RUN, "condition") if part in frame and part not in sides]
    if not parts:
        return pd.Series("", index=frame.index)
    named: pd.Series = frame[parts].astype(str).agg("/".join, axis=1)
    return named


def _balanced_table(kept: pd.DataFrame, row: str, column: str, outcome: str) -> tuple[pd.DataFrame, list[str]]:
    kept = kept.assign(_run_of=run_of(kept, row, column))
    notes, columns = [], {}
    for name, part in kept.groupby(column, observed=True):
        columns[name], said = balanced(part, row, outcome)
        notes += [f"{name}: {note}" for note in said]
    table = pd.DataFrame(columns).rename_axis(index=row, columns=column).sort_index()
    return table, notes


def _with_distance(frame: pd.DataFrame, name: str, row: str, column: str) -> tuple[pd.DataFrame, list[str]]:
    """Leave out tasks and targets that a distance does not know at all, and rows of models that it is not of."""
    notes = []
    for side in (row, column):
        known = frame[name].notna().groupby(frame[side]).any()
        unknown = sorted(known.index[~known])
        if unknown and len(unknown) < len(known):
            notes.append(f"no {name.replace('_', ' ')} for the {side.replace('_', ' ')} {', '.join(unknown)}: left out")
        frame = frame[~frame[side].isin(unknown)]
    of_cell = frame[name].notna().groupby([frame[row], frame[column]]).transform("any")
    return frame[frame[name].notna() | ~of_cell], notes


def _square(values: pd.Series, rows: Sequence[str], columns: Sequence[str], joint: bool) -> np.ndarray:
    """Return a distance as an array.

    Of tasks on both sides, a pair that is known one way round only has that distance the other way too, where the distance
    is the same both ways round wherever both are known: relabeling needs it.
    """
    table: np.ndarray = values.unstack().reindex(index=list(rows), columns=list(columns)).to_numpy(dtype=float)
    if not joint:
        return table
    both = np.isfinite(table) & np.isfinite(table.T)
    symmetric = bool(both.any()) and is_symmetric(np.where(both, table, 0.0))
    filled: np.ndarray = np.where(np.isnan(table), table.T, table) if symmetric else table
    return filled


def _gaps(means: pd.DataFrame, first: pd.DataFrame, distances: Sequence[str], row: str, column: str) -> list[str]:
    """Say how many cells are empty, or lack a distance."""
    notes = []
    cells = means.size - len(set(means.index) & set(means.columns))
    empty = cells - int(means.notna().to_numpy().sum())
    if empty:
        notes.append(f"{empty} of {cells} cells of {row} × {column} are empty")
    with_outcome = means.stack().dropna().index
    for name in distances:
        missing = int(first[name].reindex(with_outcome).isna().sum())
        if missing:
            notes.append(f"{missing} cells have no {name} and are left out of its tests")
    return notes
