"""The examples of a grid: which are trained on, and which are tested on."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from transfer_analysis.corpora.records import Corpus, Record
from transfer_analysis.errors import InputError, MissingError
from transfer_analysis.tasks import Catalogue
from transfer_analysis.training.grid import Grid

#: Splits to test on, in the order in which they are tried.
_TEST_SPLITS = ("test", "validation")


def training_tasks(grid: Grid, catalogue: Catalogue, target: str) -> tuple[str, ...]:
    """Return the tasks whose training examples a target's head is trained on.

    Substitutes where the grid declares some; else the tasks of the catalogue that the target is trained on (SQuAD for
    XQuAD, MNLI for XNLI); else the target itself.
    """
    if target in grid.substitutes:
        return grid.substitutes[target]
    named = tuple(name for name in catalogue[target].trained_on if name in catalogue)
    return tuple(name for name in named if catalogue[name].head == catalogue[target].head) or (target,)


def training_examples(corpus: Corpus, grid: Grid, task: str, count: int) -> list[Record]:
    """Return a task's training examples in the source language: the same ones for every run."""
    return corpus.sample(task, grid.source_language, "train", count, _seed(task))


def validation_examples(corpus: Corpus, grid: Grid, task: str) -> list[Record]:
    """Return a task's validation examples in the source language; none where it has no such split."""
    try:
        return corpus.sample(task, grid.source_language, "validation", grid.test_examples, _seed(task))
    except MissingError:
        return []


def test_examples(corpus: Corpus, grid: Grid, target: str) -> Iterator[tuple[str, str, list[Record]]]:
    """Yield language, split and examples of a target in each language that is tested.

    Raises
    ------
    InputError
        Where a language that the grid names has no examples, or no language is left.
    """
    there = corpus.languages(target)
    missing = [language for language in grid.languages if language not in there]
    if missing:
        raise InputError(f"{target}: no examples in {', '.join(missing)}; there are {', '.join(there)}")
    found = False
    for language in grid.languages or there:
        problem: MissingError | None = None
        for split in _TEST_SPLITS:
            try:
                examples = corpus.sample(target, language, split, grid.test_examples, _seed(target))
            except MissingError as error:
                problem = problem or error
                continue
            yield language, split, examples
            found, problem = True, None
            break
        if problem is not None and language in grid.languages:
            raise problem
    if not found:
        raise InputError(f"{target}: no language has a split {' or '.join(_TEST_SPLITS)}")


def _seed(task: str) -> int:
    return zlib.crc32(task.encode())
