"""A table of cells with its distances and relabelings: what association and selection work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.permutation import Relabelings, joint_relabelings, separate_relabelings

Array = npt.NDArray[np.float64]


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

    def noting(self, *notes: str) -> CellTable:
        """Return the cells with further notes before their own."""
        return replace(self, notes=(*notes, *self.notes))

    @property
    def distance(self) -> Array:
        """The only distance, as the relabelings point into it."""
        (found,) = self.distances.values()
        return found

    def observed(self, name: str | None = None) -> Array:
        """Return a distance in the outcome's shape, the only one where none is named."""
        return self.relabelings.observed(self.distance if name is None else self.distances[name])


def require_constant(rows: pd.DataFrame, keys: list[str], name: str) -> None:
    """Refuse a column that varies within a cell, naming one."""
    values = rows.groupby(keys, observed=True)[name]
    spread = values.max() - values.min()
    varying = spread[spread > 1e-9 * np.maximum(1.0, values.max().abs())]
    if len(varying):
        where = " × ".join(map(str, varying.index[0]))
        raise InputError(
            f"{name} varies within the cell {where}, so that {' × '.join(keys)} is not its unit: a distance of languages is tested "
            "over languages, and one that varies over both in a mixed model"
        )


def relabelings_of(
    rows: pd.DataFrame,
    columns: tuple[str, str],
    strata: str | None,
    sides: tuple[list[str], list[str]],
    labels: list[str] | None,
    names: tuple[str, str],
    permutations: int,
    seed: int,
) -> Relabelings:
    """Return the relabelings of cells.

    Parameters
    ----------
    columns
        Columns that name the two sides of a cell.
    strata
        Column with the stratum of each row label; labels are exchanged within strata only.
    sides
        Labels of the rows and of the columns.
    labels
        All labels, where some stand on both sides, which are then relabeled jointly; else None.
    names
        What the sides are called.
    """
    stratum: dict[str, str] = {}
    if strata is not None:
        row = columns[0]
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
