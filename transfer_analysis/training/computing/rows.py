"""An embedding of the rows that are read, in place of a whole vocabulary, while a phase trains.

A subword that no training example contains has no gradient, so AdamW changes its row by weight decay alone, which is a
product known beforehand. A multilingual vocabulary has a quarter of a million rows, of which a training set reads a few
per cent: leaving the others out saves their gradients, their moments and most of the time of a step, and ends with the
same weights but for rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.reading.tokens import Ints


class ReadRows(nn.Module):
    """Stands in for an embedding of which only some rows are trained.

    In training it holds for these rows alone. In evaluation it knows all: the others as they were, times `left`.

    Attributes
    ----------
    weight
        The rows that are trained, shape (rows, width).
    left
        What weight decay has left of the other rows.
    """

    def __init__(self, whole: nn.Embedding, rows: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(whole.weight.detach()[rows].clone())
        self.left = 1.0
        # In a tuple, so that it is not this module's parameter.
        self._whole = (whole,)
        self.register_buffer("place", torch.full((whole.num_embeddings,), -1, device=rows.device), persistent=False)
        self.place[rows] = torch.arange(len(rows), device=rows.device)
        padding = whole.padding_idx
        self._padding = int(self.place[padding]) if padding is not None and int(self.place[padding]) >= 0 else None

    place: torch.Tensor

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the rows of subwords, shape (…, width)."""
        places = self.place[ids]
        if self.training:
            return functional.embedding(places, self.weight, self._padding)
        found = functional.embedding(places.clamp(min=0), self.weight)
        elsewhere = places < 0
        if bool(elsewhere.any()):
            found[elsewhere] = self._whole[0].weight[ids[elsewhere]] * self.left
        return found

    @torch.no_grad()
    def put_back(self) -> None:
        """Write all rows into the whole embedding: those trained, and the others with their decay."""
        weight = self._whole[0].weight
        if self.left != 1.0:
            weight.mul_(self.left)
        weight[self.place >= 0] = self.weight


def read_rows(input_ids: Sequence[Ints], encoder: Encoder) -> Ints:
    """Return the subwords that are read, padding among them, ascending."""
    return np.unique(np.concatenate([[encoder.pad_id], *input_ids]))


@contextmanager
def embedding_of(rows: Ints | None, encoder: Encoder) -> Iterator[ReadRows | None]:
    """Have the encoder train these rows of its embedding only; at the end of the block the whole one is back, as trained.

    Gives None, and changes nothing, where there are no rows to leave out or the embedding is not one that stands alone.
    """
    whole = encoder.model.get_input_embeddings()
    if (
        rows is None
        or type(whole) is not nn.Embedding
        or len(rows) == whole.num_embeddings
        or _is_shared(encoder, whole)
    ):
        yield None
        return
    partial = ReadRows(whole, torch.from_numpy(rows).to(encoder.device))
    encoder.model.set_input_embeddings(partial)
    try:
        yield partial
    finally:
        encoder.model.set_input_embeddings(whole)
        partial.put_back()


def _is_shared(encoder: Encoder, whole: nn.Embedding) -> bool:
    """Whether another part of the model computes with the same weights."""
    named = encoder.model.named_parameters(remove_duplicate=False)
    return sum(parameter is whole.weight for _, parameter in named) > 1


def decay_left(rates: Iterable[float], weight_decay: float) -> list[float]:
    """Return what decoupled weight decay leaves of a weight without gradients after 0, 1, 2, … steps.

    Parameters
    ----------
    rates
        Learning rate of each step.
    """
    left: list[float] = np.cumprod([1.0, *(1 - rate * weight_decay for rate in rates)]).tolist()
    return left
