"""How the work on a node ended, as types."""

from __future__ import annotations

from dataclasses import dataclass

from transfer_analysis.training.runs.nodes import Node


@dataclass(frozen=True)
class Ending:
    """The end of some work on a node."""

    node: Node


@dataclass(frozen=True)
class Finished(Ending):
    """Its rows are in the store."""


@dataclass(frozen=True)
class Failed(Ending):
    """It cannot be done, for a reason that another try would meet again."""

    reason: str


@dataclass(frozen=True)
class Preempted(Ending):
    """It was asked to stop, and did, with a checkpoint."""


@dataclass(frozen=True)
class Lost(Ending):
    """The process or the machine that worked on it is gone."""

    reason: str


@dataclass(frozen=True)
class Claimed(Ending):
    """Somebody else works on it; it was not begun."""


@dataclass(frozen=True)
class Blocked(Ending):
    """It was not begun, as what it begins with could not be made."""
