"""Outputs of a head for each example, and their scores in per cent."""

from __future__ import annotations

from typing import Any

from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.work import work_of


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
    return work_of(features.task).outputs(features, predictions)


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
        tagging; `las` and `uas` of parsing; `f1` and `exact_match` of answers; `f1` of classes where the task names it;
        `pearson` and `spearmanr` (0 where outputs do not vary).
    """
    return work_of(features.task).scores(features, given, language)
