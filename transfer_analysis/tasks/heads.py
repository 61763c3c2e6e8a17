"""The kinds of head: what each asks of examples and is scored by. What it computes is its `work` in the training core."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Literal

from transfer_analysis.extensions import extended

_CORE = "transfer_analysis.training.heads"


@dataclass(frozen=True)
class HeadKind:
    """A kind of head. Other packages add theirs by the entry point `transfer_analysis.heads`.

    Attributes
    ----------
    parts
        Parts of an example that it reads: names that a task's `columns` give columns to.
    metrics
        What it is scored by.
    work
        Where its `HeadWork` stands, `package.module:NAME`; loaded when something is trained or read with it.
    of_passages
        Parts that it reads instead where the task's columns name a `context`; empty where that changes nothing.
    labelled
        What carries one label each: whole examples, their words, or nothing.
    of_classes, of_numbers, of_words, of_text, of_choices
        Whether it tells classes apart, gives a number, answers for every word, is language modelling, or reads several
        choices at once.
    ranked
        Whether its queries are ranked among the candidates of all languages together, not scored one by one.
    needs_whole
        Whether reading a long example in windows loses something, so that it counts as cut.
    trained
        Whether it has weights of its own, or is scored on the encoder as it is.
    tuned
        Whether distances between tasks by tuned models (task embeddings, LogME, …) train on it.
    """

    name: str
    parts: tuple[str, ...]
    metrics: tuple[str, ...]
    work: str
    of_passages: tuple[str, ...] = ()
    labelled: Literal["examples", "words", ""] = ""
    of_classes: bool = False
    of_numbers: bool = False
    of_words: bool = False
    of_text: bool = False
    of_choices: bool = False
    ranked: bool = False
    needs_whole: bool = False
    trained: bool = True
    tuned: bool = False

    def reads(self, columns: Collection[str]) -> tuple[str, ...]:
        """Return the parts of an example that it reads, given those that a task has columns for."""
        return self.of_passages if self.of_passages and "context" in columns else self.parts


_BUNDLED = (
    HeadKind(
        "sequence-classification",
        ("text", "label"),
        ("accuracy", "f1"),
        f"{_CORE}.sequence:CLASSIFICATION",
        labelled="examples",
        of_classes=True,
        tuned=True,
    ),
    HeadKind(
        "sequence-regression",
        ("text", "label"),
        ("pearson", "spearmanr"),
        f"{_CORE}.sequence:REGRESSION",
        labelled="examples",
        of_numbers=True,
        tuned=True,
    ),
    HeadKind(
        "multiple-choice",
        ("choices", "label"),
        ("accuracy",),
        f"{_CORE}.multiple_choice:WORK",
        of_classes=True,
        of_choices=True,
        tuned=True,
    ),
    HeadKind("span-qa", ("question", "context", "answers"), ("f1", "exact_match"), f"{_CORE}.span_qa:WORK", tuned=True),
    HeadKind(
        "token-classification",
        ("tokens", "tags"),
        ("accuracy", "span_f1"),
        f"{_CORE}.tagging:WORK",
        labelled="words",
        of_words=True,
        tuned=True,
    ),
    HeadKind(
        "dependency",
        ("tokens", "heads", "relations"),
        ("las", "uas"),
        f"{_CORE}.dependency:WORK",
        of_words=True,
        needs_whole=True,
    ),
    HeadKind("masked-lm", ("text",), ("accuracy",), f"{_CORE}.masked_lm:WORK", of_text=True),
    HeadKind("translation-lm", ("text", "pair"), ("accuracy",), f"{_CORE}.masked_lm:WORK", of_text=True),
    HeadKind(
        "dual-encoder",
        ("text", "pair", "key"),
        ("map_at_20",),
        f"{_CORE}.dual_encoder:WORK",
        of_passages=("question", "context", "answers", "key"),
        ranked=True,
    ),
    HeadKind("retrieval", ("text", "pair"), ("accuracy", "f1"), f"{_CORE}.sequence:RETRIEVAL", trained=False),
)


@cache
def heads() -> dict[str, HeadKind]:
    """Return all kinds of head by their names."""
    return extended(
        _BUNDLED,
        "transfer_analysis.heads",
        name=lambda kind: kind.name,
        fits=lambda kind: isinstance(kind, HeadKind),
        noun="a head",
        expected="a HeadKind",
    )
