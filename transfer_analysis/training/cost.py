"""What a grid costs: runs, operations, disk; from sizes alone, before anything is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transfer_analysis.encoders import Size, known_encoders
from transfer_analysis.encoders.located import AUTO, DEFAULT
from transfer_analysis.tasks import Catalogue
from transfer_analysis.tasks.conditions import NONE, parse_condition
from transfer_analysis.training.grid import Grid, Initialisation, Job
from transfer_analysis.training.recipes import Recipe

#: Operations of a step: two a weight forwards, four backwards (Kaplan et al. 2020, arXiv 2001.08361, section 2.1).
_FORWARD, _STEP = 2, 6

#: Rows of an example of multiple choice, each choice beside its question.
_CHOICES = 4

#: Bytes of a weight, and of the stored prediction of an example.
_WEIGHT, _PREDICTION = 4, 60


@dataclass(frozen=True)
class Cost:
    """What a model and initialisation cost: runs, training examples (epochs counted), operations and bytes.

    Operations are those of rows as long as the recipe lets them be, four rows for an example of multiple choice, one for a
    context; shorter texts take less, longer contexts more.
    """

    runs: int
    examples: int
    operations: float
    bytes: float


def size_of(encoder: str) -> Size | None:
    """Return the size of an encoder in a folder, or of a well-known one; None of another."""
    path = Path(encoder) / "config.json"
    if path.is_file():
        about = json.loads(path.read_text(encoding="utf-8"))
        keys = {"layers": "num_hidden_layers", "hidden": "hidden_size", "feed_forward": "intermediate_size"}
        keys |= {"vocabulary": "vocab_size"}
        if not all(key in about for key in keys.values()):
            return None
        return Size(**{name: int(about[key]) for name, key in keys.items()})
    short = DEFAULT if encoder == AUTO else encoder
    repository = encoder.partition("@")[0]
    found = (about.size for name, about in known_encoders().items() if short == name or about.hub == repository)
    return next(found, None)


def cost(
    grid: Grid,
    recipe: Recipe,
    catalogue: Catalogue,
    initialisation: Initialisation,
    size: Size | None,
    languages: Mapping[str, int],
) -> Cost:
    """Return what a grid costs with one encoder and initialisation.

    Parameters
    ----------
    size
        None where it is not known; operations and bytes are then NaN.
    languages
        Target → number of languages that it is tested in.
    """
    jobs = [job for job in grid.jobs() if job.initialisation == initialisation]
    examples, operations, stored = 0, 0.0, 0.0
    for job in jobs:
        for name, count in _trained(job, grid, catalogue):
            chosen = recipe.for_task(catalogue[name])
            trained = chosen.epochs * count if catalogue[name].head != "retrieval" else 0
            examples += trained
            if size is not None:
                rows = trained * (_CHOICES if catalogue[name].head == "multiple-choice" else 1)
                operations += size.operations(rows, chosen.max_length, _STEP)
        if size is not None:
            stored += _WEIGHT * size.weights if job.condition != NONE else 0
            for target in grid.targets:
                tested = languages[target] * grid.tests(target)
                operations += size.operations(tested, recipe.for_task(catalogue[target]).max_length, _FORWARD)
                stored += _PREDICTION * tested
    runs = len(jobs) * len(grid.targets)
    unknown = float("nan")
    return Cost(runs, examples, operations, stored) if size is not None else Cost(runs, examples, unknown, unknown)


def _trained(job: Job, grid: Grid, catalogue: Catalogue) -> list[tuple[str, int]]:
    """Return the tasks that a job trains on, with the most examples of each."""
    condition = parse_condition(job.condition)
    before = [(name, grid.trained(name, grid.intermediate_examples)) for name in grid.members(condition)]
    if len(before) > 1 and grid.multi_task is not None:
        before = [(name, min(count, grid.multi_task.cap)) for name, count in before]
    if condition.reads_text and grid.mlm is not None:
        text = {
            task: grid.mlm.examples * len(grid.mlm.languages or catalogue[task].languages) for task in grid.mlm.tasks
        }
        if before:  # mixed in, at a share of all steps
            share = grid.mlm.rate / (1 - grid.mlm.rate) * sum(count for _, count in before)
            text = {task: min(count, round(share / len(text))) for task, count in text.items()}
        before += text.items()
    return before + [(name, grid.trained(name, grid.target_examples)) for name in grid.targets]
