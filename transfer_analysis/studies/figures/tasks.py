"""Figures of distances between tasks: beside outcomes, as a matrix, as a map."""

from __future__ import annotations

from collections.abc import Sequence

from transfer_analysis import plot, reporting
from transfer_analysis.analyses.rows import of_languages
from transfer_analysis.distances.kinds import task_kinds
from transfer_analysis.plot.draw import draw_cells
from transfer_analysis.statistics import selection_curve
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.analyses.tasks import Specifications, looked_at
from transfer_analysis.studies.figures.drawn import Drawn, figure_of
from transfer_analysis.studies.findings import Finding
from transfer_analysis.tasks.conditions import task_of

#: Below this many groups a side a resampled band is too narrow.
_FEW = 10

#: Tasks that a map needs.
_FEWEST = 4


def distance_gain(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the outcome of each cell against its distance; standardised within its target, which partials the target out."""
    looked = looked_at(material)
    if looked is None:
        return []
    cells, which, languages = looked
    where = "zero-shot " if languages == "zero-shot" else ""
    words = {"distance": f"{material.task_distance()} distance", "outcome": f"{where}{which}"}
    families = {str(task): material.family(str(task)) for task in cells.outcome.index}
    hues = {(task, str(target)): family for task, family in families.items() for target in cells.outcome.columns}
    ax = draw_cells(cells, hues, words)
    few = min(cells.outcome.shape) < _FEW
    note = f"; with fewer than {_FEW} tasks on a side it is too narrow" if few else ""
    # With fewer than three tasks on a side nothing can be resampled.
    drawn_band = f"; band: 95%, both kinds of tasks resampled{note}" if min(cells.outcome.shape) > 2 else ""
    return [
        Drawn(
            figure_of(ax),
            f"{(where + which).capitalize()} against {material.task_distance()} distance, one point per intermediate × target cell, coloured by "
            f"the family of the intermediate task. Line: least squares{drawn_band}.",
        )
    ]


def interaction(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the gain against task distance at near and at far languages, where a study has both distances."""
    kinds = material.study.language_distance_names
    if material.gains is None or not kinds or looked_at(material) is None:
        return []
    rows = of_languages(material.gains.frame, "zero-shot")
    if rows["language"].nunique() < 2 * _FEWEST or f"{kinds[0]}_distance" not in rows:
        return []
    name = material.task_distance()
    ax = plot.interaction(rows, name, kinds[0])
    return [
        Drawn(
            figure_of(ax),
            f"Gain against {name} distance in the half of the languages that is near in {kinds[0]} distance and in the half that is "
            "far: one point per intermediate × target cell, lines of least squares. A description: the test of the interaction is "
            "a mixed model.",
        )
    ]


def task_curve(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the best outcome among the k nearest tasks beside random choice."""
    looked = looked_at(material)
    if looked is None:
        return []
    cells, which, _ = looked
    curve = selection_curve(cells.distance, cells.outcome.to_numpy(), cells.relabelings)
    ax = reporting.selection_curve_plot(curve, outcome=f"{which} (points)")
    return [
        Drawn(
            figure_of(ax),
            f"Best {which} among the k intermediate tasks with the smallest {material.task_distance()} distance, mean over "
            "targets, beside the exact expectation of choosing k at random and the range of 95% of relabeled distances.",
        )
    ]


def task_distances(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the matrix of the first task distance: with its tree where it is square, else by family."""
    looked = looked_at(material)
    if looked is None:
        return []
    cells, _, _ = looked
    matrix = material.distances[material.task_distance()]
    sides = (list(cells.outcome.index), list(cells.outcome.columns))
    # A matrix that a person gave may be of any kind.
    title = task_kinds()[matrix.kind].title if matrix.kind in task_kinds() else matrix.kind
    name = material.task_distance()
    label, caption = f"{name} distance", f"{name.capitalize()} distance between tasks ({title})"
    every = list(dict.fromkeys([*sides[0], *sides[1]]))
    groups = {task: material.family(task) for task in every}
    if set(every) <= set(matrix.rows) & set(matrix.columns) and len(every) > 2:
        figure = reporting.distance_dendrogram(matrix.values.loc[every, every], label=label, groups=groups)
        caption += ", in the order of a tree by average linkage; marks: families."
    else:
        figure = figure_of(
            reporting.distance_heatmap(matrix.values.loc[sides[0], sides[1]], label=label, groups=groups)
        )
        caption += ", ordered by family."
    return [Drawn(figure, caption)]


def task_map(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return a map of the tasks with the largest gains as arrows."""
    looked = looked_at(material)
    if looked is None or material.gains is None:
        return []
    cells, _, languages = looked
    matrix = material.distances[material.task_distance()]
    every = list(dict.fromkeys([*cells.outcome.index, *cells.outcome.columns]))
    if len(every) < _FEWEST or not set(every) <= set(matrix.rows) & set(matrix.columns):
        return []
    values = matrix.values.loc[every, every]
    if values.isna().to_numpy().any():
        return []
    rows = of_languages(material.gains.frame, languages)
    rows = rows[~rows["overlap"]].assign(condition=lambda frame: frame["condition"].map(task_of))
    rows = rows[rows["condition"] != rows["target"]]
    gains = rows.groupby(["condition", "target"], as_index=False)["gain"].mean()
    groups = {task: material.family(task) for task in every}
    ax = reporting.task_map(values, gains, groups, seed=material.study.seed)
    return [
        Drawn(
            figure_of(ax),
            f"Tasks by {material.task_distance()} distance (metric scaling to two dimensions; its stress says how much is lost), and "
            "the twelve gains farthest from zero as arrows from intermediate to target task: orange gains, purple losses.",
        )
    ]


def specification_curve(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the curve of every specification that a hypothesis asks for."""
    return [
        _curve(hypothesis, material) for hypothesis in material.study.every if isinstance(hypothesis, Specifications)
    ]


def _curve(hypothesis: Specifications, material: Material) -> Drawn:
    ax = reporting.specification_plot(hypothesis.curve(material).table)
    return Drawn(
        figure_of(ax),
        f"Correlation of task distance and {hypothesis.outcome} within targets for every task distance of the study, with all "
        "intermediate tasks and with each family of them left out, in order of the estimate. Lines: intervals, each of its "
        "own specification. A description: specifications share their data.",
    )
