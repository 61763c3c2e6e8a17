"""Optimal transport between labelled data sets (Alvarez-Melis & Fusi 2020, NeurIPS)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from transfer_analysis.distances.embeddings.encoders import TextEncoder
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.tasks.examples import TaskExamples, texts_of
from transfer_analysis.distances.tasks.gaussians import Gaussian
from transfer_analysis.distances.tasks.semantic import embedded, semantic_matrix
from transfer_analysis.errors import UnsuitedError

Floats = npt.NDArray[np.float64]

#: Examples that a class needs for a covariance.
LEAST = 2


def label_aware_distances(examples: Mapping[str, TaskExamples], encoder: TextEncoder) -> DistanceMatrix:
    """Return the optimal transport dataset distance between classification tasks.

    An example is its embedding x and its class y, and a class is the Gaussian of its examples' embeddings. What it costs
    to move one example to another is |x − x′|² + W₂²(α_y, α_y′), W₂ the 2-Wasserstein distance between the Gaussians of
    their classes; the distance is the root of the least mean cost of moving all, solved exactly (by POT).

    Parameters
    ----------
    examples
        Tasks with classes.

    Returns
    -------
    DistanceMatrix
        Symmetric, not negative, in the units of the embeddings; 0 from a task to itself.

    Raises
    ------
    UnsuitedError
        For a task without classes, or with a class of fewer than two different examples: named, with all its classes.
    """
    import ot

    _require_classes(examples)
    texts = texts_of(examples)
    vectors = embedded(texts, encoder, least=LEAST)
    groups = {task: _groups(vectors[task], examples[task].classes or []) for task in examples}
    tasks = list(examples)
    values = np.zeros((len(tasks), len(tasks)))
    for i, one in enumerate(tasks):
        for j in range(i):
            other = tasks[j]
            between = np.array([[a.squared_wasserstein(b) for b in groups[other][1]] for a in groups[one][1]])
            cost = cdist(vectors[one], vectors[other], "sqeuclidean")
            cost += between[np.ix_(groups[one][0], groups[other][0])]
            least = ot.emd2(np.full(len(cost), 1 / len(cost)), np.full(cost.shape[1], 1 / cost.shape[1]), cost)
            values[i, j] = values[j, i] = np.sqrt(max(0.0, float(least)))
    classes = {task: sorted(set(examples[task].classes or [])) for task in tasks}
    return semantic_matrix(values, "otdd", texts, encoder, classes=classes)


def _require_classes(examples: Mapping[str, TaskExamples]) -> None:
    problems = []
    for task, given in examples.items():
        if given.classes is None:
            problems.append(f"{task}: its examples have no classes, which this distance needs; leave it out")
            continue
        texts: dict[str, set[str]] = {}
        for label, text in zip(given.classes, given.texts, strict=True):
            texts.setdefault(label, set()).add(text)
        few = [label for label, found in texts.items() if len(found) < LEAST]
        if few:
            problems.append(
                f"{task}: {len(few)} of {len(texts)} classes have fewer than {LEAST} different examples "
                f"({', '.join(label[:30] for label in sorted(few)[:5])}{', …' if len(few) > 5 else ''}); give more examples with --count, or "
                "leave the task out"
            )
    if problems:
        raise UnsuitedError(problems)


def _groups(vectors: Floats, classes: list[str]) -> tuple[npt.NDArray[np.int64], list[Gaussian]]:
    """Return the number of each example's class, and each class's Gaussian."""
    names, numbers = np.unique(np.array(classes, dtype=object).astype(str), return_inverse=True)
    gaussians = [Gaussian.of(vectors[numbers == number]) for number in range(len(names))]
    return numbers.astype(np.int64), gaussians
