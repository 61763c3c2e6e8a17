"""Scores of retrieval targets: nothing is trained, sentences are embedded by the encoder as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from transfer_analysis.corpora.records import Record
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.reading.data import Examples
from transfer_analysis.training.scoring.learnt import LEVEL, above
from transfer_analysis.training.scoring.retrieval import (
    Candidates,
    Side,
    best_threshold,
    bitext,
    embed,
    mined,
    mining_f1,
)
from transfer_analysis.training.scoring.retrieval import nearest as nearest_targets
from transfer_analysis.training.session import Session


@dataclass(frozen=True)
class Retrieved:
    """Scores of one language: metric → score.

    `unknown` and `cut` are the shares of subwords that are unknown and of sentences that were cut, in per cent. `learnt`
    says whether the score is above guessing beyond the noise of examples. `outputs` holds the number of each sentence's nearest neighbour, or each mined pair with its margin.
    """

    examples: Examples
    scores: dict[str, float]
    unknown: float
    cut: float
    learnt: str
    outputs: list[str]


def score_retrieval(session: Session, target: str, encoder: Encoder) -> Iterator[Retrieved]:
    """Yield the scores of a retrieval target in each language: accuracy of pairs (Tatoeba), or F1 of mining (BUCC)."""
    task = session.setting.catalogue[target]
    layer = session.recipe(task).layer
    if layer > encoder.layers:
        raise InputError(f"{target}: layer {layer} of an encoder that has {encoder.layers}")
    for examples in session.tests(target):
        yield (_mining if task.metric == "f1" else _pairs)(session, task, examples, encoder)


def _pairs(session: Session, task: Task, examples: Examples, encoder: Encoder) -> Retrieved:
    """Score pairs as XTREME does: is the sentence nearest to one in the source language its own partner?"""
    source, target = (_embed(session, task, task.columns[side], examples.records, encoder) for side in ("text", "pair"))
    found = nearest_targets(target.vectors, source.vectors)
    hits = found == np.arange(len(found))
    better = above(hits.astype(float), np.ones(len(hits)), 1 / len(hits))
    scores = {"accuracy": 100 * float(hits.mean())}
    outputs = [str(i) for i in found]
    return Retrieved(examples, scores, _unknown(source), _cut(source, target), _told(better), outputs)


def _mining(session: Session, task: Task, examples: Examples, encoder: Encoder) -> Retrieved:
    """Score mining, with the threshold that is best on the language's development examples."""
    records = next(e.records for e in session.tuning(task.name) if e.language == examples.language)
    candidates, golds, _, _ = _mine(session, task, records, encoder)
    threshold = best_threshold(candidates, golds)
    candidates, golds, source, target = _mine(session, task, examples.records, encoder)
    f1 = mining_f1(candidates, golds, threshold)
    taken = [
        f"{source.sentences[s]}\t{target.sentences[t]}\t{margin:.6f}"
        for s, t, margin in zip(candidates.sources, candidates.targets, candidates.margins, strict=True)
        if margin >= threshold
    ]
    # Of pairs drawn at random, hardly one would be right.
    found = sum(pair in golds for pair in zip(candidates.sources.tolist(), candidates.targets.tolist(), strict=True))
    guessed = len(golds) / max(1, len(source.sentences) * len(target.sentences))
    better = f1 > 0 and bool(binom.sf(found - 1, len(candidates.sources), guessed) < LEVEL)
    return Retrieved(examples, {"f1": f1}, _unknown(source), _cut(source, target), _told(better), taken)


def _mine(
    session: Session, task: Task, records: list[Record], encoder: Encoder
) -> tuple[Candidates, set[tuple[int, int]], Side, Side]:
    sources, targets, golds = bitext(task, records)
    source, target = (
        _embed(session, task, column, [{column: text} for text in texts], encoder)
        for column, texts in ((task.columns["text"], sources), (task.columns["pair"], targets))
    )
    return mined(source.vectors, target.vectors), golds, source, target


def _embed(session: Session, task: Task, column: str, records: list[Record], encoder: Encoder) -> Side:
    recipe = session.recipe(task)
    sentences = [str(record[column]) for record in records]
    return embed(task, column, sentences, encoder, recipe, session.numerics(recipe), session.tokens)


def _cut(source: Side, target: Side) -> float:
    """Return the share of sentences of either side that were cut."""
    return 100 * (source.cut + target.cut) / max(1, len(source.sentences) + len(target.sentences))


def _told(better: bool) -> str:
    return "yes" if better else "no"


def _unknown(source: Side) -> float:
    """Return the share of unknown subwords of the foreign sentences; those of the source language say nothing new."""
    return 100 * source.unknown / max(1, source.subwords)
