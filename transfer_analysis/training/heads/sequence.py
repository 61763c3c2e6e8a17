"""Heads that give a class or a number for a whole text, or a text beside another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from transfer_analysis.corpora.records import Record
from transfer_analysis.encoders.known import Pooling
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder, pooled
from transfer_analysis.training.heads.head import Batch, Head
from transfer_analysis.training.reading.checks import Place
from transfer_analysis.training.reading.features import Features, of_rows
from transfer_analysis.training.reading.golds import gold_labels, gold_number, gold_of_each
from transfer_analysis.training.reading.tokens import Tokens, texts
from transfer_analysis.training.scoring.metrics import class_scores, most_frequent_class, number_scores
from transfer_analysis.training.work import HeadWork


class SequenceClassification(Head):
    """A hidden layer with tanh on the pooled state, dropout, then one logit per class (Devlin et al. 2019)."""

    def __init__(self, width: int, outputs: int, pooling: Pooling, dropout: float) -> None:
        super().__init__()
        self.pooling = pooling
        self.pool = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(width, outputs)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return logits of shape (examples, classes)."""
        state = pooled(hidden, batch["attention_mask"], self.pooling)
        logits: torch.Tensor = self.out(self.dropout(torch.tanh(self.pool(state))))
        return logits


class SequenceRegression(SequenceClassification):
    """As sequence classification with one output, trained by squared error."""

    def __init__(self, width: int, pooling: Pooling, dropout: float) -> None:
        super().__init__(width, 1, pooling, dropout)

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean squared error."""
        return functional.mse_loss(logits.squeeze(-1), batch["targets"])

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return one number per example."""
        values: list[Any] = logits.squeeze(-1).tolist()
        return values


def tokens(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int) -> Tokens:
    """Return the tokens of each example's text, or of its text beside its pair, in a row."""
    beside = [str(e[task.columns["pair"]]) for e in examples] if "pair" in task.columns else None
    return texts([str(e[task.columns["text"]]) for e in examples], beside, encoder, max_length)


def unlabelled(
    task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, made: Callable[[], Tokens]
) -> Features:
    """Return texts as features that nothing is compared with."""
    nothing = [0] * len(examples)
    return of_rows(task, made(), nothing, nothing, encoder)


def _classes(
    task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, made: Callable[[], Tokens]
) -> Features:
    golds = gold_labels(task, examples, where)
    return of_rows(task, made(), golds, golds, encoder)


def _numbers(
    task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, made: Callable[[], Tokens]
) -> Features:
    column = task.columns["label"]
    golds = gold_of_each(examples, where, lambda _, e, at: gold_number(e[column], at), column)
    return of_rows(task, made(), golds, golds, encoder)


CLASSIFICATION = HeadWork(
    tokens,
    _classes,
    lambda task, encoder: SequenceClassification(
        encoder.hidden_size, len(task.labels), encoder.pooling, encoder.dropout
    ),
    scores=lambda features, given, _: class_scores(features.task, features.golds, given),
    majority=most_frequent_class,
)

REGRESSION = HeadWork(
    tokens,
    _numbers,
    lambda task, encoder: SequenceRegression(encoder.hidden_size, encoder.pooling, encoder.dropout),
    targets=lambda targets, _: torch.tensor(targets, dtype=torch.float32),
    scores=lambda features, given, _: number_scores(features.golds, given),
)

#: Sentences that are compared by the encoder as it is.
RETRIEVAL = HeadWork(tokens, unlabelled, None)
