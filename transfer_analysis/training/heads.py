"""Heads: what is put on an encoder for a task. Each gives logits, a loss, and predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder, Pooling, pooled
from transfer_analysis.training.reading.features import IGNORED

Batch = dict[str, torch.Tensor]


class Head(nn.Module):
    """A task's head.

    `forward` takes hidden states of shape (examples, subwords, width) and the batch, and gives logits; `loss` compares
    logits with the batch's targets; `predict` gives one prediction per example.
    """

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean loss over the examples of a batch."""
        return functional.cross_entropy(logits, batch["targets"])

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return one prediction per example, of the kind that the task's targets are."""
        predictions: list[Any] = logits.argmax(dim=-1).tolist()
        return predictions


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

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy over tagged subwords."""
        return functional.cross_entropy(logits.transpose(1, 2), batch["targets"], ignore_index=IGNORED)

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return, per example, the tag of each word."""
        tagged = batch["targets"] != IGNORED
        best = logits.argmax(dim=-1)
        return [row[mask].tolist() for row, mask in zip(best, tagged, strict=True)]


class MultipleChoice(SequenceClassification):
    """One logit per choice, from the pooled state of question and choice read together."""

    def __init__(self, width: int, pooling: Pooling, dropout: float) -> None:
        super().__init__(width, 1, pooling, dropout)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return logits of shape (examples, choices)."""
        return super().forward(hidden, batch).view(len(batch["targets"]), -1)


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
            (int(p) // width + 1, int(p) % width + 1, float(b), float(n))
            for p, b, n in zip(place, best, none, strict=True)
        ]


class MaskedLM(Head):
    """A logit per subword of the vocabulary on every hidden subword: a layer, then the encoder's own embeddings.

    (Devlin et al. 2019; for translation language modelling, Conneau & Lample 2019, it is the same head on a text beside
    its translation.) Takes over the encoder's own head where its file has one of BERT's or RoBERTa's form.
    """

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

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy over the hidden subwords."""
        return functional.cross_entropy(logits.float(), batch["targets"][batch["targets"] != IGNORED])

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Any]:
        """Return, per row, the most likely subword in each hidden place."""
        best = logits.argmax(dim=-1)
        counts = (batch["targets"] != IGNORED).sum(dim=1).tolist()
        return [row.tolist() for row in torch.split(best, counts)]


def make_head(task: Task, encoder: Encoder, seed: int) -> Head:
    """Return a task's head with random weights drawn from `seed`.

    Raises
    ------
    InputError
        For a kind of head that the training core does not have.
    """
    width, pooling, dropout = encoder.hidden_size, encoder.pooling, encoder.dropout
    makers: dict[str, Callable[[], Head]] = {
        "sequence-classification": lambda: SequenceClassification(width, len(task.labels), pooling, dropout),
        "sequence-regression": lambda: SequenceRegression(width, pooling, dropout),
        "multiple-choice": lambda: MultipleChoice(width, pooling, dropout),
        "token-classification": lambda: TokenClassification(width, len(task.labels), dropout),
        "span-qa": lambda: SpanQA(width),
        "masked-lm": lambda: MaskedLM(encoder),
        "translation-lm": lambda: MaskedLM(encoder),
    }
    if task.head not in makers:
        raise InputError(f"{task.name}: the training core has no head for {task.head}; it has {', '.join(makers)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head: Head = makers[task.head]()
    return head.to(encoder.device)
