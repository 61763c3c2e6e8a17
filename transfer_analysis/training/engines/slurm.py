"""Nodes as job arrays of SLURM, through submitit. The store must lie on a file system that all machines see."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from transfer_analysis.errors import InputError, first_line
from transfer_analysis.training.engines.engine import Engine, Options
from transfer_analysis.training.runs.endings import Ending, Finished, Lost
from transfer_analysis.training.runs.nodes import Node, is_finished
from transfer_analysis.training.runs.run import Control, run_node
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.session import Session, Setting

#: Seconds before its time limit at which a job is asked for a checkpoint.
_NOTICE = 120

#: How often a job goes on after its time limit.
_CONTINUED = 1000

#: How often in a row a job may be out of the queue, as it is for a moment while it is queued again.
_UNSEEN = 4

#: Seconds between two looks at the jobs.
_LOOK = {"slurm": 5.0, "local": 0.5}


def make(setting: Setting, options: Options, control: Control) -> Engine:
    """Return an engine of SLURM's jobs, or with cluster `local` of processes that submitit runs as if they were.

    Raises
    ------
    InputError
        Where submitit is not installed, or this machine cannot submit jobs.
    """
    try:
        import submitit
    except ImportError as error:
        raise InputError("engine slurm: install it with: pip install 'transfer-analysis[slurm]'") from error
    logging.getLogger("submitit").setLevel(logging.ERROR)  # it warns at every look where there is no accounting
    folder = setting.store / "slurm"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        executor = submitit.AutoExecutor(folder=folder, cluster=options.cluster, slurm_max_num_timeout=_CONTINUED)
    except RuntimeError as error:
        raise InputError(f"engine slurm: {first_line(error)} This machine has no sbatch or srun") from error
    limits: dict[str, Any] = {
        "name": "transfer-analysis",
        "timeout_min": options.minutes,
        "cpus_per_task": options.cpus,
        "slurm_signal_delay_s": min(_NOTICE, 20 * options.minutes),
        "slurm_partition": options.partition or None,
        "slurm_array_parallelism": options.workers or None,
        "mem_gb": options.memory or None,
        "gpus_per_node": int(options.gpus) or None,
    }
    executor.update_parameters(**{name: value for name, value in limits.items() if value is not None})
    return Jobs(executor, setting, options.cluster)


def queued() -> set[str] | None:
    """Return the jobs that SLURM has, each of an array by itself; None where it does not answer."""
    try:
        found = subprocess.run(
            ["squeue", "-h", "-r", "-o", "%i"],  # noqa: S607  # the scheduler's own command, wherever it is installed
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return set(found.stdout.split())


class Work:
    """What a job does: one node. Before its time limit it writes a checkpoint, and the job is queued again."""

    def __init__(self, setting: Setting, node: Node) -> None:
        self.setting = setting
        self.node = node

    def __call__(self) -> Ending:
        """Run the node in a thread of its own, so that a signal can wait for its checkpoint."""
        self._stop = threading.Event()
        ended: list[Ending] = []

        def work() -> None:
            import torch

            torch.set_num_threads(1)  # as everywhere: the same bytes
            ended.append(run_node(Session(self.setting), self.node, Control(stopping=self._stop.is_set)))

        # SLURM takes a job away, or a person ends it: a checkpoint, and whoever looks for the ending goes on from it.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        self._thread = threading.Thread(target=work)
        self._thread.start()
        while self._thread.is_alive():
            self._thread.join(0.5)  # in short waits, so that signals are heard
        if not ended:
            raise RuntimeError(f"{self.node}: ended without an ending; its error is above")
        return ended[0]

    def checkpoint(self) -> Any:
        """Wait for the checkpoint; the job that is queued again does the same work, and goes on from it."""
        from submitit.helpers import DelayedSubmission

        self._stop.set()
        self._thread.join()
        return DelayedSubmission(Work(self.setting, self.node))


@dataclass
class _Job:
    """A job, its node, and how often in a row it was not in the queue."""

    job: Any
    node: Node
    unseen: int = 0


class Jobs:
    """Nodes as jobs of SLURM."""

    def __init__(self, executor: Any, setting: Setting, cluster: str) -> None:
        self._executor = executor
        self._setting = setting
        self._store = Store(setting.store)
        self._cluster = cluster
        self._wait = _LOOK.get(cluster, 5.0)
        self._jobs: list[_Job] = []

    def submit(self, nodes: Sequence[Node]) -> None:
        """Submit nodes as one job array."""
        with self._executor.batch():
            jobs = [self._executor.submit(Work(self._setting, node)) for node in nodes]
        self._jobs += [_Job(job, node) for job, node in zip(jobs, nodes, strict=True)]

    def endings(self, wait: float) -> list[Ending]:
        """Look at the jobs; the store says what is finished sooner than SLURM does."""
        time.sleep(max(wait, self._wait))
        queue = queued() if self._cluster == "slurm" else None
        for one in self._jobs:
            one.unseen = one.unseen + 1 if queue is not None and one.job.job_id not in queue else 0
        found = {id(one): ending for one in self._jobs if (ending := self._ending(one)) is not None}
        self._jobs = [one for one in self._jobs if id(one) not in found]
        return list(found.values())

    def cancel(self) -> None:
        """Have SLURM end the jobs that are left; each writes a checkpoint when it is asked to end."""
        for one in self._jobs:
            with suppress(Exception):  # one that has ended meanwhile, or a scheduler that does not answer
                one.job.cancel(check=False)
        self._jobs.clear()

    def _ending(self, one: _Job) -> Ending | None:
        if is_finished(self._store, one.node):
            return Finished(one.node)
        if not one.job.done():
            # Without accounting, nobody else says that a job was killed before it could write what it ended with.
            gone = one.unseen >= _UNSEEN
            return Lost(one.node, f"job {one.job.job_id} is in SLURM's queue no more") if gone else None
        try:
            ending: Ending = one.job.result()
        except Exception as error:  # whatever took the job: its log has the rest
            log = os.path.relpath(one.job.paths.stderr)
            return Lost(one.node, f"job {one.job.job_id} ended without a result: {first_line(error)} (see {log})")
        return ending
