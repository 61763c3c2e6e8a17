"""Metrics of outputs against what is right, in per cent."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from transfer_analysis.tasks import Task


def class_scores(task: Task, golds: list[int], given: list[int]) -> dict[str, float]:
    """Return the accuracy of classes, and their F1 where the task names it."""
    scores = {"accuracy": 100 * float(np.mean(np.array(given) == np.array(golds)))}
    if "f1" in (task.metric, *task.metrics):
        scores["f1"] = class_f1(golds, given, len(task.labels))
    return scores


def number_scores(golds: list[float], given: list[float]) -> dict[str, float]:
    """Return the correlations of numbers; 0 where either side does not vary."""
    varies = np.ptp(given) > 0 and np.ptp(golds) > 0
    return {
        "pearson": 100 * float(pearsonr(given, golds).statistic) if varies else 0.0,
        "spearmanr": 100 * float(spearmanr(given, golds).statistic) if varies else 0.0,
    }


def class_f1(golds: list[int], given: list[int], classes: int) -> float:
    """Return the F1 (per cent) of the second of two classes, as GLUE has it, or the mean over more than two.

    A class that is neither given nor gold has an F1 of 0.
    """
    gold, found = np.array(golds), np.array(given)
    hits = np.array([np.sum((gold == c) & (found == c)) for c in range(classes)], dtype=float)
    either = np.array([np.sum(gold == c) + np.sum(found == c) for c in range(classes)], dtype=float)
    f1 = np.divide(2 * hits, either, out=np.zeros(classes), where=either > 0)
    return 100 * float(f1[1] if classes == 2 else f1.mean())


def span_f1(task: Task, golds: list[list[int]], given: list[list[int]]) -> float:
    """Return the F1 of spans as seqeval finds them, which XTREME uses for parts of speech too."""
    from seqeval.metrics import f1_score

    names = [_as_span(str(label)) for label in task.labels]
    right, tags = ([[names[n] for n in row] for row in rows] for rows in (golds, given))
    with warnings.catch_warnings():
        # seqeval remarks that parts of speech are no entity tags, and that a class may have no predictions.
        warnings.simplefilter("ignore")
        return 100 * float(f1_score(right, tags))


def _as_span(label: str) -> str:
    """Return a tag as seqeval reads it. One without a prefix, such as a part of speech, is a span over its repetitions.

    seqeval takes the first letter for a prefix: its releases until 2020, with which XTREME's scores were made, ended a span
    at every tag that begins with S or B and took the whole tag for its type; later ones take CCONJ and SCONJ for one type.
    """
    if label == "O" or "-" in label:
        return label
    return f"{'B' if label[0] in 'SB' else 'I'}-{label}"


def attachment(golds: list[Any], given: list[Any]) -> dict[str, float]:
    """Return labelled and unlabelled attachment over all words, punctuation among them (CoNLL 2018), in per cent."""
    gold, found = (np.array([arc for row in rows for arc in row]) for rows in (golds, given))
    heads = gold[:, 0] == found[:, 0]
    return {"las": 100 * float((heads & (gold[:, 1] == found[:, 1])).mean()), "uas": 100 * float(heads.mean())}


def most_frequent_class(given: list[Any]) -> list[Any]:
    """Return the most frequent class of the outputs as the output of every example."""
    return [Counter(given).most_common(1)[0][0]] * len(given)
