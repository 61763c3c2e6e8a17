"""Scales of a study: what is trained on which examples, and what the study's names stand for there."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import Field, model_validator

from transfer_analysis.errors import nearest
from transfer_analysis.studies.declared import Declared
from transfer_analysis.training.grid import Grid

#: The scale of the paper's grid, beside the simulated world's and that of a folder of corpora.
FULL = "full"

#: The file of what the scales of the bundled studies have in common.
COMMON = "scales.yaml"

#: Fields of a hypothesis that name tasks, conditions or models.
_NAMED = ("condition", "target", "targets", "between", "model")


class Trained(Declared):
    """An encoder that is trained.

    Attributes
    ----------
    source
        Folder or hub id; `auto` is all-MiniLM-L6-v2, of the hub or its packaged copy.
    recipe
        Fields that are others for it than in the scale's recipe, such as its learning rate.
    """

    source: str
    recipe: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _by_its_source(cls, given: Any) -> Any:
        return {"source": given} if isinstance(given, str) else given


class Scale(Declared):
    """One scale of a study.

    Attributes
    ----------
    simulated
        The world that is simulated, its encoders and their pretraining (read by the training core), or None where examples
        are real ones: of a folder or of the hub.
    encoders
        Name in the results → the encoder (its folder or hub id, if there is no more to say), where examples are real.
    recipe
        `name` of a recipe, and any fields to override.
    grid
        What is trained, with every encoder.
    stand_ins
        Name in the study file → the task or model that stands for it at this scale.
    """

    simulated: dict[str, Any] | None = None
    encoders: dict[str, Trained] = Field(default_factory=dict)
    recipe: dict[str, Any]
    grid: Grid
    stand_ins: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _like_another(cls, fields: Any) -> Any:
        """Take what is common to the bundled studies where `like` says so; what is said besides wins."""
        if not isinstance(fields, dict) or "like" not in fields:
            return fields
        known = common_scales()
        if fields["like"] not in known:
            raise ValueError(f"like: {fields['like']!r} is not a common scale{nearest(str(fields['like']), known)}")
        return _merged(known[fields["like"]], {name: value for name, value in fields.items() if name != "like"})

    @model_validator(mode="after")
    def _consistent(self) -> Scale:
        if (self.simulated is None) == (not self.encoders):
            raise ValueError("say either what is simulated, or which encoders are trained on real examples")
        if "name" not in self.recipe:
            raise ValueError(
                "recipe: say which with `name: small` (or simulated, xtreme, jiant), then what to override"
            )
        return self

    def models(self) -> list[str]:
        """Return the names of the encoders in the results."""
        return list(self.encoders if self.simulated is None else self.simulated.get("encoders", {}))

    def recipe_of(self, model: str) -> dict[str, Any]:
        """Return the recipe of an encoder, by the fields that differ from the named one."""
        own = self.encoders[model].recipe if model in self.encoders else {}
        return _merged(self.recipe, own)

    def note(self) -> str:
        """Say what the names of the study file stand for, of those that are trained; nothing where all are meant as written."""
        trained = {*self.models(), *self.grid.targets, *self.grid.conditions, *self.grid.intermediate_tasks}
        pairs = [f"`{stands}` replaces `{written}`" for written, stands in self.stand_ins.items() if stands in trained]
        said = f"Stand-ins at this scale: {', '.join(pairs)}." if pairs else ""
        if self.simulated is not None:
            said += " The results are of a simulated world: they show what the study does and are not evidence about real languages."
        return said.strip()

    def called(self, name: str) -> str:
        """Return what a name of the study file stands for."""
        return self.stand_ins.get(name, name)

    def all_called(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Return what several names stand for, each once."""
        return tuple(dict.fromkeys(map(self.called, names)))

    def renamed(self, hypothesis: Declared) -> Declared:
        """Return a hypothesis with what its names stand for."""
        changed: dict[str, Any] = {"statement": self._named(getattr(hypothesis, "statement", ""))}
        for field in _NAMED:
            given = getattr(hypothesis, field, None)
            if isinstance(given, str):
                changed[field] = self.called(given)
            elif given:
                changed[field] = self.all_called(given)
        return hypothesis.model_copy(update=changed)

    def _named(self, statement: str) -> str:
        """Return a sentence with what its names stand for."""
        return re.sub(r"[\w.-]*\w", lambda found: self.called(found[0]), statement)


@cache
def common_scales() -> dict[str, dict[str, Any]]:
    """Return what the scales of the bundled studies have in common, by name."""
    text = files("transfer_analysis.studies").joinpath(COMMON).read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return found


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Return two mappings as one, field by field; the second wins."""
    both = {name: (base[name], over[name]) for name in over if name in base}
    inner = {
        name: _merged(*pair) if isinstance(pair[0], dict) and isinstance(pair[1], dict) else pair[1]
        for name, pair in both.items()
    }
    return {**base, **over, **inner}
