"""Text as subwords: what a tokenizer makes of a task's examples, kept on disk so that it is done once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from transfer_analysis.corpora.records import Record
from transfer_analysis.tasks import Task
from transfer_analysis.training.computing.tensors import read_tensors, write_tensors
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.reading.ranked import Candidate
from transfer_analysis.training.reading.windows import sentence_rows
from transfer_analysis.training.version import CORE
from transfer_analysis.training.work import work_of

#: Subwords of a question that are read, as in XTREME's scripts; fewer where rows are short.
LONGEST_QUESTION = 64

#: Texts that are tokenized at once: a tokenizer keeps much beside the subwords of each.
_TOGETHER = 4096

#: Subwords that two windows of one long context, or of one long sentence of words, share.
STRIDE = 128

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Tokens:
    """Examples as subwords, row by row.

    Attributes
    ----------
    input_ids, segments
        Subwords of each row with special tokens, and the segment (0 or 1) of each.
    example
        Number of the example that each row belongs to.
    cut
        Per row, whether some of its text did not fit and was not read.
    words
        For tagging and parsing: the number of the word that each subword belongs to, -1 for special tokens.
    places
        For span QA: the characters of the context that each subword stands for, shape (subwords, 2), -1 where it stands
        for none.
    """

    input_ids: list[Ints]
    segments: list[Ints]
    example: Ints
    cut: Bools
    words: list[Ints] = field(default_factory=list)
    places: list[Ints] = field(default_factory=list)

    def unknown(self, encoder: Encoder) -> tuple[Ints, Ints]:
        """Return, per row, how many subwords are unknown to the tokenizer and how many there are, special ones apart."""
        unknown_id = encoder.tokenizer.unk_token_id
        special = np.array([i for i in encoder.tokenizer.all_special_ids if i != unknown_id], dtype=np.int64)
        unknown = np.array([int((row == unknown_id).sum()) if unknown_id is not None else 0 for row in self.input_ids])
        return unknown, np.array([int((~np.isin(row, special)).sum()) for row in self.input_ids])


class Tokenize(Protocol):
    """A way to get tokens: `tokenize`, or one that keeps what it has made."""

    def __call__(self, task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int) -> Tokens:
        """Return the tokens of examples."""
        ...


def tokenize(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int) -> Tokens:
    """Return the tokens of examples in rows of at most `max_length` subwords.

    What is longer is cut, but for the contexts of span QA and the sentences of tagging and parsing, which are read in
    windows that overlap.
    """
    return work_of(task).tokens(task, examples, encoder, max_length)


def stem(task: Task, example: Record) -> str:
    """Return what all choices of an example are read beside: its context and its question."""
    parts = [str(example[task.columns[part]]) for part in ("context", "question") if part in task.columns]
    return " ".join(task.phrases.get(part, part) for part in parts)


@dataclass(frozen=True)
class TokenCache:
    """Tokens kept in a folder, one file for each set of examples, task, tokenizer and length.

    A file that cannot be read is made again.
    """

    folder: Path

    def __call__(self, task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int) -> Tokens:
        """Return the tokens of examples, from the folder where they are there."""
        about = [CORE, task.head, task.columns, task.phrases, encoder.tokenizer_hash, max_length, fingerprint(examples)]
        path = self.folder / f"{hashlib.sha256(repr(about).encode()).hexdigest()[:16]}.safetensors"
        found = _read(path)
        if found is None:
            found = tokenize(task, examples, encoder, max_length)
            if found.input_ids:  # rows without a query are no rows
                _write(path, found)
        return found


def fingerprint(examples: Sequence[Record]) -> str:
    """Return a hash of examples, to know whether data have changed."""
    digest = hashlib.sha256()
    for example in examples:
        digest.update(repr(sorted(example.items())).encode())
    return digest.hexdigest()[:16]


def texts(first: Sequence[str], second: Sequence[str] | None, encoder: Encoder, max_length: int) -> Tokens:
    """Return the tokens of texts, each a row, or each beside another."""
    ids: list[Ints] = []
    segments: list[Ints] = []
    cut: list[bool] = []
    for start in range(0, len(first), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        beside = list(second[part]) if second is not None else None
        encoded = encoder.tokenizer(list(first[part]), beside, truncation=True, max_length=max_length)
        ids += _arrays(encoded["input_ids"])
        segments += _segments(encoded, len(encoded["input_ids"]))
        cut += _overflowed(encoded)
    return Tokens(ids, segments, np.arange(len(first)), np.array(cut, dtype=bool))


def word_tokens(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int) -> Tokens:
    """Return the tokens of sentences of words, in windows where they are long."""
    sentences = [[str(word) for word in e[task.columns["tokens"]]] for e in examples]
    ids, words, example, cut = sentence_rows(sentences, encoder, max_length, min(STRIDE, max_length // 4))
    return Tokens(ids, [np.zeros_like(row) for row in ids], example, cut, words)


def candidate_texts(candidates: Sequence[Candidate], encoder: Encoder, max_length: int) -> Tokens:
    """Return the tokens of candidates, each beside its passage where it has one."""
    beside = [candidate.passage for candidate in candidates] if any(c.passage for c in candidates) else None
    return texts([candidate.text for candidate in candidates], beside, encoder, max_length)


def window_tokens(task: Task, examples: Sequence[Record], encoder: Encoder, max_length: int) -> Tokens:
    """Return the tokens of questions, each beside the windows of its context."""
    questions = [str(e[task.columns["question"]]).strip() for e in examples]
    shorter = _cut(questions, encoder, min(LONGEST_QUESTION, max_length // 2))
    encoded = encoder.tokenizer(
        shorter,
        [str(e[task.columns["context"]]) for e in examples],
        truncation="only_second",
        max_length=max_length,
        stride=min(STRIDE, max_length // 4),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    example = np.array(encoded["overflow_to_sample_mapping"], dtype=np.int64)
    places = []
    for row, mapping in enumerate(encoded["offset_mapping"]):
        in_context = np.array([number == 1 for number in encoded.sequence_ids(row)])
        places.append(np.where(in_context[:, None], np.array(mapping), -1).astype(np.int64))
    cut = np.array([short != whole for short, whole in zip(shorter, questions, strict=True)], dtype=bool)
    return Tokens(_arrays(encoded["input_ids"]), _segments(encoded, len(example)), example, cut[example], places=places)


def _cut(questions: list[str], encoder: Encoder, longest: int) -> list[str]:
    """Cut questions after so many subwords, so that there is room for the context."""
    encoded = encoder.tokenizer(questions, add_special_tokens=False, return_offsets_mapping=True)
    places = encoded["offset_mapping"]
    return [
        question[: place[longest - 1][1]] if len(place) > longest else question
        for question, place in zip(questions, places, strict=True)
    ]


def _overflowed(encoded: Any) -> list[bool]:
    """Return for each row whether the tokenizer cut something off."""
    return [bool(row.overflowing) for row in encoded.encodings]


def _segments(encoded: Any, count: int) -> list[Ints]:
    """Return the segment of each subword: 1 from the first subword of the second text on, else 0.

    Tokenizers differ in what they call token types, and some have none; positions and answers need the segments.
    """
    segments = []
    for row in range(count):
        second = np.array([number == 1 for number in encoded.sequence_ids(row)])
        segments.append(np.maximum.accumulate(second).astype(np.int64))
    return segments


def _arrays(rows: Sequence[Any]) -> list[Ints]:
    return [np.array(row, dtype=np.int64) for row in rows]


#: Columns of subwords in a file of tokens, and their width.
_COLUMNS = {"input_ids": np.int32, "segments": np.int8, "words": np.int32, "places": np.int32}


def _write(path: Path, tokens: Tokens) -> None:
    lengths = np.array([len(row) for row in tokens.input_ids], dtype=np.int64)
    arrays: dict[str, npt.NDArray[Any]] = {"lengths": lengths, "example": tokens.example, "cut": tokens.cut}
    for name, kind in _COLUMNS.items():
        rows = getattr(tokens, name)
        if rows:
            arrays[name] = np.concatenate(rows).astype(kind)
    write_tensors(path, {name: torch.from_numpy(array) for name, array in arrays.items()})


def _read(path: Path) -> Tokens | None:
    found = read_tensors(path)
    if found is None:
        return None
    arrays = {name: tensor.numpy().astype(np.int64) for name, tensor in found[0].items()}
    ends = np.cumsum(arrays["lengths"])[:-1]
    rows = {name: np.split(arrays[name], ends) for name in _COLUMNS if name in arrays}
    return Tokens(example=arrays["example"], cut=arrays["cut"].astype(bool), **rows)
