"""The head that puts queries near what they ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch.nn import functional

from transfer_analysis.corpora.records import Record
from transfer_analysis.encoders.known import Pooling
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder, pooled
from transfer_analysis.training.heads.head import Batch, Head
from transfer_analysis.training.reading.checks import Place
from transfer_analysis.training.reading.features import Features, of_rows
from transfer_analysis.training.reading.golds import gold_answers
from transfer_analysis.training.reading.ranked import Pair, pairs
from transfer_analysis.training.reading.tokens import Tokens, candidate_texts, texts
from transfer_analysis.training.work import HeadWork

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


def _tokens(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int) -> Tokens:
    found = pairs(task, examples)
    queries = texts([pair.query for pair in found], None, encoder, max_length)
    sides = candidate_texts([pair.candidate for pair in found], encoder, max_length)
    return Tokens(
        [ids for both in zip(queries.input_ids, sides.input_ids, strict=True) for ids in both],
        [segments for both in zip(queries.segments, sides.segments, strict=True) for segments in both],
        np.repeat(np.arange(len(found)), 2),
        np.stack([queries.cut, sides.cut], axis=1).reshape(-1),
    )


def _features(
    task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, made: Callable[[], Tokens]
) -> Features:
    """Return queries with their candidates. Those with the same candidate ask for the same, and so do those with one key."""
    if "answers" in task.columns:
        for i, example in enumerate(examples):
            if not gold_answers(task, example, str(example[task.columns["context"]]), where.row(i)):
                raise InputError(f"{where.row(i)}: a question without an answer asks for no sentence")
    numbers = _asked_for(pairs(task, examples))
    return of_rows(task, made(), numbers, numbers, encoder, rows_per_item=2)


def _asked_for(found: Sequence[Pair]) -> list[int]:
    """Return a number for what each query asks for, the same where candidate or key is the same, directly or by others."""
    names: dict[Any, int] = {}
    # A question on a passage has a key of its own; it is the sentence that may be shared.
    edges = [
        (number, names.setdefault(shared, len(found) + len(names)))
        for number, pair in enumerate(found)
        for shared in (pair.candidate, ("key", pair.key))
    ]
    size = len(found) + len(names)
    queries, asked = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(edges)), (queries, asked)), shape=(size, size))
    _, numbers = connected_components(graph, directed=False)
    return [int(number) for number in numbers[: len(found)]]


WORK = HeadWork(_tokens, _features, lambda task, encoder: DualEncoder(encoder.pooling))
