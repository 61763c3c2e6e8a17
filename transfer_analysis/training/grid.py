"""The grid: every initialisation × condition × target × seed, from one encoder, scored in every language.

A job is one initialisation and condition with one seed: its intermediate training is done once and shared by all
targets. Jobs are independent and run in processes of one thread each; a run is known by everything that can change its
result, so results do not depend on the number of processes, and what is finished is never done again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from transfer_analysis.corpora.records import Corpus, Record
from transfer_analysis.errors import InputError
from transfer_analysis.progress import Report, silent
from transfer_analysis.results import TransferTable
from transfer_analysis.tasks import Catalogue
from transfer_analysis.training.recipes import Recipe

#: Raised whenever a change to the core can change a result.
CORE = 1

Row = dict[str, Any]


class Grid(BaseModel):
    """What is trained and tested.

    Attributes
    ----------
    conditions
        Intermediate tasks; `none` is always there too.
    targets
        Target tasks.
    seeds
        One run of each condition × target per seed.
    initialisations
        `pretrained`, `random` or both.
    languages
        Languages to test in; all that a target has where empty.
    substitutes
        Target → tasks that its head is trained on in place of the ones the catalogue names.
    intermediate_examples, target_examples, test_examples
        Training examples of an intermediate task and of a target task (in the source language), and test examples
        per language; all there are where a corpus has fewer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    conditions: tuple[str, ...] = Field(min_length=1)
    targets: tuple[str, ...] = Field(min_length=1)
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    initialisations: tuple[Literal["pretrained", "random"], ...] = ("pretrained",)
    source_language: str = "en"
    languages: tuple[str, ...] = ()
    substitutes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    intermediate_examples: int = Field(gt=0)
    target_examples: int = Field(gt=0)
    test_examples: int = Field(gt=0)

    @model_validator(mode="after")
    def _nothing_twice(self) -> Grid:
        for name in ("conditions", "targets", "seeds", "initialisations", "languages"):
            given = getattr(self, name)
            if len(set(given)) < len(given):
                raise ValueError(f"{name}: {next(v for v in given if given.count(v) > 1)!r} is given twice")
        return self


@dataclass(frozen=True)
class Job:
    """Everything a unit of work needs; it travels to the worker process."""

    corpus: Corpus
    catalogue: Catalogue
    encoder: str
    model: str
    grid: Grid
    recipe: Recipe
    store: Path
    origin: str
    initialisation: Literal["pretrained", "random"]
    condition: str
    seed: int

    def __str__(self) -> str:
        return f"{self.initialisation}, {self.condition}, seed {self.seed}"


@dataclass(frozen=True)
class Trained:
    """The results of a grid, and the runs that failed: what was run, and why it failed."""

    table: TransferTable
    failures: list[str]


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
    report: Report = silent,
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

    Returns
    -------
    Trained
        One row per run, language and metric (split `test`), and intermediate tasks' own scores (split `validation`).

    Raises
    ------
    InputError
        Before any training, for examples that are missing or wrong; or where every run failed.
    """
    check_grid(corpus, catalogue, encoder, grid, recipe, report)
    jobs = [
        Job(corpus, catalogue, encoder, model, grid, recipe, store, origin, initialisation, condition, seed)
        for seed in grid.seeds
        for initialisation in grid.initialisations
        for condition in ("none", *grid.conditions)
    ]
    rows: list[Row] = []
    failures: list[str] = []
    report(f"training: 0 of {len(jobs)} conditions", 0.0)
    for done, (job, (found, failed)) in enumerate(_completed(jobs, workers), start=1):
        rows += found
        failures += failed
        report(f"training: {done} of {len(jobs)} conditions (last: {job})", done / len(jobs))
    if not rows:
        raise InputError(["every run failed", *failures])
    return Trained(TransferTable.from_frame(pd.DataFrame(rows), where="grid", catalogue=catalogue), sorted(failures))


def check_grid(
    corpus: Corpus, catalogue: Catalogue, encoder: str, grid: Grid, recipe: Recipe, report: Report = silent
) -> None:
    """Read and tokenize everything that the grid needs, so that mistakes cost no training.

    Raises
    ------
    InputError
        With every problem found, each named by task, language, split and row.
    """
    from transfer_analysis.training.data import test_examples, training_examples, training_tasks
    from transfer_analysis.training.encoder import load_encoder
    from transfer_analysis.training.features import featurize, require_head

    loaded = load_encoder(encoder)
    problems: list[str] = []

    def read(task: str, where: str, examples: Any) -> None:
        try:
            about = catalogue[task]
            require_head(about)
            featurize(about, examples(), loaded, recipe.for_task(about).max_length, where)
        except InputError as error:
            problems.extend(p for p in error.problems if p not in problems)

    wanted = [(task, grid.intermediate_examples) for task in grid.conditions]
    wanted += [
        (task, grid.target_examples) for target in grid.targets for task in training_tasks(grid, catalogue, target)
    ]
    for i, (task, count) in enumerate(wanted):
        report(f"checking examples: {task}", i / (len(wanted) + len(grid.targets)))
        read(task, f"{grid.source_language}/train", lambda t=task, n=count: training_examples(corpus, grid, t, n))
    for i, target in enumerate(grid.targets):
        report(f"checking examples: {target}", (len(wanted) + i) / (len(wanted) + len(grid.targets)))
        try:
            for language, split, examples in test_examples(corpus, grid, target):
                read(target, f"{language}/{split}", lambda e=examples: e)
        except InputError as error:
            problems.extend(p for p in error.problems if p not in problems)
    for target in grid.substitutes:
        for task in training_tasks(grid, catalogue, target):
            if catalogue[task].head != catalogue[target].head or catalogue[task].labels != catalogue[target].labels:
                problems.append(f"{target}: cannot be trained on {task}, whose head or labels differ")
    if problems:
        raise InputError(problems)


def run_job(job: Job) -> tuple[list[Row], list[str]]:
    """Train one condition with one seed on every target, and score each in every language.

    Returns
    -------
    rows, failures
        Rows of the transfer table, and a sentence for each run that failed.
    """
    import torch

    from transfer_analysis.training.run import Runner

    torch.set_num_threads(1)
    return Runner(job).run()


def fingerprint(examples: list[Record]) -> int:
    """Return a checksum of examples, to know whether data have changed."""
    total = 0
    for example in examples:
        total = zlib.crc32(repr(sorted(example.items())).encode(), total)
    return total


def _completed(jobs: list[Job], workers: int) -> Iterator[tuple[Job, tuple[list[Row], list[str]]]]:
    if workers <= 1:
        for job in jobs:
            yield job, run_job(job)
        return
    # A forked copy of a process that has used torch's threads can hang, so workers start afresh.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: dict[Future[tuple[list[Row], list[str]]], Job] = {pool.submit(run_job, job): job for job in jobs}
        try:
            while waiting:
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield waiting.pop(future), future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
