"""Recipes: how a phase is trained, as data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from transfer_analysis.documents import validated
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.tasks import Task


class Recipe(BaseModel):
    """Settings of one phase of training.

    Attributes
    ----------
    learning_rate
        Peak rate of AdamW; it rises linearly over the first `warmup` share of the steps and falls linearly to 0.
    batch_size
        In examples.
    epochs
        Passes over the training examples.
    weight_decay, epsilon, clip
        Decoupled weight decay, AdamW's epsilon, and the norm that gradients are clipped to.
    rows_at_once
        Most rows of subwords that are computed at once, where a batch does not fit the memory; 0 for all of them. The
        result is the same but for rounding and for dropout that torch draws (all of it on a GPU; on a CPU that inside
        fused attention). The batch of a dual encoder is never parted, as its examples are each other's wrong answers.
    max_length
        In subwords. Longer inputs are cut, but for tagging, parsing and the contexts of questions, which are read in
        windows that overlap.
    precision
        `float32`; `bf16` for automatic mixed precision; or `fastest`, whichever of the two a trial at the start finds
        faster on this machine.
    matmul
        `fastest`: whatever way of computing float32 products and attention a trial at the start finds fastest on this
        machine at float32's error; `exact`: no trial, the same bytes on every start.
    evaluate_every, patience, development_examples
        Early stopping: how often (steps) the task's own development score is looked at, how many times it may fail to
        rise, and on how many examples; 0 steps for none. The best weights are kept (checkpoint `best-english`).
    layer, pooling
        For retrieval without training: the layer whose states are compared (0 is the embeddings, -1 the last layer),
        and what stands for a sentence.
    tasks
        Head or task → fields that differ for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    learning_rate: float = Field(gt=0)
    batch_size: int = Field(gt=0)
    rows_at_once: int = Field(default=0, ge=0)
    epochs: int = Field(gt=0)
    warmup: float = Field(ge=0, le=1)
    weight_decay: float = Field(ge=0)
    epsilon: float = Field(default=1e-8, gt=0)
    clip: float = Field(gt=0)
    max_length: int = Field(gt=8)
    precision: Literal["float32", "bf16", "fastest"] = "float32"
    matmul: Literal["fastest", "exact"] = "fastest"
    evaluate_every: int = Field(default=0, ge=0)
    patience: int = Field(default=30, gt=0)
    development_examples: int = Field(default=500, gt=0)
    layer: int = Field(default=-1, ge=-1)
    pooling: Literal["mean", "first"] = "mean"
    tasks: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _tasks_override_known_fields(self) -> Recipe:
        for name, fields in self.tasks.items():
            for field_name in fields:
                if field_name not in set(Recipe.model_fields) - {"name", "tasks"}:
                    raise ValueError(
                        f"tasks: {name}: unknown field {field_name!r}{nearest(field_name, Recipe.model_fields)}"
                    )
            try:
                Recipe.model_validate({**self.model_dump(exclude={"tasks"}), **fields})
            except ValidationError as error:
                wrong = error.errors()[0]
                raise ValueError(f"tasks: {name}: {wrong['loc'][0]}: {wrong['msg']}") from error
        return self

    def for_task(self, task: Task) -> Recipe:
        """Return the recipe for one task: its head's fields over the general ones, its own over both."""
        fields = {
            **self.model_dump(exclude={"tasks"}),
            **self.tasks.get(task.head, {}),
            **self.tasks.get(task.name, {}),
        }
        return Recipe.model_validate(fields)

    @property
    def computed_in(self) -> Literal["float32", "bf16"]:
        """The precision, once a trial has told which of the two is the fastest."""
        if self.precision == "fastest":
            raise ValueError("the precision is not settled: choose() settles it")
        return self.precision

    def identity(self) -> dict[str, Any]:
        """Return every field that changes what a phase gives; those of single tasks are already among them."""
        return self.model_dump(mode="json", exclude={"tasks"})

    def describe(self, stopped: bool = False) -> str:
        """Return how a task was trained, with or without early stopping, in one line, for the transfer table."""
        stopping = f" evaluate_every={self.evaluate_every} patience={self.patience}" if stopped else ""
        return (
            f"{self.name} epochs={self.epochs} lr={self.learning_rate:g} batch={self.batch_size} "
            f"warmup={self.warmup:g} decay={self.weight_decay:g} eps={self.epsilon:g} clip={self.clip:g} "
            f"max_length={self.max_length} {self.precision}{stopping}"
        )

    def describe_retrieval(self) -> str:
        """Return how sentences are embedded where nothing is trained, in one line."""
        return f"{self.name} layer={self.layer} pooling={self.pooling} max_length={self.max_length} {self.precision}"


@cache
def recipes() -> dict[str, Recipe]:
    """Return all recipes by name."""
    text = files("transfer_analysis.training").joinpath("recipes.yaml").read_text(encoding="utf-8")
    return {name: Recipe(name=name, **fields) for name, fields in yaml.safe_load(text).items()}


def recipe(name: str, **overrides: Any) -> Recipe:
    """Return a recipe with some fields overridden; those under `tasks`, task by task and field by field.

    Raises
    ------
    InputError
        For an unknown recipe or field, or a value that a field does not take.
    """
    if not isinstance(name, str) or name not in recipes():
        raise InputError(
            f"unknown recipe {name!r}{nearest(str(name), recipes())}; expected one of {', '.join(recipes())}"
        )
    fields = {**recipes()[name].model_dump(), **overrides}
    given = overrides.get("tasks")
    if isinstance(given, dict) and all(isinstance(changed, dict) for changed in given.values()):
        kept = recipes()[name].tasks
        fields["tasks"] = {**kept, **{task: {**kept.get(task, {}), **changed} for task, changed in given.items()}}
    return validated(Recipe, fields, lambda _: f"recipe {name}")
