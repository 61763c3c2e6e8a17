"""From a task's examples to what an encoder and a head read: checked, tokenized, with their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from transfer_analysis.corpora.records import Record, values
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.reading.tokens import Ints, Tokenize, Tokens, tokenize

#: Label of a subword that carries no tag.
IGNORED = -100

#: Most characters in a column of an example; more is a broken file, and would take minutes to read.
LONGEST_TEXT = 100_000

#: Parts of an example that each head reads.
_PARTS = {
    "sequence-classification": ("text", "label"),
    "sequence-regression": ("text", "label"),
    "multiple-choice": ("choices", "label"),
    "token-classification": ("tokens", "tags"),
    "span-qa": ("question", "context", "answers"),
    "masked-lm": ("text",),
    "translation-lm": ("text", "pair"),
    "retrieval": ("text", "pair"),
}

#: What each head is scored by.
_METRICS = {
    "sequence-classification": ("accuracy", "f1"),
    "sequence-regression": ("pearson", "spearmanr"),
    "multiple-choice": ("accuracy",),
    "token-classification": ("accuracy", "span_f1"),
    "span-qa": ("f1", "exact_match"),
    "masked-lm": ("accuracy",),
    "translation-lm": ("accuracy",),
    "retrieval": ("accuracy", "f1"),
}

#: Rows named in a message before the rest is counted.
_SHOWN = 3


@dataclass(frozen=True)
class Features:
    """Examples as arrays. An item is what is trained on at once: `rows_per_item` rows (choices), or one window of a context.

    Attributes
    ----------
    input_ids, segments
        Subwords of each row with special tokens, and the segment (0 or 1) of each.
    targets
        What the head should give, per item: a class number or a value; one tag number per subword (`IGNORED` where
        there is none); first and last subword of the answer, both 0 where the window has none.
    example
        Number of the example that each item belongs to.
    golds
        Per example, what its prediction is compared with: the target itself, or the gold answers.
    contexts, places
        For span QA: the context of each item, and the characters of it that each subword stands for (first and last
        + 1), -1 where a subword is not of the context.
    tagged
        For tagging: the words whose first subword is there, per item, in order.
    unknown, subwords
        Per row, subwords unknown to the tokenizer, and all, special ones apart.
    """

    task: Task
    input_ids: list[Ints]
    segments: list[Ints]
    targets: list[Any]
    example: list[int]
    golds: list[Any]
    rows_per_item: int = 1
    contexts: list[str] = field(default_factory=list)
    places: list[Ints] = field(default_factory=list)
    tagged: list[Ints] = field(default_factory=list)
    unknown: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    subwords: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.targets)

    def rows(self, item: int) -> range:
        """Return the numbers of an item's rows."""
        return range(item * self.rows_per_item, (item + 1) * self.rows_per_item)

    def lengths(self) -> Ints:
        """Return the number of subwords of each item's longest row."""
        of_rows = np.array([len(ids) for ids in self.input_ids], dtype=np.int64)
        return np.asarray(of_rows.reshape(-1, self.rows_per_item).max(axis=1))

    def unknown_share(self) -> float:
        """Return the share of subwords that the tokenizer does not know, in per cent."""
        return 100 * float(self.unknown.sum()) / max(1, int(self.subwords.sum()))


class _Place:
    """Where examples stand, for messages."""

    def __init__(self, name: str, rows: Sequence[str] | None) -> None:
        self.name = name
        self.rows = rows

    def row(self, number: int) -> str:
        """Name an example by its number, counted from 0."""
        return f"{self.name} row {self.rows[number] if self.rows is not None else number + 1}"


def featurize(
    task: Task,
    examples: Sequence[Record],
    encoder: Encoder,
    max_length: int,
    where: str,
    tokens: Tokenize = tokenize,
    rows: Sequence[str] | None = None,
) -> Features:
    """Check and tokenize examples for the task's head.

    Parameters
    ----------
    where
        Names the corpus, language and split in messages (`simulated/en/train`).
    tokens
        How to get the tokens; a `TokenCache` keeps them.
    rows
        What messages call each example; numbers from 1 where not given.

    Raises
    ------
    InputError
        For an empty split, a missing column, an unknown label, tokens and tags of unequal length, choices that differ
        in number, an answer that does not stand in its context, or a text of a megabyte; named by task, split and row.
    """
    place = _Place(f"{task.name} {where}", rows)
    require_head(task)
    _check_columns(task, examples, place)
    head = task.head
    if head == "multiple-choice":
        return _choices(task, examples, place, encoder, lambda: tokens(task, examples, encoder, max_length))
    if head == "span-qa":
        return _spans(task, examples, place, encoder, lambda: tokens(task, examples, encoder, max_length))
    golds: list[Any]
    if head == "token-classification":
        golds = [_tags(task, e, place.row(i)) for i, e in enumerate(examples)]
    elif head in ("masked-lm", "translation-lm"):
        golds = [0] * len(examples)
    elif head == "sequence-regression":
        column = task.columns["label"]
        golds = [_value(e[column], f"{place.row(i)}: {column}") for i, e in enumerate(examples)]
    else:
        golds = _labels(task, examples, place)
    made = tokens(task, examples, encoder, max_length)
    targets = [_first_subwords(w, g) for w, g in zip(made.words, golds, strict=True)] if made.words else golds
    unknown, subwords = made.unknown(encoder)
    return Features(
        task,
        made.input_ids,
        made.segments,
        targets,
        made.example.tolist(),
        golds,
        tagged=[words[_are_first(words)] for words in made.words],
        unknown=unknown,
        subwords=subwords,
    )


def joined(parts: Sequence[Features]) -> Features:
    """Return the items of several sets of examples as one set of the first one's task.

    Raises
    ------
    InputError
        Where their examples differ in the number of choices.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    for part in parts[1:]:
        if part.rows_per_item != first.rows_per_item:
            raise InputError(
                f"{first.task.name} and {part.task.name} cannot be put together: an example has {first.rows_per_item} "
                f"choices there and {part.rows_per_item} here"
            )
    firsts = np.cumsum([0, *(len(part.golds) for part in parts)])
    return Features(
        first.task,
        [row for part in parts for row in part.input_ids],
        [row for part in parts for row in part.segments],
        [target for part in parts for target in part.targets],
        [number + int(start) for part, start in zip(parts, firsts, strict=False) for number in part.example],
        [gold for part in parts for gold in part.golds],
        first.rows_per_item,
        [context for part in parts for context in part.contexts],
        [row for part in parts for row in part.places],
        [row for part in parts for row in part.tagged],
        np.concatenate([part.unknown for part in parts]),
        np.concatenate([part.subwords for part in parts]),
    )


def unknown_rows(features: Features, where: str, rows: Sequence[str]) -> list[str]:
    """Return a message on the examples of which the tokenizer knows no subword; nothing where there are none."""
    unknown = np.flatnonzero(features.unknown == features.subwords)
    if not len(unknown):
        return []
    numbers = [features.example[n // features.rows_per_item] for n in unknown]
    return unknown_texts(f"{features.task.name} {where}", [rows[n] for n in numbers], len(features.subwords))


def unknown_texts(place: str, rows: Sequence[str], of: int) -> list[str]:
    """Return a message on texts of which the tokenizer knows nothing, by the rows they stand in."""
    if not rows:
        return []
    named = list(dict.fromkeys(rows))
    shown = ", ".join(named[:_SHOWN]) + (", …" if len(named) > _SHOWN else "")
    return [
        f"{place}: {len(rows)} of {of} texts (row {shown}) have no subword that the encoder's tokenizer knows; take "
        "another encoder or other languages, or keep them with `unknown: keep` in the grid"
    ]


def _check_columns(task: Task, examples: Sequence[Record], where: _Place) -> None:
    if not examples:
        raise InputError(f"{where.name}: no examples")
    for column in task.columns.values():
        for name in column.split():
            if name.split(".")[0] not in examples[0]:
                raise InputError(
                    f"{where.name}: column {name!r} is missing{nearest(name, examples[0])}; "
                    f"the examples have {', '.join(examples[0])}"
                )
    wanted = {name.split(".")[0] for column in task.columns.values() for name in column.split()}
    for number, example in enumerate(examples):
        empty = [name for name in sorted(wanted) if example.get(name) is None]
        if empty:
            raise InputError(f"{where.row(number)}: {empty[0]!r} is missing or null")
        for part, column in task.columns.items():
            _check_kind(part, column, example, where, number)
        for name, value in example.items():
            size = (
                len(value)
                if isinstance(value, str)
                else sum(len(v) for v in value if isinstance(v, str))
                if isinstance(value, list)
                else 0
            )
            if size > LONGEST_TEXT:
                raise InputError(
                    f"{where.row(number)}: {name!r} has {size:,} characters, more than {LONGEST_TEXT:,}: "
                    f"a broken line? It begins with {str(value)[:40]!r}"
                )


def _check_kind(part: str, column: str, example: Record, where: _Place, number: int) -> None:
    """Check that a part of an example is text, or a list of texts, where the head reads it as that."""
    if part in ("text", "pair", "question", "context") and isinstance(example[column], list | dict):
        raise InputError(f"{where.row(number)}: {column!r} is {str(example[column])[:40]!r}; expected text")
    if part in ("tokens", "tags"):
        given = example[column]
        if not isinstance(given, list) or any(v is None or isinstance(v, list | dict) for v in given):
            raise InputError(f"{where.row(number)}: {column!r} is {str(given)[:40]!r}; expected a list of {part}")


def require_head(task: Task) -> None:
    """Raise an InputError for a task whose head the training core does not have, or that does not say what it reads."""
    if task.head not in _PARTS:
        raise InputError(f"{task.name}: the training core has no head for {task.head}; it has {', '.join(_PARTS)}")
    if task.parts:
        return
    missing = [part for part in _PARTS[task.head] if part not in task.columns]
    if missing:
        raise InputError(
            f"{task.name}: the catalogue does not say which columns hold its {' and '.join(missing)}; "
            "give an entry with `columns` in a --tasks file"
        )
    for metric in (task.metric, *task.metrics):
        if metric not in _METRICS[task.head]:
            raise InputError(
                f"{task.name}: {task.head} is not scored by {metric}, but by {', '.join(_METRICS[task.head])}"
            )


def _labels(task: Task, examples: Sequence[Record], where: _Place) -> list[int]:
    column = task.columns["label"]
    return [_label(task, e[column], f"{where.row(i)}: {column}") for i, e in enumerate(examples)]


def check_pairs(task: Task, examples: Sequence[Record], where: str, rows: Sequence[str]) -> None:
    """Check the sentences of a retrieval target; where it is mined, one side of a row may be empty.

    Raises
    ------
    InputError
        As `featurize`; or for a bitext to mine that has nothing but pairs.
    """
    place = _Place(f"{task.name} {where}", rows)
    require_head(task)
    sides = (task.columns["text"], task.columns["pair"])
    if task.metric != "f1":
        return _check_columns(task, examples, place)
    filled = [{**e, **{side: e.get(side) or "" for side in sides}} for e in examples]
    _check_columns(task, filled, place)
    if all(example[side] for example in filled for side in sides):
        raise InputError(
            f"{place.name}: every sentence has a partner, so there is nothing to mine; give all sentences of both sides, "
            "those without a partner in rows whose other side is empty"
        )
    return None


def _choices(task: Task, examples: Sequence[Record], where: _Place, encoder: Encoder, tokens: Any) -> Features:
    count = len(values(examples[0], task.columns["choices"]))
    targets = []
    for i, example in enumerate(examples):
        try:
            found = len(values(example, task.columns["choices"]))
        except InputError as error:
            raise InputError(f"{where.row(i)}: {error}") from error
        if found != count:
            raise InputError(f"{where.row(i)}: {found} choices, but the first row has {count}")
        column = task.columns["label"]
        targets.append(_label(task, example[column], f"{where.row(i)}: {column}", count))
    made: Tokens = tokens()
    unknown, subwords = made.unknown(encoder)
    numbers = list(range(len(examples)))
    return Features(
        task, made.input_ids, made.segments, targets, numbers, targets, count, unknown=unknown, subwords=subwords
    )


def _spans(task: Task, examples: Sequence[Record], where: _Place, encoder: Encoder, tokens: Any) -> Features:
    contexts = [str(e[task.columns["context"]]) for e in examples]
    golds = [_answers(task, e, contexts[i], where.row(i)) for i, e in enumerate(examples)]
    made: Tokens = tokens()
    unknown, subwords = made.unknown(encoder)
    return Features(
        task,
        made.input_ids,
        made.segments,
        [_span(places, golds[number]) for places, number in zip(made.places, made.example, strict=True)],
        made.example.tolist(),
        [[text for _, text in gold] for gold in golds],
        contexts=[contexts[number] for number in made.example],
        places=made.places,
        unknown=unknown,
        subwords=subwords,
    )


def _tags(task: Task, example: Record, where: str) -> list[int]:
    tokens, tags = list(example[task.columns["tokens"]]), list(example[task.columns["tags"]])
    if len(tags) != len(tokens):
        raise InputError(f"{where}: {len(tokens)} tokens but {len(tags)} tags")
    return [_label(task, tag, f"{where}: tag") for tag in tags]


def _first_subwords(words: Ints, tags: list[int]) -> Ints:
    """Return the tag of each subword: only the first subword of a word carries it."""
    return np.where(_are_first(words), np.array([*tags, IGNORED], dtype=np.int64)[words], IGNORED)


def _are_first(words: Ints) -> npt.NDArray[np.bool_]:
    """Return which subwords are the first of a word."""
    first: npt.NDArray[np.bool_] = (words >= 0) & (words != np.concatenate([[-2], words[:-1]]))
    return first


def _answers(task: Task, example: Record, context: str, where: str) -> list[tuple[int, str]]:
    """Return the gold answers of an example as (first character, text)."""
    given = example[task.columns["answers"]]
    starts, texts = (given.get(key) if isinstance(given, dict) else None for key in ("answer_start", "text"))
    if (
        not isinstance(starts, list)
        or not isinstance(texts, list)
        or len(starts) != len(texts)
        or not all(isinstance(start, int) for start in starts)
    ):
        raise InputError(
            f"{where}: answers are {str(given)[:60]}; expected {{text: […], answer_start: […]}} of equal length"
        )
    answers = [(int(start), str(text)) for start, text in zip(starts, texts, strict=True)]
    if not answers and not task.no_answer:
        raise InputError(f"{where}: has no answer, which {task.name} does not allow for")
    for start, text in answers:
        if context[start : start + len(text)] != text:
            raise InputError(f"{where}: the answer {text!r} does not stand at character {start} of the context")
    return answers


def _span(places: Ints, answers: Sequence[tuple[int, str]]) -> tuple[int, int]:
    """Return the subwords of the first gold answer, or (0, 0) where the window does not hold all of it."""
    if not answers:
        return 0, 0
    start, end = answers[0][0], answers[0][0] + len(answers[0][1])
    inside = np.flatnonzero((places[:, 0] >= 0) & (places[:, 0] < end) & (places[:, 1] > start))
    if not len(inside):
        return 0, 0
    first, last = int(inside[0]), int(inside[-1])
    return (first, last) if places[first, 0] <= start and places[last, 1] >= end else (0, 0)


def _label(task: Task, given: Any, where: str, count: int | None = None) -> int:
    """Return the number of a class, given as its number or its name."""
    limit = len(task.labels) if count is None else count
    names = [str(label) for label in task.labels]
    if str(given) in names:  # before numbers, as some classes are called 1, 2 and 3
        return names.index(str(given))
    if isinstance(given, int | np.integer) and not isinstance(given, bool) and 0 <= given < limit:
        return int(given)
    known = ", ".join(names) if names else f"0 to {limit - 1}"
    raise InputError(f"{where} {given!r} is not a class{nearest(str(given), names)}; expected {known}")


def _value(given: Any, where: str) -> float:
    try:
        value = float(given)
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value):
        raise InputError(f"{where} {given!r} is not a number")
    return value


def labelled(task: Task, examples: Sequence[Record]) -> Task:
    """Return a tagging task with the tags that its examples have, sorted, where the catalogue names none."""
    if task.head != "token-classification" or task.labels:
        return task
    column = task.columns.get("tags", "")
    tags = [example.get(column) for example in examples]
    found = sorted({str(tag) for row in tags if isinstance(row, list) for tag in row})
    return task.model_copy(update={"labels": tuple(found)})
