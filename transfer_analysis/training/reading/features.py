"""From a task's examples to what an encoder and a head read: checked, tokenized, with their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from transfer_analysis.corpora.records import Record, values
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.reading.checks import Place, check_columns, require_head, unknown_texts
from transfer_analysis.training.reading.golds import (
    gold_answers,
    gold_arcs,
    gold_label,
    gold_labels,
    gold_number,
    gold_of_each,
    gold_tags,
)
from transfer_analysis.training.reading.ranked import Pair, pairs
from transfer_analysis.training.reading.tokens import Bools, Ints, Tokenize, Tokens, tokenize
from transfer_analysis.training.reading.windows import most_context

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
        if self.task.head == "dependency":  # no window sees a head that is far away
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
    head = task.head
    if head == "multiple-choice":
        return _choices(task, examples, place, encoder, lambda: tokens(task, examples, encoder, max_length))
    if head == "span-qa":
        return _spans(task, examples, place, encoder, lambda: tokens(task, examples, encoder, max_length))
    if head == "dual-encoder":
        return _asked(task, examples, place, encoder, lambda: tokens(task, examples, encoder, max_length))
    golds: list[Any]
    if head == "token-classification":
        golds = gold_of_each(examples, place, lambda _, e, at: gold_tags(task, e, at))
    elif head == "dependency":
        golds = gold_of_each(examples, place, lambda _, e, at: gold_arcs(task, e, at))
    elif task.head_kind.of_text:
        golds = [0] * len(examples)
    elif head == "sequence-regression":
        column = task.columns["label"]
        golds = gold_of_each(examples, place, lambda _, e, at: gold_number(e[column], at), column)
    else:
        golds = gold_labels(task, examples, place)
    made = tokens(task, examples, encoder, max_length)
    targets, tagged = golds, []
    if made.words:
        of_words = _arcs if head == "dependency" else _tags
        there = [words[_are_first(words)] for words in made.words]
        owned = _owned(there, made.example)
        targets = [
            of_words(words, golds[number], own)
            for words, number, own in zip(made.words, made.example, owned, strict=True)
        ]
        tagged = there if head == "dependency" else [words[own] for words, own in zip(there, owned, strict=True)]
    unknown, subwords = made.unknown(encoder)
    return Features(
        task,
        made.input_ids,
        made.segments,
        targets,
        made.example.tolist(),
        golds,
        tagged=tagged,
        unknown=unknown,
        subwords=subwords,
        cut=made.cut,
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
    if parts[0].task.head != "dual-encoder":
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


def _choices(task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, tokens: Any) -> Features:
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
        targets.append(gold_label(task, example[column], f"{where.row(i)}: {column}", count))
    made: Tokens = tokens()
    unknown, subwords = made.unknown(encoder)
    numbers = list(range(len(examples)))
    return Features(
        task,
        made.input_ids,
        made.segments,
        targets,
        numbers,
        targets,
        count,
        unknown=unknown,
        subwords=subwords,
        cut=made.cut,
    )


def _spans(task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, tokens: Any) -> Features:
    contexts = [str(e[task.columns["context"]]) for e in examples]
    golds = gold_of_each(examples, where, lambda i, e, at: gold_answers(task, e, contexts[i], at))
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
        cut=made.cut,
    )


def _asked(task: Task, examples: Sequence[Record], where: Place, encoder: Encoder, tokens: Any) -> Features:
    """Return queries with their candidates. Those with the same candidate ask for the same, and so do those with one key."""
    if "answers" in task.columns:
        for i, example in enumerate(examples):
            if not gold_answers(task, example, str(example[task.columns["context"]]), where.row(i)):
                raise InputError(f"{where.row(i)}: a question without an answer asks for no sentence")
    found = pairs(task, examples)
    numbers = _asked_for(found)
    made: Tokens = tokens()
    unknown, subwords = made.unknown(encoder)
    return Features(
        task,
        made.input_ids,
        made.segments,
        numbers,
        list(range(len(found))),
        numbers,
        2,
        unknown=unknown,
        subwords=subwords,
        cut=made.cut,
    )


def _asked_for(found: Sequence[Pair]) -> list[int]:
    """Return a number for what each query asks for, the same where candidate or key is the same, directly or by others."""
    names: dict[Any, int] = {}
    # A question on a passage has a key of its own; it is the sentence that may be shared.
    edges = [
        (number, names.setdefault(shared, len(found) + len(names)))
        for number, pair in enumerate(found)
        for shared in (pair.candidate, ("key", pair.key))
    ]
    size = len(found) + len(names)
    queries, asked = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(len(edges)), (queries, asked)), shape=(size, size))
    _, numbers = connected_components(graph, directed=False)
    return [int(number) for number in numbers[: len(found)]]


def _owned(there: Sequence[Ints], example: Ints) -> list[Bools]:
    """Return which of the words of each row are taken from it, where a sentence has several rows."""
    owned: list[Bools] = []
    starts = np.flatnonzero(np.diff(example, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(example)], strict=True):
        owned += most_context(there[start:end])
    return owned


def _arcs(words: Ints, arcs: list[tuple[int, int]], owned: Bools) -> Ints:
    """Return the place of the head's first subword and the relation, for the first subword of each word; (subwords, 2).

    There is no place for a word whose head is not in the row, or that is taken from another row.
    """
    first = _are_first(words)
    # Place of each word's first subword, the root's first of all.
    places = np.full(len(arcs) + 1, IGNORED, dtype=np.int64)
    places[0] = 0
    places[words[first] + 1] = np.flatnonzero(first)
    found = np.full((len(words), 2), IGNORED, dtype=np.int64)
    heads, relations = np.array(arcs, dtype=np.int64).reshape(-1, 2).T
    found[first, 0] = np.where(owned, places[heads[words[first]]], IGNORED)
    found[first, 1] = relations[words[first]]
    return found


def _tags(words: Ints, tags: list[int], owned: Bools) -> Ints:
    """Return the tag of each subword: only the first subword of a word that is taken from this row carries it."""
    first = np.flatnonzero(_are_first(words))[owned]
    found = np.full(len(words), IGNORED, dtype=np.int64)
    found[first] = np.array(tags, dtype=np.int64)[words[first]]
    return found


def _are_first(words: Ints) -> npt.NDArray[np.bool_]:
    """Return which subwords are the first of a word."""
    first: npt.NDArray[np.bool_] = (words >= 0) & (words != np.concatenate([[-2], words[:-1]]))
    return first


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
