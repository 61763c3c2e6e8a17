"""Run a grid: check, choose how to compute, train and score what is not finished, return the transfer table."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from transfer_analysis.corpora import hub_part, pinned, reads_hub
from transfer_analysis.corpora.needs import require_there
from transfer_analysis.corpora.records import Corpus
from transfer_analysis.encoders import known_encoders
from transfer_analysis.encoders.located import check_encoder
from transfer_analysis.errors import Check, InputError
from transfer_analysis.progress import Report, silent
from transfer_analysis.results import TransferTable
from transfer_analysis.tasks import Catalogue
from transfer_analysis.training.computing.checkpoints import interrupts
from transfer_analysis.training.computing.numerics import choose
from transfer_analysis.training.cost import cost_of, memory_of, size_of
from transfer_analysis.training.engines import make_engine
from transfer_analysis.training.engines.engine import Options
from transfer_analysis.training.grid import Grid, Job
from transfer_analysis.training.pretraining.settings import is_to_be_pretrained
from transfer_analysis.training.reading.data import test_languages
from transfer_analysis.training.reading.needed import needed
from transfer_analysis.training.recipes import Recipe
from transfer_analysis.training.runs.check import check_grid
from transfer_analysis.training.runs.endings import Failed, Finished
from transfer_analysis.training.runs.nodes import Node, is_finished, nodes_of, not_trained
from transfer_analysis.training.runs.pretraining import pretrained
from transfer_analysis.training.runs.run import Control, Event
from transfer_analysis.training.runs.schedule import completed
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.scoring.scores import Row
from transfer_analysis.training.session import Session, Setting


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
    engine: str = "local",
    options: Options | None = None,
    shard: tuple[int, int] = (1, 1),
    report: Report = silent,
    watch: Callable[[Progress], None] = lambda progress: None,
    warn: Callable[[str], None] = lambda remark: None,
) -> Trained:
    """Train and score the whole grid, or what is left of it.

    Parameters
    ----------
    encoder
        Short name, folder or hub id of the encoder; or settings of pretraining (`.yaml`), which is then done first.
    store
        Folder of finished runs. Several commands and machines may use one: none does what another does.
    model, origin
        Name of the encoder, and where the examples come from, in the transfer table.
    workers
        Nodes that run at once, each on one thread where it runs on processors.
    device
        `cpu`, `cuda` (all cards there are), `cuda:1`, `mps`.
    checkpoint_every
        Seconds between checkpoints inside a phase.
    engine, options
        What runs the nodes, and what it is told besides the number of workers.
    shard
        Which part of how many: (2, 4) does the second quarter.
    watch
        Called whenever something has happened.
    warn
        Called with what a person should know before training starts.

    Raises
    ------
    InputError
        Before any training, for examples that are missing or wrong, or a disk without room; or where every run failed.
    """
    setting = Setting(
        corpus, catalogue, encoder, model, grid, recipe, store, origin, device, checkpoint_every=checkpoint_every
    )
    options = replace(options or Options(), workers=workers)
    if is_to_be_pretrained(encoder):
        with interrupts() as pressed:
            setting = pretrained(setting, engine, options, pressed, report)
    nodes, setting, remarks, failures = prepared(setting, shard, report)
    for remark in remarks:
        warn(remark)
    progress = Progress({(node.job, node.what): None for node in nodes})

    def tell(event: Event) -> None:
        progress.tell(event)
        report(progress.line(), progress.share())
        watch(progress)

    rows: list[Row] = []
    report(progress.line(), 0.0)
    with interrupts() as pressed:  # an exception could be raised, and lost, in any of the libraries' own callbacks
        control = Control(tell, pressed)
        running = make_engine(engine, setting, options, control)
        for ending, found in completed(running, nodes, Store(store), model, control):
            rows += found
            if isinstance(ending, Failed):
                failures.append(ending.reason)
            tell(Event(ending.node.job, ending.node.what, "finished" if isinstance(ending, Finished) else "failed"))
    if not rows:
        raise InputError(["every run failed", *failures])
    table = TransferTable.from_frame(pd.DataFrame(rows), where="grid", catalogue=catalogue)
    return Trained(table, sorted(failures), remarks)


def prepared(
    setting: Setting, shard: tuple[int, int] = (1, 1), report: Report = silent
) -> tuple[list[Node], Setting, list[str], list[str]]:
    """Check a grid and choose how to compute.

    Returns
    -------
    tuple
        Its nodes, the setting they run in, what should be known, and which runs cannot be trained now.

    Raises
    ------
    InputError
        For examples that are missing or wrong, or a disk without room for what the grid stores.
    """
    remarks, session = check_setting(setting, report)
    setting = pinned_setting(setting, session)
    report("trying ways of computing", 0.0)
    loaded = session.encoder(setting.grid.initialisations[0], setting.grid.seeds[0])
    choice = choose(loaded, setting.recipe, setting.store)
    recipe = choice.resolved(setting.recipe)
    setting = replace(setting, recipe=recipe, numerics=replace(choice.numerics, precision=recipe.computed_in))
    if recipe.matmul == "fastest":
        remarks.append(f"computed with {setting.numerics}")
    if choice.slowdown > 1 and "bf16" in _precisions(recipe):
        remarks.append(
            f"precision bf16: a step takes {choice.slowdown:.1f} times as long as in float32 on this machine, which "
            "seems to have no bf16 instructions; `precision: fastest` in the recipe takes the faster of the two"
        )
    session.setting = setting
    nodes = of_shard(nodes_of(session), *shard)
    require_room(setting, nodes)
    require_memory(setting)
    return nodes, setting, remarks, not_trained(session)


def _precisions(recipe: Recipe) -> set[str]:
    return {recipe.precision, *(str(fields["precision"]) for fields in recipe.tasks.values() if "precision" in fields)}


def of_shard(nodes: Sequence[Node], part: int, parts: int) -> list[Node]:
    """Return the nodes of one of several parts, counted from 1; what begins with the same weights stays together."""
    if not 1 <= part <= parts:
        raise InputError(f"shard {part}/{parts}: expected 1/{parts} to {parts}/{parts}")
    groups = {key: number for number, key in enumerate(dict.fromkeys(node.needs or node.identity for node in nodes))}
    return [node for node in nodes if groups[node.needs or node.identity] % parts == part - 1]


def require_room(setting: Setting, nodes: Sequence[Node]) -> None:
    """Raise an InputError where the store's disk has no room for what is not stored yet."""
    store = Store(setting.store)
    left = [node for node in nodes if not is_finished(store, node)]
    size = size_of(setting.encoder)
    if size is None:
        return
    languages = language_counts(setting)
    needed = sum(
        cost_of(node.job, node.what, setting.grid, setting.recipe, setting.catalogue, size, languages).bytes
        for node in left
    )
    free = shutil.disk_usage(setting.store).free
    if needed > free:
        raise InputError(
            f"{setting.store}: the grid stores about {needed / 1e9:,.1f} GB, most of it encoders after intermediate "
            f"training, and the disk has {free / 1e9:,.1f} GB left; take another --store, or fewer conditions or seeds"
        )


def language_counts(setting: Setting) -> dict[str, int]:
    """Return in how many languages each target is tested."""
    grid = setting.grid
    return {target: len(test_languages(setting.corpus, setting.catalogue, grid, target)[0]) for target in grid.targets}


def require_memory(setting: Setting) -> None:
    """Raise an InputError where one run takes more memory than this machine, which is to train it, has."""
    size = size_of(setting.encoder)
    if size is None or setting.device != "cpu":
        return
    needed = memory_of(setting.grid, setting.recipe, setting.catalogue, size)
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise InputError(
            f"a run takes about {needed / 2**30:,.0f} GiB of memory, and this machine has {there / 2**30:,.0f} GiB; set "
            "rows_at_once in the recipe to compute a batch in parts, shorten max_length, or take a smaller encoder"
        )


def check_setting(setting: Setting, report: Report = silent) -> tuple[list[str], Session]:
    """Read and tokenize everything that a grid needs, and return what it runs without, and the session that has read it.

    Raises
    ------
    InputError
        For examples that are missing or wrong.
    """
    Store(setting.store).open()
    check_hub(setting, report)
    session = Session(setting)
    loaded = session.encoder(setting.grid.initialisations[0], setting.grid.seeds[0])
    return check_grid(session, loaded, report), session


def pinned_setting(setting: Setting, session: Session) -> Setting:
    """Return a setting whose data sets and encoder are named by commit: workers read what was checked, and nothing newer."""
    needs = needed(setting.corpus, setting.catalogue, setting.grid)
    read = [need.task for need in needs if need.task not in session.unavailable]
    encoder = setting.encoder
    if encoder not in known_encoders() and session.encoder_identity.startswith(f"{encoder.partition('@')[0]}@"):
        encoder = session.encoder_identity  # an encoder of the hub is known by its commit
    return replace(setting, corpus=pinned(setting.corpus, read), encoder=encoder)


def check_hub(setting: Setting, report: Report = silent) -> None:
    """Ask the hub for what a grid reads of it, before anything large is fetched.

    What cannot be asked now, and languages that cannot be tested in, are said where the examples are read.

    Raises
    ------
    InputError
        Naming everything that is not there: data sets, configurations, splits, the encoder.
    """
    check = Check()
    if reads_hub(setting.corpus):
        needs = needed(setting.corpus, setting.catalogue, setting.grid)
        of_hub = [need for need in needs if hub_part(setting.corpus, need.task) is not None]
        check.guarded(lambda: require_there(setting.corpus, of_hub, report))
    if not is_to_be_pretrained(setting.encoder):
        check.guarded(lambda: check_encoder(setting.encoder))
    if check.problems:
        raise InputError(check.problems)


def _shown(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )
