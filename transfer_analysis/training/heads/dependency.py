"""The head that parses: biaffine scores of arcs and relations, decoded to a tree."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from transfer_analysis.corpora.records import Record
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads.head import Batch, Head
from transfer_analysis.training.heads.tagging import hits_of_words
from transfer_analysis.training.heads.trees import Arcs, parsed
from transfer_analysis.training.reading.checks import Place
from transfer_analysis.training.reading.features import IGNORED, Features, of_rows, padded, word_targets
from transfer_analysis.training.reading.golds import gold_arcs, gold_of_each, universal
from transfer_analysis.training.reading.tokens import Bools, Ints, Tokens, word_tokens
from transfer_analysis.training.reading.windows import are_first, most_context
from transfer_analysis.training.scoring.metrics import attachment
from transfer_analysis.training.work import HeadWork

#: Widths of what is compared for arcs and for relations.
_ARCS, _RELATIONS = 256, 64

#: What an arc scores that cannot be.
_NEVER = -1e9


class Biaffine(Head):
    """Arcs and relations between words by deep biaffine attention (Dozat & Manning 2017).

    A word is its first subword; the first subword of all stands for the root. A batch's `targets` have the shape
    (examples, subwords, 2): the place of the head's first subword and the number of the relation, `IGNORED` where a
    subword begins no word (both), or where the head is not in the row or the word is learnt from another row (the place).
    """

    def __init__(self, width: int, relations: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.arc_dependent, self.arc_head = _projection(width, _ARCS), _projection(width, _ARCS)
        self.relation_dependent, self.relation_head = _projection(width, _RELATIONS), _projection(width, _RELATIONS)
        # The last row of the first side and the last column of the second are the linear terms.
        self.arc = nn.Parameter(torch.empty(_ARCS + 1, _ARCS))
        self.relation = nn.Parameter(torch.empty(relations, _RELATIONS + 1, _RELATIONS + 1))
        for weight in (self.arc, self.relation):
            nn.init.xavier_uniform_(weight)

    def forward(self, hidden: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return scores, shape (examples, subwords, subwords + 2 × relation width).

        For each subword, the score of each place as its head, where both begin words, and then what relations are
        scored from: they are scored for one head of each word only.
        """
        states = self.dropout(hidden)
        dependents = _with_one(self.dropout(self.arc_dependent(states)))
        arcs = dependents @ self.arc @ self.dropout(self.arc_head(states)).transpose(1, 2)
        sides = [self.dropout(side(states)) for side in (self.relation_dependent, self.relation_head)]
        return torch.cat(
            [arcs.float().masked_fill(~_possible(batch), _NEVER), *(side.float() for side in sides)], dim=-1
        )

    def counted(self, batch: Batch) -> int:
        """Return how many words have a head to learn."""
        return int((batch["targets"][..., 0] != IGNORED).sum())

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Return the mean cross-entropy of heads plus that of relations to the gold heads."""
        heads, relations = batch["targets"].unbind(dim=-1)
        known = heads != IGNORED
        arcs = logits[..., : logits.shape[1]]
        scores = self._relation_scores(logits, heads.clamp(min=0))
        return functional.cross_entropy(arcs[known], heads[known]) + functional.cross_entropy(
            scores[known], relations[known]
        )

    def predict(self, logits: torch.Tensor, batch: Batch) -> list[Arcs]:
        """Return the arcs of each row: what each of its words scores for each head, and the relation of each arc."""
        # Row by row, which is work for a processor.
        logits, relation = logits.cpu(), self.relation.cpu()
        words = batch["targets"][..., 1].cpu() != IGNORED
        length = logits.shape[1]
        found = []
        for row, mask in zip(logits, words, strict=True):
            own = torch.nonzero(mask).squeeze(-1)
            places = torch.cat([own.new_zeros(1), own])
            scores = row[:, :length].log_softmax(dim=-1)[own][:, places]
            dependents = _with_one(row[own, length : length + _RELATIONS])
            sides = _with_one(row[places, length + _RELATIONS :])
            relations = torch.einsum("di,rij,hj->dhr", dependents, relation, sides).argmax(dim=-1)
            found.append(Arcs(scores.double().cpu().numpy(), relations.cpu().numpy()))
        return found

    def _relation_scores(self, logits: torch.Tensor, heads: torch.Tensor) -> torch.Tensor:
        """Return the scores of relations to the given heads, shape (examples, subwords, relations)."""
        length = logits.shape[1]
        dependents, sides = logits[..., length : length + _RELATIONS], logits[..., length + _RELATIONS :]
        chosen = torch.gather(sides, 1, heads.unsqueeze(-1).expand(-1, -1, _RELATIONS))
        return torch.einsum("bsi,rij,bsj->bsr", _with_one(dependents), self.relation, _with_one(chosen))


def _projection(width: int, size: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, size), nn.LeakyReLU(0.1))


def _with_one(states: torch.Tensor) -> torch.Tensor:
    return torch.cat([states, torch.ones_like(states[..., :1])], dim=-1)


def _possible(batch: Batch) -> torch.Tensor:
    """Return which subword may have which as its head: a word any other word or the root."""
    words = batch["targets"][..., 1] != IGNORED
    heads = words.clone()
    heads[:, 0] = True
    other = ~torch.eye(words.shape[1], dtype=torch.bool, device=words.device)
    return words[:, :, None] & heads[:, None, :] & other


def _features(
    task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, made: Callable[[], Tokens]
) -> Features:
    golds = gold_of_each(examples, where, lambda _, e, at: gold_arcs(task, e, at))
    tokens = made()
    targets, there, _ = word_targets(tokens, golds, _arcs)
    return of_rows(task, tokens, targets, golds, encoder, tagged=there)


def _arcs(words: Ints, arcs: list[tuple[int, int]], owned: Bools) -> Ints:
    """Return the place of the head's first subword and the relation, for the first subword of each word; (subwords, 2).

    There is no place for a word whose head is not in the row, or that is taken from another row.
    """
    first = are_first(words)
    # Place of each word's first subword, the root's first of all.
    places = np.full(len(arcs) + 1, IGNORED, dtype=np.int64)
    places[0] = 0
    places[words[first] + 1] = np.flatnonzero(first)
    found = np.full((len(words), 2), IGNORED, dtype=np.int64)
    heads, relations = np.array(arcs, dtype=np.int64).reshape(-1, 2).T
    found[first, 0] = np.where(owned, places[heads[words[first]]], IGNORED)
    found[first, 1] = relations[words[first]]
    return found


def _outputs(features: Features, predictions: list[Any]) -> list[Any]:
    """Return one tree for each sentence, over the arcs of all rows that it is read in."""
    items: list[list[int]] = [[] for _ in features.golds]
    for item, number in enumerate(features.example):
        items[number].append(item)
    return [
        parsed([predictions[i] for i in own], there, most_context(there))
        for own in items
        for there in [[features.tagged[i] for i in own]]
    ]


WORK = HeadWork(
    word_tokens,
    _features,
    lambda task, encoder: Biaffine(encoder.hidden_size, len(task.labels), encoder.dropout),
    targets=lambda targets, width: padded(targets, width, IGNORED),
    outputs=_outputs,
    scores=lambda features, given, _: attachment(features.golds, given),
    hits=hits_of_words,
    label=universal,
)
