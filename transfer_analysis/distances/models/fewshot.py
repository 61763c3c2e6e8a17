"""Few-shot fine-tuning: the score on a target after a few of its examples, from an encoder trained on another task."""

from __future__ import annotations

import numpy as np
import pandas as pd

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.models.tuned import TunedTasks, Weights, features_of
from transfer_analysis.distances.tasks.examples import TaskExamples
from transfer_analysis.errors import UnsuitedError
from transfer_analysis.progress import Report, silent
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.loop import predict, train
from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.recipes import Recipe
from transfer_analysis.training.scoring.evaluate import evaluate, outputs
from transfer_analysis.training.streams import Stream, all_of

#: Examples that are trained on, passes over them, and examples at most that are tested on.
SHOTS, EPOCHS, TESTED = 32, 5, 256


def few_shot_distances(tuned: TunedTasks, examples: dict[str, TaskExamples], report: Report = silent) -> DistanceMatrix:
    """Return −score of each target after `EPOCHS` passes over `SHOTS` of its examples.

    The encoder starts from what it became on each intermediate task; the target's head starts from the same random
    weights, and all see the same shots and the same order. This is the few-shot fine-tuning of Poth et al. 2021.

    Parameters
    ----------
    tuned
        The encoder trained on each task.
    examples
        Task → the examples that are divided into shots and test.

    Returns
    -------
    DistanceMatrix
        Directed, from intermediate task (rows) to target (columns), in points of the target's own metric, turned: small
        is good. Values are comparable within a column only. From a task to itself it is missing: it was trained on the
        test.

    Raises
    ------
    UnsuitedError
        For a target with too few examples.
    """
    divided = {task: _divided(examples[task], tuned) for task in tuned.tasks}
    values = np.full((len(tuned.tasks), len(tuned.tasks)), np.nan)
    for i, intermediate in enumerate(tuned.tasks):
        weights = tuned.after(intermediate)
        for j, target in enumerate(tuned.tasks):
            if intermediate == target:
                continue
            report(f"few-shot: {intermediate} to {target}", (i * len(tuned.tasks) + j) / len(tuned.tasks) ** 2)
            values[i, j] = -_score(tuned, weights, *divided[target])
    tuned.restore()
    parameters = {
        **tuned.provenance(),
        "shots": SHOTS,
        "epochs": EPOCHS,
        "tested": {task: len(test.golds) for task, (_, test) in divided.items()},
        "metric": {task: test.task.metric for task, (_, test) in divided.items()},
        "sign": "the score's, turned: small is good",
    }
    frame = pd.DataFrame(values, index=tuned.tasks, columns=tuned.tasks)
    return DistanceMatrix(frame, "few-shot", parameters, tuned.encoder.name, directed=True)


def _divided(examples: TaskExamples, tuned: TunedTasks) -> tuple[Features, Features]:
    """Return shots and test; the shots hold examples of as many classes as there are, as evenly as the order gives."""
    if len(examples.records) < 2 * SHOTS:
        raise UnsuitedError(
            f"{examples.name}: {len(examples.records)} examples are too few for {SHOTS} shots and a test; give --count "
            f"at least {2 * SHOTS}, or leave it out"
        )
    order = _balanced(examples)
    shots, test = order[:SHOTS], sorted(order[SHOTS : SHOTS + TESTED])
    whole = tuned.features[examples.name].task

    def part(numbers: list[int]) -> Features:
        chosen = TaskExamples(
            examples.name,
            [examples.texts[i] for i in numbers],
            None,
            whole,
            [examples.records[i] for i in numbers],
            examples.origin,
        )
        return features_of(chosen, tuned.encoder, tuned.recipe)

    return part(shots), part(test)


def _balanced(examples: TaskExamples) -> list[int]:
    """Return the order of examples that takes classes in turn; as they are where there are none."""
    classes = examples.classes
    if classes is None:
        return list(range(len(examples.records)))
    seen: dict[str, int] = {}
    keys = []
    for i, label in enumerate(classes):
        seen[label] = seen.get(label, 0) + 1
        keys.append((seen[label], label, i))
    return [i for _, _, i in sorted(keys)]


def _score(tuned: TunedTasks, weights: Weights, shots: Features, test: Features) -> float:
    encoder = tuned.set(weights)
    # By steps and not by time: 32 examples in passes of 16 at the recipe's rate.
    recipe: Recipe = tuned.recipe.for_task(shots.task).model_copy(update={"batch_size": 16, "epochs": EPOCHS})
    head = make_head(shots.task, encoder, tuned.seed)
    stream = Stream(shots, head, recipe.batch_size, recipe.epochs)
    train(encoder, [stream], all_of([stream]), recipe, tuned.seed, numerics=tuned.numerics)
    given = outputs(test, predict(encoder, head, test, tuned.numerics))
    return evaluate(test, given)[test.task.metric]
