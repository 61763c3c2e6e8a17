"""Heads that give classes or numbers: of a sequence, of its choices, of its words."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from transfer_analysis.encoders.known import Pooling
from transfer_analysis.training.encoder import pooled
from transfer_analysis.training.heads.head import Batch, Head
from transfer_analysis.training.reading.features import IGNORED


class SequenceClassification(Head):
    """A hidden layer with tanh on the pooled state, dropout, then one logit per class (Devlin et al. 2019)."""

    def __init__(self, width: int, outputs: int, pooling: Pooling, dropout: float) -> None:
        super().__init__()
        self.pooling = pooling
        self.pool = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(width, outputs)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return logits of shape (examples, classes)."""
        state = pooled(hidden, batch["attention_mask"], self.pooling)
        logits: torch.Tensor = self.out(self.dropout(torch.tanh(self.pool(state))))
        return logits


class SequenceRegression(SequenceClassification):
    """As sequence classification with one output, trained by squared error."""

    def __init__(self, width: int, pooling: Pooling, dropout: float) -> None:
        super().__init__(width, 1, pooling, dropout)

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean squared error."""
        return functional.mse_loss(logits.squeeze(-1), batch["targets"])

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return one number per example."""
        values: list[Any] = logits.squeeze(-1).tolist()
        return values


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


class MultipleChoice(SequenceClassification):
    """One logit per choice, from the pooled state of question and choice read together."""

    def __init__(self, width: int, pooling: Pooling, dropout: float) -> None:
        super().__init__(width, 1, pooling, dropout)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return logits of shape (examples, choices)."""
        return super().forward(hidden, batch).view(len(batch["targets"]), -1)
