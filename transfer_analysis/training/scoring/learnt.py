"""Whether a model has learnt a task: is it better than guessing, and than giving its most frequent answer every time?"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.scoring.answers import answer_scores
from transfer_analysis.training.scoring.evaluate import evaluate

#: Level of the test, one-sided, and how many standard errors above it asks for.
LEVEL = 0.05
_ABOVE = float(norm.isf(LEVEL))


def majority_outputs(features: Features, given: list[Any]) -> list[Any] | None:
    """Return the most frequent class of the outputs as the output of every example (or word); None where there are no classes."""
    if features.task.head_kind.of_classes:
        most = Counter(given).most_common(1)[0][0]
        return [most] * len(given)
    if features.task.head == "token-classification":
        counted = Counter(tag for row in given for tag in row)
        most = counted.most_common(1)[0][0] if counted else 0
        return [[most] * len(row) for row in given]
    return None


def majority_scores(features: Features, given: list[Any], language: str) -> dict[str, float]:
    """Return the scores of answering the model's most frequent class every time; none where there are no classes."""
    constant = majority_outputs(features, given)
    return {} if constant is None else evaluate(features, constant, language)


def learnt(features: Features, given: list[Any], language: str) -> str:
    """Return `yes` where outputs are better than chance and than their own majority beyond the noise of examples, else `no`.

    Each is a one-sided test at 5% of the mean over examples (sentences, for tagging), paired with the majority's; of a
    correlation by Fisher's transformation.
    """
    if features.task.head == "sequence-regression":
        return _told(_fisher(evaluate(features, given)["pearson"] / 100, len(given)))
    hits, weights = _hits(features, given, language)
    constant = majority_outputs(features, given)
    if constant is not None:
        against, _ = _hits(features, constant, language)
        if not above(hits - against, weights, 0.0):
            return "no"
    return _told(above(hits, weights, (features.task.chance or 0.0) / 100))


def above(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], limit: float) -> bool:
    """Whether a ratio of means, Σ values / Σ weights, lies above a limit by more than its noise over examples."""
    mean = values.sum() / max(1.0, weights.sum())
    if len(values) < 2:
        return False
    # Residuals of the ratio: exact for equal weights, and right for sentences of unequal length.
    error = np.std(values - mean * weights, ddof=1) * np.sqrt(len(values)) / max(1.0, weights.sum())
    return bool(mean > limit + _ABOVE * error)


def _told(yes: bool) -> str:
    return "yes" if yes else "no"


def _fisher(correlation: float, count: int) -> bool:
    if count < 5:
        return False
    return bool(np.arctanh(min(correlation, 1 - 1e-9)) * np.sqrt(count - 3) > _ABOVE)


def _hits(
    features: Features, given: list[Any], language: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what each example scores and what it weighs: right words of words, else 0 to 1 of 1."""
    head, golds = features.task.head, features.golds
    if features.task.head_kind.of_words:
        right = [
            sum(_same(a, b) for a, b in zip(row, gold, strict=True)) for row, gold in zip(given, golds, strict=True)
        ]
        return np.array(right, dtype=float), np.array([len(gold) for gold in golds], dtype=float)
    if head == "span-qa":
        task = features.task
        found = [
            answer_scores(text, gold, task.scorer, language, task.no_answer)[0]
            for text, gold in zip(given, golds, strict=True)
        ]
        return np.array(found), np.ones(len(golds))
    return np.array([float(a == b) for a, b in zip(given, golds, strict=True)]), np.ones(len(golds))


def _same(given: Any, gold: Any) -> bool:
    return list(given) == list(gold) if isinstance(gold, tuple | list) else bool(given == gold)
