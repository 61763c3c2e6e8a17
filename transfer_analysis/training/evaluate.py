"""Scores of predictions, in per cent."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from transfer_analysis.training.answers import answer_scores
from transfer_analysis.training.features import Features


def outputs(features: Features, predictions: list[Any]) -> list[Any]:
    """Return one output per example: a class, a value, a list of tags, or the text of an answer.

    Parameters
    ----------
    predictions
        One per item, as the head gives them. An answer is the best span over the windows of its context; where the task
        allows for none, it is empty if having none scores higher than every span (SQuAD v2 with threshold 0).
    """
    if features.task.head == "token-classification":
        # A sentence that was cut has fewer predictions than words; the first tag stands in, as nothing else is known.
        return [p + [0] * (len(gold) - len(p)) for p, gold in zip(predictions, features.golds, strict=True)]
    if features.task.head != "span-qa":
        return predictions
    best: dict[int, tuple[float, str]] = {}
    none: dict[int, float] = {}
    for item, (first, last, score, no_answer) in enumerate(predictions):
        number = features.example[item]
        none[number] = min(none.get(number, np.inf), no_answer)
        if number not in best or score > best[number][0]:
            best[number] = score, _text(features, item, first, last)
    return [
        "" if features.task.no_answer and none[number] > best[number][0] else best[number][1]
        for number in range(len(features.golds))
    ]


def evaluate(features: Features, given: list[Any], language: str = "en") -> dict[str, float]:
    """Return the task's metrics over its examples.

    Parameters
    ----------
    given
        One output per example, from `outputs`.
    language
        Language of the examples, for MLQA's scorer.

    Returns
    -------
    dict
        Metric → score in per cent: `accuracy` (over examples, or over words for tagging); `span_f1` of seqeval for
        tagging; `f1` and `exact_match` of answers; `pearson` and `spearmanr` (0 where outputs do not vary).
    """
    head = features.task.head
    if head == "span-qa":
        pairs = [
            answer_scores(text, golds, features.task.scorer, language)
            for text, golds in zip(given, features.golds, strict=True)
        ]
        f1, exact = np.mean(pairs, axis=0)
        return {"f1": 100 * float(f1), "exact_match": 100 * float(exact)}
    if head == "sequence-regression":
        varies = np.ptp(given) > 0 and np.ptp(features.golds) > 0
        return {
            "pearson": 100 * float(pearsonr(given, features.golds).statistic) if varies else 0.0,
            "spearmanr": 100 * float(spearmanr(given, features.golds).statistic) if varies else 0.0,
        }
    if head == "token-classification":
        hits = [p == g for row, gold in zip(given, features.golds, strict=True) for p, g in zip(row, gold, strict=True)]
        return {"accuracy": 100 * float(np.mean(hits)), "span_f1": span_f1(features, given)}
    return {"accuracy": 100 * float(np.mean(np.array(given) == np.array(features.golds)))}


def span_f1(features: Features, given: list[list[int]]) -> float:
    """Return the F1 of spans as seqeval finds them, which XTREME uses for parts of speech too."""
    from seqeval.metrics import f1_score

    names = [str(label) for label in features.task.labels]
    golds, tags = ([[names[n] for n in row] for row in rows] for rows in (features.golds, given))
    with warnings.catch_warnings():
        # seqeval remarks that parts of speech are no entity tags, and that a class may have no predictions.
        warnings.simplefilter("ignore")
        return 100 * float(f1_score(golds, tags))


def _text(features: Features, item: int, first: int, last: int) -> str:
    places = features.places[item]
    if last >= len(places):  # padding
        return ""
    start, end = int(places[first, 0]), int(places[last, 1])
    return features.contexts[item][start:end] if start >= 0 and end >= 0 else ""
