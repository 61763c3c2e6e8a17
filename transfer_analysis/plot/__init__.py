"""Figures of frames, in seaborn's manner: a table in, axes out; the same that reports show, under the same names.

Every function takes keywords for the look of the figure (`reporting.Look`): `width` (`column`, `page`, `slide`, or inches), `height`,
`font`, `font_size`, `palette`, `labels`, `order`, `only` and `title`.
"""

from transfer_analysis.plot.languages import language_curve, language_scatter, language_tree, scores_by_language
from transfer_analysis.plot.matrices import language_distances, task_distances, task_map
from transfer_analysis.plot.tables import calibration, forest, power_curve, specification_curve, transfer_heatmap
from transfer_analysis.plot.tasks import distance_gain, interaction, selection_curve

__all__ = [
    "calibration",
    "distance_gain",
    "forest",
    "interaction",
    "language_curve",
    "language_distances",
    "language_scatter",
    "language_tree",
    "power_curve",
    "scores_by_language",
    "selection_curve",
    "specification_curve",
    "task_distances",
    "task_map",
    "transfer_heatmap",
]
