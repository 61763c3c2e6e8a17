"""Transfer-correlation studies: does the distance between tasks, or between languages, tell what transfers?

Importing the package loads neither torch nor pandas; the names below load what they need when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

#: Home → the names that it gives.
_HOMES = {
    "transfer_analysis.errors": ("InputError",),
    "transfer_analysis.results": ("TransferTable",),
    "transfer_analysis.distances": ("DistanceMatrix",),
    "transfer_analysis.observations": ("Observations", "observe"),
    "transfer_analysis.statistics": ("Outcome",),
    "transfer_analysis.analyses": (
        "Group",
        "association",
        "condition_effect",
        "condition_effects",
        "diverse_choice",
        "diverse_slopes",
        "group_contrast",
        "group_slopes",
        "language_regression",
        "language_selection",
        "mixed_model",
        "pooled_association",
        "selection",
        "task_choice",
    ),
    "transfer_analysis.analyses.crosstable": ("effect_table", "score_table"),
    "transfer_analysis.analyses.pairs": ("Predictor", "pair_panel"),
    "transfer_analysis.analyses.prediction": ("predict",),
    "transfer_analysis.example": ("example_distances", "example_results", "example_rows"),
    "transfer_analysis.python": ("read_results", "gains", "join", "language_distances", "run_study"),
}

_NAMES = {name: home for home, names in _HOMES.items() for name in names}

#: Rooms that are reached as they are.
_ROOMS = ("plot",)

__all__ = ["__version__", *_ROOMS, *_NAMES]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"transfer_analysis.{name}")
    if name not in _NAMES:
        raise AttributeError(f"module 'transfer_analysis' has no attribute {name!r}")
    return getattr(import_module(_NAMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
