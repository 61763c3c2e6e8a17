"""From a task's examples to what an encoder and a head read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from transfer_analysis.corpora.records import Record, values
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder

#: Label of a subword that carries no tag.
IGNORED = -100

#: Subwords that two windows of one long context share.
STRIDE = 128

Ints = npt.NDArray[np.int64]


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
    contexts, offsets
        For span QA: the context of each item, and the characters of it that each subword stands for, None where a
        subword is not of the context.
    """

    task: Task
    input_ids: list[Ints]
    segments: list[Ints]
    targets: list[Any]
    example: list[int]
    golds: list[Any]
    rows_per_item: int = 1
    contexts: list[str] = field(default_factory=list)
    offsets: list[list[tuple[int, int] | None]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.targets)

    def rows(self, item: int) -> range:
        """Return the numbers of an item's rows."""
        return range(item * self.rows_per_item, (item + 1) * self.rows_per_item)

    def lengths(self) -> Ints:
        """Return the number of subwords of each item's longest row."""
        of_rows = np.array([len(ids) for ids in self.input_ids], dtype=np.int64)
        return np.asarray(of_rows.reshape(-1, self.rows_per_item).max(axis=1))


def featurize(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int, where: str) -> Features:
    """Tokenize examples for the task's head.

    Parameters
    ----------
    where
        Names the corpus, language and split in messages (`simulated/en/train`).

    Raises
    ------
    InputError
        For an empty split, a missing column, an unknown label, tokens and tags of unequal length, choices that differ
        in number, or an answer that does not stand in its context; named by task, split and row.
    """
    maker = _maker(task)
    if not examples:
        raise InputError(f"{task.name} {where}: no examples")
    for column in task.columns.values():
        for name in column.split():
            if name.split(".")[0] not in examples[0]:
                raise InputError(
                    f"{task.name} {where}: column {name!r} is missing{nearest(name, examples[0])}; "
                    f"the examples have {', '.join(examples[0])}"
                )
    return maker(task, examples, encoder, max_length, f"{task.name} {where}")


def require_head(task: Task) -> None:
    """Raise an InputError for a task whose head the training core does not have."""
    _maker(task)


def _maker(task: Task) -> Callable[[Task, Sequence[Record], Encoder, int, str], Features]:
    makers: dict[str, Callable[[Task, Sequence[Record], Encoder, int, str], Features]] = {
        "sequence-classification": _sequences,
        "sequence-regression": _sequences,
        "multiple-choice": _choices,
        "token-classification": _tokens,
        "span-qa": _spans,
    }
    if task.head not in makers:
        raise InputError(f"{task.name}: the training core has no head for {task.head}; it has {', '.join(makers)}")
    return makers[task.head]


def _sequences(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int, where: str) -> Features:
    texts = [str(e[task.columns["text"]]) for e in examples]
    pairs = [str(e[task.columns["pair"]]) for e in examples] if "pair" in task.columns else None
    encoded = encoder.tokenizer(texts, pairs, truncation=True, max_length=max_length)
    column = task.columns["label"]
    if task.head == "sequence-regression":
        targets = [_value(e[column], f"{where} row {i + 1}: {column}") for i, e in enumerate(examples)]
    else:
        targets = [_label(task, e[column], f"{where} row {i + 1}: {column}") for i, e in enumerate(examples)]
    return Features(
        task, _arrays(encoded["input_ids"]), _segments(encoded, len(texts)), targets, list(range(len(texts))), targets
    )


def _choices(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int, where: str) -> Features:
    stems, options, targets = [], [], []
    count = len(values(examples[0], task.columns["choices"]))
    for i, example in enumerate(examples):
        parts = [str(example[task.columns[part]]) for part in ("context", "question") if part in task.columns]
        choices = values(example, task.columns["choices"])
        if len(choices) != count:
            raise InputError(f"{where} row {i + 1}: {len(choices)} choices, but the first row has {count}")
        stem = " ".join(task.phrases.get(part, part) for part in parts)
        stems += [stem] * count
        options += choices
        label = _label(task, example[task.columns["label"]], f"{where} row {i + 1}: {task.columns['label']}", count)
        targets.append(label)
    encoded = encoder.tokenizer(stems, options, truncation=True, max_length=max_length)
    return Features(
        task,
        _arrays(encoded["input_ids"]),
        _segments(encoded, len(stems)),
        targets,
        list(range(len(examples))),
        targets,
        rows_per_item=count,
    )


def _tokens(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int, where: str) -> Features:
    tokens = [list(e[task.columns["tokens"]]) for e in examples]
    encoded = encoder.tokenizer(tokens, is_split_into_words=True, truncation=True, max_length=max_length)
    targets, golds = [], []
    for row, example in enumerate(examples):
        tags = example[task.columns["tags"]]
        at = f"{where} row {row + 1}"
        if len(tags) != len(tokens[row]):
            raise InputError(f"{at}: {len(tokens[row])} tokens but {len(tags)} tags")
        numbers = [_label(task, tag, f"{at}: tag") for tag in tags]
        words = encoded.word_ids(row)
        # Only the first subword of a word carries its tag.
        first = [w is not None and (i == 0 or words[i - 1] != w) for i, w in enumerate(words)]
        targets.append(
            np.array([numbers[w] if f else IGNORED for w, f in zip(words, first, strict=True)], dtype=np.int64)
        )
        golds.append(numbers)
    ids = _arrays(encoded["input_ids"])
    return Features(task, ids, _segments(encoded, len(tokens)), targets, list(range(len(tokens))), golds)


def _spans(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int, where: str) -> Features:
    questions = [str(e[task.columns["question"]]).strip() for e in examples]
    contexts = [str(e[task.columns["context"]]) for e in examples]
    golds = [_answers(task, e, contexts[i], f"{where} row {i + 1}") for i, e in enumerate(examples)]
    encoded = encoder.tokenizer(
        questions,
        contexts,
        truncation="only_second",
        max_length=max_length,
        stride=min(STRIDE, max_length // 4),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    example = list(encoded["overflow_to_sample_mapping"])
    targets, offsets = [], []
    for item, number in enumerate(example):
        sequence = encoded.sequence_ids(item)
        places = [
            place if sequence[i] == 1 else None for i, place in enumerate(map(tuple, encoded["offset_mapping"][item]))
        ]
        offsets.append(places)
        targets.append(_span(places, golds[number]))
    return Features(
        task,
        _arrays(encoded["input_ids"]),
        _segments(encoded, len(example)),
        targets,
        example,
        [[text for _, text in gold] for gold in golds],
        contexts=[contexts[number] for number in example],
        offsets=offsets,
    )


def _answers(task: Task, example: Record, context: str, where: str) -> list[tuple[int, str]]:
    """Return the gold answers of an example as (first character, text)."""
    given = example[task.columns["answers"]]
    answers = [(int(start), str(text)) for start, text in zip(given["answer_start"], given["text"], strict=True)]
    if not answers and not task.no_answer:
        raise InputError(f"{where}: has no answer, which {task.name} does not allow for")
    for start, text in answers:
        if context[start : start + len(text)] != text:
            raise InputError(f"{where}: the answer {text!r} does not stand at character {start} of the context")
    return answers


def _span(places: Sequence[tuple[int, int] | None], answers: Sequence[tuple[int, str]]) -> tuple[int, int]:
    """Return the subwords of the first gold answer, or (0, 0) where the window does not hold all of it."""
    if not answers:
        return 0, 0
    start, end = answers[0][0], answers[0][0] + len(answers[0][1])
    inside = [i for i, place in enumerate(places) if place is not None and place[0] < end and place[1] > start]
    if not inside:
        return 0, 0
    first, last = places[inside[0]], places[inside[-1]]
    whole = first is not None and last is not None and first[0] <= start and last[1] >= end
    return (inside[0], inside[-1]) if whole else (0, 0)


def _label(task: Task, given: Any, where: str, count: int | None = None) -> int:
    """Return the number of a class, given as its number or its name."""
    limit = len(task.labels) if count is None else count
    if isinstance(given, int | np.integer) and not isinstance(given, bool) and 0 <= given < limit:
        return int(given)
    names = [str(label) for label in task.labels]
    if str(given) in names:
        return names.index(str(given))
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


def _segments(encoded: Any, count: int) -> list[Ints]:
    """Return the segment of each subword: 1 from the first subword of the second text on, else 0.

    Tokenizers differ in what they call token types, and some have none; positions and answers need the segments.
    """
    segments = []
    for row in range(count):
        second = np.array([number == 1 for number in encoded.sequence_ids(row)])
        segments.append(np.maximum.accumulate(second).astype(np.int64))
    return segments


def _arrays(rows: list[list[int]]) -> list[Ints]:
    return [np.array(row, dtype=np.int64) for row in rows]
