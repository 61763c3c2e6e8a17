"""One encoder trained on each of several tasks, by the training core, and kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from transfer_analysis.distances.tasks.examples import TaskExamples
from transfer_analysis.errors import InputError
from transfer_analysis.files import cache_folder
from transfer_analysis.progress import Report, silent
from transfer_analysis.tasks import Task
from transfer_analysis.training.computing.memory import give_back_memory
from transfer_analysis.training.computing.numerics import Numerics, choose
from transfer_analysis.training.computing.tensors import read_tensors, write_tensors
from transfer_analysis.training.encoder import Encoder, load_encoder
from transfer_analysis.training.heads import Head, make_head
from transfer_analysis.training.loop import train
from transfer_analysis.training.reading.features import Features, featurize
from transfer_analysis.training.reading.golds import labelled
from transfer_analysis.training.reading.tokens import fingerprint
from transfer_analysis.training.recipes import Recipe
from transfer_analysis.training.streams import Stream, all_of
from transfer_analysis.training.version import CORE

Weights = dict[str, torch.Tensor]


@dataclass
class TunedTasks:
    """An encoder, and what it became by training on each task.

    There is one encoder in memory, whose weights are overwritten by `use` and `restore`.

    Attributes
    ----------
    encoder
        The encoder.
    before
        Its weights before any training.
    recipe, seed
        How each task was trained.
    numerics
        How products are computed, in training and after it.
    features
        Task → its examples as the encoder reads them.
    heads
        Task → its head, trained.
    identities, origins
        Task → hash of all that its training depends on, and language and split of its examples.
    probed
        Texts → states of them after training on each task, where they have been asked for.
    """

    encoder: Encoder
    before: Weights
    recipe: Recipe
    seed: int
    numerics: Numerics
    features: dict[str, Features] = field(default_factory=dict)
    heads: dict[str, Head] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    probed: dict[tuple[str, ...], dict[str, npt.NDArray[np.float64]]] = field(default_factory=dict, repr=False)

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks."""
        return list(self.features)

    def after(self, task: str) -> Weights:
        """Return the encoder's weights after training on a task."""
        kept = read_tensors(_path(self.identities[task]))
        if kept is None:
            raise InputError(f"{_path(self.identities[task])}: has gone while it was needed; run the command again")
        return {name.removeprefix("encoder."): w for name, w in kept[0].items() if name.startswith("encoder.")}

    def use(self, task: str) -> tuple[Encoder, Head]:
        """Return the encoder and the head as they are after training on a task."""
        return self.set(self.after(task)), self.heads[task]

    def restore(self) -> Encoder:
        """Return the encoder as it was before any training."""
        return self.set(self.before)

    def set(self, weights: Weights) -> Encoder:
        """Return the encoder with some weights."""
        self.encoder.model.load_state_dict(weights)
        give_back_memory()
        return self.encoder

    def provenance(self) -> dict[str, Any]:
        """Return what identifies the trained encoders in a result."""
        return {
            "encoder": self.encoder.name,
            "encoder_identity": self.encoder.identity,
            "recipe": {name: self.recipe.for_task(f.task).describe() for name, f in self.features.items()},
            "computed_with": str(self.numerics),
            "seed": self.seed,
            "examples": {name: len(f.golds) for name, f in self.features.items()},
            "trained_on": self.origins,
        }


def tuned_tasks(
    examples: Mapping[str, TaskExamples],
    encoder: str,
    recipe: Recipe,
    seed: int = 0,
    report: Report = silent,
    name: str = "",
) -> TunedTasks:
    """Train an encoder on each task, or read what an earlier call has kept.

    Parameters
    ----------
    examples
        Task → its examples from a corpus, which are trained on.
    encoder
        Folder or hub id of the encoder that every task starts from.
    recipe
        How each task is trained.
    name
        What the encoder is called in results, where not as its folder or hub id.

    Raises
    ------
    InputError
        Before any training: for a task without training data, or whose examples do not fit its head.
    """
    _require_trainable(examples)
    loaded = load_encoder(encoder)
    loaded = replace(loaded, name=name or loaded.name)
    before = {name: weight.clone() for name, weight in loaded.model.state_dict().items()}
    choice = choose(loaded, recipe, cache_folder() / "tuned")
    recipe = choice.resolved(recipe)
    numerics = replace(choice.numerics, precision=recipe.computed_in)
    tuned = TunedTasks(loaded, before, recipe, seed, numerics)
    for task_name, given in examples.items():
        assert given.task is not None
        tuned.features[task_name] = features_of(given, loaded, recipe)
        tuned.origins[task_name] = given.origin
        tuned.identities[task_name] = _identity(given, tuned, recipe.for_task(given.task))
    for i, task_name in enumerate(tuned.tasks):
        report(f"training on {task_name}", i / len(examples))
        task = tuned.features[task_name].task
        kept = read_tensors(_path(tuned.identities[task_name]))
        head = make_head(task, tuned.restore(), seed)
        if kept is None:
            _train(tuned, task_name, head)
        else:
            weights = {n.removeprefix("head."): w for n, w in kept[0].items() if n.startswith("head.")}
            head.load_state_dict(weights)
        tuned.heads[task_name] = head
    tuned.restore()
    return tuned


def features_of(examples: TaskExamples, encoder: Encoder, recipe: Recipe) -> Features:
    """Return a task's examples as the encoder reads them, with the tags of its own examples where it names none."""
    assert examples.task is not None
    task: Task = labelled(examples.task, examples.records)
    length = min(recipe.for_task(task).max_length, encoder.longest)
    return featurize(task, examples.records, encoder, length, examples.origin or "examples")


def trainable(examples: TaskExamples) -> bool:
    """Whether there is a head to train on the examples, and they are not what the task is tested on."""
    return (
        examples.task is not None
        and bool(examples.records)
        and examples.task.head_kind.tuned
        and examples.split != "test"
    )


def _require_trainable(examples: Mapping[str, TaskExamples]) -> None:
    problems = []
    for name, given in examples.items():
        if given.task is None:
            problems.append(
                f"{name}: texts alone cannot be trained on; name tasks of the catalogue and give a corpus with --from"
            )
        elif not trainable(given):
            why = "only test examples" if given.split == "test" else f"no training data for a head ({given.task.head})"
            problems.append(f"{name}: has {why}; it has text distances only")
    if problems or not examples:
        raise InputError(problems or "no tasks to train on")


def _train(tuned: TunedTasks, name: str, head: Head) -> None:
    features = tuned.features[name]
    recipe = tuned.recipe.for_task(features.task)
    stream = Stream(features, head, recipe.batch_size, recipe.epochs)
    train(tuned.encoder, [stream], all_of([stream]), recipe, tuned.seed, numerics=tuned.numerics)
    weights = {f"encoder.{n}": w for n, w in tuned.encoder.model.state_dict().items()}
    weights |= {f"head.{n}": w for n, w in head.state_dict().items()}
    write_tensors(_path(tuned.identities[name]), weights, {"task": name, "encoder": tuned.encoder.name})


def _identity(examples: TaskExamples, tuned: TunedTasks, recipe: Recipe) -> str:
    assert examples.task is not None
    about: Sequence[Any] = (
        CORE,
        torch.__version__,
        tuned.encoder.identity,
        str(tuned.numerics),
        recipe.identity(),
        examples.task.head,
        examples.task.columns,
        examples.task.labels,
        fingerprint(examples.records),
        tuned.seed,
    )
    return hashlib.sha256(repr(about).encode()).hexdigest()[:16]


def _path(identity: str) -> Path:
    return cache_folder() / "tuned" / f"{identity}.safetensors"
