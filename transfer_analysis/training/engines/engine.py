"""What an engine is: whatever runs nodes somewhere and tells how each ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transfer_analysis.training.runs.endings import Ending
from transfer_analysis.training.runs.nodes import Node
from transfer_analysis.training.runs.run import Control
from transfer_analysis.training.session import Setting


class Engine(Protocol):
    """Runs nodes. Nothing but `engines` knows which one it is."""

    def submit(self, nodes: Sequence[Node]) -> None:
        """Have nodes run, in this order where there is one."""
        ...

    def endings(self, wait: float) -> list[Ending]:
        """Return what has ended since the last call, after waiting for at most so many seconds."""
        ...

    def cancel(self) -> None:
        """Stop everything in good order, each node with a checkpoint, and give back what the engine holds."""
        ...


@dataclass(frozen=True)
class Options:
    """What engines can be told.

    Attributes
    ----------
    workers
        Nodes that run at once; 0 for as many as the engine finds room for.
    cpus, gpus, memory
        What a node needs: cores; cards, or a share of one; GiB, 0 where it is not reserved.
    address
        Of a Ray cluster; empty for one of this machine.
    minutes, partition
        For SLURM: time limit of a job, and where it runs.
    cluster
        For submitit: `slurm`, or `local` for processes of this machine.
    """

    workers: int = 0
    cpus: int = 1
    gpus: float = 0.0
    memory: float = 0.0
    address: str = ""
    minutes: int = 240
    partition: str = ""
    cluster: str = "slurm"


class MakeEngine(Protocol):
    """Makes an engine."""

    def __call__(self, setting: Setting, options: Options, control: Control) -> Engine:
        """Return an engine for the nodes of a grid."""
        ...
