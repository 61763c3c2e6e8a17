"""What the heads of tasks ask of examples, and what they are scored by; what they compute stands in the training core."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HeadKind:
    """A kind of head.

    Attributes
    ----------
    parts
        Parts of an example that it reads: names that a task's `columns` give columns to.
    metrics
        What it is scored by.
    of_classes, of_words, of_text, of_choices
        Whether it tells classes apart, answers for every word, is language modelling, or reads several choices at once.
    trained
        Whether it has weights of its own, or is scored on the encoder as it is.
    """

    name: str
    parts: tuple[str, ...]
    metrics: tuple[str, ...]
    of_classes: bool = False
    of_words: bool = False
    of_text: bool = False
    of_choices: bool = False
    trained: bool = True


_EVERY = (
    HeadKind("sequence-classification", ("text", "label"), ("accuracy", "f1"), of_classes=True),
    HeadKind("sequence-regression", ("text", "label"), ("pearson", "spearmanr")),
    HeadKind("multiple-choice", ("choices", "label"), ("accuracy",), of_classes=True, of_choices=True),
    HeadKind("span-qa", ("question", "context", "answers"), ("f1", "exact_match")),
    HeadKind("token-classification", ("tokens", "tags"), ("accuracy", "span_f1"), of_words=True),
    HeadKind("dependency", ("tokens", "heads", "relations"), ("las", "uas"), of_words=True),
    HeadKind("masked-lm", ("text",), ("accuracy",), of_text=True),
    HeadKind("translation-lm", ("text", "pair"), ("accuracy",), of_text=True),
    HeadKind("dual-encoder", ("text", "pair", "key"), ("map_at_20",)),
    HeadKind("retrieval", ("text", "pair"), ("accuracy", "f1"), trained=False),
)

#: Name → the kind of head.
HEADS = {kind.name: kind for kind in _EVERY}
