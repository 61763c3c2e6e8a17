"""Recipes: how a phase is trained, as data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

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
    weight_decay, clip
        Decoupled weight decay, and the norm that gradients are clipped to.
    max_length
        In subwords; longer inputs are cut.
    tasks
        Head or task → fields that differ for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    learning_rate: float = Field(gt=0)
    batch_size: int = Field(gt=0)
    epochs: int = Field(gt=0)
    warmup: float = Field(ge=0, le=1)
    weight_decay: float = Field(ge=0)
    clip: float = Field(gt=0)
    max_length: int = Field(gt=8)
    tasks: dict[str, dict[str, float]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _tasks_override_known_fields(self) -> Recipe:
        for name, fields in self.tasks.items():
            for field_name in fields:
                if field_name not in set(Recipe.model_fields) - {"name", "tasks"}:
                    raise ValueError(
                        f"tasks: {name}: unknown field {field_name!r}{nearest(field_name, Recipe.model_fields)}"
                    )
        return self

    def for_task(self, task: Task) -> Recipe:
        """Return the recipe for one task: its head's fields over the general ones, its own over both."""
        fields = {
            **self.model_dump(exclude={"tasks"}),
            **self.tasks.get(task.head, {}),
            **self.tasks.get(task.name, {}),
        }
        return Recipe.model_validate(fields)

    def describe(self) -> str:
        """Return the recipe in one line, for the transfer table."""
        return (
            f"{self.name} epochs={self.epochs} lr={self.learning_rate:g} batch={self.batch_size} "
            f"warmup={self.warmup:g} decay={self.weight_decay:g} clip={self.clip:g} max_length={self.max_length}"
        )


@cache
def recipes() -> dict[str, Recipe]:
    """Return all recipes by name."""
    text = files("transfer_analysis.training").joinpath("recipes.yaml").read_text(encoding="utf-8")
    return {name: Recipe(name=name, **fields) for name, fields in yaml.safe_load(text).items()}


def recipe(name: str, **overrides: Any) -> Recipe:
    """Return a recipe with some fields overridden.

    Raises
    ------
    InputError
        For an unknown recipe or field, or a value that a field does not take.
    """
    if name not in recipes():
        raise InputError(f"unknown recipe {name!r}{nearest(name, recipes())}; expected one of {', '.join(recipes())}")
    return validated(Recipe, {**recipes()[name].model_dump(), **overrides}, f"recipe {name}")
