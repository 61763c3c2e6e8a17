"""The head of masked and translation language modelling."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn import functional

from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads.head import Batch, Head
from transfer_analysis.training.heads.sequence import tokens, unlabelled
from transfer_analysis.training.reading.features import IGNORED
from transfer_analysis.training.work import HeadWork


class MaskedLM(Head):
    """A logit per subword of the vocabulary on every hidden subword: a layer, then the encoder's own embeddings.

    (Devlin et al. 2019; for translation language modelling, Conneau & Lample 2019, it is the same head on a text beside
    its translation.) Takes over the encoder's own head where its file has one of BERT's or RoBERTa's form.
    """

    reads_embedding = True

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        embeddings = encoder.model.get_input_embeddings()
        vocabulary, width = embeddings.weight.shape
        self.dense = nn.Linear(encoder.hidden_size, width)
        self.norm = nn.LayerNorm(width, eps=float(getattr(encoder.model.config, "layer_norm_eps", 1e-5)))
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        # In a tuple, so that the embeddings stay the encoder's parameters and not also the head's.
        self._embeddings = (embeddings,)
        if encoder.language_head:
            self.load_state_dict(encoder.language_head)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return logits of the hidden subwords, shape (hidden subwords, vocabulary)."""
        states = self.norm(functional.gelu(self.dense(hidden[batch["targets"] != IGNORED])))
        return functional.linear(states, self._embeddings[0].weight, self.bias)

    def counted(self, batch: Batch) -> int:
        """Return how many subwords are hidden."""
        return int((batch["targets"] != IGNORED).sum())

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy over the hidden subwords."""
        return functional.cross_entropy(logits.float(), batch["targets"][batch["targets"] != IGNORED])

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return, per row, the most likely subword in each hidden place."""
        best = logits.argmax(dim=-1)
        counts = (batch["targets"] != IGNORED).sum(dim=1).tolist()
        return [row.tolist() for row in torch.split(best, counts)]


WORK = HeadWork(tokens, unlabelled, lambda task, encoder: MaskedLM(encoder))
