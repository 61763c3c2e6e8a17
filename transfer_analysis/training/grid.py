"""The grid: every condition × target × seed, from one pretrained encoder, scored in every language.

A unit of work is one condition with one seed: its intermediate training is done once and shared by all targets. Units
are independent and run in processes of one thread each; results do not depend on the number of processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from transfer_analysis.corpora.simulated import World
from transfer_analysis.progress import Report, silent
from transfer_analysis.results import TransferTable
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.recipes import Recipe

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
    intermediate_examples, target_examples, test_examples
        Training examples of an intermediate task and of a target task (in the source language), and test examples
        per language.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    conditions: tuple[str, ...] = Field(min_length=1)
    targets: tuple[str, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    intermediate_examples: int = Field(gt=0)
    target_examples: int = Field(gt=0)
    test_examples: int = Field(gt=0)


@dataclass(frozen=True)
class Job:
    """Everything a unit of work needs; it travels to the worker process."""

    world: World
    encoder: Path
    grid: Grid
    recipe: Recipe
    condition: str
    seed: int


def run_grid(
    world: World, encoder: Path, grid: Grid, recipe: Recipe, *, workers: int = 2, report: Report = silent
) -> TransferTable:
    """Train and score the whole grid.

    Parameters
    ----------
    encoder
        Folder of the pretrained encoder.
    workers
        Processes of one thread each.

    Returns
    -------
    TransferTable
        One row per run, language and metric; split `test`, and `validation` for intermediate tasks' own scores.
    """
    jobs = [
        Job(world, encoder, grid, recipe, condition, seed)
        for seed in grid.seeds
        for condition in ("none", *grid.conditions)
    ]
    rows: list[Row] = []
    report(f"training: 0 of {len(jobs)} conditions", 0.0)
    for done, (job, result) in enumerate(_completed(jobs, workers), start=1):
        rows += result
        report(f"training: {done} of {len(jobs)} conditions (last: {job.condition})", done / len(jobs))
    return TransferTable.from_frame(pd.DataFrame(rows), where="grid")


def run_job(job: Job) -> list[Row]:
    """Train one condition with one seed on every target, and score each in every language."""
    import torch

    from transfer_analysis.training.encoder import load_encoder
    from transfer_analysis.training.evaluate import evaluate, outputs
    from transfer_analysis.training.features import featurize
    from transfer_analysis.training.heads import make_head
    from transfer_analysis.training.loop import predict, train

    torch.set_num_threads(1)
    catalogue = load_catalogue()
    encoder = load_encoder(str(job.encoder))
    source = job.world.languages[0]

    def fit(task_name: str, count: int) -> Any:
        task = catalogue[task_name]
        examples = job.world.examples(task_name, source, "train", count)
        head = make_head(task, encoder, job.seed)
        train(
            encoder,
            head,
            featurize(task, examples, encoder, job.recipe.max_length, f"{source}/train"),
            job.recipe,
            job.seed,
        )
        return head

    def score(task_name: str, head: Any, language: str, split: Any) -> dict[str, float]:
        examples = job.world.examples(task_name, language, split, job.grid.test_examples)
        features = featurize(catalogue[task_name], examples, encoder, job.recipe.max_length, f"{language}/{split}")
        return evaluate(features, outputs(features, predict(encoder, head, features)), language)

    rows: list[Row] = []
    if job.condition != "none":
        head = fit(job.condition, job.grid.intermediate_examples)
        own = score(job.condition, head, source, "validation")
        # The intermediate task's own score: as a target without any intermediate training before it.
        rows += [_row(job, "none", job.condition, source, "validation", metric, value) for metric, value in own.items()]
    start = {name: weights.clone() for name, weights in encoder.model.state_dict().items()}
    for target in job.grid.targets:
        encoder.model.load_state_dict(start)
        head = fit(target, job.grid.target_examples)
        for language in job.world.languages:
            scores = score(target, head, language, "test")
            rows += [
                _row(job, job.condition, target, language, "test", metric, value) for metric, value in scores.items()
            ]
    return rows


def _row(job: Job, condition: str, target: str, language: str, split: str, metric: str, score: float) -> Row:
    return {
        "model": job.encoder.name,
        "condition": condition,
        "target": target,
        "source_language": job.world.languages[0],
        "language": language,
        "split": split,
        "seed": job.seed,
        "metric": metric,
        "score": score,
        "n_examples": job.grid.test_examples,
        "recipe": job.recipe.describe(),
        "run": f"{job.encoder.name}/{condition}/{target}/{job.seed}",
        "origin": f"simulated world {job.world.seed}",
    }


def _completed(jobs: list[Job], workers: int) -> Iterator[tuple[Job, list[Row]]]:
    if workers <= 1:
        for job in jobs:
            yield job, run_job(job)
        return
    # A forked copy of a process that has used torch's threads can hang, so workers start afresh.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: dict[Future[list[Row]], Job] = {pool.submit(run_job, job): job for job in jobs}
        try:
            while waiting:
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield waiting.pop(future), future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
