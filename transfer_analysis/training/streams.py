"""Which task each step of a phase trains, and on which of its examples: pure functions of a seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch

from transfer_analysis.training.batches import collate, epoch_order, masked
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads import Head
from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.reading.tokens import Ints

Sampling = Literal["proportional", "temperature", "uniform"]


@dataclass
class Stream:
    """One task within a phase.

    Attributes
    ----------
    features, head
        Its examples, and what is trained on them beside the encoder.
    batch_size, epochs
        Items in a step, and passes over them.
    masked
        For language modelling, the share of subwords that are hidden.
    """

    features: Features
    head: Head
    batch_size: int
    epochs: int
    masked: float = 0.15
    _epoch: tuple[int, int, list[Ints]] = field(default=(-1, -1, []), repr=False)

    @property
    def batches(self) -> int:
        """Steps in a pass over the examples."""
        return math.ceil(len(self.features) / self.batch_size)

    @property
    def steps(self) -> int:
        """Steps in all passes."""
        return self.batches * self.epochs

    def items(self, number: int, seed: int) -> Ints:
        """Return the items of the stream's step `number`, counted from 0 over all passes."""
        epoch, place = divmod(number, self.batches)
        if self._epoch[:2] != (epoch, seed):
            order = epoch_order(self.features.lengths(), self.batch_size, seed, epoch)
            self._epoch = (epoch, seed, order)
        return self._epoch[2][place]

    def batch(self, number: int, seed: int, encoder: Encoder) -> dict[str, torch.Tensor]:
        """Return the batch of the stream's step `number`."""
        batch = collate(self.features, self.items(number, seed), encoder)
        if self.features.task.head_kind.of_text:
            return masked(batch, encoder, self.masked, np.random.default_rng([seed, number, 1]))
        return batch


def all_of(streams: Sequence[Stream]) -> Ints:
    """Return the order of a phase that goes through one stream after the other: the stream of each step."""
    return np.repeat(np.arange(len(streams)), [stream.steps for stream in streams])


def mixed(streams: Sequence[Stream], sampling: Sampling, cap: int, temperature: float, seed: int) -> Ints:
    """Return the order of a phase that trains several tasks at once: each step draws its stream.

    Parameters
    ----------
    sampling
        `proportional` to the number of examples up to `cap`; `temperature`, to the number of examples to the power of
        1 / `temperature`; or `uniform`.
    cap
        Examples of a task that count, for its probability and for the length of the phase.

    Returns
    -------
    array
        Stream of each step. The phase is as long as all streams together, each with at most `cap` examples.
    """
    sizes = np.array([min(len(s.features), cap) for s in streams], dtype=float)
    steps = sum(math.ceil(min(len(s.features), cap) / s.batch_size) * s.epochs for s in streams)
    weights = {
        "proportional": sizes,
        "temperature": np.array([len(s.features) for s in streams], dtype=float) ** (1 / temperature),
        "uniform": np.ones(len(streams)),
    }[sampling]
    rng = np.random.default_rng([seed, 2])
    return np.asarray(rng.choice(len(streams), size=steps, p=weights / weights.sum()))


def mixed_in(order: Ints, others: Sequence[int], rate: float, seed: int) -> Ints:
    """Mix steps of other streams into a phase, evenly among them, so that they make up a share `rate` of all steps.

    The phase's own steps stay as many and in the same order.
    """
    extra = round(len(order) * rate / (1 - rate))
    rng = np.random.default_rng([seed, 3])
    longer = np.full(len(order) + extra, -1, dtype=np.int64)
    places = rng.choice(len(longer), size=extra, replace=False)
    longer[places] = rng.permutation(np.resize(np.array(others), extra))
    longer[longer == -1] = order
    return longer
