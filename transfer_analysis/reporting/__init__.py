"""Figures, tables and the report: frames and outcomes in, axes and text out."""

from transfer_analysis.reporting.crosstables import crosstable_latex, crosstable_markdown, crosstable_text
from transfer_analysis.reporting.curves import calibration_plot, power_plot, specification_plot
from transfer_analysis.reporting.figures import (
    agreement_heatmap,
    distance_heatmap,
    distance_scatter,
    selection_curve_plot,
)
from transfer_analysis.reporting.forest import forest_plot
from transfer_analysis.reporting.interactions import interaction_plot
from transfer_analysis.reporting.look import Look, Looks, looking, shown
from transfer_analysis.reporting.maps import task_map
from transfer_analysis.reporting.panels import effect_panels, score_panels
from transfer_analysis.reporting.report import Figure, Page, Section, render_html, render_latex, render_markdown
from transfer_analysis.reporting.reproductions import reproduction_plot
from transfer_analysis.reporting.slopes import robustness_plot
from transfer_analysis.reporting.style import COLUMN_WIDTH, PAGE_WIDTH, figure_bytes, style
from transfer_analysis.reporting.tables import latex_table, outcome_table, readable
from transfer_analysis.reporting.trees import distance_dendrogram, language_tree

__all__ = [
    "COLUMN_WIDTH",
    "PAGE_WIDTH",
    "Figure",
    "Look",
    "Looks",
    "Page",
    "Section",
    "agreement_heatmap",
    "calibration_plot",
    "crosstable_latex",
    "crosstable_markdown",
    "crosstable_text",
    "distance_dendrogram",
    "distance_heatmap",
    "distance_scatter",
    "effect_panels",
    "figure_bytes",
    "forest_plot",
    "interaction_plot",
    "language_tree",
    "latex_table",
    "looking",
    "outcome_table",
    "power_plot",
    "readable",
    "render_html",
    "render_latex",
    "render_markdown",
    "reproduction_plot",
    "robustness_plot",
    "score_panels",
    "selection_curve_plot",
    "shown",
    "specification_plot",
    "style",
    "task_map",
]
