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
from transfer_analysis.training.grid import INTERMEDIATE, Grid, Initialisation, Job
from transfer_analysis.training.recipes import Recipe

#: Operations of a step: two a weight forwards, four backwards (Kaplan et al. 2020, arXiv 2001.08361, section 2.1).
_FORWARD, _STEP = 2, 6

#: Rows of an example of multiple choice, each choice beside its question.
_CHOICES = 4

#: Share of a vocabulary that a training set reads.
_READ = 0.05

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
    found = [
        cost_of(job, what, grid, recipe, catalogue, size, languages)
        for job in grid.jobs()
        if job.initialisation == initialisation
        for what in (*([INTERMEDIATE] if job.condition != NONE else []), *grid.targets)
    ]
    return Cost(
        sum(one.runs for one in found),
        sum(one.examples for one in found),
        sum(one.operations for one in found),
        sum(one.bytes for one in found),
    )


def cost_of(
    job: Job,
    what: str,
    grid: Grid,
    recipe: Recipe,
    catalogue: Catalogue,
    size: Size | None,
    languages: Mapping[str, int],
) -> Cost:
    """Return what one node costs: the intermediate phase of a job, or one of its targets with its tests."""
    trained = _before(job, grid, catalogue) if what == INTERMEDIATE else []
    if what != INTERMEDIATE and catalogue[what].head_kind.trained:
        trained = [(what, grid.trained(what, grid.target_examples))]
    examples = sum(recipe.for_task(catalogue[name]).epochs * count for name, count in trained)
    runs = int(what != INTERMEDIATE)
    if size is None:
        return Cost(runs, examples, float("nan"), float("nan"))
    operations = 0.0
    for name, count in trained:
        chosen, task = recipe.for_task(catalogue[name]), catalogue[name]
        rows = chosen.epochs * count * (_CHOICES if task.head_kind.of_choices else 1)
        operations += size.operations(rows, chosen.max_length, _STEP)
    if what == INTERMEDIATE:
        return Cost(runs, examples, operations, float(_WEIGHT * size.weights))
    tested = languages[what] * grid.tests(what)
    operations += size.operations(tested, recipe.for_task(catalogue[what]).max_length, _FORWARD)
    return Cost(runs, examples, operations, float(_PREDICTION * tested))


def memory_of(grid: Grid, recipe: Recipe, catalogue: Catalogue, size: Size) -> float:
    """Return about how much memory a run takes at most, in bytes.

    The weights twice (as they are and as they began), gradient and two moments of those that are trained (of the
    vocabulary, what a training set reads), and what is kept of a batch for its gradients, in float32: per layer 34 numbers
    of two bytes an element and 5 a head's weight (Korthikanti et al. 2022, arXiv 2205.05198, equation 2), doubled.
    """
    trained = size.in_layers + _READ * size.vocabulary * size.hidden
    heads = max(1, size.hidden // 64)
    activations = 0.0
    for name in {*grid.targets, *grid.intermediate_tasks}:
        chosen, task = recipe.for_task(catalogue[name]), catalogue[name]
        if not task.head_kind.trained:
            continue
        rows = chosen.batch_size * (_CHOICES if task.head_kind.of_choices else 1)
        rows = min(rows, chosen.rows_at_once) if chosen.rows_at_once else rows
        length = chosen.max_length
        a_layer = rows * length * size.hidden * (34 + 5 * heads * length / size.hidden)
        activations = max(activations, 2 * size.layers * a_layer)
    return 2 * _WEIGHT * size.weights + 3 * _WEIGHT * trained + activations


def _before(job: Job, grid: Grid, catalogue: Catalogue) -> list[tuple[str, int]]:
    """Return the tasks of a job's intermediate phase, with the most examples of each."""
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
    return before
