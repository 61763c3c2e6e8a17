"""What is wrong with examples, before anything is made of them: each named by task, split and row."""

from __future__ import annotations

from collections.abc import Sequence

from transfer_analysis.corpora.records import Record
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.tasks import Task

#: Most characters in a column of an example; more is a broken file, and would take minutes to read.
LONGEST_TEXT = 100_000

#: Rows named in a message before the rest is counted.
_SHOWN = 3


class Place:
    """Where examples stand, for messages."""

    def __init__(self, name: str, rows: Sequence[str] | None) -> None:
        self.name = name
        self.rows = rows

    def row(self, number: int) -> str:
        """Name an example by its number, counted from 0."""
        return f"{self.name} row {self.rows[number] if self.rows is not None else number + 1}"


def check_columns(task: Task, examples: Sequence[Record], where: Place) -> None:
    """Check that every example has what its task's columns name, as text or lists where the head reads it as that.

    Raises
    ------
    InputError
        Naming the row and the column.
    """
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


def _check_kind(part: str, column: str, example: Record, where: Place, number: int) -> None:
    """Check that a part of an example is text, or a list of texts, where the head reads it as that."""
    if part in ("text", "pair", "question", "context") and isinstance(example[column], list | dict):
        raise InputError(f"{where.row(number)}: {column!r} is {str(example[column])[:40]!r}; expected text")
    if part in ("tokens", "tags", "heads", "relations"):
        given = example[column]
        if not isinstance(given, list) or any(v is None or isinstance(v, list | dict) for v in given):
            raise InputError(f"{where.row(number)}: {column!r} is {str(given)[:40]!r}; expected a list of {part}")


def require_head(task: Task) -> None:
    """Raise an InputError for a task that does not say what its head reads, or is scored by what its head is not."""
    if task.parts:
        return
    missing = [part for part in task.head_kind.reads(task.columns) if part not in task.columns]
    if missing:
        raise InputError(
            f"{task.name}: the catalogue does not say which columns hold its {' and '.join(missing)}; "
            "give an entry with `columns` in a --tasks file"
        )
    for metric in (task.metric, *task.metrics):
        if metric not in task.head_kind.metrics:
            raise InputError(
                f"{task.name}: {task.head} is not scored by {metric}, but by {', '.join(task.head_kind.metrics)}"
            )


def check_pairs(task: Task, examples: Sequence[Record], where: str, rows: Sequence[str]) -> None:
    """Check the sentences of a retrieval target; where it is mined, one side of a row may be empty.

    Raises
    ------
    InputError
        As `featurize`; or for a bitext to mine that has nothing but pairs.
    """
    place = Place(f"{task.name} {where}", rows)
    require_head(task)
    sides = (task.columns["text"], task.columns["pair"])
    if task.metric != "f1":
        return check_columns(task, examples, place)
    filled = [{**e, **{side: e.get(side) or "" for side in sides}} for e in examples]
    check_columns(task, filled, place)
    if all(example[side] for example in filled for side in sides):
        raise InputError(
            f"{place.name}: every sentence has a partner, so there is nothing to mine; give all sentences of both sides, "
            "those without a partner in rows whose other side is empty"
        )
    return None


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
