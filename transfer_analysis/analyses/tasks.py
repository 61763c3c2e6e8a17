"""Questions on the distance of tasks: does it tell the gain, and does choosing by it beat choosing at random?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from transfer_analysis import statistics
from transfer_analysis.analyses.cells import task_cells
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics import Outcome, SpecificationCurve
from transfer_analysis.statistics.association import MIN_LEVELS, Method
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.statistics.outcome import Alternative, alike
from transfer_analysis.statistics.selection import LeaveOut, Measure

#: Kinds of correlation.
METHODS: tuple[Method, ...] = ("spearman", "pearson", "kendall", "distance")

#: Relabelings that a description of many specifications is made of.
_DESCRIBED = 2_000

_UNIT = "intermediate × target cells"


def association(
    frame: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "gain",
    method: Method = "spearman",
    alternative: Alternative = "two-sided",
    covariates: Sequence[str] = (),
    seed: int = 0,
    **which: Any,
) -> Outcome:
    """Return the correlation of a task distance with the outcome within targets, tested by permutation of labels.

    Parameters
    ----------
    frame
        Joined rows, as `observe` gives them.
    distance
        Name of a distance (`semantic`), or its column.
    method
        `spearman`, `pearson`, `kendall` or `distance` (distance correlation).
    covariates
        Columns that are held fixed; for spearman and pearson.
    **which
        Which rows count, and how many permutations: as for `task_cells`.

    Raises
    ------
    InputError
        As `task_cells`, and for an unknown method.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame([(f"t{i}", f"u{j}", i + j / 10, -i) for i in range(6) for j in range(3)],
    ...                     columns=["condition", "target", "semantic_distance", "gain"])
    >>> round(association(rows, "semantic", permutations=99).estimate, 6)
    -1.0
    """
    cells = task_cells(frame, outcome, [distance], covariates=covariates, seed=seed, **which)
    return association_of(
        cells, method=method, alternative=alternative, column=which.get("column", "target"), seed=seed
    )


def association_of(
    cells: CellTable,
    *,
    method: Method = "spearman",
    alternative: Alternative = "two-sided",
    column: str = "target",
    seed: int = 0,
) -> Outcome:
    """Return the association of cells: partial where they have covariates.

    Raises
    ------
    InputError
        For an unknown method, or one that holds no covariates fixed.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r}: expected {', '.join(METHODS)}{nearest(method, METHODS)}")
    (name,) = cells.distances
    if cells.covariates:
        if method not in ("spearman", "pearson"):
            raise InputError(f"covariates are held fixed for spearman and pearson correlations, not for {method}")
        return statistics.partial_association(
            cells.distances[name],
            cells.values,
            cells.covariates,
            cells.relabelings,
            method=method,
            alternative=alternative,
            column=column,
        ).noting(*cells.notes)
    found = statistics.association(
        cells.distances[name],
        cells.values,
        cells.relabelings,
        method=method,
        alternative=alternative,
        unit=_UNIT if column == "target" else "cells",
        column=column,
        names=list(map(str, cells.outcome.columns)),
    )
    return found.noting(*cells.notes, *_pigeonhole(cells, name, method, seed))


def pooled_association(
    frame: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "gain",
    alternative: Alternative = "two-sided",
    **which: Any,
) -> Outcome:
    """Return the correlation over all cells of a task distance with the outcome standardised within its target.

    Parameters as for `association`.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> found = pooled_association(example_rows(), "semantic", alternative="less", permutations=99)
    >>> found.n, found.estimate < -0.5
    (18, True)
    """
    return pooled_association_of(task_cells(frame, outcome, [distance], **which), alternative=alternative)


def pooled_association_of(cells: CellTable, *, alternative: Alternative = "two-sided") -> Outcome:
    """Return the pooled association of cells."""
    (distance,) = cells.distances.values()
    found = statistics.pooled_association(
        distance, cells.values, cells.relabelings, alternative=alternative, unit=_UNIT
    )
    return found.noting(*cells.notes)


def selection(
    frame: pd.DataFrame,
    distances: str | Sequence[str],
    measure: Measure,
    *,
    outcome: str = "score",
    leave_out: LeaveOut = "target",
    seed: int = 0,
    **which: Any,
) -> Outcome:
    """Return how well tasks are selected by a distance, or by a model of several, beside random selection.

    Parameters
    ----------
    measure
        `NDCG`, `Regret`, `Top1` or `AverageRank` of `transfer_analysis.statistics`.
    leave_out
        With several distances, a model of them is fitted without the target, or without the task.
    **which
        Which rows count, and how many permutations: as for `task_cells`.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> from transfer_analysis.statistics import Regret
    >>> found = selection(example_rows(), "semantic", Regret(1, "best", relative=False), outcome="gain", permutations=99)
    >>> found.estimate < found.random_selection
    True
    """
    names = [distances] if isinstance(distances, str) else list(distances)
    if len(set(names)) < len(names):
        raise InputError(f"distance {names[0]!r} is given twice")
    cells = task_cells(frame, outcome, names, seed=seed, **which)
    return selection_of(cells, measure, leave_out=leave_out, seed=seed, column=which.get("column", "target"))


def selection_of(
    cells: CellTable, measure: Measure, *, leave_out: LeaveOut = "target", seed: int = 0, column: str = "target"
) -> Outcome:
    """Return the selection by the distance of cells, or by a model of several."""
    unit = f"{column}s"
    if len(cells.distances) == 1:
        (distance,) = cells.distances.values()
        found = statistics.selection(distance, cells.values, cells.relabelings, measure, seed=seed, unit=unit)
    else:
        found = statistics.selection_by_model(
            cells.distances,
            cells.values,
            cells.relabelings,
            measure,
            leave_out=leave_out,
            labels=(list(map(str, cells.outcome.index)), list(map(str, cells.outcome.columns))),
            seed=seed,
            unit=unit,
        )
    return found.noting(*cells.notes)


def specifications(
    cells: CellTable,
    *,
    covariates: Mapping[str, Sequence[str]] | None = None,
    exclusions: Mapping[str, np.ndarray] | None = None,
    method: Method = "spearman",
) -> SpecificationCurve:
    """Return the association for every distance × set of covariates × exclusion; a description.

    Parameters
    ----------
    covariates
        Name of a set → its columns, among the covariates of the cells.
    exclusions
        Name → the cells that are left out, in the shape of the outcome.
    """
    return statistics.specification_curve(
        cells.distances,
        cells.values,
        cells.relabelings.first(_DESCRIBED),
        covariates={name: {c: cells.covariates[c] for c in columns} for name, columns in (covariates or {}).items()},
        exclusions=exclusions or {},
        method="pearson" if method == "pearson" else "spearman",
    )


def _pigeonhole(cells: CellTable, name: str, method: Method, seed: int) -> list[str]:
    """Return the interval of resampled rows and columns, where there are enough of both."""
    if method == "distance" or min(cells.values.shape) < MIN_LEVELS:
        return []
    low, high = statistics.pigeonhole_interval(
        cells.observed(name), cells.values, method=method, same_labels=cells.same_labels, seed=seed
    )
    return [f"95% interval by the pigeonhole bootstrap of tasks and targets: {' to '.join(alike(low, high))}"]
