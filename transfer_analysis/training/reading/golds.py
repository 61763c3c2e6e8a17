"""Gold answers of examples: classes, numbers, tags and spans, each checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from transfer_analysis.corpora.records import Record
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.tasks import Task
from transfer_analysis.training.reading.checks import Place
from transfer_analysis.training.work import work_of

Gold = TypeVar("Gold")


#: Wrong examples of one kind that are named before the rest is counted.
_SHOWN = 5


def gold_of_each(
    examples: Sequence[Record], where: Place, gold: Callable[[int, Record, str], Gold], column: str = ""
) -> list[Gold]:
    """Return what is right of each example, after a look at all of them: the first that are wrong are named, the rest counted.

    Parameters
    ----------
    gold
        From an example with its number and where it stands to what is right.
    column
        Named behind the row.
    """
    found: list[Gold] = []
    problems: list[str] = []
    for i, example in enumerate(examples):
        try:
            found.append(gold(i, example, f"{where.row(i)}: {column}" if column else where.row(i)))
        except InputError as error:
            problems += error.problems
    if problems:
        rest = len(problems) - _SHOWN
        raise InputError(
            [*problems[:_SHOWN], *([f"{where.name}: … and {rest} more rows like the last"] if rest > 0 else [])]
        )
    return found


def gold_labels(task: Task, examples: Sequence[Record], where: Place) -> list[int]:
    """Return the number of each example's class."""
    column = task.columns["label"]
    return gold_of_each(examples, where, lambda _, e, at: gold_label(task, e[column], at), column)


def gold_tags(task: Task, example: Record, where: str) -> list[int]:
    """Return the number of each token's tag."""
    tokens, tags = list(example[task.columns["tokens"]]), list(example[task.columns["tags"]])
    if len(tags) != len(tokens):
        raise InputError(f"{where}: {len(tokens)} tokens but {len(tags)} tags")
    return [gold_label(task, tag, f"{where}: tag") for tag in tags]


def gold_arcs(task: Task, example: Record, where: str) -> list[tuple[int, int]]:
    """Return the head of each token (1 for the first, 0 for the root) and the number of its relation.

    What stands after a colon in a relation is a language's own subtype, and is left out, as CoNLL 2018's scorer does.
    """
    tokens, heads, relations = (list(example[task.columns[part]]) for part in ("tokens", "heads", "relations"))
    for name, given in (("heads", heads), ("relations", relations)):
        if len(given) != len(tokens):
            raise InputError(f"{where}: {len(tokens)} tokens but {len(given)} {name}")
    numbers = [_gold_head(head, number, len(tokens), where) for number, head in enumerate(heads, start=1)]
    if not is_tree(np.array(numbers, dtype=np.int64)):
        raise InputError(f"{where}: heads are {str(heads)[:60]}, which is not a tree with one root (a head of 0)")
    named = [gold_label(task, universal(r), f"{where}: relation") for r in relations]
    return list(zip(numbers, named, strict=True))


def is_tree(heads: npt.NDArray[np.int64]) -> bool:
    """Whether heads (1 for the first word, 0 for the root) make a tree with one root."""
    if int((heads == 0).sum()) != 1:
        return False
    reached = heads.copy()
    # Following heads up doubles the way each time; what does not reach the root goes round in a cycle.
    for _ in range(len(heads).bit_length()):
        reached = np.where(reached == 0, 0, reached[reached - 1])
    return not reached.any()


def universal(relation: Any) -> str:
    """Return a relation without its subtype."""
    return str(relation).partition(":")[0]


def _gold_head(given: Any, number: int, count: int, where: str) -> int:
    text = str(given)
    if not text.isdigit() or int(text) > count or int(text) == number:
        raise InputError(
            f"{where}: token {number} has the head {given!r}; expected another of its {count} tokens, or 0"
        )
    return int(text)


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
    """Return a task of words with the tags or relations that its examples have, sorted, where the catalogue names none."""
    if not task.head_kind.of_words or task.labels:
        return task
    of_words = task.columns.get("tags", task.columns.get("relations", ""))
    label = work_of(task).label
    rows = [row for example in examples if isinstance(row := example.get(of_words), list)]
    found = sorted({label(tag) for row in rows for tag in row})
    return task.model_copy(update={"labels": tuple(found)})
