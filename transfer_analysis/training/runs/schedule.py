"""The order of work: every node once what it begins with is there, until each has ended; whatever the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from transfer_analysis.errors import InputError
from transfer_analysis.training.engines.engine import Engine
from transfer_analysis.training.runs.claims import is_abandoned, read_claim
from transfer_analysis.training.runs.endings import Blocked, Claimed, Ending, Failed, Finished, Lost, Preempted
from transfer_analysis.training.runs.nodes import Node, failure_name, is_finished
from transfer_analysis.training.runs.run import Control
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.scoring.scores import Row

#: Seconds to wait for an ending before looking at what others do.
_LOOK = 0.25

#: How often a node whose process or machine is gone is tried.
_TRIES = 2


#: A node's ending, and its rows where it is finished.
Done = tuple[Finished | Failed | Blocked, list[Row]]


def completed(engine: Engine, nodes: Sequence[Node], store: Store, model: str, control: Control) -> Iterator[Done]:
    """Yield how each node ended, as they end: those that are finished already, then the others.

    Raises
    ------
    KeyboardInterrupt
        Where a person has asked to stop; what was being done is then in checkpoints.
    """
    schedule = _Schedule(engine, store, model)
    try:
        yield from schedule.begin(nodes)
        while schedule.goes_on():
            if control.stopping():
                raise KeyboardInterrupt
            for ending in engine.endings(_LOOK):
                yield from schedule.ended(ending)
            yield from schedule.elsewhere_ended()
    finally:
        engine.cancel()


@dataclass
class _Schedule:
    """What runs, what waits, and what others do."""

    engine: Engine
    store: Store
    model: str
    running: set[str] = field(default_factory=set)
    waiting: dict[str, list[Node]] = field(default_factory=dict)
    elsewhere: dict[str, Node] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)

    def begin(self, nodes: Sequence[Node]) -> Iterator[Done]:
        """Submit what can be begun; what begins with another node's weights waits for it."""
        done: set[str] = set()
        wanted: set[str] = set()
        # Targets first: weights that no target begins with any more may be gone.
        for node in sorted(nodes, key=lambda node: not node.needs):
            there = is_finished(self.store, node) or (
                node.identity not in wanted and self.store.is_finished(node.identity)
            )
            rows = self.store.rows(node.identity) if there else None
            if rows is None:
                wanted.add(node.needs)
            else:
                done.add(node.identity)
                yield Finished(node), rows
        ready = []
        for node in (node for node in nodes if node.identity not in done):
            if not node.needs or node.needs in done:
                ready.append(node)
            else:
                self.waiting.setdefault(node.needs, []).append(node)
        self.submit(ready)

    def submit(self, nodes: Sequence[Node]) -> None:
        """Have nodes run."""
        if nodes:
            self.running |= {node.identity for node in nodes}
            self.engine.submit(nodes)

    def goes_on(self) -> bool:
        """Whether anything is being done, here or elsewhere."""
        return bool(self.running or self.elsewhere)

    def ended(self, ending: Ending) -> Iterator[Done]:
        """Take an ending, and submit what may be begun or must be tried again."""
        node = ending.node
        self.running.discard(node.identity)
        match ending:
            case Finished():
                yield from self.finished(node)
            case Failed():
                yield from self.failed(ending)
            case Claimed():
                self.elsewhere[node.identity] = node
            case Preempted():
                self.submit([node])
            case Lost(reason=reason):
                self.lost[node.identity] += 1
                if self.lost[node.identity] < _TRIES:
                    self.submit([node])
                else:
                    yield from self.failed(self.given_up(node, reason))

    def finished(self, node: Node) -> Iterator[Done]:
        """Take a node's rows, and submit what begins with its weights."""
        rows = self.store.rows(node.identity)
        if rows is None:  # damaged since: it is made again
            self.submit([node])
            return
        yield Finished(node), rows
        self.submit(self.waiting.pop(node.identity, []))

    def failed(self, ending: Failed) -> Iterator[Done]:
        """Give up a node, and what begins with it."""
        yield ending, []
        for other in self.waiting.pop(ending.node.identity, []):
            yield Blocked(other), []

    def given_up(self, node: Node, reason: str) -> Failed:
        """Note a node whose process is gone every time."""
        failed = Failed(node, f"{node}: {reason}")
        with suppress(OSError, InputError):  # a full disk
            about = {"job": str(node.job), "node": node.what}
            self.store.write_failure(failure_name(self.model, node), failed.reason, about)
        return failed

    def elsewhere_ended(self) -> Iterator[Done]:
        """Look at what others do: take what they have finished, and go on with what they have left."""
        for node in list(self.elsewhere.values()):
            path = self.store.claim(node.identity)
            claim = read_claim(path)
            if is_finished(self.store, node):
                del self.elsewhere[node.identity]
                yield from self.finished(node)
            elif not path.exists() or (claim is not None and is_abandoned(path, claim)):
                del self.elsewhere[node.identity]
                self.submit([node])
