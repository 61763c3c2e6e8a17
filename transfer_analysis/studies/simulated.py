"""Results of a study trained in the simulated world."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from transfer_analysis.corpora.simulated import Dials, World
from transfer_analysis.corpora.simulated.tasks import MAKERS
from transfer_analysis.documents import validated
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.progress import Report
from transfer_analysis.results import TransferTable
from transfer_analysis.studies.hypotheses import ConditionEffect
from transfer_analysis.studies.study import Code, Study
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.tasks.conditions import parse_condition
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.pretraining.built import Shape
from transfer_analysis.training.pretraining.kept import Wanted, pretrained
from transfer_analysis.training.pretraining.simulated import Pretraining
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs.execute import run_grid

#: Name of the model in the results.
MODEL = "simulated"

#: What languages share in the world that the floor is measured in: their grammars stay as they are.
_NOTHING_SHARED = {"cognates": 0.0, "anchors": 0.0, "aligned_text": 0.0}

#: Subwords of two documents of the simulated world side by side.
_LONGEST = 60


class Simulation(BaseModel):
    """The `simulated` section of a study file.

    Attributes
    ----------
    seed
        Seed of the world and of pretraining.
    languages
        Those spoken, the source language first.
    dials
        How much languages and tasks share.
    encoder, pretraining, recipe, grid
        What is trained, and how.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(ge=0)
    languages: tuple[Code, ...] = Field(min_length=2)
    dials: Dials = Dials()
    encoder: Shape
    pretraining: Pretraining
    recipe: dict[str, Any]
    grid: Grid

    @model_validator(mode="after")
    def _consistent(self) -> Simulation:
        if len(set(self.languages)) < len(self.languages):
            raise ValueError("languages: one is given twice")
        if self.encoder.max_length < _LONGEST:
            raise ValueError(f"encoder.max_length: {_LONGEST} subwords are needed for two documents side by side")
        members = [task for name in self.grid.conditions for task in self.grid.members(parse_condition(name))]
        unknown = [task for task in (*members, *self.grid.targets) if task not in MAKERS]
        if unknown:
            raise ValueError(f"grid: the simulated world has no task {unknown[0]!r}{nearest(unknown[0], MAKERS)}")
        if "name" not in self.recipe:
            raise ValueError("recipe: say which with name: simulated")
        return self

    def world(self) -> World:
        """Return the world."""
        return World(self.languages, self.seed, self.dials)


def simulation(study: Study) -> Simulation:
    """Return the study's simulation.

    Raises
    ------
    InputError
        Naming every field that is wrong.
    """
    settings = validated(Simulation, study.simulated, lambda _: f"{study.name}: simulated")
    if study.floor_model == MODEL:
        raise InputError(
            f"{study.name}: floor_model: {MODEL!r} is the model that is studied; give the floor another name"
        )
    if study.source_language != settings.languages[0]:
        raise InputError(
            f"{study.name}: source_language {study.source_language!r} is not the first of the simulated languages, "
            f"{settings.languages[0]!r}"
        )
    recipe(**settings.recipe)
    for hypothesis in (*study.hypotheses, *study.exploratory):
        if isinstance(hypothesis, ConditionEffect):
            trained = (*settings.grid.conditions, *settings.grid.targets)
            for name in (hypothesis.condition, hypothesis.target):
                if name not in trained:
                    raise InputError(
                        f"{study.name}: {hypothesis.id}: the grid does not train {name!r}{nearest(name, trained)}"
                    )
    return settings


def train_simulated(study: Study, workers: int, report: Report) -> TransferTable:
    """Pretrain the encoder of a study and train its grid.

    Where the study names a floor model, a second encoder is pretrained in a world where languages have no words, names
    or aligned text in common; its scores without an intermediate task are the floor under the first one's.
    """
    settings = simulation(study)
    worlds = {MODEL: settings.world()}
    grids = {MODEL: settings.grid}
    if study.floor_model is not None:
        dials = settings.dials.model_copy(update=_NOTHING_SHARED)
        worlds[study.floor_model] = World(settings.languages, settings.seed, dials)
        alone = {"conditions": (), "initialisations": ("pretrained",), "random_conditions": None}
        grids[study.floor_model] = settings.grid.model_copy(update=alone)
    for code in settings.languages:
        worlds[MODEL].language(code)  # an unknown one should cost no training
    wanted = [Wanted(world, settings.encoder, settings.pretraining, settings.seed) for world in worlds.values()]
    encoders = pretrained(wanted, workers, report)
    tables = [
        _train_grid(worlds[name], grids[name], settings, encoder, name, workers, report)
        for name, encoder in zip(worlds, encoders, strict=True)
    ]
    return TransferTable(pd.concat([table.frame for table in tables], ignore_index=True))


def _train_grid(
    world: World, grid: Grid, settings: Simulation, encoder: Path, name: str, workers: int, report: Report
) -> TransferTable:
    with tempfile.TemporaryDirectory(prefix="transfer-analysis-") as folder:
        trained = run_grid(
            world,
            load_catalogue(),
            str(encoder),
            grid,
            recipe(**settings.recipe),
            Path(folder),
            model=name,
            origin=f"simulated world {world.seed}",
            workers=workers,
            report=report,
        )
    if trained.failures:
        raise InputError(trained.failures)
    return trained.table


def simulated_glosses(study: Study) -> dict[str, list[str]]:
    """Return the texts of the study's tasks in English lemmas, which a sentence encoder can read."""
    settings = simulation(study)
    world = settings.world()
    count = max(distance.examples_per_task for distance in study.task_distances)
    tasks = [name for name in (*settings.grid.conditions, *settings.grid.targets) if name in MAKERS]
    return {task: world.glosses(task, count) for task in tasks}
