"""From a task's examples to what an encoder and a head read: checked, tokenized, with their targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from transfer_analysis.corpora.records import Record
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.reading.checks import Place, check_columns, require_head, unknown_texts
from transfer_analysis.training.reading.tokens import Bools, Ints, Tokenize, Tokens, tokenize
from transfer_analysis.training.reading.windows import owned_words, words_of_rows
from transfer_analysis.training.work import work_of

#: Label of a subword that carries no tag.
IGNORED = -100


@dataclass(frozen=True)
class Features:
    """Examples as arrays. An item is what is trained on at once: `rows_per_item` rows (choices), or one window.

    Attributes
    ----------
    input_ids, segments
        Subwords of each row with special tokens, and the segment (0 or 1) of each.
    targets
        What the head should give, per item: a class number or a value; one tag number per subword (`IGNORED` where
        there is none), or for parsing the place of its head and its relation, shape (subwords, 2); first and last
        subword of the answer, both 0 where the window has none; for a query the number of what it asks for.
    example
        Number of the example that each item belongs to.
    golds
        Per example, what its prediction is compared with: the target itself, or the gold answers.
    contexts, places
        For span QA: the context of each item, and the characters of it that each subword stands for (first and last
        + 1), -1 where a subword is not of the context.
    tagged
        For tagging, the words that are tagged in an item, in order; each word of a sentence in one of its windows. For
        parsing, all words that are there.
    unknown, subwords
        Per row, subwords unknown to the tokenizer, and all, special ones apart.
    cut
        Per row, whether some of its text did not fit and was not read.
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
    cut: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))

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

    def cut_share(self) -> float:
        """Return the share of examples of which some text was not read, or that were parsed in windows, in per cent."""
        of_items = self.cut.reshape(-1, self.rows_per_item).any(axis=1)
        numbers = np.array(self.example, dtype=np.int64)
        cut = np.bincount(numbers[of_items], minlength=len(self.golds)) > 0
        if self.task.head_kind.needs_whole:  # no window sees a head that is far away
            cut |= np.bincount(numbers, minlength=len(self.golds)) > 1
        return 100 * float(cut.mean()) if len(cut) else 0.0


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
    place = Place(f"{task.name} {where}", rows)
    require_head(task)
    check_columns(task, examples, place)
    return work_of(task).features(task, examples, place, encoder, lambda: tokens(task, examples, encoder, max_length))


def of_rows(
    task: Task,
    made: Tokens,
    targets: list[Any],
    golds: list[Any],
    encoder: Encoder,
    *,
    rows_per_item: int = 1,
    **more: Any,
) -> Features:
    """Return tokens with what the head should give for each item, and what its examples are compared with."""
    unknown, subwords = made.unknown(encoder)
    return Features(
        task,
        made.input_ids,
        made.segments,
        targets,
        made.example[::rows_per_item].tolist(),
        golds,
        rows_per_item,
        unknown=unknown,
        subwords=subwords,
        cut=made.cut,
        **more,
    )


def word_targets(
    made: Tokens, golds: Sequence[Any], target: Callable[[Ints, Any, Bools], Ints]
) -> tuple[list[Ints], list[Ints], list[Bools]]:
    """Return what a head that answers for words should give for each row, the words that begin in it, and those taken from it.

    Parameters
    ----------
    target
        From the word of each subword, the gold of its sentence and which of the row's words are taken from it.
    """
    there = words_of_rows(made.words)
    owned = owned_words(there, made.example)
    rows = zip(made.words, made.example, owned, strict=True)
    return [target(words, golds[number], own) for words, number, own in rows], there, owned


def padded(rows: Sequence[Ints], width: int, value: int) -> torch.Tensor:
    """Return rows as a tensor, filled up with a value to a width."""
    table = np.full((len(rows), width, *rows[0].shape[1:]), value, dtype=np.int64)
    for i, row in enumerate(rows):
        table[i, : len(row)] = row
    return torch.from_numpy(table)


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
        [target for part in _apart(parts) for target in part],
        [number + int(start) for part, start in zip(parts, firsts, strict=False) for number in part.example],
        [gold for part in parts for gold in part.golds],
        first.rows_per_item,
        [context for part in parts for context in part.contexts],
        [row for part in parts for row in part.places],
        [row for part in parts for row in part.tagged],
        np.concatenate([part.unknown for part in parts]),
        np.concatenate([part.subwords for part in parts]),
        np.concatenate([part.cut for part in parts]),
    )


def _apart(parts: Sequence[Features]) -> list[list[Any]]:
    """Return the targets of parts; what queries of different parts ask for is different."""
    if not parts[0].task.head_kind.ranked:
        return [part.targets for part in parts]
    firsts = np.cumsum([0, *(len(part) for part in parts)])
    return [[t + int(first) for t in part.targets] for part, first in zip(parts, firsts, strict=False)]


def unknown_rows(features: Features, where: str, rows: Sequence[str]) -> list[str]:
    """Return a message on the examples of which the tokenizer knows no subword; nothing where there are none."""
    unknown = np.flatnonzero(features.unknown == features.subwords)
    if not len(unknown):
        return []
    numbers = [features.example[n // features.rows_per_item] for n in unknown]
    return unknown_texts(f"{features.task.name} {where}", [rows[n] for n in numbers], len(features.subwords))
