"""Nodes as tasks of Ray: on this machine, or on a cluster.

Results and weights go through the store where the machines share it; else through Ray's own, and the driver stores them.
"""

from __future__ import annotations

import hashlib
import logging
import pickle  # a hash of our own settings, nothing is read back
import socket
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from transfer_analysis.errors import InputError, first_line
from transfer_analysis.files import atomic_path, cache_folder
from transfer_analysis.training.engines.engine import Engine, Options
from transfer_analysis.training.grid import INTERMEDIATE
from transfer_analysis.training.runs.endings import Ending, Finished, Lost
from transfer_analysis.training.runs.nodes import Node
from transfer_analysis.training.runs.run import Control, run_node
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.session import Session, Setting

#: Seconds to wait for a cluster's answer.
_ANSWER = 10.0

#: How often Ray begins a task again whose worker or machine died.
_RETRIES = 3

#: Files of a node, by name → content.
Files = dict[str, bytes]


def make(setting: Setting, options: Options, control: Control) -> Engine:
    """Return an engine of a Ray cluster, begun on this machine where no address is given.

    Raises
    ------
    InputError
        Where Ray is not installed, or nothing answers at the address.
    """
    try:
        import ray
    except ImportError as error:
        raise InputError("engine ray: install it with: pip install 'transfer-analysis[ray]'") from error
    ours = not ray.is_initialized()
    if ours:
        asked: dict[str, Any] = {"log_to_driver": False, "include_dashboard": False}
        if options.address:
            _require_answer(options.address)
            asked = {"address": options.address, "log_to_driver": False}
        elif options.workers:
            asked["num_cpus"] = options.workers * options.cpus
        try:
            ray.init(logging_level=logging.ERROR, **asked)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise InputError(f"engine ray: {first_line(error)}") from error
    return Tasks(setting, options, ours)


def _require_answer(address: str) -> None:
    """Raise an InputError where nothing listens at `host:port`; Ray itself would wait for long."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        if address != "auto":
            raise InputError(f"engine ray: address {address!r}: expected host:port, ray://host:port or auto")
        return
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWER).close()
    except OSError as error:
        raise InputError(
            f"engine ray: nothing answers at {address} within {_ANSWER:.0f} s: {first_line(error)}; "
            "`ray start --head` on that machine says the address"
        ) from error


class Tasks:
    """Nodes as tasks of Ray."""

    def __init__(self, setting: Setting, options: Options, ours: bool) -> None:
        import ray

        self._ray = ray
        self._ours = ours
        self._store = Store(setting.store)
        # Whoever sees this file shares the store.
        self._token = setting.store.resolve() / f".shared.{uuid.uuid4().hex}"
        self._token.touch()
        setting = replace(setting, store=setting.store.resolve())
        self._key = hashlib.sha256(pickle.dumps(setting)).hexdigest()
        self._setting = ray.put(setting)
        self._weights: dict[str, Any] = {}
        self._apart = False
        self._running: dict[Any, tuple[Node, Any]] = {}
        resources: dict[str, Any] = {"num_cpus": options.cpus, "max_retries": _RETRIES, "num_returns": 2}
        if options.gpus:
            resources["num_gpus"] = options.gpus
        if options.memory:
            resources["memory"] = int(options.memory * 2**30)
        self._task = ray.remote(**resources)(_work)

    def submit(self, nodes: Sequence[Node]) -> None:
        """Submit nodes as tasks; one that begins with weights of another is given them where the store is not shared."""
        for node in nodes:
            # In a list, so that it is fetched only where it is needed.
            weights = [self._begun_with(node)]
            ended: Any
            made: Any
            ended, made = self._task.remote([self._setting], self._key, node, str(self._token), weights)
            self._running[ended] = node, made

    def endings(self, wait: float) -> list[Ending]:
        """Return what has ended, and store what machines that do not see the store have made."""
        if not self._running:
            return []
        ready, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=wait)
        return [self._ending(ended) for ended in ready]

    def cancel(self) -> None:
        """Have tasks stop at their next step with a checkpoint, and end what was begun here."""
        for ended in self._running:
            with suppress(Exception):  # one that has ended meanwhile
                self._ray.cancel(ended, force=False, recursive=False)
        if self._running:
            self._ray.wait(list(self._running), num_returns=len(self._running), timeout=60.0)
        self._running.clear()
        self._weights.clear()
        self._token.unlink(missing_ok=True)
        if self._ours:
            self._ray.shutdown()

    def _begun_with(self, node: Node) -> Any:
        """Return a reference to the weights that a node begins with, for machines that do not see the store."""
        if node.needs and self._apart and node.needs not in self._weights and self._store.has_weights(node.weights):
            path = self._store.path / f"{node.weights}.safetensors"
            self._weights[node.needs] = self._ray.put(path.read_bytes())
        return self._weights.get(node.needs)

    def _ending(self, ended: Any) -> Ending:
        node, made = self._running.pop(ended)
        try:
            ending, files = self._ray.get(ended)
        except Exception as error:  # a worker that died every time, a machine that is gone, a task that was cancelled
            return Lost(node, f"Ray lost it: {first_line(error)}")
        self._apart |= bool(files)
        for name, content in files.items():
            _write(self._store.path / name, content)
        if files and node.what == INTERMEDIATE and isinstance(ending, Finished):
            self._weights[node.identity] = made
            _write(self._store.path / f"{node.weights}.safetensors", self._ray.get(made))
        found: Ending = ending
        return found


def _write(path: Path, content: bytes) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


_sessions: dict[str, Session] = {}


def _work(
    setting: list[Any], key: str, node: Node, token: str, weights: list[Any]
) -> tuple[tuple[Ending, Files], bytes | None]:
    """Run a node in a worker of Ray, which keeps what it has read for the next one."""
    import ray
    import torch

    from transfer_analysis.training.computing.checkpoints import interrupts
    from transfer_analysis.training.computing.memory import settle_memory

    torch.set_num_threads(1)  # as everywhere: the same bytes
    shared = Path(token).exists()
    if key not in _sessions:
        settle_memory()
        _sessions.clear()
        given = ray.get(setting[0])
        _sessions[key] = Session(given if shared else replace(given, store=cache_folder() / "ray" / key[:16]))
    session = _sessions[key]
    with interrupts() as asked:
        control = Control(stopping=asked)
        if shared:
            return (run_node(session, node, control), {}), None
        return _apart(session, node, control, ray.get(weights[0]) if weights[0] is not None else None)


def _apart(
    session: Session, node: Node, control: Control, weights: bytes | None
) -> tuple[tuple[Ending, Files], bytes | None]:
    """Run a node with a store of this machine alone, and return what it has stored."""
    store = Store(session.setting.store)
    store.open()
    made = store.path / f"{node.weights}.safetensors"
    if weights is not None and node.needs:
        _write(made, weights)
    ending = run_node(session, node, control)
    if not isinstance(ending, Finished):
        return (ending, {}), None
    paths = [store.path / f"{node.identity}{end}" for end in (".json", ".predictions.parquet")]
    files = {path.name: path.read_bytes() for path in paths}
    content = made.read_bytes() if node.what == INTERMEDIATE else None
    for path in [*paths, *([made] if node.what == INTERMEDIATE else [])]:
        path.unlink()
    return (ending, files), content
