"""Whether a model has learnt a task: is it better than guessing, and than giving its most frequent answer every time?"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.scoring.evaluate import evaluate
from transfer_analysis.training.work import work_of

#: Level of the test, one-sided, and how many standard errors above it asks for.
LEVEL = 0.05
_ABOVE = float(norm.isf(LEVEL))


def majority_outputs(features: Features, given: list[Any]) -> list[Any] | None:
    """Return the most frequent class of the outputs as the output of every example (or word); None where there are no classes."""
    majority = work_of(features.task).majority
    return None if majority is None else majority(given)


def majority_scores(features: Features, given: list[Any], language: str) -> dict[str, float]:
    """Return the scores of answering the model's most frequent class every time; none where there are no classes."""
    constant = majority_outputs(features, given)
    return {} if constant is None else evaluate(features, constant, language)


def learnt(features: Features, given: list[Any], language: str) -> str:
    """Return `yes` where outputs are better than chance and than their own majority beyond the noise of examples, else `no`.

    Each is a one-sided test at 5% of the mean over examples (sentences, for tagging), paired with the majority's; of a
    correlation by Fisher's transformation.
    """
    if features.task.head_kind.of_numbers:
        return _told(_fisher(evaluate(features, given)["pearson"] / 100, len(given)))
    score = work_of(features.task).hits
    hits, weights = score(features, given, language)
    constant = majority_outputs(features, given)
    if constant is not None:
        against, _ = score(features, constant, language)
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
