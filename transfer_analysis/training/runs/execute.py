"""Run a grid: check, choose how to compute, train and score what is not finished, return the transfer table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from transfer_analysis.corpora.records import Corpus
from transfer_analysis.errors import InputError
from transfer_analysis.progress import Report, silent
from transfer_analysis.results import TransferTable
from transfer_analysis.tasks import Catalogue
from transfer_analysis.training.computing.numerics import numerics_of
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.grid import Grid, Job
from transfer_analysis.training.recipes import Recipe
from transfer_analysis.training.runs.check import check_grid
from transfer_analysis.training.runs.run import Event, training_nodes
from transfer_analysis.training.runs.session import Session, Setting
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.runs.workers import completed
from transfer_analysis.training.scoring.scores import Row


@dataclass(frozen=True)
class Trained:
    """The results of a grid.

    Attributes
    ----------
    table
        One row per run, language and metric (split `test`), development scores of targets (split `validation`) and intermediate tasks' own scores (split `intermediate-validation`).
    failures
        The runs that failed: what was run, and why it failed.
    remarks
        What the grid ran without, and how it computed.
    """

    table: TransferTable
    failures: list[str]
    remarks: list[str]


@dataclass
class Progress:
    """How far a grid is: the last event of each node."""

    nodes: dict[tuple[Job, str], Event | None]
    began: float = field(default_factory=time.monotonic)
    done_before: int = 0

    def tell(self, event: Event) -> None:
        """Note an event."""
        if event.state == "finished" and self.nodes.get((event.job, event.node)) is None:
            self.done_before += 1  # it was in the store, and took no time
        self.nodes[event.job, event.node] = event

    def running(self) -> list[Event]:
        """Return the nodes that are being trained."""
        return [e for e in self.nodes.values() if e is not None and e.state == "running"]

    def count(self, state: str) -> int:
        """Return how many nodes have ended that way."""
        return sum(e is not None and e.state == state for e in self.nodes.values())

    def share(self) -> float:
        """Return the share of nodes that are done, those that run in part."""
        parts = sum(e.step / e.steps for e in self.running() if e.steps)
        return (self.count("finished") + self.count("failed") + parts) / max(1, len(self.nodes))

    def seconds_left(self) -> float | None:
        """Return how long the rest will take if nodes go on as fast as they have; None before the first is done."""
        done = self.share() * len(self.nodes) - self.done_before
        if done < 1:
            return None
        left = len(self.nodes) * (1 - self.share())
        return (time.monotonic() - self.began) / done * left

    def line(self) -> str:
        """Return it in one line."""
        ended = self.count("finished") + self.count("failed")
        rate = sum(e.rate for e in self.running())
        left = self.seconds_left()
        speed = f", {rate:,.0f} examples/s" if rate else ""
        return f"training: {ended} of {len(self.nodes)} runs{speed}" + (f", {_shown(left)} left" if left else "")


def run_grid(
    corpus: Corpus,
    catalogue: Catalogue,
    encoder: str,
    grid: Grid,
    recipe: Recipe,
    store: Path,
    *,
    model: str,
    origin: str,
    workers: int = 2,
    device: str = "cpu",
    checkpoint_every: float = 600.0,
    report: Report = silent,
    watch: Callable[[Progress], None] = lambda progress: None,
) -> Trained:
    """Train and score the whole grid, or what is left of it.

    Parameters
    ----------
    encoder
        Folder or hub id of the encoder.
    store
        Folder of finished runs.
    model, origin
        Name of the encoder, and where the examples come from, in the transfer table.
    workers
        Processes of one thread each.
    device
        `cpu`, `cuda`, `mps`.
    checkpoint_every
        Seconds between checkpoints inside a phase.
    watch
        Called whenever something has happened.

    Raises
    ------
    InputError
        Before any training, for examples that are missing or wrong; or where every run failed.
    """
    setting = Setting(
        corpus, catalogue, encoder, model, grid, recipe, store, origin, device, checkpoint_every=checkpoint_every
    )
    remarks, loaded = check_setting(setting, report)
    setting = replace(setting, numerics=numerics_of(loaded, recipe, store))
    if recipe.matmul == "fastest":
        remarks.append(f"computed with {setting.numerics}")
    jobs = grid.jobs()
    progress = Progress({(job, node): None for job in jobs for node in training_nodes(job, grid.targets)})

    def tell(event: Event) -> None:
        progress.tell(event)
        report(progress.line(), progress.share())
        watch(progress)

    rows: list[Row] = []
    failures: list[str] = []
    report(progress.line(), 0.0)
    for job, outcome in completed(setting, jobs, workers, tell):
        if outcome is None:
            raise KeyboardInterrupt
        rows += outcome.rows
        failures += outcome.failures
        for node in training_nodes(job, grid.targets):  # after a failure, some were never begun
            if progress.nodes[job, node] is None:
                tell(Event(job, node, "failed"))
    if not rows:
        raise InputError(["every run failed", *failures])
    table = TransferTable.from_frame(pd.DataFrame(rows), where="grid", catalogue=catalogue)
    return Trained(table, sorted(failures), remarks)


def check_setting(setting: Setting, report: Report = silent) -> tuple[list[str], Encoder]:
    """Read and tokenize everything that a grid needs, and return what it runs without, and its encoder.

    Raises
    ------
    InputError
        For examples that are missing or wrong.
    """
    Store(setting.store).open()
    session = Session(setting)
    loaded = session.encoder(setting.grid.initialisations[0], setting.grid.seeds[0])
    return check_grid(session, loaded, report), loaded


def _shown(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )
