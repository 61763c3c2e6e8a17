"""A task's head."""

from __future__ import annotations

import torch

from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Task
from transfer_analysis.training.computing.dropout import replace_dropout
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads.head import Head
from transfer_analysis.training.work import work_of


def make_head(task: Task, encoder: Encoder, seed: int) -> Head:
    """Return a task's head with random weights drawn from `seed`.

    Raises
    ------
    InputError
        For a task that is scored without training.
    """
    make = work_of(task).make
    if make is None:
        raise InputError(f"{task.name}: is scored without training, so there is no head for {task.head}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = make(task, encoder)
    if encoder.bits is not None:
        replace_dropout(head, encoder.bits)
    return head.to(encoder.device)
