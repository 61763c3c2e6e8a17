"""Figures drawn from one file: a matrix, a transfer table, joined rows, or what another command has written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from transfer_analysis import plot
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.distances.kinds import task_kinds
from transfer_analysis.distances.languages.kinds import language_kinds
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.results import read_table, store
from transfer_analysis.studies.figures.drawn import Wanted, figure_of
from transfer_analysis.tasks import load_catalogue

#: What a file is expected to be.
MATRIX = "a matrix of distances (CSV)"
TABLE = "a transfer table"
ROWS = "the rows of `results join`"
OUTCOMES = "the CSV of `fit … --out`"
POWER = "the CSV of `power --out`"
SPECIFICATIONS = "the CSV of `fit specification --out`"
CALIBRATION = "a CSV of question, procedure, naive, rejected, replications"


def task_matrix(path: Path, wanted: Wanted) -> Figure:
    """Return a matrix of distances between tasks, with its tree where it is square."""
    return plot.task_distances(DistanceMatrix.read(path))


def language_matrix(path: Path, wanted: Wanted) -> Figure:
    """Return a matrix of distances between languages, with its tree where it is square."""
    return plot.language_distances(DistanceMatrix.read(path))


def task_map(path: Path, wanted: Wanted) -> Figure:
    """Return tasks in two dimensions."""
    return figure_of(plot.task_map(DistanceMatrix.read(path)))


def transfer_heatmap(path: Path, wanted: Wanted) -> Figure:
    """Return the effect of every condition on every target of a transfer table."""
    return _named(path, TABLE, lambda: plot.transfer_heatmap(read_table(path, load_catalogue())))


def language_tree(path: Path, wanted: Wanted) -> Figure:
    """Return the classification of the languages of a transfer table with the mean gain of each."""
    return _named(path, TABLE, lambda: plot.language_tree(read_table(path, load_catalogue())))


def distance_gain(path: Path, wanted: Wanted) -> Figure:
    """Return the gain of cells against a task distance."""
    rows = store.read_frame(path)
    distance = _distance(rows, wanted.distance, "--distance", of_tasks=True)
    outcome = wanted.outcome or ("gain" if "gain" in rows else "score")
    return _named(
        path,
        ROWS,
        lambda: figure_of(plot.distance_gain(rows, distance, outcome=outcome, hue=wanted.hue, **_rows(wanted))),
    )


def selection_curve(path: Path, wanted: Wanted) -> Figure:
    """Return the best of the k nearest tasks."""
    rows = store.read_frame(path)
    distance = _distance(rows, wanted.distance, "--distance", of_tasks=True)
    outcome = wanted.outcome or ("gain" if "gain" in rows else "score")
    return _named(path, ROWS, lambda: figure_of(plot.selection_curve(rows, distance, outcome=outcome, **_rows(wanted))))


def interaction(path: Path, wanted: Wanted) -> Figure:
    """Return the gain against a task distance, at near and at far languages."""
    rows = store.read_frame(path)
    distance = _distance(rows, wanted.distance, "--distance", of_tasks=True)
    away = _distance(rows, wanted.language_distance, "--language-distance", of_tasks=False)
    outcome = wanted.outcome or ("gain" if "gain" in rows else "score")
    return _named(
        path, ROWS, lambda: figure_of(plot.interaction(rows, distance, away, outcome=outcome, **_rows(wanted)))
    )


def language_scatter(path: Path, wanted: Wanted) -> Figure:
    """Return the score of languages against their distance."""
    rows = store.read_frame(path)
    distance = _distance(rows, wanted.distance, "--distance", of_tasks=False)
    return _named(
        path,
        ROWS,
        lambda: figure_of(
            plot.language_scatter(
                rows,
                distance,
                outcome=wanted.outcome or "score",
                source_language=wanted.source_language,
                **_rows(wanted),
            )
        ),
    )


def scores_by_language(path: Path, wanted: Wanted) -> Figure:
    """Return the scores of each target by language."""
    rows = store.read_frame(path)
    distance = _distance(rows, wanted.distance, "--distance", of_tasks=False)
    return _named(
        path,
        ROWS,
        lambda: plot.scores_by_language(rows, distance, source_language=wanted.source_language, **_rows(wanted)),
    )


def language_curve(path: Path, wanted: Wanted) -> Figure:
    """Return the best of the k nearest source languages."""
    rows = store.read_frame(path)
    distance = _distance(rows, wanted.distance, "--distance", of_tasks=False)
    return _named(
        path,
        ROWS,
        lambda: figure_of(plot.language_curve(rows, distance, outcome=wanted.outcome or "score", **_rows(wanted))),
    )


def forest(path: Path, wanted: Wanted) -> Figure:
    """Return estimates with their intervals."""
    return _named(path, OUTCOMES, lambda: plot.forest(store.read_frame(path)))


def power_curve(path: Path, wanted: Wanted) -> Figure:
    """Return the power of a test over sizes of a study."""
    return _named(path, POWER, lambda: figure_of(plot.power_curve(store.read_frame(path))))


def calibration(path: Path, wanted: Wanted) -> Figure:
    """Return how often procedures reject true nulls."""
    return _named(path, CALIBRATION, lambda: figure_of(plot.calibration(store.read_frame(path))))


def specification_curve(path: Path, wanted: Wanted) -> Figure:
    """Return a specification curve."""
    return _named(path, SPECIFICATIONS, lambda: figure_of(plot.specification_curve(store.read_frame(path))))


def _rows(wanted: Wanted) -> Any:
    """Return which rows count, as keywords."""
    return {"targets": wanted.targets, "model": wanted.model, "initialisation": wanted.initialisation}


def _named(path: Path, expected: str, draw: Callable[[], Figure]) -> Figure:
    """Draw, and name the file where it does not suffice, and what makes one that does."""
    try:
        return draw()
    except InputError as error:
        wanted = f"; expected {expected}" if "no column" in error.problems[0] else ""
        raise InputError([f"{path.name}: {problem}{wanted}" for problem in error.problems]) from error


def _distance(rows: pd.DataFrame, wanted: str, option: str, *, of_tasks: bool) -> str:
    """Return the distance that is named, or the only one of its side that a table has."""
    if wanted:
        return wanted
    there = [str(column).removesuffix("_distance") for column in rows if str(column).endswith("_distance")]
    own, others = (task_kinds(), language_kinds()) if of_tasks else (language_kinds(), task_kinds())
    # A person's own distance may have any name: it counts where none of the side's own kinds is there.
    found = [name for name in there if name in own] or [name for name in there if name not in others]
    if len(found) == 1:
        return found[0]
    what = "task" if of_tasks else "language"
    if not found:
        raise InputError(
            f"no column of a {what} distance{nearest('distance', map(str, rows.columns))}: add one with `transfer-analysis results join`"
        )
    raise InputError(f"{option}: say which {what} distance; the table has {', '.join(found)}")
