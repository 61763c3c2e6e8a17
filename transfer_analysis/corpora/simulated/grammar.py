"""From meaning to sentence: words in the order of a language, with part of speech, role and gloss of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from transfer_analysis.corpora.simulated.languages import SimulatedLanguage
from transfer_analysis.corpora.simulated.meaning import Concept, Event, Participant, inventory

#: Part of speech of each category.
PARTS = {
    "person": "NOUN",
    "thing": "NOUN",
    "place": "NOUN",
    "name": "PROPN",
    "action": "VERB",
    "property": "ADJ",
    "numeral": "NUM",
    "relation": "ADP",
    "time": "ADV",
    "particle": "PART",
}

ROLES = (
    "AGENT",
    "AGENT-MODIFIER",
    "ACTION",
    "NEGATION",
    "PATIENT",
    "PATIENT-MODIFIER",
    "PLACE",
    "RELATION",
    "TIME",
    "ASKED",
)

Asked = Literal["agent", "patient", "place", "time"]

_QUESTION_WORDS = {"agent": "who", "patient": "what", "place": "where", "time": "when"}


@dataclass(frozen=True)
class Word:
    """One word of a sentence."""

    form: str
    part: str
    role: str
    gloss: str


@dataclass(frozen=True)
class Sentence:
    """Words in order."""

    words: tuple[Word, ...]

    @property
    def tokens(self) -> list[str]:
        """The forms."""
        return [word.form for word in self.words]

    @property
    def text(self) -> str:
        """The forms, joined by spaces."""
        return " ".join(self.tokens)

    @property
    def gloss(self) -> str:
        """English lemmas in the sentence's own order."""
        return " ".join(word.gloss for word in self.words)

    def span(self, roles: tuple[str, ...]) -> str:
        """The words of these roles as they stand; they are adjacent by construction."""
        return " ".join(word.form for word in self.words if word.role in roles)


class Speaker:
    """Puts events into the words of one language.

    Parameters
    ----------
    language
        The language spoken.
    rng
        Chooses synonyms and the place of circumstances.
    synonyms
        Probability of a word other than the usual one.
    variation
        Probability that the time stands at the front of the sentence.
    """

    def __init__(
        self, language: SimulatedLanguage, rng: np.random.Generator, *, synonyms: float = 0.3, variation: float = 0.3
    ) -> None:
        self.language = language
        self.rng = rng
        self.synonyms = synonyms
        self.variation = variation

    def say(self, event: Event, asked: Asked | None = None) -> Sentence:
        """Return the sentence for an event; with `asked`, the question for that part of it."""
        order = self.language.order
        front: list[Word] = []
        circumstances: list[Word] = []
        if asked == "place":
            circumstances += [self._particle("where", "ASKED")]
        elif event.place is not None and event.relation is not None:
            circumstances += self._placed(event.relation, event.place)
        if asked == "time" or event.time is not None:
            time = self._particle("when", "ASKED") if asked == "time" else self._word(event.time, "TIME")
            (front if self.rng.random() < self.variation else circumstances).append(time)

        verb = [self._word(event.action, "ACTION")]
        if event.negated:
            negation = self._particle("not", "NEGATION")
            verb = [negation, *verb] if order.negation == "before" else [*verb, negation]
        verb = [*circumstances, *verb] if order.circumstance == "before" else verb
        parts = {
            "S": self._participant(event.agent, "AGENT", asked == "agent"),
            "V": verb,
            "O": self._participant(event.patient, "PATIENT", asked == "patient"),
        }
        words = [*front, *(word for letter in order.clause for word in parts[letter])]
        if order.circumstance == "after":
            words += circumstances
        return Sentence(tuple(words))

    def _participant(self, participant: Participant, role: str, asked: bool) -> list[Word]:
        if asked:
            return [self._particle(_QUESTION_WORDS[role.lower()], "ASKED")]
        order = self.language.order
        words = [self._word(participant.concept, role)]
        for modifier, side in ((participant.quality, order.adjective), (participant.quantity, order.numeral)):
            if modifier is not None:
                word = self._word(modifier, f"{role}-MODIFIER")
                words = [word, *words] if side == "before" else [*words, word]
        return words

    def _placed(self, relation: Concept, place: Concept) -> list[Word]:
        words = [self._word(place, "PLACE")]
        adposition = self._word(relation, "RELATION")
        return [adposition, *words] if self.language.order.adposition == "before" else [*words, adposition]

    def _word(self, concept: Concept | None, role: str) -> Word:
        assert concept is not None
        lemma = concept.name
        if len(concept.words) > 1 and self.rng.random() < self.synonyms:
            lemma = concept.words[int(self.rng.integers(1, len(concept.words)))]
        return Word(self.language.words[concept.category, lemma], PARTS[concept.category], role, lemma)

    def _particle(self, name: str, role: str) -> Word:
        assert any(concept.name == name for concept in inventory().of("particle"))
        return Word(self.language.words["particle", name], PARTS["particle"], role, name)
