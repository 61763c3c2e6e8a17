"""One function per question: joined rows in, an outcome out; used by studies, by the command line and from Python.

What decides an answer is decided here, once: which rows count, what a cell is a mean over, which test is made.
"""

from __future__ import annotations

from transfer_analysis.analyses.cells import task_cells
from transfer_analysis.analyses.conditions import Group, condition_effect, condition_effects, group_contrast
from transfer_analysis.analyses.languages import (
    language_cells,
    language_pair_association,
    language_regression,
    language_scores,
    language_selection,
)
from transfer_analysis.analyses.models import mixed_model, require_mixed_model
from transfer_analysis.analyses.rows import Languages, Rows, counted
from transfer_analysis.analyses.slopes import diverse_choice, diverse_slopes, group_slopes, slope_rows, task_choice
from transfer_analysis.analyses.tasks import association, pooled_association, selection, specifications

__all__ = [
    "Group",
    "Languages",
    "Rows",
    "association",
    "condition_effect",
    "condition_effects",
    "counted",
    "diverse_choice",
    "diverse_slopes",
    "group_contrast",
    "group_slopes",
    "language_cells",
    "language_pair_association",
    "language_regression",
    "language_scores",
    "language_selection",
    "mixed_model",
    "pooled_association",
    "require_mixed_model",
    "selection",
    "slope_rows",
    "specifications",
    "task_cells",
    "task_choice",
]
