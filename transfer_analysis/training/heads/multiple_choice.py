"""The head that chooses one of several answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from transfer_analysis.corpora.records import Record, values
from transfer_analysis.encoders.known import Pooling
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads.head import Batch
from transfer_analysis.training.heads.sequence import SequenceClassification
from transfer_analysis.training.reading.checks import Place
from transfer_analysis.training.reading.features import Features, of_rows
from transfer_analysis.training.reading.golds import gold_label
from transfer_analysis.training.reading.tokens import Tokens, stem, texts
from transfer_analysis.training.scoring.metrics import class_scores, most_frequent_class
from transfer_analysis.training.work import HeadWork


class MultipleChoice(SequenceClassification):
    """One logit per choice, from the pooled state of question and choice read together."""

    def __init__(self, width: int, pooling: Pooling, dropout: float) -> None:
        super().__init__(width, 1, pooling, dropout)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return logits of shape (examples, choices)."""
        return super().forward(hidden, batch).view(len(batch["targets"]), -1)


def _tokens(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int) -> Tokens:
    options = [values(example, task.columns["choices"]) for example in examples]
    stems = [stem(task, e) for e, o in zip(examples, options, strict=True) for _ in o]
    made = texts(stems, [c for o in options for c in o], encoder, max_length)
    example = np.repeat(np.arange(len(examples)), [len(o) for o in options])
    return Tokens(made.input_ids, made.segments, example, made.cut)


def _features(
    task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, made: Callable[[], Tokens]
) -> Features:
    count = len(values(examples[0], task.columns["choices"]))
    column = task.columns["label"]
    targets = []
    for i, example in enumerate(examples):
        try:
            found = len(values(example, task.columns["choices"]))
        except InputError as error:
            raise InputError(f"{where.row(i)}: {error}") from error
        if found != count:
            raise InputError(f"{where.row(i)}: {found} choices, but the first row has {count}")
        targets.append(gold_label(task, example[column], f"{where.row(i)}: {column}", count))
    return of_rows(task, made(), targets, targets, encoder, rows_per_item=count)


WORK = HeadWork(
    _tokens,
    _features,
    lambda task, encoder: MultipleChoice(encoder.hidden_size, encoder.pooling, encoder.dropout),
    scores=lambda features, given, _: class_scores(features.task, features.golds, given),
    majority=most_frequent_class,
)
