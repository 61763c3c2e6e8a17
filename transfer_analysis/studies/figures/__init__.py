"""The figures, each one object: from the folder of a report, or from a file."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from matplotlib.figure import Figure

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.extensions import extended
from transfer_analysis.files import require_file
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.figures import files, languages, scores, tasks
from transfer_analysis.studies.figures.drawn import Drawn, FigureKind, OfFile, Wanted
from transfer_analysis.studies.findings import Finding

__all__ = ["Drawn", "FigureKind", "OfFile", "Wanted", "draw_figures", "draw_file", "figure_kind", "figures"]

#: The entry point under which others add their figures.
GROUP = "transfer_analysis.figures"

#: In the order of the report.
_BUNDLED = (
    FigureKind(
        "scores-by-language",
        "scores without intermediate training, by language",
        scores.score_panels,
        OfFile(files.ROWS, files.scores_by_language),
    ),
    FigureKind(
        "forest", "estimates of all tests with their intervals", scores.forest, OfFile(files.OUTCOMES, files.forest)
    ),
    FigureKind(
        "transfer-heatmap",
        "effect of every condition on every target",
        scores.transfer_heatmap,
        OfFile(files.TABLE, files.transfer_heatmap),
    ),
    FigureKind(
        "distance-gain",
        "gain or score against task distance",
        tasks.distance_gain,
        OfFile(files.ROWS, files.distance_gain),
    ),
    FigureKind(
        "interaction",
        "gain against task distance, at near and at far languages",
        tasks.interaction,
        OfFile(files.ROWS, files.interaction),
    ),
    FigureKind(
        "selection-curve",
        "best of the k nearest tasks beside random choice",
        tasks.task_curve,
        OfFile(files.ROWS, files.selection_curve),
    ),
    FigureKind(
        "task-map", "tasks by their distance, gains as arrows", tasks.task_map, OfFile(files.MATRIX, files.task_map)
    ),
    FigureKind("robustness-slopes", "gains against language distance, by condition", scores.robustness_slopes),
    FigureKind(
        "language-tree",
        "the languages' classification with the mean gain of each",
        scores.language_tree,
        OfFile(files.TABLE, files.language_tree),
    ),
    FigureKind(
        "specification-curve",
        "the association under every specification",
        tasks.specification_curve,
        OfFile(files.SPECIFICATIONS, files.specification_curve),
    ),
    FigureKind(
        "language-scatter",
        "score against language distance",
        languages.language_scatter,
        OfFile(files.ROWS, files.language_scatter),
    ),
    FigureKind(
        "language-curve",
        "best of the k nearest source languages beside random choice",
        languages.language_curve,
        OfFile(files.ROWS, files.language_curve),
    ),
    FigureKind(
        "task-distances",
        "distances between tasks, with their tree",
        tasks.task_distances,
        OfFile(files.MATRIX, files.task_matrix),
    ),
    FigureKind(
        "language-distances",
        "distances between languages, with their tree",
        languages.language_distances,
        OfFile(files.MATRIX, files.language_matrix),
    ),
    FigureKind("power-curve", "power over sizes of a study", of_file=OfFile(files.POWER, files.power_curve)),
    FigureKind(
        "calibration",
        "how often procedures reject true nulls",
        of_file=OfFile(files.CALIBRATION, files.calibration),
    ),
)


@cache
def figures() -> dict[str, FigureKind]:
    """Return every figure by its name: the bundled ones, then those of other packages.

    Raises
    ------
    InputError
        For one of another package that is none, or takes a name that is taken.
    """
    return extended(
        _BUNDLED,
        GROUP,
        name=lambda kind: kind.name,
        fits=lambda kind: isinstance(kind, FigureKind),
        noun="a figure",
        expected="a FigureKind",
    )


def figure_kind(name: str) -> FigureKind:
    """Return a figure by its name.

    Raises
    ------
    InputError
        For one that there is not, with the nearest.
    """
    known = figures()
    if name not in known:
        raise InputError(f"unknown figure {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    return known[name]


def draw_file(name: str, path: Path, wanted: Wanted | None = None) -> Figure:
    """Return a figure of one file.

    Raises
    ------
    InputError
        For a figure that needs more than a file, or a file that is not what it needs.
    """
    of_file = figure_kind(name).of_file
    if of_file is None:
        known = [kind.name for kind in figures().values() if kind.of_file is not None]
        raise InputError(
            f"{name}: is drawn from the folder of a study's report, not from a file{nearest(name, known)}; from files are "
            f"drawn {', '.join(known)}"
        )
    return of_file.draw(require_file(path, of_file.expected), wanted or Wanted())


def draw_study(name: str, material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the figures of one kind that a study has: `<name>`, and `<name>-2` … where it has several.

    Raises
    ------
    InputError
        For a kind that there is not.
    """
    kind = figure_kind(name)
    drawn = [] if kind.of_study is None else kind.of_study(material, findings)
    return [replace(one, name=kind.name if i == 0 else f"{kind.name}-{i + 1}") for i, one in enumerate(drawn)]


def draw_figures(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the figures of a study: those that its results suffice for."""
    drawn = []
    for name in figures():
        with suppress(InputError):  # the test that needs the same has said so
            drawn += draw_study(name, material, findings)
    return drawn
