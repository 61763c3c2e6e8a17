"""Results of a study trained in the simulated world."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from transfer_analysis.corpora.simulated import World
from transfer_analysis.errors import InputError
from transfer_analysis.progress import Report
from transfer_analysis.results import TransferTable
from transfer_analysis.studies.study import Study
from transfer_analysis.training.encoder import Shape, save_encoder
from transfer_analysis.training.grid import Grid, run_grid
from transfer_analysis.training.pretrain import Pretraining, pretrain
from transfer_analysis.training.recipes import recipe


class Simulation(BaseModel):
    """The `simulated` section of a study file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    languages: tuple[str, ...]
    encoder: Shape
    pretraining: Pretraining
    recipe: dict[str, Any]
    grid: Grid


def simulation(study: Study) -> Simulation:
    """Return the study's simulation.

    Raises
    ------
    InputError
        Naming every field that is wrong.
    """
    try:
        return Simulation.model_validate(study.simulated)
    except ValidationError as error:
        raise InputError(
            f"{study.name}: simulated.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
        ) from error


def train_simulated(study: Study, workers: int, report: Report) -> TransferTable:
    """Pretrain the encoder of a study and train its grid."""
    import torch

    settings = simulation(study)
    world = World(settings.languages, settings.seed)
    chosen = recipe(**settings.recipe)
    # Mistakes in the grid should cost no training: this makes one example of every task.
    for task in (*settings.grid.conditions, *settings.grid.targets):
        world.examples(task, world.languages[0], "train", 1)
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, workers))
    try:
        encoder = pretrain(world, settings.encoder, settings.pretraining, settings.seed, report)
    finally:
        torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory(prefix="transfer-analysis-") as folder:
        path = Path(folder) / encoder.name
        save_encoder(encoder, path)
        return run_grid(world, path, settings.grid, chosen, workers=workers, report=report)


def simulated_glosses(study: Study) -> dict[str, list[str]]:
    """Return the texts of the study's tasks in English lemmas, which a sentence encoder can read."""
    settings = simulation(study)
    world = World(settings.languages, settings.seed)
    assert study.task_distance is not None
    count = study.task_distance.examples_per_task
    return {task: world.glosses(task, count) for task in (*settings.grid.conditions, *settings.grid.targets)}
