"""Nodes in processes of this machine, one thread each, or one process for each of its GPUs; one worker runs right here."""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import Any

import torch

from transfer_analysis.training.computing.memory import settle_memory
from transfer_analysis.training.cost import memory_of, size_of
from transfer_analysis.training.engines.engine import Engine, Options
from transfer_analysis.training.runs.endings import Ending, Lost, Preempted
from transfer_analysis.training.runs.nodes import Node
from transfer_analysis.training.runs.run import Control, Event, run_node
from transfer_analysis.training.session import Session, Setting

#: What a process takes of a card besides its tensors (bytes), and the share of a card that is filled.
_CONTEXT, _FILLED = 600e6, 0.9

#: Seconds that a process that was asked to stop has for its checkpoint.
_PATIENCE = 120.0


def make(setting: Setting, options: Options, control: Control) -> Engine:
    """Return an engine of so many processes; where no number is given, as many as the processors or the cards have room for."""
    devices = devices_of(setting.device)
    workers = options.workers or (
        len(devices) * fitting(setting, len(devices)) if setting.device.startswith("cuda") else os.cpu_count() or 1
    )
    if workers == 1 and len(devices) == 1:
        return Here(replace(setting, device=devices[0]), control)
    return Processes(setting, [devices[i % len(devices)] for i in range(workers)], control)


def devices_of(device: str) -> list[str]:
    """Return the cards that a device stands for: all of them where none is named."""
    if device == "cuda" and torch.cuda.device_count() > 1:
        return [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return [device]


def fitting(setting: Setting, cards: int) -> int:
    """Return how many nodes a card runs at once: those that fit its free memory, and no more than there are cores for.

    A small encoder leaves most of a card idle. One node where nothing is known of the encoder's size.
    """
    size = size_of(setting.encoder)
    if size is None:
        return 1
    free = min(torch.cuda.mem_get_info(device)[0] for device in devices_of(setting.device))
    each = _CONTEXT + memory_of(setting.grid, setting.recipe, setting.catalogue, size)
    return max(1, min(int(_FILLED * free / each), (os.cpu_count() or 1) // cards))


class Here:
    """Runs nodes in this process, one after the other, on one thread as everywhere."""

    def __init__(self, setting: Setting, control: Control) -> None:
        self._session = Session(setting)
        self._control = control
        self._left: deque[Node] = deque()

    def submit(self, nodes: Sequence[Node]) -> None:
        """Have nodes run when their ending is asked for."""
        self._left.extend(nodes)

    def endings(self, wait: float) -> list[Ending]:
        """Run the next node."""
        if not self._left:
            time.sleep(wait)
            return []
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return [run_node(self._session, self._left.popleft(), self._control)]
        finally:
            torch.set_num_threads(threads)

    def cancel(self) -> None:
        """Forget what was not begun."""
        self._left.clear()


@dataclass
class _Worker:
    """A process, the end of its pipe, and the node that it works on."""

    process: Any
    pipe: Any
    device: str
    node: Node | None = None


class Processes:
    """Runs nodes in processes that are begun when they are needed; one that dies takes its node along, no other."""

    def __init__(self, setting: Setting, devices: Sequence[str], control: Control) -> None:
        # A forked copy of a process that has used torch's threads can hang, so workers start afresh.
        self._context = get_context("spawn")
        self._setting = setting
        self._control = control
        self._free = list(devices)
        self._stop = self._context.Event()
        self._workers: list[_Worker] = []
        self._left: deque[Node] = deque()

    def submit(self, nodes: Sequence[Node]) -> None:
        """Give nodes to idle workers; the others wait for one."""
        self._left.extend(nodes)
        self._feed()

    def endings(self, wait: float) -> list[Ending]:
        """Pass on what workers tell, and return what has ended."""
        ended: list[Ending] = []
        for ready in connection.wait([worker.pipe for worker in self._workers], wait):
            worker = next(worker for worker in self._workers if worker.pipe is ready)
            ended += self._heard(worker)
        self._feed()
        return ended

    def cancel(self) -> None:
        """Have every worker stop at its next step with a checkpoint, and wait for it."""
        self._left.clear()
        self._stop.set()
        for worker in self._workers:
            worker.pipe.close()
        for worker in self._workers:
            worker.process.join(_PATIENCE)
            if worker.process.is_alive():
                worker.process.kill()
        self._workers.clear()

    def _feed(self) -> None:
        for worker in self._workers:
            if worker.node is None and self._left:
                self._give(worker)
        while self._left and self._free:
            worker = self._begin(self._free.pop(0))
            self._workers.append(worker)
            self._give(worker)

    def _give(self, worker: _Worker) -> None:
        node = self._left.popleft()
        try:
            worker.pipe.send(node)
        except OSError:  # it has just died, which the next look at its pipe says
            self._left.appendleft(node)
        else:
            worker.node = node

    def _begin(self, device: str) -> _Worker:
        ours, theirs = self._context.Pipe()
        setting = replace(self._setting, device=device)
        process = self._context.Process(target=_serve, args=(setting, theirs, self._stop), daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours, device)

    def _heard(self, worker: _Worker) -> list[Ending]:
        """Take one message of a worker, or note that it is gone."""
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError):
            return self._gone(worker)
        if isinstance(message, Event):
            self._control.tell(message)
            return []
        worker.node = None
        return [message]

    def _gone(self, worker: _Worker) -> list[Ending]:
        worker.process.join()
        self._workers.remove(worker)
        self._free.append(worker.device)
        if worker.node is None:
            return []
        killed = "; was it killed because memory ran out?" if worker.process.exitcode == -signal.SIGKILL else ""
        return [Lost(worker.node, f"the process died{killed or f' with exit code {worker.process.exitcode}'}")]


def _serve(setting: Setting, pipe: Any, stop: Any) -> None:
    """Run the nodes that come through a pipe, until it is closed."""
    asked: list[int] = []
    # Ctrl-C reaches every process of a terminal; only the first one answers, and tells the others through `stop`. SIGTERM
    # may come to one process alone or to all of a job at once, and is answered here too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: asked.append(number))
    Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    settle_memory()
    session = Session(setting)

    def tell(message: Event | Ending) -> None:
        try:
            pipe.send(message)
        except OSError:  # nobody listens any more: the rest is in the store
            stop.set()

    control = Control(tell, lambda: bool(asked) or stop.is_set())
    while not control.stopping():
        try:
            node = pipe.recv()
        except (EOFError, OSError):
            return
        ending = run_node(session, node, control)
        tell(ending)
        if isinstance(ending, Preempted):
            return


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, killed perhaps: nobody would take what it makes."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)
