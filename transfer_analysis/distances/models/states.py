"""What an encoder and a head make of a task's examples: states, and probabilities of classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from transfer_analysis.tasks.heads import heads
from transfer_analysis.training.batches import by_length, collate
from transfer_analysis.training.encoder import Encoder, pooled
from transfer_analysis.training.heads import Batch, Head
from transfer_analysis.training.loop import on_device
from transfer_analysis.training.reading.features import IGNORED, Features

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Heads that put one label on each example or each word; those of them that tell classes apart.
LABELLED = tuple(name for name, kind in heads().items() if kind.labelled)
CLASSIFYING = tuple(name for name in LABELLED if not heads()[name].of_numbers)

#: States that vary by less than this share of their length count as the same.
_CONSTANT = 1e-6


@dataclass(frozen=True)
class Units:
    """What a label is put on: examples, or words.

    Attributes
    ----------
    states
        The last layer's states, shape (units, width): pooled as the encoder pools, or of a word's first subword.
    labels
        Class numbers, or numbers for a regression, shape (units,).
    """

    states: Floats
    labels: npt.NDArray[np.float64] | Ints


def labelled_units(encoder: Encoder, features: Features) -> Units:
    """Return the states and labels of a task whose head is one of `LABELLED`."""
    if features.task.head_kind.labelled == "words":
        found = _collected(encoder, features, lambda states, batch: states[batch["targets"] != IGNORED], _words)
    else:
        pooling = encoder.pooling
        found = _collected(encoder, features, lambda s, b: pooled(s, b["attention_mask"], pooling), _rows)
    return Units(np.concatenate(found), unit_labels(features))


def unit_labels(features: Features) -> npt.NDArray[np.float64] | Ints:
    """Return the label of each unit, shape (units,): class numbers, or numbers for a regression."""
    if features.task.head_kind.labelled == "words":
        tags = [row[row != IGNORED] for row in (np.asarray(target) for target in features.targets)]
        return np.concatenate(tags).astype(np.int64)
    if features.task.head_kind.of_numbers:
        return np.array(features.targets, dtype=np.float64)
    return np.array(features.targets, dtype=np.int64)


def vary(states: Floats) -> bool:
    """Whether states are numbers and differ between units by more than rounding."""
    if not np.isfinite(states).all():
        return False
    return bool(np.linalg.norm(states - states.mean(axis=0)) > _CONSTANT * np.linalg.norm(states))


def class_probabilities(encoder: Encoder, head: Head, features: Features) -> Floats:
    """Return the probability that a task's head gives to each of its classes, for each unit of other features.

    Shape (units, classes); units are those of `labelled_units`.
    """

    def probabilities(states: torch.Tensor, batch: Batch) -> torch.Tensor:
        logits = head(states, batch)
        if features.task.head_kind.labelled == "words":
            logits = logits[batch["targets"] != IGNORED]
        return torch.softmax(logits.double(), dim=-1)

    head.eval()
    units = _words if features.task.head_kind.labelled == "words" else _rows
    return np.concatenate(_collected(encoder, features, probabilities, units))


def _words(features: Features, item: int) -> int:
    """Return how many labelled words an item has."""
    return int((np.asarray(features.targets[item]) != IGNORED).sum())


def _rows(features: Features, item: int) -> int:
    """Return how many rows an item has."""
    return features.rows_per_item


@torch.inference_mode()
def _collected(
    encoder: Encoder,
    features: Features,
    take: Callable[[torch.Tensor, Batch], torch.Tensor],
    units: Callable[[Features, int], int],
    batch_size: int = 32,
) -> list[Floats]:
    """Return what is taken of each item, as many units as it has, in the order of the features."""
    encoder.model.eval()
    found: list[Floats] = [np.zeros(0)] * len(features)
    for items in by_length(features.lengths(), batch_size):
        batch = on_device(collate(features, items, encoder), encoder)
        taken = take(encoder.hidden(batch), batch).double().cpu().numpy()
        ends = np.cumsum([units(features, int(item)) for item in items])
        for item, part in zip(items, np.split(taken, ends[:-1]), strict=True):
            found[int(item)] = part
    return found
