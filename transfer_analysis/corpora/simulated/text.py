"""Text to pretrain on: documents of two sentences that hang together."""

from __future__ import annotations

from dataclasses import replace

from transfer_analysis.corpora.simulated.concepts import inventory
from transfer_analysis.corpora.simulated.drawing import Stream, choose
from transfer_analysis.corpora.simulated.grammar import PARTICIPANTS, Asked, Speaker
from transfer_analysis.corpora.simulated.meaning import Event, Statement, draw_cause, draw_comparison, draw_event
from transfer_analysis.corpora.simulated.sentence import Sentence


def document(rng: Stream, speaker: Speaker) -> list[Sentence]:
    """Return two sentences of one domain: what somebody did and did next, or why, a comparison, or a question on it."""
    domain = choose(rng, inventory().domains)
    chance = rng.random()
    if chance < 0.2:
        cause, effect = draw_cause(rng, domain)
        return [speaker.say(cause), speaker.say(effect)]
    first = draw_event(rng, domain)
    told = speaker.say(first)
    if chance < 0.35:
        asked: Asked = "place" if first.place and rng.random() < 0.5 else choose(rng, PARTICIPANTS)
        return [told, speaker.say(first, asked=asked)]
    if chance < 0.4:
        return [told, speaker.say(first, question=True)]
    return [told, speaker.say(_next(rng, first, domain))]


def _next(rng: Stream, first: Event, domain: str) -> Statement:
    """Draw what is said next: a comparison, or an event with the same agent as the first or on the same thing."""
    if rng.random() < 0.15:
        return draw_comparison(rng, domain)
    second = draw_event(rng, domain)
    if rng.random() < 0.5:
        patient = first.patient if second.patient.concept == first.agent.concept else second.patient
        return replace(second, agent=first.agent, patient=patient, action=second.action)
    return second
