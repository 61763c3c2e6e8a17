"""A task's head."""

from __future__ import annotations

from collections.abc import Callable

import torch

from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Task
from transfer_analysis.training.computing.dropout import replace_dropout
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads.classification import (
    MultipleChoice,
    SequenceClassification,
    SequenceRegression,
    TokenClassification,
)
from transfer_analysis.training.heads.dependency import Biaffine
from transfer_analysis.training.heads.dual_encoder import DualEncoder
from transfer_analysis.training.heads.head import Head
from transfer_analysis.training.heads.masked_lm import MaskedLM
from transfer_analysis.training.heads.span_qa import SpanQA


def make_head(task: Task, encoder: Encoder, seed: int) -> Head:
    """Return a task's head with random weights drawn from `seed`.

    Raises
    ------
    InputError
        For a task that is scored without training.
    """
    width, pooling, dropout = encoder.hidden_size, encoder.pooling, encoder.dropout
    makers: dict[str, Callable[[], Head]] = {
        "sequence-classification": lambda: SequenceClassification(width, len(task.labels), pooling, dropout),
        "sequence-regression": lambda: SequenceRegression(width, pooling, dropout),
        "multiple-choice": lambda: MultipleChoice(width, pooling, dropout),
        "token-classification": lambda: TokenClassification(width, len(task.labels), dropout),
        "span-qa": lambda: SpanQA(width),
        "dependency": lambda: Biaffine(width, len(task.labels), dropout),
        "dual-encoder": lambda: DualEncoder(pooling),
        "masked-lm": lambda: MaskedLM(encoder),
        "translation-lm": lambda: MaskedLM(encoder),
    }
    if task.head not in makers:
        raise InputError(f"{task.name}: is scored without training, so there is no head for {task.head}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head: Head = makers[task.head]()
    if encoder.bits is not None:
        replace_dropout(head, encoder.bits)
    return head.to(encoder.device)
