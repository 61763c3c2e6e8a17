"""Which figures a study shows, and what each is made from."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from transfer_analysis.errors import InputError
from transfer_analysis.studies.analyses import Material
from transfer_analysis.studies.figures import languages, scores, tasks
from transfer_analysis.studies.figures.drawn import Draw, Drawn
from transfer_analysis.studies.findings import Finding

__all__ = ["FIGURES", "Drawn", "draw_figures"]

#: Name → the figure, in the order of the report; one that does not apply to a study draws nothing.
FIGURES: dict[str, Draw] = {
    "scores-by-language": scores.score_panels,
    "forest": scores.forest,
    "transfer-heatmap": scores.transfer_heatmap,
    "distance-gain": tasks.distance_gain,
    "selection-curve": tasks.task_curve,
    "task-map": tasks.task_map,
    "robustness-slopes": scores.robustness_slopes,
    "language-tree": scores.language_tree,
    "specification-curve": tasks.specification_curve,
    "language-scatter": languages.language_scatter,
    "language-curve": languages.language_curve,
    "task-distances": tasks.task_distances,
    "language-distances": languages.language_distances,
}


def draw_figures(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the figures of a study: those that its results suffice for."""
    drawn = []
    for draw in FIGURES.values():
        with suppress(InputError):  # the test that needs the same has said so
            drawn += draw(material, findings)
    return drawn
