"""Semantic task distances, from the text of the tasks' examples."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.files import read_text


class TextEncoder(Protocol):
    """Anything that turns texts into vectors and can say what it is."""

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return one vector per text, shape (texts, dimensions)."""
        ...

    def provenance(self) -> dict[str, Any]:
        """Return what identifies the encoder."""
        ...


def mean_embedding_distances(examples: Mapping[str, Sequence[str]], encoder: TextEncoder) -> DistanceMatrix:
    """Return 1 − cosine between the mean sentence embeddings of tasks.

    This is the SEmb/TextEmb distance of Vu et al. 2020 (EMNLP) and Poth et al. 2021 (EMNLP) with a sentence encoder.

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
    empty = [task for task, texts in examples.items() if not texts]
    if empty or not examples:
        raise InputError(f"no examples for {', '.join(empty) or 'any task'}; each task needs at least one text")
    flat = [text for texts in examples.values() for text in texts]
    vectors = encoder.encode(flat)
    ends = np.cumsum([len(texts) for texts in examples.values()])
    means = np.stack([part.mean(axis=0) for part in np.split(vectors, ends[:-1])])
    norms = np.linalg.norm(means, axis=1, keepdims=True)
    if not np.all(np.isfinite(norms)) or not np.all(norms > 0):
        task = list(examples)[int(np.argmin(np.nan_to_num(norms)))]
        raise InputError(f"the mean embedding of {task!r} has no direction; check its examples")
    unit = means / norms
    values = np.clip(1 - unit @ unit.T, 0.0, 2.0)
    np.fill_diagonal(values, 0.0)
    values = (values + values.T) / 2
    labels = list(examples)
    parameters = {**encoder.provenance(), "examples": {task: len(texts) for task, texts in examples.items()}}
    return DistanceMatrix(pd.DataFrame(values, index=labels, columns=labels), "mean-embedding-cosine", parameters)


def read_examples(path: Path) -> dict[str, list[str]]:
    """Read the texts of tasks' examples from a JSON Lines file with the fields `task` and `text`.

    Raises
    ------
    InputError
        Naming the line that is not such an object.
    """
    examples: dict[str, list[str]] = {}
    for number, line in enumerate(read_text(path, "JSON Lines with the fields task and text").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            task, text = entry["task"], entry["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path.name} line {number}: expected an object with the fields task and text, got {line.strip()[:60]!r}"
            ) from error
        if not isinstance(task, str) or not isinstance(text, str) or not text.strip():
            raise InputError(
                f"{path.name} line {number}: task and text must be text that is not empty, got {text!r:.60}"
            )
        examples.setdefault(task, []).append(text)
    return examples
