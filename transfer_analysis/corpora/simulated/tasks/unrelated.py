"""Intermediate tasks cut off from what target tasks need: the same sentences, answered by a rule on single words.

The dial `task_relatedness` mixes these in. The rule is the same throughout a world and can be learnt, but only by heart.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from transfer_analysis.corpora.simulated.sentence import Sentence, Word
from transfer_analysis.corpora.simulated.tasks.drafts import Answer, Draft, Passage
from transfer_analysis.errors import InputError

#: Tags that words have by the rule: some that supertagging has too.
_TAGS = ("NP", "N", "NP/N", "N/N", "S/S", "S\\S", r"(S\NP)/NP")

#: What else an answer may be: a span of one of these roles.
_ROLES = ("AGENT", "PATIENT", "PLACE", "TIME")


def unrelated(draft: Draft) -> Draft:
    """Return an example with its answer replaced by what the rule says."""
    changed = {column: rule(draft) for column, rule in _RULES.items() if column in draft}
    if not changed:
        raise InputError(f"no rule for an example with {', '.join(draft)}")
    return {**draft, **changed}


def key(word: Word) -> int:
    """Return the number that the rule knows a word by."""
    return zlib.crc32(word.lemma.encode())


def _first(draft: Draft) -> Sentence:
    """Return the first sentence of an example."""
    value = next(value for value in draft.values() if isinstance(value, Sentence | Passage))
    return value if isinstance(value, Sentence) else value.sentences[0]


def _action(draft: Draft) -> int:
    sentence = _first(draft)
    return key(sentence.words[(sentence.of("ACTION") or [0])[0]])


def _label(draft: Draft) -> Any:
    """Return the label that the first sentence's action stands for."""
    labels = {"sentence1": 2, "text": 6, "ctx": 4}
    label = _action(draft) % next(count for column, count in labels.items() if column in draft)
    return str(label) if isinstance(draft["label"], str) else label


def _choice(draft: Draft) -> str:
    """Return the choice whose word has the largest number."""
    words = [sentence.words[0] for sentence in draft["choices"]["text"]]
    letters: list[str] = draft["choices"]["label"]
    return letters[max(range(len(words)), key=lambda i: key(words[i]))]


def _span(draft: Draft) -> Answer:
    """Return a participant or circumstance of the first sentence: the one that its action stands for."""
    passage: Passage = draft["context"]
    sentence = passage.sentences[0]
    there = [role for role in _ROLES if sentence.of(role)]
    return Answer(passage, 0, sentence.of(there[_action(draft) % len(there)])[:1])


def _tags(draft: Draft) -> list[str]:
    """Return a tag for each word that only its own number decides."""
    return [_TAGS[key(word) % len(_TAGS)] for word in draft["tokens"]]


def _heads(draft: Draft) -> list[str]:
    """Return each word's left neighbour as its head."""
    return [str(i) for i in range(len(draft["tokens"]))]


#: Column that holds the answer → what the rule puts there.
_RULES: dict[str, Callable[[Draft], Any]] = {
    "label": _label,
    "similarity_score": lambda draft: float(_action(draft) % 6),
    "answerKey": _choice,
    "answers": _span,
    "tags": _tags,
    "head": _heads,
    "deprel": lambda draft: ["root", *["dep"] * (len(draft["tokens"]) - 1)],
}
