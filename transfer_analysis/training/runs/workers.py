"""Jobs in processes of one thread each: watched, stopped cleanly, and surviving the death of a process."""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from threading import Thread
from typing import Any

from transfer_analysis.training.computing.checkpoints import StoppedError, interrupts
from transfer_analysis.training.computing.memory import settle_memory
from transfer_analysis.training.grid import Job
from transfer_analysis.training.runs.run import Control, Event, Outcome, Runner
from transfer_analysis.training.runs.session import Session, Setting
from transfer_analysis.training.runs.store import Store, identity

#: Seconds between two looks at what the processes have told.
_LOOK = 0.25

#: What a job gave, None where it was stopped.
Done = tuple[Job, Outcome | None]


def completed(setting: Setting, jobs: list[Job], workers: int, tell: Callable[[Event], None]) -> Iterator[Done]:
    """Run jobs and yield each with what it gave, as they end.

    A process that dies (killed for memory, say) takes its pool with it: what is left then runs in one process, one job
    at a time, and a job in which that dies too is a failure.
    """
    if workers <= 1:
        yield from _here(setting, jobs, tell)
        return
    left = list(jobs)
    try:
        for job, outcome in _together(setting, jobs, workers, tell):
            left.remove(job)
            yield job, outcome
    except BrokenProcessPool:
        yield from _one_by_one(setting, left, tell)


def _here(setting: Setting, jobs: list[Job], tell: Callable[[Event], None]) -> Iterator[Done]:
    """Run jobs in this process, on one thread as everywhere; Ctrl-C ends at the next step, with a checkpoint."""
    import torch

    session, threads = Session(setting), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with interrupts() as stopping:
            for job in jobs:
                try:
                    yield job, Runner(session, job, Control(tell, stopping)).run()
                except StoppedError:
                    yield job, None
    finally:
        torch.set_num_threads(threads)


def _one_by_one(setting: Setting, jobs: list[Job], tell: Callable[[Event], None]) -> Iterator[Done]:
    store = Store(setting.store)
    for job in jobs:
        name = identity(what="process", job=str(job), model=setting.model)
        try:
            yield from _together(setting, [job], 1, tell)
            store.clear_failure(name)
        except BrokenProcessPool:
            reason = f"{job}: the process died; was it killed because memory ran out?"
            store.write_failure(name, reason, {"job": str(job)})
            yield job, Outcome(failures=[reason])


def _together(setting: Setting, jobs: list[Job], workers: int, tell: Callable[[Event], None]) -> Iterator[Done]:
    # A forked copy of a process that has used torch's threads can hang, so workers start afresh.
    context = get_context("spawn")
    events, stop = context.Queue(), context.Event()
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)), mp_context=context, initializer=_begin, initargs=(setting, events, stop)
    )
    try:
        waiting: dict[Future[Outcome | None], Job] = {pool.submit(_work, job): job for job in jobs}
        with interrupts() as pressed:  # an exception could be raised, and lost, in any of the libraries' own callbacks
            while waiting:
                finished, _ = wait(waiting, timeout=_LOOK, return_when=FIRST_COMPLETED)
                _pass_on(events, tell)
                if pressed():
                    raise KeyboardInterrupt
                for future in finished:
                    outcome = future.result()
                    yield waiting.pop(future), outcome
    except BaseException:
        # Whoever is in the middle of a phase writes a checkpoint at its next step and ends.
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    _pass_on(events, tell)
    pool.shutdown(wait=True)


def _pass_on(events: Any, tell: Callable[[Event], None]) -> None:
    while True:
        try:
            tell(events.get_nowait())
        except (queue.Empty, OSError, EOFError):
            return


_session: Session | None = None
_control = Control()


def _begin(setting: Setting, events: Any, stop: Any) -> None:
    """Prepare a worker process."""
    import torch

    global _session, _control
    # Ctrl-C reaches every process of a terminal; only the first one answers, and tells the others through `stop`.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    settle_memory()
    _session = Session(setting)
    _control = Control(events.put, stop.is_set)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, killed perhaps: nobody would take what it makes."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _work(job: Job) -> Outcome | None:
    assert _session is not None
    try:
        return Runner(_session, job, _control).run()
    except StoppedError:
        return None
