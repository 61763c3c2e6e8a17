"""Gold answers of examples: classes, numbers, tags and spans, each checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from transfer_analysis.corpora.records import Record
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.tasks import Task
from transfer_analysis.training.reading.checks import Place


def gold_labels(task: Task, examples: Sequence[Record], where: Place) -> list[int]:
    """Return the number of each example's class."""
    column = task.columns["label"]
    return [gold_label(task, e[column], f"{where.row(i)}: {column}") for i, e in enumerate(examples)]


def gold_tags(task: Task, example: Record, where: str) -> list[int]:
    """Return the number of each token's tag."""
    tokens, tags = list(example[task.columns["tokens"]]), list(example[task.columns["tags"]])
    if len(tags) != len(tokens):
        raise InputError(f"{where}: {len(tokens)} tokens but {len(tags)} tags")
    return [gold_label(task, tag, f"{where}: tag") for tag in tags]


def gold_answers(task: Task, example: Record, context: str, where: str) -> list[tuple[int, str]]:
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


def gold_label(task: Task, given: Any, where: str, count: int | None = None) -> int:
    """Return the number of a class, given as its number or its name."""
    limit = len(task.labels) if count is None else count
    names = [str(label) for label in task.labels]
    if str(given) in names:  # before numbers, as some classes are called 1, 2 and 3
        return names.index(str(given))
    if isinstance(given, int | np.integer) and not isinstance(given, bool) and 0 <= given < limit:
        return int(given)
    known = ", ".join(names) if names else f"0 to {limit - 1}"
    raise InputError(f"{where} {given!r} is not a class{nearest(str(given), names)}; expected {known}")


def gold_number(given: Any, where: str) -> float:
    """Return a number, as the target of a regression."""
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
