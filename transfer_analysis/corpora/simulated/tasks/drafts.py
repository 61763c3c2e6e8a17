"""Examples whose sentences are not written down yet: as text, or as glosses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from transfer_analysis.corpora.records import Record
from transfer_analysis.corpora.simulated.drawing import Stream
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.sentence import Sentence, Word

#: Column → value; sentences, passages and answers in it are still to be written.
Draft = dict[str, Any]

#: Makes an example: the stream draws its meaning, the speaker has one of its own for words.
Maker = Callable[[Stream, Speaker], Draft]

#: How a word is written: its form, or its gloss.
Writing = Callable[[Word], str]

#: Stands between the sentences of a passage, in every language.
STOP = " . "


@dataclass(frozen=True)
class Passage:
    """Sentences, one after the other."""

    sentences: Sequence[Sentence]


@dataclass(frozen=True)
class Answer:
    """Words, which stand side by side, of one sentence of a passage; none where there is no answer."""

    passage: Passage
    sentence: int
    words: Sequence[int]


def written(value: Any, writing: Writing) -> Any:
    """Write down whatever a draft holds."""
    if isinstance(value, Sentence):
        return " ".join([writing(word) for word in value.words])
    if isinstance(value, Passage):
        return STOP.join([written(sentence, writing) for sentence in value.sentences])
    if isinstance(value, Answer):
        return _answer(value, writing)
    if isinstance(value, dict):
        return {key: written(item, writing) for key, item in value.items()}
    if isinstance(value, list):
        return [written(item, writing) for item in value]
    return writing(value) if isinstance(value, Word) else value


def as_record(draft: Draft, writing: Writing) -> Record:
    """Return an example as the record that a corpus gives."""
    return {column: written(value, writing) for column, value in draft.items()}


def _answer(answer: Answer, writing: Writing) -> dict[str, list[Any]]:
    """Return an answer and where it begins, in the manner of SQuAD."""
    if not answer.words:
        return {"text": [], "answer_start": []}
    before = [written(sentence, writing) for sentence in answer.passage.sentences[: answer.sentence]]
    words = [writing(word) for word in answer.passage.sentences[answer.sentence].words]
    first, last = min(answer.words), max(answer.words)
    start = sum(len(text) + len(STOP) for text in before) + sum(len(word) + 1 for word in words[:first])
    return {"text": [" ".join(words[first : last + 1])], "answer_start": [start]}
