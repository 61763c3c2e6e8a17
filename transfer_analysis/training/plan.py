"""A plan of training: encoder, recipe and grid, as one YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from transfer_analysis.documents import read_document
from transfer_analysis.encoders import known_encoders
from transfer_analysis.encoders.located import AUTO, DEFAULT
from transfer_analysis.errors import InputError
from transfer_analysis.files import read_text
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.pretraining.settings import is_to_be_pretrained, load_pretraining
from transfer_analysis.training.recipes import Recipe, recipe


class Plan(BaseModel):
    """What `transfer-analysis train grid` trains.

    Attributes
    ----------
    encoder
        Short name (`e5-small`; `transfer-analysis encoders list` shows all), folder, or hub id (`owner/name@revision`); or a
        YAML file with settings of pretraining, which is then done first.
    model
        Its name in the results; its usual one, the folder's name or the hub id where empty.
    recipe
        `name` of a recipe, and any fields to override.
    grid
        Conditions, targets, seeds, languages, numbers of examples.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    encoder: str
    model: str = ""
    recipe: dict[str, Any] = Field(default_factory=lambda: {"name": "small"})
    grid: Grid

    def chosen_recipe(self) -> Recipe:
        """Return the recipe with its overrides."""
        if "name" not in self.recipe:
            raise InputError("recipe: say which with `name: small` (or simulated, xtreme), then the fields to override")
        return recipe(**self.recipe)

    def model_name(self) -> str:
        """Return the encoder's name in the results."""
        if self.model:
            return self.model
        if Path(self.encoder).is_dir():
            return Path(self.encoder).name
        if is_to_be_pretrained(self.encoder):
            return load_pretraining(Path(self.encoder)).name
        known = known_encoders().get(DEFAULT if self.encoder == AUTO else self.encoder)
        return known.model if known is not None else self.encoder


def load_plan(path: Path) -> Plan:
    """Read a plan.

    Raises
    ------
    InputError
        Naming every field that is wrong.
    """
    text = read_text(path, "a plan of training in YAML")
    plan = read_document(Plan, text, path.name, "with encoder, recipe and grid")
    plan.chosen_recipe()
    return plan
