"""The head that puts queries near what they ask for."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from transfer_analysis.encoders.known import Pooling
from transfer_analysis.training.encoder import pooled
from transfer_analysis.training.heads.head import Batch, Head

#: Cosines are multiplied by this before the softmax, as in Sentence-Transformers' loss of the same kind.
SCALE = 20.0


class DualEncoder(Head):
    """A query against the candidates of all other queries in the batch (Gillick et al. 2018; Roy et al. 2020).

    Both sides are read by the same encoder and pooled; what ranks candidates is the cosine. Queries that ask for the
    same (the same target number) are not each other's wrong answers. The head has no weights of its own.
    """

    compares_examples = True

    def __init__(self, pooling: Pooling) -> None:
        super().__init__()
        self.pooling = pooling

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return scaled cosines, shape (queries, candidates): the rows of a batch are each query and its candidate."""
        vectors = functional.normalize(pooled(hidden, batch["attention_mask"], self.pooling).float(), dim=-1)
        queries, candidates = vectors[0::2], vectors[1::2]
        return SCALE * queries @ candidates.T

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy of each query's own candidate among those of the batch."""
        asked = batch["targets"]
        own = torch.arange(len(asked), device=asked.device)
        also_right = (asked[:, None] == asked[None, :]) & (own[:, None] != own[None, :])
        return functional.cross_entropy(logits.masked_fill(also_right, -1e9), own)

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return the number of the candidate in the batch that is nearest to each query."""
        predictions: list[Any] = logits.argmax(dim=-1).tolist()
        return predictions
