"""Batches: which examples in which order, and how they are put together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.features import IGNORED, Features

#: Lengths are disturbed by up to this share before sorting, so that batches are not homogeneous in length.
_JITTER = 0.2


def epoch_order(lengths: npt.NDArray[np.int64], batch_size: int, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """Return the batches of an epoch as example numbers: a pure function of its arguments.

    Examples of similar length stand together, to save padding; which ones and in which order changes with the epoch.
    The number of batches is ⌈examples / batch_size⌉, as for any other order.
    """
    rng = np.random.default_rng([seed, epoch])
    disturbed = lengths * (1 + _JITTER * (rng.random(len(lengths)) - 0.5))
    order = np.argsort(disturbed, kind="stable")
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def in_order(count: int, batch_size: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield example numbers in order, for evaluation."""
    for start in range(0, count, batch_size):
        yield np.arange(start, min(start + batch_size, count))


def collate(features: Features, items: npt.NDArray[np.int64], encoder: Encoder) -> dict[str, torch.Tensor]:
    """Pad items to the longest of their rows.

    Returns
    -------
    dict
        `input_ids` and `attention_mask` of shape (rows, subwords); `token_type_ids` and `position_ids` where the encoder
        reads them; `context` for span QA, true on subwords of the context; `targets` in the shape the head expects.
    """
    numbers = [row for item in items for row in features.rows(int(item))]
    ids = [features.input_ids[row] for row in numbers]
    width = max(len(row) for row in ids)
    segments = _padded([features.segments[row] for row in numbers], width, 0)
    batch = {
        "input_ids": _padded(ids, width, encoder.pad_id),
        "attention_mask": _padded([np.ones_like(row) for row in ids], width, 0),
    }
    if encoder.token_types > 1:
        batch["token_type_ids"] = segments
    if encoder.restart_positions:
        batch["position_ids"] = restarted_positions(segments, batch["attention_mask"])
    if features.offsets:
        in_context = [
            np.array([place is not None for place in features.offsets[item]], dtype=np.int64) for item in items
        ]
        batch["context"] = _padded(in_context, width, 0).bool()
    targets = [features.targets[item] for item in items]
    if features.task.head == "token-classification":
        batch["targets"] = _padded(targets, width, IGNORED)
    elif features.task.head == "sequence-regression":
        batch["targets"] = torch.tensor(targets, dtype=torch.float32)
    else:
        batch["targets"] = torch.tensor(targets, dtype=torch.long)
    return batch


def restarted_positions(segments: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Count positions from 0 in the first segment and from 1 in the second, whose start mark stays with the first."""
    place = torch.arange(segments.shape[1]).expand_as(segments)
    first = ((segments == 0) & (mask == 1)).sum(dim=1, keepdim=True)
    return torch.where(segments == 1, place - first + 1, place * mask)


def _padded(rows: list[npt.NDArray[np.int64]], width: int, value: int) -> torch.Tensor:
    table = np.full((len(rows), width), value, dtype=np.int64)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return torch.from_numpy(table)
