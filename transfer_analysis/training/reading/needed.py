"""Which splits of which tasks a grid reads, known before any of them is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from transfer_analysis.corpora import hub_part
from transfer_analysis.corpora.records import SPLITS, Corpus, first_split
from transfer_analysis.errors import InputError, MissingError, UnavailableError
from transfer_analysis.progress import Report, silent
from transfer_analysis.tasks import Catalogue
from transfer_analysis.tasks.conditions import parse_condition
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.reading.data import (
    test_languages,
    test_splits,
    training_sources,
    tuning_split,
)


@dataclass(frozen=True)
class Need:
    """The first there is of some splits of a task in a language.

    Attributes
    ----------
    part
        What it is for: a grid cannot do without what it trains on, goes on without a language to test in, and takes
        development examples from elsewhere.
    """

    task: str
    language: str
    splits: tuple[str, ...]
    part: Literal["training", "development", "test"] = "training"

    @property
    def required(self) -> bool:
        """Whether nothing can be done without it."""
        return self.part == "training"


def needed(corpus: Corpus, catalogue: Catalogue, grid: Grid) -> list[Need]:
    """Return what a grid reads of a corpus, each once.

    Raises
    ------
    InputError
        For a task that the catalogue or the corpus does not know.
    """
    found: list[Need] = []
    for condition in map(parse_condition, grid.conditions):
        for name in grid.members(condition):
            found += _training(catalogue, grid, name, condition.language or grid.source_language)
    for target in grid.targets:
        about = catalogue[target]
        if about.head != "retrieval":
            found += _training(catalogue, grid, target, grid.source_language)
        splits = [tuple(test_splits(catalogue, grid, target)), *([(split,)] if (split := tuning_split(about)) else [])]
        languages = test_languages(corpus, catalogue, grid, target)[0]
        found += [Need(target, language, each, "test") for language in languages for each in splits]
    if grid.mlm is not None:
        for name in grid.mlm.tasks:
            languages = [
                code for code in corpus.languages(name) if not grid.mlm.languages or code in grid.mlm.languages
            ]
            found += [Need(name, language, (catalogue[name].splits.train,)) for language in languages]
    return list(dict.fromkeys(found))


def needed_for_distances(corpus: Corpus, catalogue: Catalogue, names: Sequence[str], language: str) -> list[Need]:
    """Return what distances between tasks read of a corpus."""
    found: list[Need] = []
    for name in names:
        about = catalogue[name]
        if about.parts:
            found += needed_for_distances(corpus, catalogue, about.parts, language)
        elif about.head == "retrieval":
            found += [Need(name, code, SPLITS) for code in corpus.languages(name)]
        else:
            read = name if language in corpus.languages(name) else next(iter(about.trained_on[-1:]), name)
            found.append(Need(read, language, SPLITS))
    return list(dict.fromkeys(found))


def require_there(corpus: Corpus, needs: Sequence[Need], report: Report = silent) -> list[str]:
    """Ask whether everything that is needed is there, without fetching data from the hub.

    Returns
    -------
    list
        What could not be asked, as the hub was out of reach, and which languages cannot be tested in.

    Raises
    ------
    InputError
        Naming everything that is not there.
    """
    problems: list[str] = []
    remarks: list[str] = []
    busy: set[str] = set()
    for i, need in enumerate(needs):
        report(f"checking data sets: {need.task} {need.language}", i / len(needs))
        if need.task in busy:
            continue
        try:
            _require(corpus, need)
        except UnavailableError as error:
            busy.add(need.task)  # each question waits long enough
            remarks += error.problems
        except MissingError as error:
            problems += error.problems if need.required else []
            remarks += error.problems if need.part == "test" else []
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))
    return list(dict.fromkeys(remarks))


def _require(corpus: Corpus, need: Need) -> None:
    hub = hub_part(corpus, need.task)
    if hub is not None:
        hub.require(need.task, need.language, need.splits)
    else:
        read = partial(corpus.examples, need.task, need.language, count=1)
        first_split(need.splits, read, f"{need.task} {need.language}")


def _training(catalogue: Catalogue, grid: Grid, name: str, language: str) -> Iterator[Need]:
    turns = training_sources(grid, catalogue, name)
    for turn in turns:
        for source in turn:
            yield Need(source.task, language, (source.split,))
    for source in turns[-1]:
        development = catalogue[source.task].splits.development
        if development != source.split:
            yield Need(source.task, grid.source_language, (development,), "development")
