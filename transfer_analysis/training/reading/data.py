"""The examples of a grid: which are trained on, which are looked at while training, and which are tested on."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from transfer_analysis.corpora.records import Corpus, Record, Sample, require_columns
from transfer_analysis.errors import InputError, MissingError
from transfer_analysis.tasks import Catalogue, Task
from transfer_analysis.training.grid import Grid, LanguageModelling
from transfer_analysis.training.reading.tokens import fingerprint as records_hash

#: More examples than any split has.
_ALL = 10**9


@dataclass(frozen=True)
class Source:
    """Where training examples come from: a task and one of its splits."""

    task: str
    split: str

    def __str__(self) -> str:
        return f"{self.task}/{self.split}"


@dataclass(frozen=True)
class Examples:
    """Examples of a task in one language and split.

    Attributes
    ----------
    rows
        The row of the split that each is, as messages name it.
    revision
        Data set and commit that they come from, where they have one.
    """

    task: Task
    language: str
    split: str
    records: list[Record]
    rows: list[str]
    revision: str = ""

    @property
    def where(self) -> str:
        """Language and split, as messages name them."""
        return f"{self.language}/{self.split}"

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the examples."""
        return records_hash(self.records)


def training_sources(grid: Grid, catalogue: Catalogue, name: str) -> tuple[tuple[Source, ...], ...]:
    """Return what a task is trained on: in turn, and in each turn the sources that are put together.

    Substitutes where the grid declares some; else the parts of a composite task (ANLI+); else the tasks of the
    catalogue that the target is trained on, in turn (SQuAD for XQuAD; Social IQa, then COPA, for XCOPA); else the
    task itself.
    """
    about = catalogue[name]
    if name in grid.substitutes:
        return tuple(tuple(_source(catalogue, given) for given in turn) for turn in grid.substituted(name))
    if about.parts:
        return (tuple(_source(catalogue, part) for part in about.parts),)
    named = tuple(n for n in about.trained_on if n in catalogue and catalogue[n].head == about.head)
    return tuple((_source(catalogue, n),) for n in named) or ((_source(catalogue, name),),)


def training_examples(
    corpus: Corpus, catalogue: Catalogue, sources: tuple[Source, ...], language: str, count: int
) -> list[Examples]:
    """Return at most `count` training examples: the same ones for every run.

    Of several sources that are put together, each gives as many as its share of all their examples.
    """

    def sample(source: Source, wanted: int) -> Sample:
        return corpus.sample(source.task, language, source.split, wanted, _seed(source.task))

    found = {source: sample(source, count) for source in sources}
    every = sum(one.total for one in found.values())
    if len(sources) > 1 and every > count:
        shares = {source: max(1, round(count * one.total / every)) for source, one in found.items()}
        found = {source: sample(source, share) for source, share in shares.items()}
    return [_examples(corpus, catalogue[source.task], language, source.split, one) for source, one in found.items()]


def development_examples(
    corpus: Corpus,
    catalogue: Catalogue,
    sources: tuple[Source, ...],
    language: str,
    count: int,
    trained: Callable[[Source], int],
) -> list[Examples]:
    """Return development examples of the tasks that are trained on last; none where a task has none.

    A task without a development split, or that trains on it, is looked at on what is left of the split it trains on, which
    is then called its `-rest`.

    Parameters
    ----------
    count
        Examples, of all sources together.
    trained
        Most examples of a source that any phase of the grid trains on.
    """
    found = []
    for source in sources:
        split, wanted = catalogue[source.task].splits.development, max(1, count // len(sources))
        sample = None if split == source.split else _sample(corpus, source.task, language, split, wanted)
        if sample is None:
            split, sample = f"{source.split}-rest", _left(corpus, source, language, wanted, trained(source))
        if not sample.records:
            return []
        found.append(_examples(corpus, catalogue[source.task], language, split, sample))
    return found


def _sample(corpus: Corpus, task: str, language: str, split: str, count: int) -> Sample | None:
    """Return a sample of a split, or None where there is no such split."""
    try:
        return corpus.sample(task, language, split, count, _seed(task))
    except MissingError:
        return None


def _left(corpus: Corpus, source: Source, language: str, count: int, trained: int) -> Sample:
    """Return examples of a split that are not trained on, in the split's order."""
    every = _sample(corpus, source.task, language, source.split, _ALL)
    if every is None:
        return Sample([], [], 0)
    used = set(corpus.sample(source.task, language, source.split, trained, _seed(source.task)).rows)
    left = [i for i, row in enumerate(every.rows) if row not in used]
    chosen = sorted(np.random.default_rng(_seed(source.task)).permutation(left)[:count].tolist())
    return Sample([every.records[i] for i in chosen], [every.rows[i] for i in chosen], every.total)


def test_languages(corpus: Corpus, catalogue: Catalogue, grid: Grid, target: str) -> tuple[list[str], list[str]]:
    """Return the languages that a target is tested in, and those that it should have but has no examples in.

    They are those of the catalogue and the source language: a data set's files may hold others that the benchmark leaves
    out. A target whose entry names no others is tested in whatever there is.
    """
    named = catalogue[target].languages
    there = corpus.languages(target)
    if len(named) > 1:
        there = [code for code in there if code in named or code == grid.source_language]
    wanted = [code for code in named if not grid.languages or code in grid.languages]
    tested = [code for code in (grid.languages or there) if code in there]
    return tested, [code for code in wanted if code not in there and len(catalogue[target].languages) > 1]


def test_examples(corpus: Corpus, catalogue: Catalogue, grid: Grid, target: str) -> Iterator[Examples]:
    """Yield the examples of a target in each language that is tested, from the first of its test splits there is.

    Raises
    ------
    InputError
        Where no language has such a split.
    """
    about = catalogue[target]
    splits = test_splits(catalogue, grid, target)
    found = False
    for language in test_languages(corpus, catalogue, grid, target)[0]:
        for split in splits:
            try:
                sample = corpus.sample(target, language, split, grid.tests(target), _seed(target))
            except MissingError:
                continue
            yield _examples(corpus, about, language, split, sample)
            found = True
            break
    if not found:
        raise InputError(f"{target}: no language that is tested has a split {' or '.join(splits)}")


def test_splits(catalogue: Catalogue, grid: Grid, target: str) -> list[str]:
    """Return the splits of a target that may be tested on, in the order in which they are tried."""
    about = catalogue[target]
    trained_on = {str(source) for turn in training_sources(grid, catalogue, target) for source in turn}
    splits = [split for split in about.splits.test if f"{target}/{split}" not in trained_on]
    return [split for split in splits if split != tuning_split(about)] if not about.head_kind.trained else splits


def tuning_split(task: Task) -> str:
    """Return the split on which a target without training tunes its threshold; nothing where it has none."""
    return task.splits.development if not task.head_kind.trained and task.metric == "f1" else ""


def text(corpus: Corpus, catalogue: Catalogue, wanted: LanguageModelling, source_language: str, name: str) -> Examples:
    """Return the passages of a text in all its languages, or each beside its counterpart in the source language.

    Passages of a pair stand in either order, as drawn from a fixed seed.
    """
    about = catalogue[name]
    languages = [code for code in corpus.languages(name) if not wanted.languages or code in wanted.languages]
    column, key = about.columns["text"], about.columns.get("key", "")
    records: list[Record] = []
    rows: list[str] = []
    if about.head == "masked-lm":
        for language in languages:
            found = corpus.sample(name, language, about.splits.train, wanted.examples, _seed(name + language))
            require_columns(found.records, [column], f"{name} {language}/{about.splits.train}")
            records += [{"text": record[column]} for record in found.records]
            rows += [f"{language} {row}" for row in found.rows]
        return Examples(_text_task(about, "text"), "+".join(languages), about.splits.train, records, rows)
    originals = corpus.examples(name, source_language, about.splits.train)
    require_columns(originals, [column, key], f"{name} {source_language}/{about.splits.train}")
    counterpart = {record[key]: record[column] for record in originals}
    rng = np.random.default_rng(_seed(name))
    for language in languages:
        if language == source_language:
            continue
        found = corpus.sample(name, language, about.splits.train, wanted.examples, _seed(name + language))
        require_columns(found.records, [column, key], f"{name} {language}/{about.splits.train}")
        for record, row in zip(found.records, found.rows, strict=True):
            if record[key] in counterpart:
                pair = [str(record[column]), str(counterpart[record[key]])]
                first = int(rng.integers(2))
                records.append({"text": pair[first], "pair": pair[1 - first]})
                rows.append(f"{language} {row}")
    if not records:
        raise InputError(f"{name}: no passage of {', '.join(languages)} has a counterpart in {source_language}")
    return Examples(_text_task(about, "text", "pair"), "+".join(languages), about.splits.train, records, rows)


def _examples(corpus: Corpus, task: Task, language: str, split: str, found: Sample) -> Examples:
    rows = [str(row) for row in found.rows]
    return Examples(task, language, split, found.records, rows, corpus.revision(task.name, language))


def _text_task(task: Task, *columns: str) -> Task:
    return task.model_copy(update={"columns": {column: column for column in columns}})


def _source(catalogue: Catalogue, given: str) -> Source:
    name, _, split = given.partition("/")
    return Source(name, split or catalogue[name].splits.train)


def _seed(name: str) -> int:
    return zlib.crc32(name.encode())
