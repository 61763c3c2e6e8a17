"""From one row per observation to a table of cells: what association and selection work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.frames import require_observations, without_overlap
from transfer_analysis.statistics.permutation import Relabelings, joint_relabelings, separate_relabelings

Array = npt.NDArray[np.float64]

#: What observations of a cell differ in, for the note on what was averaged.
_AVERAGED = ("model", "adaptation", "initialisation", "source_language", "language", "checkpoint", "seed")


@dataclass(frozen=True)
class CellTable:
    """Cells of rows × columns with the distances and the relabelings that belong to them.

    Attributes
    ----------
    outcome
        Mean of each cell over its observations, NaN where it is empty.
    distances
        Name → the array that the relabelings point into.
    covariates
        Name → values in the outcome's shape.
    relabelings
        Joint where a label stands on both sides, else separate.
    notes
        What was left out, and what the cells are means of.
    """

    outcome: pd.DataFrame
    distances: Mapping[str, Array]
    covariates: Mapping[str, Array]
    relabelings: Relabelings
    notes: tuple[str, ...]

    @property
    def values(self) -> Array:
        """The outcome as an array."""
        return np.asarray(self.outcome, dtype=np.float64)

    @property
    def same_labels(self) -> bool:
        """Whether rows and columns name the same things in the same order."""
        return list(self.outcome.index) == list(self.outcome.columns)

    def observed(self, name: str) -> Array:
        """Return a distance in the outcome's shape."""
        return self.relabelings.observed(self.distances[name])


def cell_table(
    frame: pd.DataFrame,
    outcome: str,
    distances: Sequence[str],
    *,
    row: str = "condition",
    column: str = "target",
    covariates: Sequence[str] = (),
    strata: str | None = None,
    permutations: int = 9_999,
    seed: int = 0,
) -> CellTable:
    """Average observations to the cells over which their distances vary.

    Parameters
    ----------
    frame
        One row per observation. Rows without an outcome are left out, as are those of a cell with itself and those marked in a
        column `overlap`, where there is one.
    outcome, distances, covariates
        Columns of numbers.
    row, column
        Columns that name the sides of a cell.
    strata
        Column with the stratum of each row label (its family, say); labels are then exchanged within strata only.

    Raises
    ------
    InputError
        For a column that is not there or holds no numbers, repeated rows, a distance or covariate that varies within a
        cell (naming one), or no cell.
    """
    keys = [row, column]
    require_observations(frame, [*keys, *([strata] if strata else [])], [outcome, *distances, *covariates])
    every, said = without_overlap(frame.assign(**{key: frame[key].astype(str) for key in keys}), row, column)
    rows, notes = every[every[outcome].notna()], list(said)
    if len(rows) < len(every):
        notes.append(f"{len(every) - len(rows)} rows without {outcome} left out")
    if rows.empty:
        raise InputError(f"no row has a {outcome} of one {row} on another {column}; nothing can be compared")
    for name in [*distances, *covariates]:
        _require_constant(every, keys, name)
    grouped = rows.groupby(keys, observed=True)
    counts = grouped.size()
    over = [c for c in _AVERAGED if c in rows and c not in keys and rows[c].nunique() > 1]
    if over or counts.nunique() > 1:
        many = f"{counts.min()}" if counts.nunique() == 1 else f"{counts.min()} to {counts.max()}"
        notes.append(f"cells are means over {many} observations" + (f" ({', '.join(over)})" if over else ""))
    means = grouped[outcome].mean().unstack(column).sort_index().sort_index(axis=1)
    sides = [str(label) for label in means.index], [str(label) for label in means.columns]
    joint = bool(set(sides[0]) & set(sides[1]))
    labels = sorted({*sides[0], *sides[1]})
    relabelings = _relabelings(rows, (row, column), strata, sides, labels if joint else None, permutations, seed)
    # Distances of cells without an outcome are known too, and relabeling may bring them beside one.
    first = every.groupby(keys, observed=True)[[*distances, *covariates]].first()
    notes += _gaps(means, first, distances, row, column)
    of_rows, of_columns = (labels, labels) if joint else sides
    return CellTable(
        outcome=means,
        distances={
            name: first[name].unstack(column).reindex(index=of_rows, columns=of_columns).to_numpy(dtype=float)
            for name in distances
        },
        covariates={
            name: first[name].unstack(column).reindex(index=means.index, columns=means.columns).to_numpy(dtype=float)
            for name in covariates
        },
        relabelings=relabelings,
        notes=tuple(notes),
    )


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
            notes.append(f"{missing} cells have no {name}, and are left out where it counts")
    return notes


def _require_constant(rows: pd.DataFrame, keys: list[str], name: str) -> None:
    values = rows.groupby(keys, observed=True)[name]
    spread = values.max() - values.min()
    varying = spread[spread > 1e-9 * np.maximum(1.0, values.max().abs())]
    if len(varying):
        where = " × ".join(map(str, varying.index[0]))
        raise InputError(
            f"{name} varies within the cell {where}, so that {' × '.join(keys)} is not its unit: a distance of languages is tested "
            "over languages, and one that varies over both in a mixed model"
        )


def _relabelings(
    rows: pd.DataFrame,
    names: tuple[str, str],
    strata: str | None,
    sides: tuple[list[str], list[str]],
    labels: list[str] | None,
    permutations: int,
    seed: int,
) -> Relabelings:
    stratum: dict[str, str] = {}
    if strata is not None:
        row = names[0]
        several = rows.groupby(row, observed=True)[strata].nunique()
        if (several > 1).any():
            raise InputError(f"{row} {several.index[several > 1][0]} belongs to several strata of {strata}")
        stratum = {str(k): str(v) for k, v in rows.groupby(row, observed=True)[strata].first().items()}
    if labels is not None:
        given = [stratum.get(label, "") for label in labels] if strata else None
        return joint_relabelings(labels, *sides, strata=given, count=permutations, seed=seed)
    given = [stratum[label] for label in sides[0]] if strata else None
    many = len(sides[0]), len(sides[1])
    return separate_relabelings(*many, row_strata=given, names=names, count=permutations, seed=seed)
