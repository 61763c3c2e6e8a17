"""The head that marks an answer in a passage."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from transfer_analysis.training.heads.head import Batch, Head


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
