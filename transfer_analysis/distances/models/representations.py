"""Distances between encoders trained on different tasks: of their states on the same texts, and of their weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

from transfer_analysis.distances.embeddings.layers import pooled_states
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.models.states import vary
from transfer_analysis.distances.models.tuned import TunedTasks
from transfer_analysis.errors import InputError
from transfer_analysis.progress import Report, silent

Floats = npt.NDArray[np.float64]

#: Texts of a probe set, at least: similarity of states over a handful of texts is mostly chance.
LEAST_PROBES = 10


def cka_distances(tuned: TunedTasks, probes: Sequence[str], report: Report = silent) -> DistanceMatrix:
    """Return 1 − linear centred kernel alignment of the states of a common set of texts (Kornblith et al. 2019).

    Parameters
    ----------
    probes
        Texts that every encoder reads; their pooled last states are compared.

    Returns
    -------
    DistanceMatrix
        Symmetric, in [0, 1]. With fewer texts than the states are wide, CKA is high for any two encoders.
    """
    return _of_states(tuned, probes, "cka", linear_cka, report)


def rsa_distances(tuned: TunedTasks, probes: Sequence[str], report: Report = silent) -> DistanceMatrix:
    """Return 1 − representational similarity of the states of a common set of texts (Kriegeskorte et al. 2008).

    The similarity is Spearman's correlation of the pairwise dissimilarities (1 − Pearson correlation) of the texts.

    Returns
    -------
    DistanceMatrix
        Symmetric, in [0, 2].
    """
    return _of_states(tuned, probes, "rsa", representational_similarity, report)


def task_vector_distances(tuned: TunedTasks, report: Report = silent) -> DistanceMatrix:
    """Return 1 − cosine between task vectors: the encoder's weights after training less those before (Ilharco et al. 2023).

    Returns
    -------
    DistanceMatrix
        Symmetric, in [0, 2]. Tasks whose vectors are at a right angle are 1 apart.
    """
    vectors = []
    for i, task in enumerate(tuned.tasks):
        report(f"task vectors: {task}", i / len(tuned.tasks))
        after = tuned.after(task)
        parts = [(after[n] - w).numpy().ravel() for n, w in tuned.before.items() if w.is_floating_point()]
        vectors.append(np.concatenate(parts).astype(np.float32))
    gram = np.array([[float(a @ b) for b in vectors] for a in vectors], dtype=np.float64)
    norms = np.sqrt(np.diag(gram))
    if not (norms > 0).all():
        raise InputError(f"training on {tuned.tasks[int(norms.argmin())]} changed nothing; it has no task vector")
    values = np.clip(1 - gram / np.outer(norms, norms), 0.0, 2.0)
    np.fill_diagonal(values, 0.0)
    return _matrix((values + values.T) / 2, tuned, "task-vector")


def linear_cka(one: Floats, other: Floats) -> float:
    """Return |YᵀX|² / (|XᵀX| |YᵀY|) of centred states, Frobenius norms; in [0, 1].

    Parameters
    ----------
    one, other
        Shape (texts, width); widths may differ.
    """
    x, y = one - one.mean(axis=0), other - other.mean(axis=0)
    # The same numbers from the texts' Gram matrices, which are smaller where texts are few.
    left, right = x @ x.T, y @ y.T
    return float((left * right).sum() / np.sqrt((left**2).sum() * (right**2).sum()))


def representational_similarity(one: Floats, other: Floats) -> float:
    """Return Spearman's correlation between the texts' dissimilarities in two sets of states; in [−1, 1]."""
    ranks = [rankdata(pdist(states, "correlation")) for states in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _of_states(
    tuned: TunedTasks, probes: Sequence[str], kind: str, similarity: Callable[[Floats, Floats], float], report: Report
) -> DistanceMatrix:
    if len(set(probes)) < LEAST_PROBES:
        raise InputError(
            f"{len(set(probes))} different texts to probe with; {kind} needs at least {LEAST_PROBES}: give more with --probe"
        )
    states = _probed(tuned, probes, kind, report)
    values = np.zeros((len(states), len(states)))
    for i, one in enumerate(tuned.tasks):
        for j in range(i):
            values[i, j] = values[j, i] = max(0.0, 1 - similarity(states[one], states[tuned.tasks[j]]))
    return _matrix(values, tuned, kind, probes=len(probes))


def _probed(tuned: TunedTasks, probes: Sequence[str], kind: str, report: Report) -> dict[str, Floats]:
    """Return the states of the probes after training on each task: read once, however many kinds compare them."""
    key = tuple(probes)
    if key not in tuned.probed:
        states = {}
        for i, task in enumerate(tuned.tasks):
            report(f"{kind}: {task}", i / len(tuned.tasks))
            encoder, _ = tuned.use(task)
            states[task] = pooled_states(encoder, probes, encoder.layers, encoder.pooling)
            _require_varied(states[task], task, tuned)
        tuned.restore()
        tuned.probed[key] = states
    return tuned.probed[key]


def _require_varied(states: Floats, task: str, tuned: TunedTasks) -> None:
    """Refuse states that are the same for all texts, or within one: nothing can be compared with them."""
    if not vary(states) or states.std(axis=1).min() == 0:
        recipe = tuned.recipe.for_task(tuned.features[task].task)
        raise InputError(
            f"{task}: after training on it {tuned.encoder.name} gives the same states for every text, or no numbers; train it "
            f"otherwise (now {recipe.describe()}), or leave it out"
        )


def _matrix(values: Floats, tuned: TunedTasks, kind: str, **further: int) -> DistanceMatrix:
    frame = pd.DataFrame(values, index=tuned.tasks, columns=tuned.tasks)
    return DistanceMatrix(frame, kind, {**tuned.provenance(), **further}, tuned.encoder.name)
