"""What the work of a grid takes, run by run, before anything is trained."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from transfer_analysis.progress import Report, silent
from transfer_analysis.training.cost import cost_of, memory_of, size_of
from transfer_analysis.training.pretraining.settings import is_to_be_pretrained
from transfer_analysis.training.runs.execute import language_counts, prepared
from transfer_analysis.training.runs.nodes import Node, is_finished
from transfer_analysis.training.runs.pretraining import pretraining_node, with_encoder
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.session import Setting

#: Share of the speed of a plain product that training reaches on one thread of a processor.
_SUSTAINED = 0.5

#: Rows of the square product that is timed.
_PRODUCT = 1024


@dataclass(frozen=True)
class Estimate:
    """What one node takes: seconds, and bytes in the store; `stored` where it is done already."""

    node: Node
    seconds: float
    bytes: float
    stored: bool


@dataclass(frozen=True)
class Work:
    """The nodes of a grid with what each takes; speed, memory of a run and disk."""

    nodes: list[Estimate]
    tflops: float
    memory: float
    free: float

    def lines(self) -> Iterator[str]:
        """Say what it is all together."""
        left = [one for one in self.nodes if not one.stored]
        seconds, stored = sum(one.seconds for one in left), sum(one.bytes for one in left)
        yield f"{len(left)} of {len(self.nodes)} runs are left"
        if seconds == seconds:
            yield (
                f"about {seconds / 3600:,.1f} hours of one worker at {self.tflops:,.2f} x 10^12 operations a second: as many "
                "examples as the plan asks for, in rows as long as the recipe allows. Shorter texts take less"
            )
            yield f"about {self.memory / 2**30:,.1f} GiB of memory a run"
            yield f"{stored / 1e9:,.2f} GB in the store, whose disk has {self.free / 1e9:,.1f} GB left"
        else:
            yield "the encoder's size is not known before it is fetched, so seconds, memory and disk are not estimated"


def estimated(setting: Setting, shard: tuple[int, int], tflops: float | None, report: Report = silent) -> Work:
    """Return what the work of a grid takes.

    Parameters
    ----------
    tflops
        10¹² operations a second that training sustains; half of what a product reaches here on one thread where not given.

    Raises
    ------
    InputError
        For examples that are missing or wrong, or a disk or memory that is too small.
    """
    if is_to_be_pretrained(setting.encoder):
        setting = with_encoder(setting, pretraining_node(setting))
    # Prepared as for training: how is computed is part of what a node is known by.
    nodes, setting, _, _ = prepared(setting, shard, report)
    store, size = Store(setting.store), size_of(setting.encoder)
    languages = language_counts(setting)
    rate = tflops or measured_tflops()
    found = []
    for node in nodes:
        cost = cost_of(node.job, node.what, setting.grid, setting.recipe, setting.catalogue, size, languages)
        found.append(Estimate(node, cost.operations / (rate * 1e12), cost.bytes, is_finished(store, node)))
    memory = float("nan") if size is None else memory_of(setting.grid, setting.recipe, setting.catalogue, size)
    return Work(found, rate, memory, float(shutil.disk_usage(setting.store).free))


def measured_tflops() -> float:
    """Return about how many 10¹² operations a second training sustains on one thread of this machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        left = right = torch.ones(_PRODUCT, _PRODUCT)
        seconds = []
        for _ in range(4):
            start = time.perf_counter()
            left @ right
            seconds.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return _SUSTAINED * 2 * _PRODUCT**3 / min(seconds) / 1e12
