"""How far different kinds of distance agree on which tasks are near: rank correlations between matrices."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError

#: Fewest cells that two matrices must share for a correlation to be given.
LEAST = 12


def rank_correlations(matrices: Mapping[str, DistanceMatrix]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return Spearman's correlation between the distances of each two kinds, and over how many cells.

    Cells are those that both have and that are known, from a task to another; of two symmetric kinds each pair counts once.
    Distances that are comparable within a target only (transferability scores, ranks) are ranked within each target first,
    and so is what they are compared with. It is a description: cells share tasks, and no p-value belongs to it.

    Parameters
    ----------
    matrices
        Name → matrix; at least two.

    Returns
    -------
    correlations, cells
        Frames of shape (kinds, kinds). NaN where two kinds share fewer than twelve cells, or one does not vary.

    Raises
    ------
    InputError
        For fewer than two matrices.
    """
    if len(matrices) < 2:
        raise InputError("comparing needs two kinds of distance at least")
    names = list(matrices)
    correlations = pd.DataFrame(np.eye(len(names)), index=names, columns=names)
    cells = pd.DataFrame(0, index=names, columns=names)
    for i, one in enumerate(names):
        for other in names[: i + 1]:
            rho, count = _correlation(matrices[one], matrices[other])
            correlations.loc[one, other] = correlations.loc[other, one] = 1.0 if one == other else rho
            cells.loc[one, other] = cells.loc[other, one] = count
    return correlations, cells


def _correlation(one: DistanceMatrix, other: DistanceMatrix) -> tuple[float, int]:
    rows = [label for label in one.rows if label in other.rows]
    columns = [label for label in one.columns if label in other.columns]
    a, b = one.array(rows, columns), other.array(rows, columns)
    apart = np.array([[row != column for column in columns] for row in rows], dtype=bool).reshape(a.shape)
    known = apart & np.isfinite(a) & np.isfinite(b)
    if one.directed or other.directed:
        a, b = _within_columns(a, known), _within_columns(b, known)
    else:
        known &= _first_of_pairs(rows, columns)
    count = int(known.sum())
    x, y = a[known], b[known]
    if count < LEAST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan"), count
    return float(spearmanr(x, y).statistic), count


def _first_of_pairs(rows: list[str], columns: list[str]) -> np.ndarray:
    """Return which cells are the first of the two that a symmetric distance has for a pair of labels."""
    seen: set[frozenset[str]] = set()
    first = np.zeros((len(rows), len(columns)), dtype=bool)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            pair = frozenset((row, column))
            first[i, j] = pair not in seen
            seen.add(pair)
    return first


def _within_columns(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return ranks within each column, from 0 to 1, of the cells that are known."""
    ranks = pd.DataFrame(np.where(known, values, np.nan)).rank()
    shares: np.ndarray = ((ranks - 0.5) / ranks.count()).to_numpy(dtype=float)
    return shares
