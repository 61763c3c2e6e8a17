"""Retrieval without training: sentences as mean hidden states, and the pairs they make.

Tatoeba (Artetxe & Schwenk 2019) asks, for each English sentence, for the nearest one in the other language. BUCC (Zweigenbaum et al. 2018) hides pairs among
sentences without a partner: candidates are scored by the ratio of their cosine to the mean cosine of their nearest
neighbours (Artetxe & Schwenk 2019), and those above a threshold tuned on development data are the prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from transfer_analysis.corpora.records import Record
from transfer_analysis.encoders.known import Pooling
from transfer_analysis.tasks import Task
from transfer_analysis.training.batches import by_length, collate
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.encoder import Encoder, pooled
from transfer_analysis.training.loop import items_at_once, on_device
from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.reading.tokens import Tokenize, Tokens
from transfer_analysis.training.recipes import Recipe

Floats = npt.NDArray[np.float64]

#: Neighbours whose mean cosine a candidate is compared with.
NEIGHBOURS = 4

#: Rows of a cosine matrix that are in memory at once.
_BLOCK = 2048


@dataclass(frozen=True)
class Side:
    """The sentences of one language and their embeddings (unit length).

    `unknown` of their `subwords` are unknown to the tokenizer, and `cut` of the sentences were too long.
    """

    sentences: list[str]
    vectors: Floats
    unknown: int
    subwords: int
    cut: int


@dataclass(frozen=True)
class Candidates:
    """Pairs that may be translations: numbers of the sentences and the margin of each pair, the highest first."""

    sources: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    margins: Floats


def embed(
    task: Task,
    column: str,
    sentences: Sequence[str],
    encoder: Encoder,
    recipe: Recipe,
    numerics: Numerics,
    tokens: Tokenize,
) -> Side:
    """Return sentences with their embeddings.

    Parameters
    ----------
    column
        Where the sentences come from, so that each side of a task is kept apart among stored tokens.
    """
    alone = task.model_copy(update={"columns": {"text": column}})
    made = tokens(alone, [{column: sentence} for sentence in sentences], encoder, recipe.max_length)
    unknown, subwords = made.unknown(encoder)
    vectors = vectors_of(alone, made, encoder, numerics, recipe.layer, recipe.pooling)
    return Side(list(sentences), vectors, int(unknown.sum()), int(subwords.sum()), int(made.cut.sum()))


def nearest(sources: Floats, targets: Floats) -> npt.NDArray[np.int64]:
    """Return, for each source, the number of the target with the highest cosine."""
    return np.concatenate([(block @ targets.T).argmax(axis=1) for block in _blocks(sources)])


def mined(sources: Floats, targets: Floats, neighbours: int = NEIGHBOURS) -> Candidates:
    """Return the best partner of every sentence on either side, no sentence twice, by falling margin.

    The margin of x and y is their cosine over the mean of the cosines of x with its `neighbours` nearest targets and
    of y with its nearest sources (ratio margin, both directions, each sentence in its highest-scoring pair).
    """
    forward, of_sources = _neighbours(sources, targets, min(neighbours, len(targets)))
    backward, of_targets = _neighbours(targets, sources, min(neighbours, len(sources)))
    pairs = {
        *_best(sources, targets, forward, of_sources, of_targets),
        *((s, t) for t, s in _best(targets, sources, backward, of_targets, of_sources)),
    }
    numbers = np.array(sorted(pairs), dtype=np.int64)
    cosines = np.einsum("ij,ij->i", sources[numbers[:, 0]], targets[numbers[:, 1]])
    margins = cosines / ((of_sources[numbers[:, 0]] + of_targets[numbers[:, 1]]) / 2)
    order = np.argsort(-margins, kind="stable")
    used_sources, used_targets, kept = set(), set(), []
    for i in order:
        s, t = numbers[i]
        if s not in used_sources and t not in used_targets:
            used_sources.add(s)
            used_targets.add(t)
            kept.append(i)
    return Candidates(numbers[kept, 0], numbers[kept, 1], margins[kept])


def best_threshold(candidates: Candidates, golds: set[tuple[int, int]]) -> float:
    """Return the margin above which the candidates have the highest F1 on development data."""
    hits = np.array(
        [pair in golds for pair in zip(candidates.sources.tolist(), candidates.targets.tolist(), strict=True)]
    )
    taken = np.arange(1, len(hits) + 1)
    f1 = 2 * np.cumsum(hits) / (taken + len(golds))
    best = int(f1.argmax())
    # Halfway to the next candidate, as either side of it gives the same F1 here.
    following = candidates.margins[best + 1] if best + 1 < len(hits) else candidates.margins[best]
    return float((candidates.margins[best] + following) / 2)


def mining_f1(candidates: Candidates, golds: set[tuple[int, int]], threshold: float) -> float:
    """Return the F1 (per cent) of the candidates at or above a threshold against the gold pairs."""
    taken = candidates.margins >= threshold
    given = set(zip(candidates.sources[taken].tolist(), candidates.targets[taken].tolist(), strict=True))
    return 100 * 2 * len(given & golds) / max(1, len(given) + len(golds))


def bitext(task: Task, examples: Sequence[Record]) -> tuple[list[str], list[str], set[tuple[int, int]]]:
    """Return the sentences of either side and the gold pairs of a bitext.

    An example with both sentences is a pair; one whose other side is empty is a sentence without a partner. The sides
    are put in the order of their text, so that the place of a sentence does not tell its partner.
    """
    source, target = task.columns["text"], task.columns["pair"]
    sources = sorted({str(e[source]) for e in examples if e.get(source)})
    targets = sorted({str(e[target]) for e in examples if e.get(target)})
    place_of = {text: i for i, text in enumerate(sources)}
    partner_of = {text: i for i, text in enumerate(targets)}
    golds = {
        (place_of[str(e[source])], partner_of[str(e[target])]) for e in examples if e.get(source) and e.get(target)
    }
    return sources, targets, golds


@torch.inference_mode()
def vectors_of(
    task: Task, made: Tokens, encoder: Encoder, numerics: Numerics, layer: int = -1, pooling: Pooling = "mean"
) -> Floats:
    """Return unit vectors of rows: the mean over a layer's states, special subwords included, or the first state."""
    zeros = [0] * len(made.input_ids)
    features = Features(task, made.input_ids, made.segments, zeros, made.example.tolist(), zeros)
    encoder.model.eval()
    vectors = np.zeros((len(features), encoder.hidden_size))
    with numerics.applied(encoder):
        for items in by_length(features.lengths(), 2 * items_at_once(encoder)):
            batch = on_device(collate(features, items, encoder), encoder)
            with numerics.autocast(encoder):
                states = encoder.hidden(batch, layer).float()
            vectors[items] = pooled(states, batch["attention_mask"], pooling).double().cpu().numpy()
    unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _blocks(vectors: Floats) -> list[Floats]:
    return [vectors[i : i + _BLOCK] for i in range(0, len(vectors), _BLOCK)]


def _neighbours(sources: Floats, targets: Floats, count: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the nearest targets of each source, shape (sources, count), and the mean cosine with them."""
    numbers, means = [], []
    for block in _blocks(sources):
        cosines = block @ targets.T
        near = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        numbers.append(near)
        means.append(np.take_along_axis(cosines, near, axis=1).mean(axis=1))
    return np.concatenate(numbers), np.concatenate(means)


def _best(
    sources: Floats, targets: Floats, near: npt.NDArray[np.int64], of_sources: Floats, of_targets: Floats
) -> list[tuple[int, int]]:
    """Return each source with the one of its nearest targets that has the highest margin."""
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(sources), _BLOCK):
        part = slice(start, start + _BLOCK)
        cosines = np.einsum("ij,ikj->ik", sources[part], targets[near[part]])
        margins = cosines / ((of_sources[part, None] + of_targets[near[part]]) / 2)
        best = np.take_along_axis(near[part], margins.argmax(axis=1)[:, None], axis=1)[:, 0]
        pairs += enumerate(best.tolist(), start=start)
    return pairs
