"""Scores of predictions, in per cent."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from transfer_analysis.training.features import IGNORED, Features


def evaluate(features: Features, predictions: list[Any]) -> dict[str, float]:
    """Return the task's metrics over its examples.

    Returns
    -------
    dict
        Metric → score in per cent: `accuracy` (over examples, or over words for tagging); `f1` and `exact_match` of
        answers; `pearson` and `spearmanr` (0 where predictions do not vary).
    """
    head = features.task.head
    if head == "span-qa":
        texts = [_answer(features, i, span) for i, span in enumerate(predictions)]
        pairs = list(zip(texts, features.answers, strict=True))
        return {
            "f1": 100 * float(np.mean([max(token_f1(text, gold) for gold in golds) for text, golds in pairs])),
            "exact_match": 100 * float(np.mean([text.split() in [g.split() for g in golds] for text, golds in pairs])),
        }
    if head == "sequence-regression":
        varies = np.ptp(predictions) > 0
        return {
            "pearson": 100 * float(pearsonr(predictions, features.targets).statistic) if varies else 0.0,
            "spearmanr": 100 * float(spearmanr(predictions, features.targets).statistic) if varies else 0.0,
        }
    if head == "token-classification":
        golds = [target[target != IGNORED].tolist() for target in features.targets]
        hits = [p == g for row, gold in zip(predictions, golds, strict=True) for p, g in zip(row, gold, strict=True)]
        return {"accuracy": 100 * float(np.mean(hits))}
    return {"accuracy": 100 * float(np.mean(np.array(predictions) == np.array(features.targets)))}


def token_f1(prediction: str, gold: str) -> float:
    """Return the F1 of shared words between two answers (Rajpurkar et al. 2016), words split at white space."""
    predicted, wanted = prediction.split(), gold.split()
    shared = sum((Counter(predicted) & Counter(wanted)).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)


def _answer(features: Features, i: int, span: tuple[int, int]) -> str:
    offsets = features.offsets[i]
    first, last = (min(position, len(offsets) - 1) for position in span)
    return features.contexts[i][offsets[first][0] : offsets[last][1]]
