"""Results of a study trained in the simulated world."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from transfer_analysis.corpora.simulated import World
from transfer_analysis.corpora.simulated.tasks import MAKERS
from transfer_analysis.documents import validated
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.progress import Report
from transfer_analysis.results import TransferTable
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.pretraining.built import Shape, save_encoder
from transfer_analysis.training.pretraining.simulated import Pretraining, pretrain
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs.execute import run_grid

#: Subwords of two documents of the simulated world side by side.
_LONGEST = 48


class Simulation(BaseModel):
    """The `simulated` section of a study file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(ge=0)
    languages: tuple[str, ...] = Field(min_length=2)
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
        unknown = [task for task in (*self.grid.conditions, *self.grid.targets) if task not in MAKERS]
        if unknown:
            raise ValueError(f"grid: the simulated world has no task {unknown[0]!r}{nearest(unknown[0], MAKERS)}")
        if "name" not in self.recipe:
            raise ValueError("recipe: say which with name: simulated")
        return self


def simulation(study: Study) -> Simulation:
    """Return the study's simulation.

    Raises
    ------
    InputError
        Naming every field that is wrong.
    """
    settings = validated(Simulation, study.simulated, f"{study.name}: simulated")
    if study.source_language != settings.languages[0]:
        raise InputError(
            f"{study.name}: source_language {study.source_language!r} is not the first of the simulated languages, "
            f"{settings.languages[0]!r}"
        )
    recipe(**settings.recipe)
    return settings


def train_simulated(study: Study, workers: int, report: Report) -> TransferTable:
    """Pretrain the encoder of a study and train its grid."""
    import torch

    settings = simulation(study)
    world = World(settings.languages, settings.seed)
    chosen = recipe(**settings.recipe)
    for code in world.spoken:
        world.language(code)  # an unknown one should cost no training
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, workers))
    try:
        encoder = pretrain(world, settings.encoder, settings.pretraining, settings.seed, report)
    finally:
        torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory(prefix="transfer-analysis-") as folder:
        path = Path(folder) / encoder.name
        save_encoder(encoder, path)
        trained = run_grid(
            world,
            load_catalogue(),
            str(path),
            settings.grid,
            chosen,
            Path(folder) / "runs",
            model=encoder.name,
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
    world = World(settings.languages, settings.seed)
    assert study.task_distance is not None
    count = study.task_distance.examples_per_task
    return {task: world.glosses(task, count) for task in (*settings.grid.conditions, *settings.grid.targets)}
