"""The simulated world as a corpus: pretraining text and examples of every task, fully determined by a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from transfer_analysis.corpora.records import Record, Sample, text_of
from transfer_analysis.corpora.simulated.drawing import stream
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.languages import Dials, SimulatedLanguage, simulated_language
from transfer_analysis.corpora.simulated.tasks import INTERMEDIATES, MAKERS
from transfer_analysis.corpora.simulated.tasks.drafts import STOP, Draft, Writing, as_record
from transfer_analysis.corpora.simulated.tasks.unrelated import unrelated
from transfer_analysis.corpora.simulated.text import document
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import resolve
from transfer_analysis.tasks import load_catalogue

#: Examples in a split where nobody says how many.
_COUNT = 1_000


@dataclass(frozen=True)
class World:
    """A simulated world.

    Attributes
    ----------
    spoken
        Codes of the languages spoken: doubles of real ones, or crossings (`ja+de`). The first is the source language.
    seed
        Determines every word and every example.
    dials
        How much languages and tasks share.
    """

    spoken: tuple[str, ...]
    seed: int = 0
    dials: Dials = field(default_factory=Dials)

    def __post_init__(self) -> None:
        """Call languages by their own codes, whatever they are given as, so that a language has one text."""
        object.__setattr__(self, "spoken", tuple(resolve(code).code for code in self.spoken))

    def language(self, code: str) -> SimulatedLanguage:
        """Return a language of the world.

        Raises
        ------
        InputError
            For a language that is not spoken, or cannot be made.
        """
        own = resolve(code).code
        if own not in self.spoken:
            raise InputError(f"the simulated world does not speak {code!r}{nearest(code, self.spoken)}")
        return simulated_language(own, self.seed, self.dials, self.source)

    @property
    def source(self) -> str:
        """The source language."""
        return self.spoken[0]

    def revision(self, task: str, language: str) -> str:
        """Return nothing: a world is known by its seed."""
        return ""

    def languages(self, task: str) -> list[str]:
        """Return the languages that a task has examples in: all, but translations of the source language into itself."""
        return [code for code in self.spoken if task != "sim-bitext" or code != self.source]

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return examples; there is no end to them, so the first ones are as random as any."""
        return Sample(self.examples(task, language, split, count), list(range(1, count + 1)), count)

    def examples(self, task: str, language: str, split: str, count: int | None = None) -> list[Record]:
        """Return examples of a task, with the column names of the real task that it is the double of.

        The same split holds the same meanings in every language, as the test sets of XTREME do.
        """
        return self._records(task, language, split, _COUNT if count is None else count, lambda word: word.form)

    def glossed(self, task: str, language: str, split: str, count: int) -> list[Record]:
        """Return examples with every word as its English lemma, in the language's own order."""
        return self._records(task, language, split, count, lambda word: word.gloss)

    def glosses(self, task: str, count: int) -> list[str]:
        """Return the source language's training examples in English lemmas, one text each, for text-based distances."""
        about = load_catalogue()[task]
        language = self.source if self.source in self.languages(task) else self.languages(task)[0]
        return [text_of(about, record) for record in self.glossed(task, language, "train", count)]

    def text(self, language: str, count: int, *, offset: int = 0) -> list[str]:
        """Return documents of two sentences.

        The document of a number means the same in every language; `offset` is the first number, so that languages
        can be given different documents, or aligned ones.
        """
        spoken = self.language(language)
        documents = []
        for number in range(offset, offset + count):
            speaker = Speaker(spoken, stream(self.seed, "words", spoken.code, number))
            sentences = document(stream(self.seed, "text", number), speaker)
            documents.append(STOP.join([sentence.text for sentence in sentences]))
        return documents

    def pieces(self, language: str) -> list[str]:
        """Return what the text of a language consists of, words and endings, sorted."""
        return sorted(self.language(language).pieces)

    def _records(self, task: str, language: str, split: str, count: int, writing: Writing) -> list[Record]:
        drafts = self._drafts(task, language, split, count)
        return [{"id": f"{split}-{i}", **as_record(draft, writing)} for i, draft in enumerate(drafts, start=1)]

    def _drafts(self, task: str, language: str, split: str, count: int) -> Iterator[Draft]:
        if task not in MAKERS:
            raise InputError(f"the simulated world has no task {task!r}{nearest(task, MAKERS)}")
        code = self.language(language).code
        if code not in self.languages(task):
            raise InputError(f"{task} has no examples in {code}, the source language")
        meanings = stream(self.seed, "meaning", task, split)
        relations = stream(self.seed, "relatedness", task, split)
        speaker = self._speaker(code, task, split)
        for _ in range(count):
            draft = MAKERS[task](meanings, speaker)
            unfit = relations.random() >= self.dials.task_relatedness and task in INTERMEDIATES
            yield unrelated(draft) if unfit else draft

    def _speaker(self, language: str, *names: str) -> Speaker:
        source = Speaker(self.language(self.source), stream(self.seed, "words", "of the source", *names))
        return Speaker(self.language(language), stream(self.seed, "words", *names, language), source=source)
