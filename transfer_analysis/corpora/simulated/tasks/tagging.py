"""Tasks on words: parts of speech, named entities, supertags, dependencies."""

from __future__ import annotations

from dataclasses import replace

from transfer_analysis.corpora.simulated.concepts import inventory
from transfer_analysis.corpora.simulated.drawing import Stream, choose
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.meaning import (
    CORPORATE,
    Joined,
    Statement,
    actions_of,
    draw_cause,
    draw_company,
    draw_comparison,
    draw_event,
    named_person,
)
from transfer_analysis.corpora.simulated.sentence import Sentence, supertags
from transfer_analysis.corpora.simulated.tasks.drafts import Draft


def draw_statement(rng: Stream, domain: str = "") -> Statement:
    """Draw a statement of any form: mostly an event, at times a comparison or a cause."""
    chance = rng.random()
    domain = domain or choose(rng, inventory().domains)
    if chance < 0.12:
        return draw_comparison(rng, domain)
    if chance < 0.2:
        cause, effect = draw_cause(rng, domain)
        return Joined(effect, "because", cause)
    if chance < 0.26:
        return Joined(draw_event(rng, domain, circumstances=0.0), "and", draw_event(rng, domain, circumstances=0.0))
    return draw_event(rng, domain)


def parts_of_speech(rng: Stream, speaker: Speaker) -> Draft:
    """Part of speech of each word; a third of the verbs and adjectives are written as some noun is."""
    return _tagged(_said(rng, speaker), "part")


def entities(rng: Stream, speaker: Speaker) -> Draft:
    """People, towns and companies; some names may stand for any of them, and only the sentence tells."""
    event = draw_event(rng, circumstances=0.6)
    chance = rng.random()
    if chance < 0.35:
        person = named_person(rng, event.patient.concept)
        event = replace(event, agent=person, action=choose(rng, actions_of(person)))
    elif chance < 0.7:
        action = inventory().named("action", choose(rng, CORPORATE))
        event = replace(event, agent=draw_company(rng), action=action)
    return _tagged(speaker.say(event), "entity")


def supertagging(rng: Stream, speaker: Speaker) -> Draft:
    """Category of each word: what it combines with, and on which side."""
    sentence = _said(rng, speaker)
    return {"tokens": list(sentence.words), "tags": supertags(sentence)}


def parsing(rng: Stream, speaker: Speaker) -> Draft:
    """Head and relation of each word, in the manner of Universal Dependencies."""
    sentence = _said(rng, speaker)
    return {
        "tokens": list(sentence.words),
        "head": [str(head) for head in sentence.heads],
        "deprel": sentence.relations,
    }


def _said(rng: Stream, speaker: Speaker) -> Sentence:
    return speaker.say(draw_statement(rng), question=rng.random() < 0.1)


def _tagged(sentence: Sentence, kind: str) -> Draft:
    return {"tokens": list(sentence.words), "tags": [getattr(word, kind) for word in sentence.words]}
