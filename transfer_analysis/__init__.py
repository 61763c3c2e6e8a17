"""Transfer-correlation studies: does the distance between tasks, or between languages, tell what transfers?

Importing the package loads neither torch nor pandas; the names below load what they need when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "InputError": "transfer_analysis.errors",
    "TransferTable": "transfer_analysis.results",
    "DistanceMatrix": "transfer_analysis.distances",
    "Observations": "transfer_analysis.observations",
    "observe": "transfer_analysis.observations",
    "Outcome": "transfer_analysis.statistics",
    "association": "transfer_analysis.analyses",
    "pooled_association": "transfer_analysis.analyses",
    "selection": "transfer_analysis.analyses",
    "language_regression": "transfer_analysis.analyses",
    "mixed_model": "transfer_analysis.analyses",
    "read_results": "transfer_analysis.python",
    "gains": "transfer_analysis.python",
    "join": "transfer_analysis.python",
    "run_study": "transfer_analysis.python",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'transfer_analysis' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
