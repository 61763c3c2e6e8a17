"""One function per question: joined rows in, an outcome out; used by studies, by the command line and from Python.

What decides an answer is decided here, once: which rows count, what a cell is a mean over, which test is made.
"""

from __future__ import annotations

from transfer_analysis.analyses.cells import task_cells
from transfer_analysis.analyses.languages import language_regression, language_scores
from transfer_analysis.analyses.models import mixed_model
from transfer_analysis.analyses.rows import Languages, Rows, counted
from transfer_analysis.analyses.tasks import association, pooled_association, selection, specifications

__all__ = [
    "Languages",
    "Rows",
    "association",
    "counted",
    "language_regression",
    "language_scores",
    "mixed_model",
    "pooled_association",
    "selection",
    "specifications",
    "task_cells",
]
