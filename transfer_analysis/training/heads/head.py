"""What every head can do."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

Batch = dict[str, torch.Tensor]


class Head(nn.Module):
    """A task's head.

    `forward` takes hidden states of shape (examples, subwords, width) and the batch, and gives logits; `loss` compares
    logits with the batch's targets; `predict` gives one prediction per example.

    Attributes
    ----------
    reads_embedding
        Whether it computes with the encoder's whole embedding, as language modelling does.
    compares_examples
        Whether the loss of an example depends on the others of its batch, which then cannot be computed in parts.
    """

    reads_embedding = False
    compares_examples = False

    def counted(self, batch: Batch) -> int:
        """Return over how many things the loss of a batch is a mean."""
        return len(batch["targets"])

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean loss over the examples of a batch."""
        return functional.cross_entropy(logits, batch["targets"])

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return one prediction per example, of the kind that the task's targets are."""
        predictions: list[Any] = logits.argmax(dim=-1).tolist()
        return predictions
