"""Queries and candidates: what is asked, and what is ranked for it.

A task of two-sided examples names them (`text`, `pair`) and what makes a candidate right (`key`): all candidates with the
key of a query, in any language. A task of questions on passages makes them (Roy et al. 2020): its candidates are the
sentences of the passages, each read beside its passage, and right is the sentence in which the answer begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from transfer_analysis.corpora.records import Record
from transfer_analysis.tasks import Task

#: Where a passage's sentences begin and end, as pairs of characters, in data sets that say so (XQuAD-R).
BREAKS = "sentence_breaks"


@dataclass(frozen=True)
class Candidate:
    """What may answer a query: its text, and the passage that it is read beside, empty where there is none."""

    text: str
    passage: str = ""


@dataclass(frozen=True)
class Pair:
    """A query, the candidate that is right, and the key that they share."""

    query: str
    candidate: Candidate
    key: str


def pairs(task: Task, examples: Sequence[Record]) -> list[Pair]:
    """Return the queries of examples, each with its candidate; rows without a query are left out."""
    text, key = query_column(task), task.columns["key"]
    return [
        Pair(str(example[text]), right_candidate(task, example), str(example[key]))
        for example in examples
        if example[text]
    ]


def query_column(task: Task) -> str:
    """Return where the queries stand."""
    return task.columns["text"] if "text" in task.columns else task.columns["question"]


def right_candidate(task: Task, example: Record) -> Candidate:
    """Return the candidate that an example names, or the sentence of its passage in which its answer begins."""
    if "pair" in task.columns:
        return Candidate(str(example[task.columns["pair"]]))
    passage = str(example[task.columns["context"]])
    start = int(example[task.columns["answers"]]["answer_start"][0])
    found = next(((b, e) for b, e in sentence_breaks(example, passage) if b <= start < e), (0, len(passage)))
    return Candidate(passage[slice(*found)].strip(), passage)


def candidates(task: Task, examples: Sequence[Record]) -> dict[Candidate, set[str]]:
    """Return all candidates of examples, each with the keys of the queries that it is right for.

    For questions on passages these are all sentences of the passages, most of them right for none.
    """
    found: dict[Candidate, set[str]] = {}
    if "pair" not in task.columns:
        passages = {str(e[task.columns["context"]]): e for e in examples}
        for passage, example in passages.items():
            for start, end in sentence_breaks(example, passage):
                if sentence := passage[start:end].strip():
                    found.setdefault(Candidate(sentence, passage), set())
    for example in examples:
        found.setdefault(right_candidate(task, example), set()).add(str(example[task.columns["key"]]))
    return found


def sentence_breaks(example: Record, passage: str) -> list[tuple[int, int]]:
    """Return where the sentences of a passage begin and end: as the data set says, else by Unicode's rules (UAX #29).

    Writing systems without a mark at the end of a sentence (Thai) have one sentence to a passage by these rules.
    """
    if given := example.get(BREAKS):
        return [(int(start), int(end)) for start, end in given]
    return _by_rule(passage)


# Passages have several questions each, and are asked for again by every run of a process.
@lru_cache(maxsize=100_000)
def _by_rule(passage: str) -> list[tuple[int, int]]:
    from uniseg.sentencebreak import sentence_boundaries

    ends = list(sentence_boundaries(passage))
    return list(pairwise(ends))
