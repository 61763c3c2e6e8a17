"""Figures drawn from one file: a matrix, a transfer table, or what another command has written."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from transfer_analysis import reporting
from transfer_analysis.analyses import condition_effects
from transfer_analysis.analyses.languages import gains_of_languages
from transfer_analysis.analyses.scores import scores_of
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import families, lineages, resolve
from transfer_analysis.observations import observe
from transfer_analysis.results import TransferTable, gains, read_table
from transfer_analysis.studies.figures.drawn import figure_of
from transfer_analysis.studies.figures.scores import effect_figure
from transfer_analysis.tasks import load_catalogue

#: What a CSV is expected to be.
POWER = "the CSV of `transfer-analysis power --out`"
SPECIFICATIONS = "the CSV of `transfer-analysis fit specification --out`"
CALIBRATION = "a CSV of question, procedure, naive, rejected, replications"


def task_matrix(path: Path) -> Figure:
    """Return a matrix of distances between tasks, with its tree where it is square."""
    matrix = DistanceMatrix.read(path)
    catalogue = load_catalogue()
    names = {*matrix.rows, *matrix.columns}
    return _matrix(matrix, {name: (catalogue.family(name) or "other") for name in names})


def language_matrix(path: Path) -> Figure:
    """Return a matrix of distances between languages, with its tree where it is square."""
    matrix = DistanceMatrix.read(path)
    return _matrix(matrix, dict(families(sorted({*matrix.rows, *matrix.columns}))))


def _matrix(matrix: DistanceMatrix, groups: dict[str, str]) -> Figure:
    label = f"{matrix.kind} distance"
    if set(matrix.rows) == set(matrix.columns) and len(matrix.rows) > 2:
        return reporting.distance_dendrogram(matrix.values.loc[matrix.rows, matrix.rows], label=label, groups=groups)
    return figure_of(reporting.distance_heatmap(matrix.values, label=label, groups=groups))


def transfer_heatmap(path: Path) -> Figure:
    """Return the effect of every condition on every target of a transfer table."""
    catalogue = load_catalogue()
    found = condition_effects(scores_of(read_table(path, catalogue), catalogue))
    if found.empty:
        raise InputError(
            f"{path.name}: has no target with condition none and another one, of which effects could be drawn"
        )
    initialisation = "pretrained" if "pretrained" in set(found["initialisation"]) else found["initialisation"].iloc[0]
    return effect_figure(found[found["initialisation"] == initialisation], "the source language")


def language_tree(path: Path) -> Figure:
    """Return the classification of the languages of a transfer table with the mean gain of each."""
    catalogue = load_catalogue()
    table = TransferTable(scores_of(read_table(path, catalogue), catalogue))
    found = gains(table)
    if found.frame.empty:
        raise InputError(f"{path.name}: has no gains: rows with condition none are missing")
    languages = gains_of_languages(observe(found.frame, catalogue=catalogue).frame)
    codes = list(languages["language"])
    names = {code: resolve(code).name for code in codes}
    return reporting.language_tree(lineages(codes), languages, label="mean gain (points)", names=names)


def _columns(path: Path, wanted: tuple[str, ...], what: str) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path)
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name}: is not a CSV file; expected {what}") from error
    missing = [column for column in wanted if column not in frame]
    if missing:
        raise InputError(
            f"{path.name}: column {missing[0]!r} is missing{nearest(missing[0], frame.columns)}; expected {what}"
        )
    return frame


def power_curve(path: Path) -> Figure:
    """Return the power of a test over sizes of a study."""
    wanted = ("conditions", "targets", "languages", "seeds", "power", "low", "high")
    return figure_of(reporting.power_plot(_columns(path, wanted, POWER)))


def calibration(path: Path) -> Figure:
    """Return how often procedures reject true nulls."""
    wanted = ("question", "procedure", "naive", "rejected", "replications")
    return figure_of(reporting.calibration_plot(_columns(path, wanted, CALIBRATION)))


def specification_curve(path: Path) -> Figure:
    """Return a specification curve."""
    wanted = ("distance", "covariates", "exclusion", "estimate", "low", "high", "p_value")
    return figure_of(reporting.specification_plot(_columns(path, wanted, SPECIFICATIONS)))
