"""The head that gives each word a tag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from transfer_analysis.corpora.records import Record
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads.head import Batch, Head
from transfer_analysis.training.reading.checks import Place
from transfer_analysis.training.reading.features import IGNORED, Features, of_rows, padded, word_targets
from transfer_analysis.training.reading.golds import gold_of_each, gold_tags
from transfer_analysis.training.reading.tokens import Bools, Ints, Tokens, word_tokens
from transfer_analysis.training.reading.windows import are_first
from transfer_analysis.training.scoring.metrics import span_f1
from transfer_analysis.training.work import Floats, HeadWork


class TokenClassification(Head):
    """One logit per tag on every subword, after dropout; only first subwords of words count."""

    def __init__(self, width: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(width, outputs)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return logits of shape (examples, subwords, tags)."""
        logits: torch.Tensor = self.out(self.dropout(hidden))
        return logits

    def counted(self, batch: Batch) -> int:
        """Return how many subwords are tagged."""
        return int((batch["targets"] != IGNORED).sum())

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy over tagged subwords."""
        return functional.cross_entropy(logits.transpose(1, 2), batch["targets"], ignore_index=IGNORED)

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return, per example, the tag of each word."""
        tagged = (batch["targets"] != IGNORED).cpu()
        best = logits.argmax(dim=-1).cpu()
        return [row[mask].tolist() for row, mask in zip(best, tagged, strict=True)]


def _features(
    task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, made: Callable[[], Tokens]
) -> Features:
    golds = gold_of_each(examples, where, lambda _, e, at: gold_tags(task, e, at))
    tokens = made()
    targets, there, owned = word_targets(tokens, golds, _tags)
    tagged = [words[own] for words, own in zip(there, owned, strict=True)]
    return of_rows(task, tokens, targets, golds, encoder, tagged=tagged)


def _tags(words: Ints, tags: list[int], owned: Bools) -> Ints:
    """Return the tag of each subword: only the first subword of a word that is taken from this row carries it."""
    first = np.flatnonzero(are_first(words))[owned]
    found = np.full(len(words), IGNORED, dtype=np.int64)
    found[first] = np.array(tags, dtype=np.int64)[words[first]]
    return found


def _outputs(features: Features, predictions: list[Any]) -> list[Any]:
    """Return the tag of every word of every example, each from the one item that it is tagged in."""
    found: list[dict[int, int]] = [{} for _ in features.golds]
    for number, words, given in zip(features.example, features.tagged, predictions, strict=True):
        found[number].update(zip(words.tolist(), given, strict=True))
    # A word without a prediction is a mistake in reading, never a class.
    return [[tags[word] for word in range(len(gold))] for tags, gold in zip(found, features.golds, strict=True)]


def _scores(features: Features, given: list[Any], language: str) -> dict[str, float]:
    hits = [p == g for row, gold in zip(given, features.golds, strict=True) for p, g in zip(row, gold, strict=True)]
    return {"accuracy": 100 * float(np.mean(hits)), "span_f1": span_f1(features.task, features.golds, given)}


def hits_of_words(features: Features, given: list[Any], language: str) -> tuple[Floats, Floats]:
    """Return how many words of each sentence are right, and how many it has."""
    right = [
        sum(np.array_equal(a, b) for a, b in zip(row, gold, strict=True))
        for row, gold in zip(given, features.golds, strict=True)
    ]
    return np.array(right, dtype=float), np.array([len(gold) for gold in features.golds], dtype=float)


def _majority(given: list[Any]) -> list[Any]:
    counted = Counter(tag for row in given for tag in row)
    most = counted.most_common(1)[0][0] if counted else 0
    return [[most] * len(row) for row in given]


WORK = HeadWork(
    word_tokens,
    _features,
    lambda task, encoder: TokenClassification(encoder.hidden_size, len(task.labels), encoder.dropout),
    targets=lambda targets, width: padded(targets, width, IGNORED),
    outputs=_outputs,
    scores=_scores,
    hits=hits_of_words,
    majority=_majority,
)
