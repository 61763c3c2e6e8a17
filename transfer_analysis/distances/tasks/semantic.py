"""Semantic task distances, from the embeddings of the tasks' texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.distances.embeddings.encoders import TextEncoder
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError

Floats = npt.NDArray[np.float64]

#: Task → texts of its examples.
Texts = Mapping[str, Sequence[str]]


def embedded(texts: Texts, encoder: TextEncoder, least: int = 1) -> dict[str, Floats]:
    """Return the embeddings of each task's texts, shape (texts, dimensions).

    Raises
    ------
    InputError
        Where a task has fewer than `least` texts, or fewer than that many different ones.
    """
    empty = [task for task, given in texts.items() if not given]
    if empty or not texts:
        raise InputError(f"no examples for {', '.join(empty) or 'any task'}; each task needs at least one text")
    few = [f"{task} ({len(set(given))})" for task, given in texts.items() if len(set(given)) < least]
    if few:
        raise InputError(
            f"too few different texts of {', '.join(few)}: this distance needs at least {least} of each task"
        )
    flat = [text for given in texts.values() for text in given]
    ends = np.cumsum([len(given) for given in texts.values()])
    found = dict(zip(texts, np.split(encoder.encode(flat), ends[:-1]), strict=True))
    broken = [task for task, vectors in found.items() if not np.isfinite(vectors).all()]
    if broken:
        raise InputError(
            f"the encoder gives embeddings of {', '.join(broken)} that are NaN or infinite; use another one"
        )
    return found


def evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """Return at most so many of the numbers below `count`, evenly taken."""
    return np.unique(np.linspace(0, count - 1, most).astype(np.int64))


def mean_embedding_distances(examples: Texts, encoder: TextEncoder) -> DistanceMatrix:
    """Return 1 − cosine between the mean embeddings of tasks.

    This is the SEmb distance of Poth et al. 2021 (EMNLP) with a sentence encoder, and TextEmb of Vu et al. 2020 (EMNLP)
    with the states of a layer.

    Parameters
    ----------
    examples
        Task → texts of its examples.
    encoder
        Gives one vector per text.

    Returns
    -------
    DistanceMatrix
        Symmetric, values in [0, 2], 0 on the diagonal. The means are of unnormalised embeddings, so the model's own
        normalisation, if any, decides how much each example weighs.

    Raises
    ------
    InputError
        Where a task has no example, or its mean embedding vanishes.
    """
    means = np.stack([vectors.mean(axis=0) for vectors in embedded(examples, encoder).values()])
    values = cosine_distances(means, list(examples), "mean embedding")
    return semantic_matrix(values, "mean-embedding-cosine", examples, encoder)


def description_distances(descriptions: Mapping[str, str], encoder: TextEncoder) -> DistanceMatrix:
    """Return 1 − cosine between the embeddings of what tasks are about, in a person's words.

    Parameters
    ----------
    descriptions
        Task → a sentence or more on what is asked of whom.

    Returns
    -------
    DistanceMatrix
        Symmetric, values in [0, 2], 0 on the diagonal.
    """
    empty = [task for task, text in descriptions.items() if not text.strip()]
    if empty:
        raise InputError(f"no description of {', '.join(empty)}; write one for each task into --descriptions")
    values = cosine_distances(encoder.encode(list(descriptions.values())), list(descriptions), "description")
    labels = list(descriptions)
    parameters = {**encoder.provenance(), "descriptions": dict(descriptions)}
    return DistanceMatrix(pd.DataFrame(values, index=labels, columns=labels), "description", parameters)


def max_similarity_distances(examples: Texts, encoder: TextEncoder) -> DistanceMatrix:
    """Return 1 − the mean over a target's examples of the cosine with the most similar example of the intermediate task.

    It follows retrieval of experts (Jang et al. 2023), which chooses the expert whose training examples are nearest to
    those of the target; Kim et al. 2023 (TaskWeb) compare it with transfer.

    Returns
    -------
    DistanceMatrix
        Directed, from intermediate task (rows) to target task (columns), values in [0, 2]; 0 from a task to itself. More
        examples of an intermediate task can only bring it nearer, so give each task as many.
    """
    unit = {}
    for task, vectors in embedded(examples, encoder).items():
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (norms > 0).all():
            raise InputError(f"an example of {task!r} has an embedding without direction; check its examples")
        unit[task] = vectors / norms
    values = [[1 - float((unit[t] @ unit[i].T).max(axis=1).mean()) for t in unit] for i in unit]
    matrix = np.clip(values, 0.0, 2.0)
    np.fill_diagonal(matrix, 0.0)
    return semantic_matrix(matrix, "max-similarity", examples, encoder, directed=True)


def cosine_distances(vectors: Floats, labels: Sequence[str], what: str) -> Floats:
    """Return 1 − cosine between vectors; exactly symmetric, and 0 on the diagonal.

    Raises
    ------
    InputError
        For a vector without direction.
    """
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.all(np.isfinite(norms)) or not np.all(norms > 0):
        task = labels[int(np.argmin(np.nan_to_num(norms)))]
        raise InputError(f"the {what} of {task!r} has no direction; check its examples")
    unit = vectors / norms
    values: Floats = np.clip(1 - unit @ unit.T, 0.0, 2.0)
    np.fill_diagonal(values, 0.0)
    return (values + values.T) / 2


def semantic_matrix(
    values: Floats, kind: str, examples: Texts, encoder: TextEncoder, directed: bool = False, **further: Any
) -> DistanceMatrix:
    """Return values as a matrix that knows its encoder, and how many examples each task had."""
    labels = list(examples)
    counts = {task: len(texts) for task, texts in examples.items()}
    parameters = {**encoder.provenance(), "examples": counts, **further}
    return DistanceMatrix(pd.DataFrame(values, index=labels, columns=labels), kind, parameters, directed=directed)
