"""What the training core does for a kind of head: one object of functions per kind, named in the table of heads.

Everything that depends on the head of a task asks it here, so a head is one entry of that table and one module.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from transfer_analysis.corpora.records import Record
from transfer_analysis.extensions import loaded
from transfer_analysis.tasks import Task

if TYPE_CHECKING:
    from transfer_analysis.training.encoder import Encoder
    from transfer_analysis.training.heads.head import Head
    from transfer_analysis.training.reading.checks import Place
    from transfer_analysis.training.reading.features import Features
    from transfer_analysis.training.reading.tokens import Tokens

Floats = npt.NDArray[np.float64]


def class_numbers(targets: Sequence[Any], width: int) -> torch.Tensor:
    """Return the targets of a batch as whole numbers."""
    return torch.tensor(targets, dtype=torch.long)


def _as_predicted(features: Features, predictions: list[Any]) -> list[Any]:
    return predictions


def _no_scores(features: Features, given: list[Any], language: str) -> dict[str, float]:
    return {}


def _equal(features: Features, given: list[Any], language: str) -> tuple[Floats, Floats]:
    return np.array([float(a == b) for a, b in zip(given, features.golds, strict=True)]), np.ones(len(given))


@dataclass(frozen=True)
class HeadWork:
    """What a kind of head does.

    Attributes
    ----------
    tokens
        From a task, its examples, an encoder and the longest row to what is read, row by row.
    features
        From a task, its examples, where they stand, an encoder, and what makes their tokens, to features; checks the
        gold answers first, as tokens take longer.
    make
        From a task and an encoder to a head with random weights; None for what is scored without training.
    targets
        From the targets of a batch's items and the number of subwords of its longest row to a tensor.
    outputs
        From features and one prediction per item to one output per example.
    scores
        From features, outputs and the language to metric → per cent; nothing for text, and for what is ranked.
    hits
        From features, outputs and the language to what each example scores and what it weighs: right words of words,
        else 0 to 1 of 1.
    majority
        From outputs to those that give the most frequent class every time; None where there are no classes.
    label
        From a label of an example to the class that it names.
    """

    tokens: Callable[[Task, Sequence[Record], Encoder, int], Tokens]
    features: Callable[[Task, Sequence[Record], Place, Encoder, Callable[[], Tokens]], Features]
    make: Callable[[Task, Encoder], Head] | None
    targets: Callable[[Sequence[Any], int], torch.Tensor] = class_numbers
    outputs: Callable[[Features, list[Any]], list[Any]] = _as_predicted
    scores: Callable[[Features, list[Any], str], dict[str, float]] = _no_scores
    hits: Callable[[Features, list[Any], str], tuple[Floats, Floats]] = _equal
    majority: Callable[[list[Any]], list[Any]] | None = None
    label: Callable[[Any], str] = str


def work_of(task: Task) -> HeadWork:
    """Return what the head of a task does."""
    return _loaded(task.head_kind.work)


@cache
def _loaded(path: str) -> HeadWork:
    work: HeadWork = loaded(path, HeadWork)
    return work
