"""Scores of predictions, in per cent."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from transfer_analysis.training.heads.trees import parsed
from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.reading.windows import most_context
from transfer_analysis.training.scoring.answers import answer_scores


def outputs(features: Features, predictions: list[Any]) -> list[Any]:
    """Return one output per example: a class, a value, a list of tags or of heads and relations, or an answer's text.

    Parameters
    ----------
    predictions
        One per item, as the head gives them. A sentence that is read in several windows has each word's tag from the
        window with most context, and one tree over the arcs of all. An answer is the best span over the windows of its
        context; where the task allows for none, it is empty if having none scores higher than every span (SQuAD v2 with
        threshold 0).
    """
    if features.task.head == "token-classification":
        return _tags(features, predictions)
    if features.task.head == "dependency":
        return [
            parsed([predictions[i] for i in items], there, most_context(there))
            for items in _items(features)
            for there in [[features.tagged[i] for i in items]]
        ]
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
        tagging; `las` and `uas` of parsing; `f1` and `exact_match` of answers; `f1` of classes where the task names it; `pearson` and `spearmanr` (0 where outputs do not vary).
    """
    head = features.task.head
    if head == "span-qa":
        pairs = [
            answer_scores(text, golds, features.task.scorer, language, features.task.no_answer)
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
    if head == "dependency":
        return attachment(features.golds, given)
    if head == "token-classification":
        hits = [p == g for row, gold in zip(given, features.golds, strict=True) for p, g in zip(row, gold, strict=True)]
        return {"accuracy": 100 * float(np.mean(hits)), "span_f1": span_f1(features, given)}
    scores = {"accuracy": 100 * float(np.mean(np.array(given) == np.array(features.golds)))}
    if "f1" in (features.task.metric, *features.task.metrics):
        scores["f1"] = class_f1(features.golds, given, len(features.task.labels))
    return scores


def class_f1(golds: list[int], given: list[int], classes: int) -> float:
    """Return the F1 (per cent) of the second of two classes, as GLUE has it, or the mean over more than two.

    A class that is neither given nor gold has an F1 of 0.
    """
    gold, found = np.array(golds), np.array(given)
    hits = np.array([np.sum((gold == c) & (found == c)) for c in range(classes)], dtype=float)
    either = np.array([np.sum(gold == c) + np.sum(found == c) for c in range(classes)], dtype=float)
    f1 = np.divide(2 * hits, either, out=np.zeros(classes), where=either > 0)
    return 100 * float(f1[1] if classes == 2 else f1.mean())


def span_f1(features: Features, given: list[list[int]]) -> float:
    """Return the F1 of spans as seqeval finds them, which XTREME uses for parts of speech too."""
    from seqeval.metrics import f1_score

    names = [_as_span(str(label)) for label in features.task.labels]
    golds, tags = ([[names[n] for n in row] for row in rows] for rows in (features.golds, given))
    with warnings.catch_warnings():
        # seqeval remarks that parts of speech are no entity tags, and that a class may have no predictions.
        warnings.simplefilter("ignore")
        return 100 * float(f1_score(golds, tags))


def _items(features: Features) -> list[list[int]]:
    """Return the items of each example."""
    found: list[list[int]] = [[] for _ in features.golds]
    for item, number in enumerate(features.example):
        found[number].append(item)
    return found


def _tags(features: Features, predictions: list[list[int]]) -> list[list[int]]:
    """Return the tag of every word of every example, each from the one item that it is tagged in."""
    found: list[dict[int, int]] = [{} for _ in features.golds]
    for number, words, given in zip(features.example, features.tagged, predictions, strict=True):
        found[number].update(zip(words.tolist(), given, strict=True))
    # A word without a prediction is a mistake in reading, never a class.
    return [[tags[word] for word in range(len(gold))] for tags, gold in zip(found, features.golds, strict=True)]


def attachment(golds: list[Any], given: list[Any]) -> dict[str, float]:
    """Return labelled and unlabelled attachment over all words, punctuation among them (CoNLL 2018), in per cent."""
    gold, found = (np.array([arc for row in rows for arc in row]) for rows in (golds, given))
    heads = gold[:, 0] == found[:, 0]
    return {"las": 100 * float((heads & (gold[:, 1] == found[:, 1])).mean()), "uas": 100 * float(heads.mean())}


def _as_span(label: str) -> str:
    """Return a tag as seqeval reads it. One without a prefix, such as a part of speech, is a span over its repetitions.

    seqeval takes the first letter for a prefix: its releases until 2020, with which XTREME's scores were made, ended a span
    at every tag that begins with S or B and took the whole tag for its type; later ones take CCONJ and SCONJ for one type.
    """
    if label == "O" or "-" in label:
        return label
    return f"{'B' if label[0] in 'SB' else 'I'}-{label}"


def _text(features: Features, item: int, first: int, last: int) -> str:
    places = features.places[item]
    if last >= len(places):  # padding
        return ""
    start, end = int(places[first, 0]), int(places[last, 1])
    return features.contexts[item][start:end] if start >= 0 and end >= 0 else ""
