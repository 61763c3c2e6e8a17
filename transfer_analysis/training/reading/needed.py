"""Which splits of which tasks a grid reads, known before any of them is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from transfer_analysis.corpora.needs import Need
from transfer_analysis.corpora.records import SPLITS, Corpus
from transfer_analysis.tasks import Catalogue
from transfer_analysis.tasks.conditions import parse_condition
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.reading.data import (
    test_languages,
    test_splits,
    training_sources,
    tuning_split,
)


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
        if about.head_kind.trained:
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
        elif not about.head_kind.trained:
            found += [Need(name, code, SPLITS) for code in corpus.languages(name)]
        else:
            read = name if language in corpus.languages(name) else next(iter(about.trained_on[-1:]), name)
            found.append(Need(read, language, SPLITS))
    return list(dict.fromkeys(found))


def _training(catalogue: Catalogue, grid: Grid, name: str, language: str) -> Iterator[Need]:
    turns = training_sources(grid, catalogue, name)
    for turn in turns:
        for source in turn:
            yield Need(source.task, language, (source.split,))
    for source in turns[-1]:
        development = catalogue[source.task].splits.development
        if development != source.split:
            yield Need(source.task, grid.source_language, (development,), "development")
