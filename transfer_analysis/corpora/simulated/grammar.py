"""From meaning to sentence: words in the order of a language, with their annotation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from transfer_analysis.corpora.simulated.concepts import NAMES, Concept
from transfer_analysis.corpora.simulated.drawing import Stream
from transfer_analysis.corpora.simulated.languages import NOUNS, SimulatedLanguage
from transfer_analysis.corpora.simulated.meaning import Comparison, Event, Joined, Participant, Statement
from transfer_analysis.corpora.simulated.sentence import Sentence, Word
from transfer_analysis.corpora.simulated.typology import Side

Asked = Literal["agent", "patient", "place", "time"]
PARTICIPANTS: tuple[Asked, ...] = ("agent", "patient")

#: Universal part of speech of each category of content words.
_PARTS = {
    **dict.fromkeys(NOUNS, "NOUN"),
    **dict.fromkeys(NAMES, "PROPN"),
    "action": "VERB",
    "property": "ADJ",
    "numeral": "NUM",
    "relation": "ADP",
    "time": "ADV",
}

#: Universal part of speech of each word of grammar.
_PARTICLES = {
    "not": "PART",
    "question": "PART",
    "who": "PRON",
    "what": "PRON",
    "where": "ADV",
    "when": "ADV",
    "the": "DET",
    "a": "DET",
    "of": "ADP",
    "than": "ADP",
    "that": "SCONJ",
    "because": "SCONJ",
    "and": "CCONJ",
    "be": "AUX",
}

_ASKED = {"agent": "who", "patient": "what", "place": "where", "time": "when"}

Words = list[Word]


class Speaker:
    """Puts meanings into the words of one language.

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
    source
        Speaks the source language, for tasks that have both; this speaker itself where not given.
    """

    def __init__(
        self,
        language: SimulatedLanguage,
        rng: Stream,
        *,
        synonyms: float = 0.3,
        variation: float = 0.3,
        source: Speaker | None = None,
    ) -> None:
        self.source = source or self
        self.forms = language.forms
        self.grammar = language.typology
        self.rng = rng
        self.synonyms = synonyms
        self.variation = variation

    def say(self, statement: Statement, *, asked: Asked | None = None, question: bool = False) -> Sentence:
        """Return the sentence for a statement.

        Parameters
        ----------
        asked
            The part of an event that a question asks for; a question word stands in its place.
        question
            Ask whether it is so.
        """
        if isinstance(statement, Event):
            phrases = self._event(statement, asked)
        elif isinstance(statement, Comparison):
            phrases = self._comparison(statement)
        else:
            phrases = self._joined(statement)
        if question or asked:
            self._mark_question(phrases)
        return Sentence([word for phrase in phrases for word in phrase])

    def name(self, concept: Concept) -> Sentence:
        """Return a concept by itself, as a sentence of one word."""
        return Sentence([self._word(concept, "", "root")])

    def phrase(self, who: Participant) -> Sentence:
        """Return a noun phrase by itself."""
        return Sentence(self._phrase(who, "", "root", None)[0])

    def question_about(self, *asked: str | Concept) -> Sentence:
        """Return a question of bare words (what part of cart), in the order given, with the language's question mark."""
        words = [self._particle(a, "ASKED") if isinstance(a, str) else self._word(a, "", "obl") for a in asked]
        phrases = [[word] for word in words]
        self._mark_question(phrases)
        return Sentence([word for phrase in phrases for word in phrase])

    def _event(self, event: Event, asked: Asked | None = None) -> list[Words]:
        grammar = self.grammar
        plural = grammar.agreement and event.agent.plural and asked != "agent"
        verb = self._word(event.action, "ACTION", "root", mark="PL" if plural else "")
        circumstances = self._placed(event, verb, asked == "place")
        front: list[Words] = []
        if asked == "time" or event.time is not None:
            time = self._circumstance(event.time, verb, "TIME", "when" if asked == "time" else "")
            (front if self.rng.random() < self.variation else circumstances).append(time)
        predicate = [verb]
        if event.negated:
            negation = self._particle("not", "NEGATION", "advmod", verb)
            predicate = _beside(predicate, [negation], grammar.negation)
        parts = {
            "S": [self._participant(event.agent, "AGENT", "nsubj", verb, asked == "agent")],
            "V": [predicate],
            "O": [self._participant(event.patient, "PATIENT", "obj", verb, asked == "patient")],
        }
        if grammar.circumstance == "before":
            parts["V"] = [*circumstances, *parts["V"]]
            circumstances = []
        return [*front, *(phrase for letter in grammar.clause for phrase in parts[letter]), *circumstances]

    def _comparison(self, said: Comparison) -> list[Words]:
        quality = self._word(said.quality, "ACTION", "root")
        copula = self._particle("be", "COPULA", "cop", quality)
        standard = self._phrase(said.second, "PATIENT", "obl", quality)
        than = self._particle("than", "RELATION", "case", standard[1])
        parts = {
            "S": self._phrase(said.first, "AGENT", "nsubj", quality)[0],
            "V": [copula, quality] if self.grammar.verb_first else [quality, copula],
            "O": _beside(standard[0], [than], self.grammar.adposition),
        }
        return [parts[letter] for letter in self.grammar.clause]

    def _joined(self, said: Joined) -> list[Words]:
        first, second = self._event(said.first), self._event(said.second)
        main, other = _root(first), _root(second)
        other.head = main
        if said.link == "and":
            other.relation = "conj"
            return [*first, [self._particle("and", "LINK", "cc", other)], *second]
        other.relation = "advcl"
        link = [self._particle("because", "LINK", "mark", other)]
        if self.grammar.subordinator == "before":
            return [*first, link, *second]
        return [*second, link, *first]

    def _placed(self, event: Event, verb: Word, asked: bool) -> list[Words]:
        if asked:
            return [self._circumstance(None, verb, "ASKED", "where")]
        if event.place is None or event.relation is None:
            return []
        entity = "" if event.place.domain else "B-LOC"
        place = self._word(event.place, "PLACE", "obl", head=verb, entity=entity)
        adposition = self._word(event.relation, "RELATION", "case", head=place)
        return [_beside([place], [adposition], self.grammar.adposition)]

    def _circumstance(self, concept: Concept | None, verb: Word, role: str, asked: str) -> Words:
        if asked:
            return [self._particle(asked, "ASKED", "advmod", verb)]
        assert concept is not None
        return [self._word(concept, role, "advmod", head=verb)]

    def _participant(self, who: Participant, role: str, relation: str, verb: Word, asked: bool) -> Words:
        if asked:
            return [self._particle(_ASKED[role.lower()], "ASKED", relation, verb)]
        return self._phrase(who, role, relation, verb)[0]

    def _phrase(self, who: Participant, role: str, relation: str, head: Word | None) -> tuple[Words, Word]:
        """Return the words of a noun phrase, and its noun."""
        grammar, inner = self.grammar, f"{role}-MODIFIER"
        case = "ACC" if relation == "obj" and grammar.case != "none" else ""
        named = who.concept.category in NAMES
        article = not named and who.quantity is None and who.owner is None
        bound = article and who.definite and grammar.definite == "suffix"
        mark = "" if named else "-".join(m for m in ("DEF" if bound else "", case) if m)
        noun = self._word(who.concept, role, relation, mark=mark, head=head, entity=who.entity and f"B-{who.entity}")
        words = [noun]
        if who.surname is not None:
            words.append(self._word(who.surname, role, "flat", head=noun, entity=f"I-{who.entity}"))
        if who.quality is not None:
            agreeing = case if grammar.agreement_of_adjectives else ""
            words = _beside(
                words, [self._word(who.quality, inner, "amod", mark=agreeing, head=noun)], grammar.adjective
            )
        if who.quantity is not None:
            words = _beside(words, [self._word(who.quantity, inner, "nummod", head=noun)], grammar.numeral)
        if who.owner is not None:
            owner = self._word(who.owner, inner, "nmod", head=noun)
            of = self._particle("of", inner, "case", owner)
            words = [owner, of, *words] if grammar.genitive == "before" else [*words, of, owner]
        if article and not bound:
            words = self._with_article(words, noun, who.definite, inner)
        if who.beside is not None:
            second = self._word(who.beside, role, "conj", mark=case, head=noun)
            words = [*words, self._particle("and", role, "cc", second), second]
        if who.doing is not None:
            words = _beside(words, self._relative(*who.doing, noun, inner), grammar.relative)
        return words, noun

    def _with_article(self, words: Words, noun: Word, definite: bool, role: str) -> Words:
        grammar = self.grammar
        if definite and grammar.definite == "word":
            return _beside(words, [self._particle("the", role, "det", noun)], grammar.article)
        if not definite and grammar.indefinite:
            return _beside(words, [self._particle("a", role, "det", noun)], grammar.article)
        return words

    def _relative(self, action: Concept, thing: Concept, noun: Word, role: str) -> Words:
        """Return a relative clause, the word *that* on the side of the noun it belongs to."""
        case = "ACC" if self.grammar.case != "none" else ""
        verb = self._word(action, role, "acl", head=noun)
        patient = self._word(thing, role, "obj", mark=case, head=verb)
        that = self._particle("that", role, "mark", verb)
        clause = [verb, patient] if self.grammar.verb_first else [patient, verb]
        return [*clause, that] if self.grammar.relative == "before" else [that, *clause]

    def _mark_question(self, phrases: list[Words]) -> None:
        where = self.grammar.question
        if where != "none":
            marker = self._particle("question", "QUESTION", "discourse", _root(phrases))
            place = {"initial": 0, "second": 1, "final": len(phrases)}[where]
            phrases.insert(place, [marker])

    def _word(
        self, concept: Concept, role: str, relation: str, *, mark: str = "", head: Word | None = None, entity: str = ""
    ) -> Word:
        words = concept.words
        lemma = words[0]
        if len(words) > 1 and self.rng.random() < self.synonyms:
            lemma = words[1]
        category = concept.category
        form = self.forms[category, lemma, mark]
        return Word(form, lemma, mark, _PARTS[category], role, relation, head, entity or "O")

    def _particle(self, name: str, role: str, relation: str = "discourse", head: Word | None = None) -> Word:
        return Word(self.forms["particle", name, ""], name, "", _PARTICLES[name], role, relation, head, "O")


def _beside(words: Words, added: Words, side: Side) -> Words:
    return [*added, *words] if side == "before" else [*words, *added]


def _root(phrases: Sequence[Words]) -> Word:
    return next(word for phrase in phrases for word in phrase if word.head is None)
