"""What an encoder and its head give on examples: scores, outputs, gold answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads import Head
from transfer_analysis.training.loop import predict
from transfer_analysis.training.reading.data import Examples
from transfer_analysis.training.scoring.evaluate import evaluate, outputs
from transfer_analysis.training.scoring.learnt import learnt, majority_scores
from transfer_analysis.training.scoring.ranking import rank
from transfer_analysis.training.session import Session


@dataclass(frozen=True)
class Measured:
    """Examples of one language, scored.

    Attributes
    ----------
    parts
        The examples, of one source or several.
    scores
        Metric → per cent.
    rows, outputs, golds
        Per example: its row of its split, what was given (for a query, the ranks of what is right), and what is right.
    unknown, cut
        Share of subwords that the tokenizer does not know, and of inputs that were not read whole, in per cent.
    majority
        Metric → score of answering the most frequent class of the outputs every time; empty where there are no classes.
    learnt
        `yes` where the score is above chance and above the majority beyond the noise of examples, else `no`.
    """

    parts: Sequence[Examples]
    scores: dict[str, float]
    rows: list[str]
    outputs: list[Any]
    golds: list[Any]
    unknown: float
    cut: float
    majority: dict[str, float]
    learnt: str


def measure(
    session: Session, encoder: Encoder, head: Head, name: str, groups: Sequence[Sequence[Examples]]
) -> list[Measured]:
    """Score a task's examples.

    Parameters
    ----------
    groups
        Examples of one language each, of one source or several put together. Queries are ranked among the candidates
        of all groups; everything else is scored group by group.
    """
    task = session.task(name)
    recipe = session.recipe(task)
    numerics = session.numerics(recipe)
    if task.head_kind.ranked:
        found = rank(task, groups, encoder, numerics, recipe.max_length, session.once)
        return [
            Measured(
                group,
                {"map_at_20": r.score()},
                r.rows,
                r.ranks,
                [len(ranks) for ranks in r.ranks],
                r.unknown,
                r.cut,
                {},
                r.learnt(),
            )
            for group, r in zip(groups, found, strict=True)
            if r.ranks  # a language may have candidates and no query
        ]
    measured = []
    for group in groups:
        features = session.joined_features(group, task, encoder)
        given = outputs(features, predict(encoder, head, features, numerics))
        language = group[0].language
        measured.append(
            Measured(
                group,
                evaluate(features, given, language),
                [f"{part.task.name} {row}" if len(group) > 1 else row for part in group for row in part.rows],
                given,
                features.golds,
                features.unknown_share(),
                features.cut_share(),
                majority_scores(features, given, language),
                learnt(features, given, language),
            )
        )
    return measured
