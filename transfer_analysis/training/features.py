"""From a task's examples to what an encoder and a head read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.tasks import Task
from transfer_analysis.training.encoder import Encoder

#: Label of a subword that carries no tag.
IGNORED = -100

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Features:
    """Examples as arrays, one entry per example.

    Attributes
    ----------
    input_ids, segments
        Subwords with special tokens, and the segment (0 or 1) of each.
    targets
        What the head should give: a class number or a value (sequence heads), one tag number per subword (token
        classification, `IGNORED` where there is none), first and last subword of the answer (span QA).
    answers, contexts, offsets
        For span QA: the gold answers, the context, and the characters of the context that each subword stands for.
    """

    task: Task
    input_ids: list[Ints]
    segments: list[Ints]
    targets: list[Any]
    answers: list[list[str]] = field(default_factory=list)
    contexts: list[str] = field(default_factory=list)
    offsets: list[list[tuple[int, int]]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.input_ids)

    def lengths(self) -> Ints:
        """Return the number of subwords of each example."""
        return np.array([len(ids) for ids in self.input_ids], dtype=np.int64)


def featurize(
    task: Task, examples: Sequence[dict[str, Any]], encoder: Encoder, max_length: int, where: str
) -> Features:
    """Tokenize examples for the task's head.

    Parameters
    ----------
    where
        Names the corpus, language and split in messages (`simulated/en/train`).

    Raises
    ------
    InputError
        For an empty split, a missing column, an unknown label, tokens and tags of unequal length, or an answer that
        does not stand in its context; named by task, split and row.
    """
    if not examples:
        raise InputError(f"{task.name} {where}: no examples")
    for column in task.columns.values():
        if column not in examples[0]:
            raise InputError(
                f"{task.name} {where}: column {column!r} is missing{nearest(column, examples[0])}; "
                f"the examples have {', '.join(examples[0])}"
            )
    by_head = {
        "sequence-classification": _sequences,
        "sequence-regression": _sequences,
        "token-classification": _tokens,
        "span-qa": _spans,
    }
    if task.head not in by_head:
        raise InputError(f"{task.name}: the training core has no head for {task.head}; it has {', '.join(by_head)}")
    return by_head[task.head](task, examples, encoder, max_length, where)


def _sequences(
    task: Task, examples: Sequence[dict[str, Any]], encoder: Encoder, max_length: int, where: str
) -> Features:
    texts = [str(e[task.columns["text"]]) for e in examples]
    pairs = [str(e[task.columns["pair"]]) for e in examples] if "pair" in task.columns else None
    encoded = encoder.tokenizer(texts, pairs, truncation=True, max_length=max_length, return_token_type_ids=True)
    column = task.columns["label"]
    targets: list[float] = []
    for row, example in enumerate(examples):
        value = example[column]
        if task.head == "sequence-classification" and value not in range(len(task.labels)):
            raise InputError(
                f"{task.name} {where} row {row + 1}: {column} {value!r} is not a class; "
                f"expected 0 to {len(task.labels) - 1} ({', '.join(task.labels)})"
            )
        targets.append(value)
    return Features(task, _arrays(encoded["input_ids"]), _arrays(encoded["token_type_ids"]), targets)


def _tokens(task: Task, examples: Sequence[dict[str, Any]], encoder: Encoder, max_length: int, where: str) -> Features:
    numbers = {label: i for i, label in enumerate(task.labels)}
    tokens = [e[task.columns["tokens"]] for e in examples]
    encoded = encoder.tokenizer(
        tokens, is_split_into_words=True, truncation=True, max_length=max_length, return_token_type_ids=True
    )
    targets = []
    for row, example in enumerate(examples):
        tags = example[task.columns["tags"]]
        if len(tags) != len(tokens[row]):
            raise InputError(f"{task.name} {where} row {row + 1}: {len(tokens[row])} tokens but {len(tags)} tags")
        unknown = [tag for tag in tags if tag not in numbers]
        if unknown:
            raise InputError(
                f"{task.name} {where} row {row + 1}: unknown tag {unknown[0]!r}{nearest(unknown[0], numbers)}"
            )
        words = encoded.word_ids(row)
        # Only the first subword of a word carries its tag.
        first = [w is not None and (i == 0 or words[i - 1] != w) for i, w in enumerate(words)]
        targets.append(
            np.array([numbers[tags[w]] if f else IGNORED for w, f in zip(words, first, strict=True)], dtype=np.int64)
        )
    return Features(task, _arrays(encoded["input_ids"]), _arrays(encoded["token_type_ids"]), targets)


def _spans(task: Task, examples: Sequence[dict[str, Any]], encoder: Encoder, max_length: int, where: str) -> Features:
    questions = [str(e[task.columns["question"]]) for e in examples]
    contexts = [str(e[task.columns["context"]]) for e in examples]
    encoded = encoder.tokenizer(
        questions,
        contexts,
        truncation="only_second",
        max_length=max_length,
        return_offsets_mapping=True,
        return_token_type_ids=True,
    )
    targets, answers = [], []
    for row, example in enumerate(examples):
        gold = example[task.columns["answers"]]
        start, text = int(gold["answer_start"][0]), str(gold["text"][0])
        if contexts[row][start : start + len(text)] != text:
            raise InputError(
                f"{task.name} {where} row {row + 1}: the answer {text!r} does not stand at character {start} of the context"
            )
        sequence = encoded.sequence_ids(row)
        inside = [
            i
            for i, (begin, end) in enumerate(encoded["offset_mapping"][row])
            if sequence[i] == 1 and begin < start + len(text) and end > start
        ]
        # An answer that was cut off points at the first subword, which no context has.
        targets.append((inside[0], inside[-1]) if inside else (0, 0))
        answers.append([str(a) for a in gold["text"]])
    return Features(
        task,
        _arrays(encoded["input_ids"]),
        _arrays(encoded["token_type_ids"]),
        targets,
        answers,
        contexts,
        list(encoded["offset_mapping"]),
    )


def _arrays(rows: list[list[int]]) -> list[Ints]:
    return [np.array(row, dtype=np.int64) for row in rows]
