"""Batches: which examples in which order, and how they are put together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.reading.features import IGNORED, Features, padded
from transfer_analysis.training.work import work_of

#: Lengths are disturbed by up to this share before sorting, so that batches are not homogeneous in length.
_JITTER = 0.1

#: Batches that are sorted by length together.
_SORTED_TOGETHER = 10


def epoch_order(lengths: npt.NDArray[np.int64], batch_size: int, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """Return the batches of an epoch as example numbers: a pure function of its arguments.

    Examples of similar length stand together, to save padding, but only among those of a random part of all: sorted as a
    whole, a batch would hold what one length brings with it, its source or its label, epoch after epoch. The number of
    batches is ⌈examples / batch_size⌉, as for any other order.
    """
    rng = np.random.default_rng([seed, epoch])
    disturbed = lengths * (1 + _JITTER * (rng.random(len(lengths)) - 0.5))
    number = -(-len(lengths) // batch_size)
    shuffled = rng.permutation(len(lengths))
    # Whole batches in each part, so that only the last batch of all may be smaller.
    ends = [batch_size * (number * i // _parts(number)) for i in range(1, _parts(number))]
    parts = [part[np.argsort(disturbed[part], kind="stable")] for part in np.split(shuffled, ends)]
    batches = [part[i : i + batch_size] for part in parts for i in range(0, len(part), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def _parts(batches: int) -> int:
    return max(1, round(batches / _SORTED_TOGETHER))


def by_length(lengths: npt.NDArray[np.int64], batch_size: int) -> Iterator[npt.NDArray[np.int64]]:
    """Yield item numbers from the shortest to the longest, for evaluation."""
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


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
    segments = padded([features.segments[row] for row in numbers], width, 0)
    batch = {
        "input_ids": padded(ids, width, encoder.pad_id),
        "attention_mask": padded([np.ones_like(row) for row in ids], width, 0),
    }
    if encoder.token_types > 1:
        batch["token_type_ids"] = segments
    if encoder.restart_positions:
        batch["position_ids"] = restarted_positions(segments, batch["attention_mask"])
    if features.places:
        in_context = [(features.places[item][:, 0] >= 0).astype(np.int64) for item in items]
        batch["context"] = padded(in_context, width, 0).bool()
    batch["targets"] = work_of(features.task).targets([features.targets[item] for item in items], width)
    return batch


def masked(
    batch: dict[str, torch.Tensor], encoder: Encoder, share: float, rng: np.random.Generator
) -> dict[str, torch.Tensor]:
    """Hide a share of the subwords, which become the targets (Devlin et al. 2019).

    Of those hidden, 80% become the mask, 10% any subword, 10% stay. Special subwords are never hidden; where the draw
    hides none, the first that could be is.
    """
    ids = batch["input_ids"].numpy()
    special = np.isin(ids, encoder.tokenizer.all_special_ids) | (batch["attention_mask"].numpy() == 0)
    hidden = (rng.random(ids.shape) < share) & ~special
    if not hidden.any() and not special.all():
        hidden[np.unravel_index(np.argmin(special), ids.shape)] = True
    how = rng.random(ids.shape)
    shown = np.where(hidden & (how < 0.8), encoder.tokenizer.mask_token_id, ids)
    drawn = rng.integers(len(encoder.tokenizer), size=ids.shape)
    shown = np.where(hidden & (how >= 0.8) & (how < 0.9), drawn, shown)
    targets = np.where(hidden, ids, IGNORED)
    return {**batch, "input_ids": torch.from_numpy(shown), "targets": torch.from_numpy(targets)}


def restarted_positions(segments: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Count positions from 0 in the first segment and from 1 in the second, whose start mark stays with the first."""
    place = torch.arange(segments.shape[1]).expand_as(segments)
    first = ((segments == 0) & (mask == 1)).sum(dim=1, keepdim=True)
    return torch.where(segments == 1, place - first + 1, place * mask)
