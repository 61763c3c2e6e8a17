"""Figures drawn from one file: a matrix, a transfer table, or what another command has written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from transfer_analysis import reporting
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import require_file
from transfer_analysis.languages import families, lineages, resolve
from transfer_analysis.observations import observe
from transfer_analysis.results import TransferTable, gains, read_table
from transfer_analysis.studies.analyses.languages import gains_of_languages
from transfer_analysis.studies.figures.drawn import figure_of
from transfer_analysis.studies.figures.scores import effect_figure
from transfer_analysis.studies.selected import effects, scores_of
from transfer_analysis.tasks import load_catalogue


def draw_file(name: str, path: Path) -> Figure:
    """Return a figure of one file.

    Raises
    ------
    InputError
        For a figure that needs more than a file, or a file that is not what it needs.
    """
    if name not in FROM_FILES:
        raise InputError(
            f"{name}: is drawn from the folder of a study's report, not from a file{nearest(name, FROM_FILES)}; from files are "
            f"drawn {', '.join(FROM_FILES)}"
        )
    _, draw = FROM_FILES[name]
    return draw(require_file(path, FROM_FILES[name][0]))


def _task_matrix(path: Path) -> Figure:
    matrix = DistanceMatrix.read(path)
    catalogue = load_catalogue()
    names = {*matrix.rows, *matrix.columns}
    return _matrix(matrix, {name: (catalogue.family(name) or "other") for name in names})


def _language_matrix(path: Path) -> Figure:
    matrix = DistanceMatrix.read(path)
    return _matrix(matrix, dict(families(sorted({*matrix.rows, *matrix.columns}))))


def _matrix(matrix: DistanceMatrix, groups: dict[str, str]) -> Figure:
    label = f"{matrix.kind} distance"
    if set(matrix.rows) == set(matrix.columns) and len(matrix.rows) > 2:
        return reporting.distance_dendrogram(matrix.values.loc[matrix.rows, matrix.rows], label=label, groups=groups)
    return figure_of(reporting.distance_heatmap(matrix.values, label=label, groups=groups))


def _transfer_heatmap(path: Path) -> Figure:
    catalogue = load_catalogue()
    table = read_table(path, catalogue)
    found = effects(TransferTable(scores_of(table, catalogue).reset_index(drop=True)))
    if found.empty:
        raise InputError(
            f"{path.name}: has no target with condition none and another one, of which effects could be drawn"
        )
    initialisation = "pretrained" if "pretrained" in set(found["initialisation"]) else found["initialisation"].iloc[0]
    return effect_figure(found[found["initialisation"] == initialisation], "the source language")


def _language_tree(path: Path) -> Figure:
    catalogue = load_catalogue()
    table = TransferTable(scores_of(read_table(path, catalogue), catalogue).reset_index(drop=True))
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
        raise InputError(f"{path.name}: is no CSV; expected {what}") from error
    missing = [column for column in wanted if column not in frame]
    if missing:
        raise InputError(
            f"{path.name}: column {missing[0]!r} is missing{nearest(missing[0], frame.columns)}; expected {what}"
        )
    return frame


def _power_curve(path: Path) -> Figure:
    wanted = ("conditions", "targets", "languages", "seeds", "power", "low", "high")
    return figure_of(reporting.power_plot(_columns(path, wanted, FROM_FILES["power-curve"][0])))


def _calibration(path: Path) -> Figure:
    wanted = ("question", "procedure", "naive", "rejected", "replications")
    return figure_of(reporting.calibration_plot(_columns(path, wanted, FROM_FILES["calibration"][0])))


def _specification_curve(path: Path) -> Figure:
    wanted = ("distance", "covariates", "exclusion", "estimate", "low", "high", "p_value")
    return figure_of(reporting.specification_plot(_columns(path, wanted, FROM_FILES["specification-curve"][0])))


#: Name → what it is drawn from, and how.
FROM_FILES: dict[str, tuple[str, Callable[[Path], Figure]]] = {
    "task-distances": ("a matrix of task distances (CSV)", _task_matrix),
    "language-distances": ("a matrix of language distances (CSV)", _language_matrix),
    "transfer-heatmap": ("a transfer table", _transfer_heatmap),
    "language-tree": ("a transfer table", _language_tree),
    "power-curve": ("the CSV of `transfer-analysis power --out`", _power_curve),
    "specification-curve": ("the CSV of `transfer-analysis fit specification --out`", _specification_curve),
    "calibration": ("a CSV of question, procedure, naive, rejected, replications", _calibration),
}
