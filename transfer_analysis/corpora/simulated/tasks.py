"""The tasks of the simulated world: how each makes an example out of meanings.

What a task needs, and so which intermediate task should help it:

=================== ============================================================================
sim-paraphrase      who did what to whom (word order), synonyms
sim-inference       negation, opposites, what was said and what was not
sim-qa              matching a question with a sentence, finding a participant
sim-pos             categories of words
sim-entailment      negation, what was said and what was not
sim-duplicates      shared words, synonyms; word order does not matter
sim-similarity      how much two sentences share
sim-circumstances   matching a question with a sentence, finding a place or a time
sim-roles           who did what to whom (word order)
sim-topic           domain of the words
=================== ============================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from transfer_analysis.corpora.records import Record
from transfer_analysis.corpora.simulated.grammar import Asked, Sentence, Speaker
from transfer_analysis.corpora.simulated.meaning import (
    Concept,
    Event,
    Participant,
    choose,
    draw_event,
    inventory,
    opposite,
    other,
)

Text = Callable[[Sentence], str]
Maker = Callable[[np.random.Generator, Speaker, Text], Record]

#: Stands between the sentences of a document, in every language.
STOP = " . "


def paraphrase(rng: np.random.Generator, speaker: Speaker, text: Text) -> Record:
    """Same meaning in other words, or a trap: agent and patient exchanged."""
    event = draw_event(rng, people=1.0)
    label = int(rng.integers(2))
    second = event if label else replace(event, agent=event.patient, patient=event.agent)
    return {"sentence1": text(speaker.say(event)), "sentence2": text(speaker.say(second)), "label": label}


def inference(rng: np.random.Generator, speaker: Speaker, text: Text) -> Record:
    """Entailment (less is said), neutral (more is said) or contradiction (negation, opposite property)."""
    event = _qualified(rng, draw_event(rng, circumstances=1.0))
    less = event.without(("place", "time")[int(rng.integers(2))])
    label = int(rng.integers(3))
    pairs = {0: (event, less), 1: (less, event), 2: (event, _contradicted(rng, less))}
    first, second = pairs[label]
    return {"premise": text(speaker.say(first)), "hypothesis": text(speaker.say(second)), "label": label}


def entailment(rng: np.random.Generator, speaker: Speaker, text: Text) -> Record:
    """Whether the first sentence entails the second."""
    event = _qualified(rng, draw_event(rng, circumstances=1.0))
    label = int(rng.integers(2))
    less = event.without(*(("place",), ("time",), ("place", "time"))[int(rng.integers(3))])
    second = less if label else _contradicted(rng, less)
    return {"sentence1": text(speaker.say(event)), "sentence2": text(speaker.say(second)), "label": label}


def duplicates(rng: np.random.Generator, speaker: Speaker, text: Text) -> Record:
    """Same meaning in other words, or another event of the same domain that shares one or two parts."""
    event = draw_event(rng)
    label = int(rng.integers(2))
    second = event if label else _altered(rng, event, rng.permutation(5)[: int(rng.integers(3, 5))])
    return {"sentence1": text(speaker.say(event)), "sentence2": text(speaker.say(second)), "label": label}


def similarity(rng: np.random.Generator, speaker: Speaker, text: Text) -> Record:
    """Graded similarity, 0 to 5: how many of agent, action, patient, place and time two events share."""
    event = draw_event(rng, circumstances=1.0)
    altered = np.flatnonzero(rng.random(5) < 0.5)
    second = _altered(rng, event, altered)
    return {
        "sentence1": text(speaker.say(event)),
        "sentence2": text(speaker.say(second)),
        "similarity_score": float(5 - len(altered)),
    }


def questions(asked: tuple[Asked, ...]) -> Maker:
    """Return the maker of span questions on these parts of an event."""

    def make(rng: np.random.Generator, speaker: Speaker, text: Text) -> Record:
        part = asked[int(rng.integers(len(asked)))]
        event = draw_event(rng, circumstances=1.0)
        # The second sentence is about the same domain, so that only matching the question tells them apart.
        distractor = draw_event(rng, event.domain, circumstances=1.0)
        distractor = replace(distractor, action=other(rng, inventory().of("action"), event.action))
        told = speaker.say(event)
        sentences = [text(told), text(speaker.say(distractor))]
        if rng.random() < 0.5:
            sentences.reverse()
        context = STOP.join(sentences)
        roles = {
            "agent": ("AGENT", "AGENT-MODIFIER"),
            "patient": ("PATIENT", "PATIENT-MODIFIER"),
            "place": ("PLACE", "RELATION"),
            "time": ("TIME",),
        }[part]
        answer = text(Sentence(tuple(word for word in told.words if word.role in roles)))
        start = context.index(text(told)) + text(told).index(answer)
        return {
            "context": context,
            "question": text(speaker.say(event.without("place" if part == "time" else "time"), asked=part)),
            "answers": {"text": [answer], "answer_start": [start]},
        }

    return make


def tagging(kind: str) -> Maker:
    """Return the maker of tagged sentences; `kind` is the attribute of a word that is its tag (`part`, `role`)."""

    def make(rng: np.random.Generator, speaker: Speaker, text: Text) -> Record:
        words = speaker.say(draw_event(rng)).words
        return {
            "tokens": [text(Sentence((word,))) for word in words],
            "tags": [getattr(word, kind) for word in words],
        }

    return make


def topic(rng: np.random.Generator, speaker: Speaker, text: Text) -> Record:
    """The domain of a document of two sentences."""
    label = int(rng.integers(len(inventory().domains)))
    domain = inventory().domains[label]
    sentences = [text(speaker.say(draw_event(rng, domain))) for _ in range(2)]
    return {"text": STOP.join(sentences), "label": label}


def document(rng: np.random.Generator, speaker: Speaker, text: Text) -> str:
    """Return two sentences about one agent, for pretraining."""
    first = draw_event(rng)
    second = replace(draw_event(rng, first.domain), agent=first.agent)
    if second.patient.concept == second.agent.concept:
        second = replace(second, patient=first.patient)
    return STOP.join(text(speaker.say(event)) for event in (first, second))


MAKERS: dict[str, Maker] = {
    "sim-paraphrase": paraphrase,
    "sim-inference": inference,
    "sim-qa": questions(("agent", "patient")),
    "sim-pos": tagging("part"),
    "sim-entailment": entailment,
    "sim-duplicates": duplicates,
    "sim-similarity": similarity,
    "sim-circumstances": questions(("place", "time")),
    "sim-roles": tagging("role"),
    "sim-topic": topic,
}


def _qualified(rng: np.random.Generator, event: Event) -> Event:
    """Give the agent a property, so that it can be contradicted."""
    if event.agent.concept.category == "name" or event.agent.quality is not None:
        return event
    return replace(event, agent=replace(event.agent, quality=choose(rng, inventory().of("property"))))


def _contradicted(rng: np.random.Generator, event: Event) -> Event:
    if event.agent.quality is None or rng.random() < 0.5:
        return replace(event, negated=not event.negated)
    return replace(event, agent=replace(event.agent, quality=opposite(event.agent.quality)))


def _altered(rng: np.random.Generator, event: Event, parts: np.ndarray) -> Event:
    """Replace the parts with these numbers: agent, action, patient, place, time."""
    known = inventory()

    def another(participant: Participant, avoid: Concept) -> Participant:
        concept = participant.concept
        options = tuple(c for c in known.of(concept.category, concept.domain) if c not in (concept, avoid))
        return replace(participant, concept=choose(rng, options))

    if 0 in parts:
        event = replace(event, agent=another(event.agent, event.patient.concept))
    if 1 in parts:
        event = replace(event, action=other(rng, known.of("action"), event.action))
    if 2 in parts:
        event = replace(event, patient=another(event.patient, event.agent.concept))
    if 3 in parts and event.place is not None:
        event = replace(event, place=other(rng, known.of("place"), event.place))
    if 4 in parts and event.time is not None:
        event = replace(event, time=other(rng, known.of("time"), event.time))
    return event
