"""Task embeddings: the diagonal of the empirical Fisher information of an encoder (Achille et al. 2019; Vu et al. 2020)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.models.gradients import SquaredGradients, squared_gradients
from transfer_analysis.distances.models.tuned import TunedTasks
from transfer_analysis.errors import InputError
from transfer_analysis.progress import Report, silent
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads import Head
from transfer_analysis.training.reading.features import Features

Floats = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float32]

#: Components of an embedding: three of weights, by where in the encoder they stand, and two of states.
COMPONENTS = ("embeddings", "attention", "feed-forward", "layer-outputs", "pooled")

#: Examples of a task that its embedding is the mean over.
EXAMPLES = 256

#: What keeps the first ranks from outweighing all others in reciprocal rank fusion (Cormack et al. 2009).
_DAMPING = 60

_ATTENTION = re.compile(r"(^|\.)(attention|attn|self_attn|q_lin|k_lin|v_lin|out_lin|sa_layer_norm)(\.|$)")
_EMBEDDINGS = re.compile(r"(^|\.)(embeddings?|word_embeddings|embed_tokens)(\.|$)")


@dataclass(frozen=True)
class TaskEmbedding:
    """The components of one task's embedding.

    Attributes
    ----------
    components
        Component → mean over examples of squared gradients of each example's own loss, a vector. Of `embeddings`,
        `attention` and `feed-forward` these are of the encoder's parameters; of `layer-outputs`, of the states that each
        layer gives, a mean over subwords; of `pooled`, of the pooled state, which tagging and span QA do not have.
    examples
        Over how many examples.
    """

    components: dict[str, Vector]
    examples: int


def task_embedding(encoder: Encoder, head: Head, features: Features, count: int = EXAMPLES) -> TaskEmbedding:
    """Return the embedding of a task.

    Parameters
    ----------
    features
        The task's examples, of which the first `count` are read; of a context in several windows, the one that holds the
        answer, or the first.
    """
    items = _one_item_each(features)[:count]
    found = squared_gradients(encoder, head, features, items)
    return TaskEmbedding(dict(_components(found)), found.examples)


def task_embedding_distances(tuned: TunedTasks, report: Report = silent) -> dict[str, DistanceMatrix]:
    """Return the distance between task embeddings by each component, and their fusion.

    Embeddings are of the encoder and the head trained on each task.

    Returns
    -------
    dict
        Component → 1 − cosine, symmetric, in [0, 1], missing between tasks of which one lacks the component; and
        `fusion`, directed: by how much the mean reciprocal rank, 1 / (60 + rank), of an intermediate task (row) among all
        for a target (column), over the components that both have, falls short of that of a task that is first in every
        one; in [0, 1), and 0 from a task to itself.
    """
    embeddings = {}
    for i, task in enumerate(tuned.tasks):
        report(f"task embeddings: {task}", i / len(tuned.tasks))
        encoder, head = tuned.use(task)
        embeddings[task] = task_embedding(encoder, head, tuned.features[task])
    tuned.restore()
    values = {
        component: _cosines([one.components.get(component) for one in embeddings.values()], tuned.tasks, component)
        for component in COMPONENTS
    }
    about = {**tuned.provenance(), "gradients_of": {task: one.examples for task, one in embeddings.items()}}

    def matrix(kind: str, array: Floats, directed: bool) -> DistanceMatrix:
        frame = pd.DataFrame(array, index=tuned.tasks, columns=tuned.tasks)
        return DistanceMatrix(frame, kind, about, tuned.encoder.name, directed=directed)

    found = {c: matrix(f"task-embedding-{c}", array, directed=False) for c, array in values.items()}
    return {**found, "fusion": matrix("task-embedding", fused(list(values.values())), directed=True)}


def fused(components: list[Floats]) -> Floats:
    """Return the reciprocal rank fusion of distances as a distance, as `task_embedding_distances` describes it.

    Parameters
    ----------
    components
        Square arrays of distances, rows the intermediate tasks; at least one has every cell. Ties share their mean rank.
    """
    count = len(components[0])
    values = np.zeros((count, count))
    for target in range(count):
        others = [i for i in range(count) if i != target]
        ranks = pd.DataFrame({i: component[others, target] for i, component in enumerate(components)}).rank()
        score = (1 / (_DAMPING + ranks)).mean(axis=1).to_numpy(dtype=float)
        values[others, target] = np.maximum(0.0, 1 - score * (_DAMPING + 1))
    return values


def _components(found: SquaredGradients) -> Iterator[tuple[str, Vector]]:
    groups: dict[str, list[torch.Tensor]] = {"embeddings": [], "attention": [], "feed-forward": []}
    for name, squares in found.parameters.items():
        if name.startswith("pooler."):  # an own layer of the pretrained model, which no head here uses
            continue
        group = "attention" if _ATTENTION.search(name) else "embeddings" if _EMBEDDINGS.search(name) else "feed-forward"
        groups[group].append(squares.reshape(-1))
    for group, parts in groups.items():
        yield group, _mean(torch.cat(parts), found)
    yield "layer-outputs", _mean(torch.cat(found.layers), found)
    if found.pooled is not None:
        yield "pooled", _mean(found.pooled, found)


def _mean(sums: torch.Tensor, found: SquaredGradients) -> Vector:
    array: Vector = (sums / found.examples).cpu().numpy().astype(np.float32)
    return array


def _one_item_each(features: Features) -> list[int]:
    """Return one item for each example, in order."""
    chosen: dict[int, int] = {}
    for item, example in enumerate(features.example):
        answered = bool(features.places) and tuple(features.targets[item]) != (0, 0)
        if example not in chosen or (answered and tuple(features.targets[chosen[example]]) == (0, 0)):
            chosen[example] = item
    return [chosen[example] for example in sorted(chosen)]


def _cosines(vectors: list[Vector | None], tasks: list[str], component: str) -> Floats:
    # In double precision, as squares of gradients span many orders of magnitude.
    units: list[Floats | None] = []
    for task, vector in zip(tasks, vectors, strict=True):
        norm = 1.0 if vector is None else float(np.linalg.norm(vector.astype(np.float64)))
        if not np.isfinite(norm) or norm == 0:
            raise InputError(
                f"{task}: the loss has no gradient in the {component}; the task embedding has no direction"
            )
        units.append(None if vector is None else vector.astype(np.float64) / norm)
    values = np.full((len(units), len(units)), np.nan)
    for i, one in enumerate(units):
        if one is None:
            continue
        values[i, i] = 0.0
        for j, other in enumerate(units[:i]):
            if other is not None:
                values[i, j] = values[j, i] = min(1.0, max(0.0, 1 - float(one @ other)))
    return values
