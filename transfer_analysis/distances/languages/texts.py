"""Text of languages for distances that a tokenizer decides: sentences, and words where they are annotated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from transfer_analysis.corpora.records import Corpus, Record, first_split, text_of
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import Task

#: Splits that are read, the first there is.
_SPLITS = ("test", "validation", "train")


@dataclass(frozen=True)
class LanguageTexts:
    """Sentences of languages.

    Attributes
    ----------
    sentences
        Language → sentences.
    words
        Language → the words of each sentence, where the task has tokens; empty where it has none.
    """

    sentences: dict[str, list[str]]
    words: dict[str, list[list[str]]]


def language_texts(corpus: Corpus, task: Task, languages: Sequence[str], count: int) -> LanguageTexts:
    """Read the first sentences of a task in each language: the same ones where the task is aligned.

    Parameters
    ----------
    languages
        Those wanted; all that the task has where none is given.

    Raises
    ------
    InputError
        For each language in which the task has no text.
    """
    sentences: dict[str, list[str]] = {}
    words: dict[str, list[list[str]]] = {}
    problems: list[str] = []
    for language in languages or corpus.languages(task.name):
        try:
            _, records = first_split(_SPLITS, partial(_records, corpus, task, language, count), task.name)
        except InputError as error:
            problems += error.problems
            continue
        sentences[language] = [text_of(task, record) for record in records]
        if "tokens" in task.columns:
            words[language] = [[str(token) for token in record[task.columns["tokens"]]] for record in records]
    if problems:
        raise InputError(problems)
    return LanguageTexts(sentences, words)


def _records(corpus: Corpus, task: Task, language: str, count: int, split: str) -> list[Record]:
    return corpus.examples(task.name, language, split, count)
