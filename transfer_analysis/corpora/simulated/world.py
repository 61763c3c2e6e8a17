"""The simulated world as a corpus: pretraining text and examples of every task, fully determined by a seed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from transfer_analysis.corpora.records import Record, Sample
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.languages import SimulatedLanguage, simulated_language
from transfer_analysis.corpora.simulated.tasks import MAKERS, Text, document
from transfer_analysis.errors import InputError, nearest

#: Examples in a split where nobody says how many.
_COUNT = 1_000


@dataclass(frozen=True)
class World:
    """A simulated world.

    Attributes
    ----------
    spoken
        Codes of the real languages whose doubles are spoken; the first is the source language.
    seed
        Determines every word and every example.
    """

    spoken: tuple[str, ...]
    seed: int = 0

    def language(self, code: str) -> SimulatedLanguage:
        """Return the double of a language."""
        if code not in self.spoken:
            raise InputError(f"the simulated world does not speak {code!r}{nearest(code, self.spoken)}")
        return simulated_language(code, self.seed)

    def languages(self, task: str) -> list[str]:
        """Return the languages of the world; every task has all."""
        return list(self.spoken)

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return examples; there is no end to them, so the first ones are as random as any."""
        return Sample(self.examples(task, language, split, count), list(range(1, count + 1)), count)

    def examples(self, task: str, language: str, split: str, count: int | None = None) -> list[Record]:
        """Return examples of a task, with the column names of the real task that it is the double of.

        The same split holds the same meanings in every language, as the test sets of XTREME do.
        """
        count = _COUNT if count is None else count
        return self._made(task, self.language(language), split, count, lambda sentence: sentence.text)

    def glossed(self, task: str, language: str, count: int) -> list[Record]:
        """Return the training examples of a task with every word as its English lemma, in the language's own order."""
        return self._made(task, self.language(language), "train", count, lambda sentence: sentence.gloss)

    def glosses(self, task: str, count: int) -> list[str]:
        """Return the source language's training examples in English lemmas, one text each, for text-based distances."""
        return [_as_text(record) for record in self.glossed(task, self.spoken[0], count)]

    def text(self, language: str, count: int, *, offset: int = 0) -> list[str]:
        """Return documents of two sentences.

        The document of a number means the same in every language; `offset` is the first number, so that languages
        can be given different documents, or aligned ones.
        """
        speaker_of = self.language(language)
        documents = []
        for number in range(offset, offset + count):
            speaker = Speaker(speaker_of, self._stream("words", language, str(number)))
            documents.append(document(self._stream("text", str(number)), speaker, lambda sentence: sentence.text))
        return documents

    def vocabulary(self, language: str) -> list[str]:
        """Return the words of a language, sorted."""
        return sorted(set(self.language(language).words.values()))

    def _made(self, task: str, language: SimulatedLanguage, split: str, count: int, text: Text) -> list[Record]:
        if task not in MAKERS:
            raise InputError(f"the simulated world has no task {task!r}{nearest(task, MAKERS)}")
        meanings = self._stream("meaning", task, split)
        speaker = Speaker(language, self._stream("words", task, split, language.code))
        return [MAKERS[task](meanings, speaker, text) for _ in range(count)]

    def _stream(self, *names: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, zlib.crc32("/".join(names).encode())])


def _as_text(record: Record) -> str:
    """Join whatever a record says, question and pairs included, into one text."""
    parts = []
    for key in ("premise", "hypothesis", "sentence1", "sentence2", "question", "context", "text"):
        if key in record:
            parts.append(str(record[key]))
    if "tokens" in record:
        parts.append(" ".join(record["tokens"]))
    return " ".join(parts)
