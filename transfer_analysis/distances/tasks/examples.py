"""Examples of tasks as distances read them: texts, with labels where a task has one per example."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from transfer_analysis.corpora.records import SPLITS, Corpus, Record, Sample, first_split, text_of, values
from transfer_analysis.errors import InputError
from transfer_analysis.files import read_text
from transfer_analysis.tasks import Catalogue, Task


@dataclass(frozen=True)
class TaskExamples:
    """Examples of one task.

    Attributes
    ----------
    name
        The task.
    texts
        What each example says, its label left out.
    labels
        The class (a name) or the number of each example; None where the task has no such label.
    task, records
        The task in the catalogue and its examples, where they come from a corpus; None and empty otherwise.
    origin
        Language and split, or the file.
    split
        The split, of a corpus.
    """

    name: str
    texts: list[str]
    labels: list[str] | list[float] | None = None
    task: Task | None = None
    records: list[Record] = field(default_factory=list)
    origin: str = ""
    split: str = ""

    @property
    def data(self) -> str:
        """Where the examples come from, with the data set's commit where it has one, and a hash of their texts."""
        digest = hashlib.sha256("\0".join(self.texts).encode()).hexdigest()[:16]
        return f"{self.origin} sha256:{digest}".strip()

    @property
    def classes(self) -> list[str] | None:
        """The class of each example, or None where there are none: of answers to questions, most are different."""
        if not self.labels or not isinstance(self.labels[0], str) or len(set(self.labels)) > len(self.labels) / 2:
            return None
        return [str(label) for label in self.labels]

    def sampled(self, count: int, seed: int) -> TaskExamples:
        """Return a random sample of the examples, in their order; all where there are no more."""
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode())])
        chosen = sorted(rng.permutation(len(self.texts))[:count].tolist())
        labels: Any = None if self.labels is None else [self.labels[i] for i in chosen]
        records = [self.records[i] for i in chosen] if self.records else []
        return replace(self, texts=[self.texts[i] for i in chosen], labels=labels, records=records)


def texts_of(examples: Mapping[str, TaskExamples]) -> dict[str, list[str]]:
    """Return the texts alone."""
    return {name: one.texts for name, one in examples.items()}


def read_labelled_examples(path: Path) -> dict[str, TaskExamples]:
    """Read tasks' examples from a JSON Lines file with the fields `task` and `text`, and `label` where there is one.

    A label is a word or a whole number (a class), or a number with a fraction. A task in which every label is a number
    and one has a fraction has numbers; a task in which some example has no label has none.

    Raises
    ------
    InputError
        Naming the line that is not such an object.
    """
    texts: dict[str, list[str]] = {}
    labels: dict[str, list[Any]] = {}
    for number, line in enumerate(read_text(path, "JSON Lines with the fields task and text").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            task, text = entry["task"], entry["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path.name} line {number}: expected an object with the fields task and text, got {line.strip()[:60]!r}"
            ) from error
        for name, given in (("task", task), ("text", text)):
            if not isinstance(given, str) or not given.strip():
                raise InputError(
                    f"{path.name} line {number}: task and text must be text that is not empty, but {name} is {given!r:.60}"
                )
        if not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text):
            raise InputError(
                f"{path.name} line {number}: text holds half of a character (a lone surrogate): {text!r:.60}"
            )
        label = entry.get("label")
        if isinstance(label, float) and not math.isfinite(label):
            raise InputError(f"{path.name} line {number}: label {label} is not a number; leave it out, or give a class")
        texts.setdefault(task, []).append(text)
        labels.setdefault(task, []).append(label)
    if not texts:
        raise InputError(f"{path.name}: holds no examples; expected JSON Lines with the fields task and text")
    return {
        task: TaskExamples(task, found, _labels_given(labels[task]), origin=path.name) for task, found in texts.items()
    }


def read_examples(path: Path) -> dict[str, list[str]]:
    """Read the texts of tasks' examples from a JSON Lines file with the fields `task` and `text`.

    Raises
    ------
    InputError
        Naming the line that is not such an object.
    """
    return texts_of(read_labelled_examples(path))


def corpus_examples(
    corpus: Corpus, catalogue: Catalogue, names: Sequence[str], language: str, count: int, seed: int = 0
) -> dict[str, TaskExamples]:
    """Read a random sample of each task's examples from the first of the splits train, validation and test it has.

    A composite task (ANLI+) gives those of its parts, as many of each. A retrieval task, which has no training data and
    no examples in English of its own, gives the English side of its pairs, as many from each of its languages.

    Raises
    ------
    InputError
        For every task that has no examples.
    """
    found: dict[str, TaskExamples] = {}
    problems: list[str] = []
    for name in dict.fromkeys(names):
        try:
            found[name] = _of_corpus(corpus, catalogue, catalogue[name], language, count, seed)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))
    return found


def _of_corpus(corpus: Corpus, catalogue: Catalogue, task: Task, language: str, count: int, seed: int) -> TaskExamples:
    if task.parts:
        parts = [catalogue[part] for part in task.parts]
        each = [_of_corpus(corpus, catalogue, part, language, -(-count // len(parts)), seed) for part in parts]
        return TaskExamples(
            task.name,
            [text for one in each for text in one.texts],
            _joined([one.labels for one in each]),
            task.model_copy(update={"columns": each[0].task.columns if each[0].task else {}}),
            [record for one in each for record in one.records],
            "; ".join(one.origin for one in each),
            # The worst of its parts: what is tested on must not be trained on.
            max((one.split for one in each), key=SPLITS.index),
        )
    if language not in corpus.languages(task.name):
        if not task.head_kind.trained:
            return _english_sides(corpus, task, count, seed)
        trained_on = next((catalogue[name] for name in reversed(task.trained_on) if name in catalogue), None)
        if trained_on is not None:  # XCOPA has no English examples; what it is trained on has
            return replace(_of_corpus(corpus, catalogue, trained_on, language, count, seed), name=task.name)
    if not task.columns:
        raise InputError(f"{task.name}: the catalogue does not say which columns hold its text")
    split, sample = _first_split(corpus, task, language, count, seed)
    kept = [(record, text) for record in sample.records if (text := text_of(task, record))]
    if not kept:
        raise InputError(f"{task.name}/{language}/{split}: no example has any text")
    records = [record for record, _ in kept]
    texts = [text for _, text in kept]
    revision = corpus.revision(task.name, language)
    origin = f"{language}/{split}" + (f" of {revision}" if revision else "")
    return TaskExamples(task.name, texts, _labels_of(task, records, split), task, records, origin, split)


def _english_sides(corpus: Corpus, task: Task, count: int, seed: int) -> TaskExamples:
    languages = corpus.languages(task.name)
    texts: list[str] = []
    for language in languages:
        _, sample = _first_split(corpus, task, language, -(-count // len(languages)), seed)
        texts += [text for record in sample.records for text in values(record, task.columns["pair"])]
    return TaskExamples(task.name, texts[:count], None, task, [], f"source side of {' '.join(languages)}")


def _first_split(corpus: Corpus, task: Task, language: str, count: int, seed: int) -> tuple[str, Sample]:
    drawn_from = seed + zlib.crc32(task.name.encode())
    return first_split(SPLITS, lambda split: corpus.sample(task.name, language, split, count, drawn_from), task.name)


def _labels_of(task: Task, records: list[Record], split: str) -> list[str] | list[float] | None:
    from transfer_analysis.training.reading.checks import Place
    from transfer_analysis.training.reading.golds import gold_labels, gold_number

    place = Place(f"{task.name} {split}", None)
    if task.head_kind.labelled != "examples":
        return None
    if not task.head_kind.of_numbers:
        return [str(task.labels[number]) for number in gold_labels(task, records, place)]
    column = task.columns["label"]
    return [gold_number(record[column], f"{place.row(i)}: {column}") for i, record in enumerate(records)]


def _labels_given(labels: list[Any]) -> list[str] | list[float] | None:
    if any(label is None or isinstance(label, list | dict) for label in labels):
        return None
    numbers = all(isinstance(label, int | float) and not isinstance(label, bool) for label in labels)
    if numbers and any(label != int(label) for label in labels):
        return [float(label) for label in labels]
    return [str(int(label)) if numbers else str(label) for label in labels]


def _joined(parts: list[list[str] | list[float] | None]) -> list[str] | None:
    if any(part is None for part in parts):
        return None
    return [str(label) for part in parts for label in (part or [])]
