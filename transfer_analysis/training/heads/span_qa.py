"""The head that marks an answer in a passage."""

from __future__ import annotations

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
from transfer_analysis.training.reading.features import Features, of_rows
from transfer_analysis.training.reading.golds import gold_answers, gold_of_each
from transfer_analysis.training.reading.tokens import Ints, Tokens, window_tokens
from transfer_analysis.training.scoring.answers import answer_scores
from transfer_analysis.training.work import Floats, HeadWork


class SpanQA(Head):
    """A start and an end logit on every subword of the context; the first subword of all means no answer.

    (Devlin et al. 2019, for SQuAD v1 and v2.)
    """

    #: Longest answer, in subwords.
    longest = 30

    def __init__(self, width: int) -> None:
        super().__init__()
        self.out = nn.Linear(width, 2)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return logits of shape (windows, subwords, 2); what is neither context nor the first subword is ruled out."""
        logits: torch.Tensor = self.out(hidden)
        allowed = batch["context"].clone()
        allowed[:, 0] = True
        # Half precision would overflow on the smallest float32.
        return logits.float().masked_fill(~allowed.unsqueeze(-1), -1e9)

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean of the losses of start and end."""
        start, end = logits.unbind(dim=-1)
        targets = batch["targets"]
        losses = functional.cross_entropy(start, targets[:, 0]) + functional.cross_entropy(end, targets[:, 1])
        return losses / 2

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return, per window, (first, last, score, score of no answer) of the best span with first ≤ last."""
        start, end = logits.unbind(dim=-1)
        scores = start[:, 1:, None] + end[:, None, 1:]
        width = scores.shape[1]
        square = torch.ones(width, width, dtype=torch.bool, device=scores.device)
        band = square.triu() & ~square.triu(self.longest)
        best, place = scores.masked_fill(~band, -4e9).flatten(1).max(dim=1)
        none = start[:, 0] + end[:, 0]
        return [
            (p // width + 1, p % width + 1, b, n)
            for p, b, n in zip(place.tolist(), best.tolist(), none.tolist(), strict=True)
        ]


def _features(
    task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, made: Callable[[], Tokens]
) -> Features:
    contexts = [str(e[task.columns["context"]]) for e in examples]
    golds = gold_of_each(examples, where, lambda i, e, at: gold_answers(task, e, contexts[i], at))
    tokens = made()
    return of_rows(
        task,
        tokens,
        [_span(places, golds[number]) for places, number in zip(tokens.places, tokens.example, strict=True)],
        [[text for _, text in gold] for gold in golds],
        encoder,
        contexts=[contexts[number] for number in tokens.example],
        places=tokens.places,
    )


def _span(places: Ints, answers: Sequence[tuple[int, str]]) -> tuple[int, int]:
    """Return the subwords of the first gold answer, or (0, 0) where the window does not hold all of it."""
    if not answers:
        return 0, 0
    start, end = answers[0][0], answers[0][0] + len(answers[0][1])
    inside = np.flatnonzero((places[:, 0] >= 0) & (places[:, 0] < end) & (places[:, 1] > start))
    if not len(inside):
        return 0, 0
    first, last = int(inside[0]), int(inside[-1])
    return (first, last) if places[first, 0] <= start and places[last, 1] >= end else (0, 0)


def _outputs(features: Features, predictions: list[Any]) -> list[Any]:
    """Return the best span over the windows of each context, as text.

    Where the task allows for none, it is empty if having none scores higher than every span (SQuAD v2 with threshold 0).
    """
    best: dict[int, tuple[float, str]] = {}
    none: dict[int, float] = {}
    for item, (first, last, score, no_answer) in enumerate(predictions):
        number = features.example[item]
        none[number] = min(none.get(number, np.inf), no_answer)
        if number not in best or score > best[number][0]:
            best[number] = score, _text(features, item, first, last)
    return [
        "" if features.task.no_answer and none[number] > best[number][0] else best[number][1]
        for number in range(len(features.golds))
    ]


def _text(features: Features, item: int, first: int, last: int) -> str:
    places = features.places[item]
    if last >= len(places):  # padding
        return ""
    start, end = int(places[first, 0]), int(places[last, 1])
    return features.contexts[item][start:end] if start >= 0 and end >= 0 else ""


def _of_each(features: Features, given: list[Any], language: str) -> list[tuple[float, float]]:
    """Return F1 and exact match of each answer, 0 to 1."""
    task = features.task
    return [
        answer_scores(text, golds, task.scorer, language, task.no_answer)
        for text, golds in zip(given, features.golds, strict=True)
    ]


def _scores(features: Features, given: list[Any], language: str) -> dict[str, float]:
    f1, exact = np.mean(_of_each(features, given, language), axis=0)
    return {"f1": 100 * float(f1), "exact_match": 100 * float(exact)}


def _hits(features: Features, given: list[Any], language: str) -> tuple[Floats, Floats]:
    return np.array([f1 for f1, _ in _of_each(features, given, language)]), np.ones(len(given))


WORK = HeadWork(
    window_tokens,
    _features,
    lambda task, encoder: SpanQA(encoder.hidden_size),
    outputs=_outputs,
    scores=_scores,
    hits=_hits,
)
