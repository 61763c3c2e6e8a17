"""Text to pretrain on: documents of two sentences that hang together."""

from __future__ import annotations

from dataclasses import replace

from transfer_analysis.corpora.simulated.concepts import inventory
from transfer_analysis.corpora.simulated.drawing import Stream, choose
from transfer_analysis.corpora.simulated.grammar import PARTICIPANTS, Asked, Speaker
from transfer_analysis.corpora.simulated.meaning import (
    CORPORATE,
    Event,
    Joined,
    Participant,
    Statement,
    actions_of,
    draw_cause,
    draw_company,
    draw_comparison,
    draw_event,
)
from transfer_analysis.corpora.simulated.sentence import Sentence


def document(rng: Stream, speaker: Speaker) -> list[Sentence]:
    """Return two sentences of one domain.

    They tell a cause and its effect, in two sentences or one; or what somebody or a company did, and then what was done
    next, the same in other words, a comparison, or a question on it. Every word of the language occurs.
    """
    domain = choose(rng, inventory().domains)
    chance = rng.random()
    if chance < 0.2:
        cause, effect = draw_cause(rng, domain)
        if chance < 0.12:
            return [speaker.say(cause), speaker.say(effect)]
        return [speaker.say(Joined(effect, "because", cause)), speaker.say(_next(rng, effect, domain))]
    first = draw_event(rng, domain)
    if chance > 0.9:
        action = inventory().named("action", choose(rng, CORPORATE))
        first = replace(first, agent=draw_company(rng), action=action)
    told = speaker.say(first)
    if chance < 0.35:
        there: list[Asked] = [*PARTICIPANTS]
        there += ["place"] if first.place is not None else []
        there += ["time"] if first.time is not None else []
        return [told, speaker.say(first, asked=choose(rng, there))]
    if chance < 0.4:
        return [told, speaker.say(first, question=True)]
    if chance < 0.5:
        return [told, speaker.say(_with_kinds(first))]
    return [told, speaker.say(_next(rng, first, domain))]


def _next(rng: Stream, first: Event, domain: str) -> Statement:
    """Draw what is said next: a comparison, or an event, as often as not with the same agent."""
    if rng.random() < 0.15:
        return draw_comparison(rng, domain)
    second = draw_event(rng, domain)
    if rng.random() < 0.5 and second.patient.concept != first.agent.concept:
        return replace(second, agent=first.agent, action=choose(rng, actions_of(first.agent)))
    return second


def _with_kinds(event: Event) -> Event:
    """Put the kinds in place of the participants that are of some kind."""
    known = inventory()

    def raised(who: Participant) -> Participant:
        kind = known.kind(who.concept)
        return who if kind is None else replace(who, concept=kind)

    return replace(event, agent=raised(event.agent), patient=raised(event.patient))
