"""Transferability scores: how well what was learnt on one task seems to serve another, from one pass without training.

Scores are higher for better; as a distance a score counts with its sign turned, so that near is good. All are directed,
from the intermediate task that an encoder was trained on (rows) to a target task (columns).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.models.logme import factorised, logme_of_classes, logme_of_numbers
from transfer_analysis.distances.models.states import (
    CLASSIFYING,
    LABELLED,
    Units,
    class_probabilities,
    labelled_units,
    unit_labels,
    vary,
)
from transfer_analysis.distances.models.tuned import TunedTasks
from transfer_analysis.errors import InputError, UnsuitedError
from transfer_analysis.progress import Report, silent

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Eigenvalues below this share of the largest count as zero.
_CUTOFF = 1e-10


def logme_distances(tuned: TunedTasks, report: Report = silent) -> DistanceMatrix:
    """Return −LogME of each target's labels given the states of the encoder trained on each intermediate task.

    Targets are classifications, regressions and taggings (whose words are the units). See `logme`.
    """

    def score(units: Units) -> float:
        states = factorised(units.states)
        if units.labels.dtype == np.int64:
            return logme_of_classes(states, units.labels.astype(np.int64))
        return logme_of_numbers(states, units.labels.astype(np.float64))

    return _of_states(tuned, "logme", LABELLED, score, report)


def h_score_distances(tuned: TunedTasks, report: Report = silent) -> DistanceMatrix:
    """Return −H-score: the share of the states' variance that lies between classes (Bao et al. 2019).

    Targets are classifications and taggings.
    """
    return _of_states(tuned, "h-score", CLASSIFYING, lambda u: h_score(u.states, u.labels.astype(np.int64)), report)


def leep_distances(tuned: TunedTasks, report: Report = silent) -> DistanceMatrix:
    """Return −LEEP between classifications, or between taggings (Nguyen et al. 2020)."""
    return _of_predictions(tuned, "leep", leep, report)


def nce_distances(tuned: TunedTasks, report: Report = silent) -> DistanceMatrix:
    """Return −NCE between classifications, or between taggings (Tran et al. 2019).

    NCE is less the entropy of a target's labels given the classes that the intermediate task's model predicts.
    """
    return _of_predictions(tuned, "nce", lambda p, y: negative_conditional_entropy(p.argmax(axis=1), y), report)


def h_score(states: Floats, labels: Ints) -> float:
    """Return tr(cov(f)⁺ cov(E[f | y])), f the states; between 0 and the number of classes less one.

    The pseudo-inverse leaves out directions without variance. With fewer units than the states are wide every class can be
    told apart and the score is its maximum, whatever the task.

    Raises
    ------
    UnsuitedError
        For units that are not more than the width of the states, of one class, or with states that are all the same.
    """
    if len(states) <= states.shape[1]:
        raise UnsuitedError(
            f"{len(states)} units are not more than the width of the states ({states.shape[1]}), so that every class can be told "
            f"apart: give --count {states.shape[1] + 1} or more"
        )
    _require_classes(labels)
    centred = states - states.mean(axis=0)
    if not vary(states):
        raise InputError("all states are the same, or no numbers; the encoder may have failed in training")
    _, numbers = np.unique(labels, return_inverse=True)
    shares = np.bincount(numbers) / len(labels)
    means = np.stack([centred[numbers == k].mean(axis=0) for k in range(len(shares))])
    values, vectors = np.linalg.eigh(centred.T @ centred / len(states))
    keep = values > _CUTOFF * values[-1]
    whitened = means @ vectors[:, keep] / np.sqrt(values[keep])
    return float((shares[:, None] * whitened**2).sum())


def leep(probabilities: Floats, labels: Ints) -> float:
    """Return the mean log expected empirical prediction, at most 0 (Nguyen et al. 2020, eq. 2).

    Parameters
    ----------
    probabilities
        Of the intermediate task's classes z, shape (units, classes): θ(x)_z.
    labels
        The target's class of each unit. With the empirical P(y | z) = Σ θ(x)_z [y(x) = y] / Σ θ(x)_z, the score is the
        mean over units of log Σ_z P(y(x) | z) θ(x)_z.
    """
    _require_classes(labels)
    names, numbers = np.unique(labels, return_inverse=True)
    joint = np.eye(len(names))[numbers].T @ probabilities / len(labels)
    given = joint / np.maximum(joint.sum(axis=0, keepdims=True), 1e-300)  # a class that is never likely adds nothing
    expected = (given[numbers] * probabilities).sum(axis=1)
    return float(np.log(expected).mean())


def negative_conditional_entropy(given: Ints, target: Ints) -> float:
    """Return −H(Y | Z) in nats, at most 0, of a target's classes given an intermediate task's (Tran et al. 2019)."""
    _require_classes(target)
    _, z = np.unique(given, return_inverse=True)
    _, y = np.unique(target, return_inverse=True)
    joint = np.zeros((z.max() + 1, y.max() + 1))
    np.add.at(joint, (z, y), 1 / len(y))
    conditional = joint / joint.sum(axis=1, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(conditional[there])).sum())


def _require_classes(labels: Ints) -> None:
    if len(np.unique(labels)) < 2:
        raise UnsuitedError("all examples are of one class; give more with --count, or leave the task out")


def _of_states(
    tuned: TunedTasks, kind: str, heads: tuple[str, ...], score: Callable[[Units], float], report: Report
) -> DistanceMatrix:
    targets = [task for task in tuned.tasks if tuned.features[task].task.head in heads]
    table = _Scores(kind, tuned.tasks, targets, heads)

    def of(target: str) -> float:
        return score(labelled_units(tuned.encoder, tuned.features[target]))

    for i, intermediate in enumerate(tuned.tasks):
        report(f"{kind}: {intermediate}", i / len(tuned.tasks))
        tuned.use(intermediate)
        for target in targets:
            table.add(intermediate, target, lambda t=target: of(t))  # type: ignore[misc]
    tuned.restore()
    return table.matrix(tuned)


def _of_predictions(
    tuned: TunedTasks, kind: str, score: Callable[[Floats, Ints], float], report: Report
) -> DistanceMatrix:
    """Score classifications by the predictions of classifiers, and taggings by those of taggers; others are missing."""
    heads = CLASSIFYING
    tasks = [task for task in tuned.tasks if tuned.features[task].task.head in heads]
    table = _Scores(kind, tasks, tasks, heads)

    def of(intermediate: str, target: str) -> float:
        features = tuned.features[target]
        labels = unit_labels(features).astype(np.int64)
        return score(class_probabilities(tuned.encoder, tuned.heads[intermediate], features), labels)

    for i, intermediate in enumerate(tasks):
        report(f"{kind}: {intermediate}", i / len(tasks))
        tuned.use(intermediate)
        for target in tasks:
            if tuned.features[target].task.head == tuned.features[intermediate].task.head:
                table.add(intermediate, target, lambda i=intermediate, t=target: of(i, t))  # type: ignore[misc]
    tuned.restore()
    return table.matrix(tuned)


class _Scores:
    """Scores from intermediate tasks to targets; a target that a score does not suit is left out, and that is said."""

    def __init__(self, kind: str, rows: list[str], columns: list[str], heads: tuple[str, ...]) -> None:
        if not columns:
            raise UnsuitedError(f"{kind} is for targets with the heads {', '.join(heads)}; none of the tasks has one")
        self.kind = kind
        self.values = pd.DataFrame(np.nan, index=rows, columns=columns)
        self.unsuited: dict[str, str] = {}

    def add(self, intermediate: str, target: str, score: Callable[[], float]) -> None:
        """Add a score, with its sign turned."""
        if target in self.unsuited:
            return
        try:
            self.values.loc[intermediate, target] = -score()
        except UnsuitedError as error:
            self.unsuited[target] = str(error)
        except InputError as error:
            raise InputError(f"{self.kind} from {intermediate} to {target}: {error}") from error

    def matrix(self, tuned: TunedTasks) -> DistanceMatrix:
        """Return the scores as a directed distance."""
        if len(self.unsuited) == self.values.shape[1]:
            raise UnsuitedError(f"{self.kind} of {target}: {why}" for target, why in self.unsuited.items())
        parameters: dict[str, Any] = {
            **tuned.provenance(),
            "sign": "the score's, turned: small is good",
            "unsuited": self.unsuited,
        }
        values = self.values.drop(columns=list(self.unsuited))
        return DistanceMatrix(values, self.kind, parameters, tuned.encoder.name, directed=True)
