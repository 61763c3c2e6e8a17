"""Examples as records: what every corpus gives, and the text in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from transfer_analysis.errors import InputError, MissingError, nearest
from transfer_analysis.tasks import Task

T = TypeVar("T")

#: One example: column → value, with the column names of the data set of the same name on the hub.
Record = dict[str, Any]

#: Splits that distances between tasks read, the first there is.
SPLITS = ("train", "validation", "test")

#: Parts of an example that are text, in the order in which a reader would read them.
_TEXT_PARTS = ("text", "pair", "context", "question", "choices", "tokens")


@dataclass(frozen=True)
class Sample:
    """Examples of a split, which row of it (counted from 1) each is, and how many with a label it has in all."""

    records: list[Record]
    rows: list[int]
    total: int


class Corpus(Protocol):
    """A source of examples."""

    def examples(self, task: str, language: str, split: str, count: int | None = None) -> list[Record]:
        """Return examples of a task, the first `count` or all.

        Raises
        ------
        InputError
            Naming what is missing: the task, the language or the split.
        """
        ...

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return a random sample of a split, in the split's order; all of it where it is smaller.

        Examples that are marked as having no label are left out before.
        """
        ...

    def languages(self, task: str) -> list[str]:
        """Return the languages that a task has examples in."""
        ...

    def revision(self, task: str, language: str) -> str:
        """Return data set and commit of a task's examples, where they have one; else nothing."""
        ...


def require_columns(records: list[Record], columns: Sequence[str], where: str) -> None:
    """Raise an InputError naming the first row that lacks one of some columns, counted from 1."""
    for row, record in enumerate(records, start=1):
        for column in columns:
            if record.get(column) is None:
                raise InputError(f"{where} row {row}: {column!r} is missing or null{nearest(column, record)}")


def first_split(splits: Sequence[str], read: Callable[[str], T], where: str) -> tuple[str, T]:
    """Return the first split there is, and what is read of it.

    Raises
    ------
    MissingError
        Where there is none of them: with the reason for the last.
    """
    reason = ""
    for split in splits:
        try:
            return split, read(split)
        except MissingError as error:
            reason = error.problems[-1]
    raise MissingError(f"{where}: none of the splits {', '.join(splits)} can be read: {reason}")


def drawn(task: Task, records: list[Record], count: int, seed: int) -> Sample:
    """Return a random sample of the examples that have a label, in their order."""
    column = task.columns.get("label", "")
    labelled = [i for i, record in enumerate(records) if record.get(column) not in task.unlabelled]
    chosen = np.sort(np.random.default_rng(seed).permutation(len(labelled))[:count])
    places = [labelled[i] for i in chosen]
    return Sample([records[i] for i in places], [i + 1 for i in places], len(labelled))


def values(record: Record, column: str) -> list[str]:
    """Return the text in a column, as one or several strings.

    `column` may name several columns, parted by spaces, or a field inside one, after a dot.
    """
    found: list[str] = []
    for name in column.split():
        value: Any = record
        for step in name.split("."):
            if not isinstance(value, dict) or step not in value:
                raise InputError(
                    f"column {name!r} is missing{nearest(name, record)}; the example has {', '.join(record)}"
                )
            value = value[step]
        found += [str(v) for v in value] if isinstance(value, list | tuple) else [str(value)]
    return found


def text_of(task: Task, record: Record) -> str:
    """Return everything an example says, labels left out, as one text."""
    parts = []
    for part in _TEXT_PARTS:
        if part in task.columns:
            parts.append(" ".join(values(record, task.columns[part])).strip())
    return "\n".join(part for part in parts if part)
