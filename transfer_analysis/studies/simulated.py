"""Results of a study trained in the simulated world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from transfer_analysis.corpora.simulated import Dials, World
from transfer_analysis.corpora.simulated.tasks import MAKERS
from transfer_analysis.documents import validated
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.progress import Report, of_model
from transfer_analysis.results import TransferTable
from transfer_analysis.studies.given import Given
from transfer_analysis.studies.study import Code, Study
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.pretraining.built import Shape
from transfer_analysis.training.pretraining.kept import Wanted, pretrained
from transfer_analysis.training.pretraining.simulated import Pretraining
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs.execute import run_grid

#: What languages share in the world that the floor is measured in: their grammars stay as they are.
_NOTHING_SHARED = {"cognates": 0.0, "anchors": 0.0, "aligned_text": 0.0}

#: Subwords of two documents of the simulated world side by side.
_LONGEST = 60


class Simulation(BaseModel):
    """The `simulated` section of a scale.

    Attributes
    ----------
    seed
        Seed of the world and of pretraining.
    languages
        Those spoken, the source language first.
    dials
        How much languages and tasks share.
    encoders
        Name in the results → its size.
    pretraining
        How they are pretrained.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(ge=0)
    languages: tuple[Code, ...] = Field(min_length=2)
    dials: Dials = Dials()
    encoders: dict[str, Shape] = Field(min_length=1)
    pretraining: Pretraining

    @model_validator(mode="after")
    def _consistent(self) -> Simulation:
        if len(set(self.languages)) < len(self.languages):
            raise ValueError("languages: one is given twice")
        for name, shape in self.encoders.items():
            if shape.max_length < _LONGEST:
                raise ValueError(
                    f"encoders.{name}.max_length: {_LONGEST} subwords are needed for two documents side by side"
                )
        return self

    def world(self) -> World:
        """Return the world."""
        return World(self.languages, self.seed, self.dials)


def simulation(study: Study) -> tuple[Simulation, Grid]:
    """Return the study's simulation, and the grid that is trained in it.

    Raises
    ------
    InputError
        Naming every field that is wrong.
    """
    scale = study.scale
    assert scale is not None
    settings = validated(Simulation, scale.simulated, lambda _: f"{study.name}: simulated")
    grid = scale.grid
    problems = []
    if study.floor_model in settings.encoders:
        problems.append(f"floor_model: {study.floor_model!r} is a model that is studied; give the floor another name")
    if study.source_language != settings.languages[0]:
        problems.append(
            f"source_language {study.source_language!r} is not the first of the simulated languages, "
            f"{settings.languages[0]!r}"
        )
    problems += [
        f"grid: the simulated world has no task {task!r}{nearest(task, MAKERS)}"
        for task in dict.fromkeys((*grid.intermediate_tasks, *grid.targets))
        if task not in MAKERS
    ]
    if problems:
        raise InputError(f"{study.name}: {problem}" for problem in problems)
    recipe(**scale.recipe)
    return settings, grid


def train_simulated(study: Study, given: Given, report: Report) -> TransferTable:
    """Pretrain the encoders of a study and train its grid with each, or what is left of it.

    Where the study names a floor model, the first encoder is pretrained in a second world too, where languages have no
    words, names or aligned text in common; its scores without an intermediate task are the floor under the others'.
    """
    settings, grid = simulation(study)
    world = settings.world()
    for code in settings.languages:
        world.language(code)  # an unknown one should cost no training
    trained = [_Model(name, world, shape, grid) for name, shape in settings.encoders.items()]
    if study.floor_model is not None:
        dials = settings.dials.model_copy(update=_NOTHING_SHARED)
        alone = {"conditions": (), "initialisations": ("pretrained",), "random_conditions": None}
        unshared = World(settings.languages, settings.seed, dials)
        trained.append(_Model(study.floor_model, unshared, trained[0].shape, grid.model_copy(update=alone)))
    wanted = [Wanted(one.world, one.shape, settings.pretraining, settings.seed) for one in trained]
    encoders = pretrained(wanted, given.workers, report)
    tables = [_train_grid(one, encoder, study, given, report) for one, encoder in zip(trained, encoders, strict=True)]
    return TransferTable(pd.concat([table.frame for table in tables], ignore_index=True))


@dataclass(frozen=True)
class _Model:
    """An encoder with the world it is pretrained and trained in."""

    name: str
    world: World
    shape: Shape
    grid: Grid


def _train_grid(model: _Model, encoder: Path, study: Study, given: Given, report: Report) -> TransferTable:
    assert study.scale is not None
    trained = run_grid(
        model.world,
        load_catalogue(),
        str(encoder),
        model.grid,
        recipe(**study.scale.recipe),
        given.runs(study),
        model=model.name,
        origin=f"simulated world {model.world.seed}",
        workers=given.workers,
        device=given.device,
        report=of_model(report, model.name),
    )
    if trained.failures:
        raise InputError(trained.failures)
    return trained.table


def simulated_glosses(study: Study, count: int) -> dict[str, list[str]]:
    """Return the texts of the study's tasks in English lemmas, which a sentence encoder can read."""
    settings, grid = simulation(study)
    world = settings.world()
    tasks = [name for name in (*grid.conditions, *grid.targets) if name in MAKERS]
    return {task: world.glosses(task, count) for task in tasks}
