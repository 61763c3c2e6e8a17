"""Checkpoints inside a phase: everything a killed run needs to end as if it had never been killed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from transfer_analysis.training.computing.tensors import apart, read_tensors, write_tensors

Weights = dict[str, torch.Tensor]


class StoppedError(Exception):
    """A person has asked to stop; what was done so far is in the checkpoint."""


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Give a function that tells whether Ctrl-C was pressed within the block; pressed twice, it ends the block at once.

    SIGTERM, by which schedulers of clusters ask a job to end, is the same.
    """
    pressed = threading.Event()

    def press(*_: Any) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    if threading.current_thread() is not threading.main_thread():  # signals go to the main thread only
        yield pressed.is_set
        return
    before = {number: signal.signal(number, press) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield pressed.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Best:
    """The best development score so far, at which step it was, and the weights it belongs to."""

    score: float = float("-inf")
    step: int = 0
    weights: Weights = field(default_factory=dict)


@dataclass
class Checkpoint:
    """Where a phase is kept while it runs, and how often (seconds; 0: at every step).

    Whether and when it is written does not change the outcome: weights, moments of the optimiser, place in the schedule,
    random state, step and best weights are restored bit for bit, and the batches are a function of the step.
    """

    path: Path
    every: float
    stopping: Callable[[], bool] = lambda: False
    _written: float = field(default_factory=time.monotonic, repr=False)

    def due(self) -> bool:
        """Whether it is time to write."""
        return self.stopping() or time.monotonic() - self._written >= self.every

    def write(
        self,
        step: int,
        modules: Sequence[torch.nn.Module],
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
        best: Best,
    ) -> None:
        """Write the state after `step` steps.

        Raises
        ------
        StoppedError
            Where a person has asked to stop.
        """
        tensors = {f"module.{i}.{k}": v for i, m in enumerate(modules) for k, v in m.state_dict().items()}
        state = optimizer.state_dict()
        for number, moments in state["state"].items():
            tensors |= {f"optimizer.{number}.{k}": v for k, v in moments.items()}
        tensors |= {f"best.{name}": tensor for name, tensor in best.weights.items()}
        tensors["random.cpu"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        about = {
            "step": step,
            "groups": state["param_groups"],
            "schedule": {k: v for k, v in schedule.state_dict().items() if k != "lr_lambdas"},
            "best": [best.score if best.weights else None, best.step],
        }
        write_tensors(self.path, apart(tensors), about)
        self._written = time.monotonic()
        if self.stopping():
            raise StoppedError

    def restore(
        self,
        modules: Sequence[torch.nn.Module],
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
        best: Best,
    ) -> int:
        """Restore the state that was written last, in place, and return its step; 0 where there is none."""
        found = read_tensors(self.path)
        if found is None:
            return 0
        tensors, about = found
        for i, module in enumerate(modules):
            module.load_state_dict(_below(tensors, f"module.{i}."))
        moments: dict[int, dict[str, Any]] = {}
        for name, tensor in _below(tensors, "optimizer.").items():
            number, _, key = name.partition(".")
            moments.setdefault(int(number), {})[key] = tensor
        optimizer.load_state_dict({"state": moments, "param_groups": about["groups"]})
        schedule.load_state_dict({**about["schedule"], "lr_lambdas": [None] * len(about["groups"])})
        torch.set_rng_state(tensors["random.cpu"])
        if "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
        best.weights = _below(tensors, "best.")
        best.score = about["best"][0] if best.weights else best.score
        best.step = about["best"][1]
        return int(about["step"])


def _below(tensors: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
