"""Tasks on one or two sentences: paraphrase, inference, similarity, topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transfer_analysis.corpora.simulated.concepts import Concept, inventory
from transfer_analysis.corpora.simulated.drawing import Stream, choose, draw_below, other
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.meaning import (
    CIRCUMSTANCES,
    Circumstance,
    Event,
    Participant,
    actions_of,
    draw_event,
    draw_place,
)
from transfer_analysis.corpora.simulated.tasks.drafts import Draft, Passage


def paraphrase(rng: Stream, speaker: Speaker) -> Draft:
    """Same meaning in other words, or a trap in the manner of PAWS: agent and patient exchanged."""
    event = _exchangeable(rng)
    label = draw_below(rng, 2)
    second = event if label else replace(event, agent=event.patient, patient=event.agent)
    return {"sentence1": speaker.say(event), "sentence2": speaker.say(second), "label": label}


def duplicates(rng: Stream, speaker: Speaker) -> Draft:
    """Same meaning in other words, or another event of the same domain that shares one or two parts with the first."""
    event = draw_event(rng)
    label = draw_below(rng, 2)
    second = event if label else altered(rng, event, rng.sample(range(5), 3 + draw_below(rng, 2)))
    return {"sentence1": speaker.say(event), "sentence2": speaker.say(second), "label": label}


def inference(rng: Stream, speaker: Speaker) -> Draft:
    """Whether the first sentence entails the second, leaves it open, or contradicts it, in the manner of XNLI."""
    label = draw_below(rng, 3)
    premise, hypothesis = (_entailed, _undecided, _contradicted)[label](rng)
    return {"premise": speaker.say(premise), "hypothesis": speaker.say(hypothesis), "label": label}


def entailment(rng: Stream, speaker: Speaker) -> Draft:
    """Whether the first sentence entails the second, in the manner of RTE: if not, it is left open or contradicted."""
    label = draw_below(rng, 2)
    make = _entailed if label else choose(rng, (_undecided, _contradicted))
    premise, hypothesis = make(rng)
    return {"sentence1": speaker.say(premise), "sentence2": speaker.say(hypothesis), "label": label}


def similarity(rng: Stream, speaker: Speaker) -> Draft:
    """Graded similarity, 0 to 5: how many of agent, action, patient, place and time two events share."""
    event = draw_event(rng, circumstances=1.0)
    score = draw_below(rng, 6)
    second = altered(rng, event, rng.sample(range(5), 5 - score))
    return {"sentence1": speaker.say(event), "sentence2": speaker.say(second), "similarity_score": float(score)}


def topic(rng: Stream, speaker: Speaker) -> Draft:
    """The domain of two sentences."""
    label = draw_below(rng, len(inventory().domains))
    domain = inventory().domains[label]
    return {"text": Passage([speaker.say(draw_event(rng, domain)) for _ in range(2)]), "label": label}


def altered(rng: Stream, event: Event, parts: Sequence[int]) -> Event:
    """Replace the parts with these numbers: agent, action, patient, place, time."""
    known = inventory()

    def another(who: Participant, *avoid: Concept | None) -> Participant:
        options = known.of(who.concept.category, who.concept.domain)
        besides = [concept for concept in (who.concept, who.beside, *avoid) if concept is not None]
        return replace(who, concept=other(rng, options, *besides))

    if 0 in parts:
        event = replace(event, agent=another(event.agent, event.patient.concept))
    if 1 in parts:
        event = replace(event, action=other(rng, actions_of(event.agent), event.action))
    if 2 in parts:
        event = replace(event, patient=another(event.patient, event.agent.concept))
    if 3 in parts and event.place is not None:
        place = event.place
        while place == event.place:
            place = draw_place(rng, event.domain)
        event = replace(event, place=place)
    if 4 in parts and event.time is not None:
        event = replace(event, time=other(rng, known.of("time"), event.time))
    return event


def _exchangeable(rng: Stream) -> Event:
    """Draw an event whose patient could do to its agent what is done to it."""
    event = draw_event(rng, people=1.0)
    while event.action not in actions_of(event.patient):
        event = draw_event(rng, people=1.0)
    return event


def _entailed(rng: Stream) -> tuple[Event, Event]:
    """Draw an event and one that it entails; as often as not both did not happen, and the one that says less is first."""
    more, less = _more_and_less(rng)
    return (more, less) if rng.random() < 0.5 else (_negated(less), _negated(more))


def _undecided(rng: Stream) -> tuple[Event, Event]:
    """Draw an event, and one that may or may not have happened if the first did.

    The second has a place or time that the first leaves open, or the first only says of what kind something was. If
    the first did not happen, the second may have in another place, at another time, or with another of its kind.
    """
    more, less = _more_and_less(rng)
    if rng.random() < 0.5:
        return _negated(more), _negated(_strictly(more, less))
    kind = inventory().kind(more.patient.concept)
    if kind is not None and rng.random() < 0.4:
        of_kind = replace(more, patient=replace(more.patient, concept=kind))
        return of_kind, replace(less, patient=more.patient)
    told, other_one = rng.sample(CIRCUMSTANCES, 2)
    full = _with(rng, more, told)
    return _with(rng, full.without(told), other_one), full.without(other_one) if rng.random() < 0.5 else full


def _contradicted(rng: Stream) -> tuple[Event, Event]:
    """Draw an event, and one that cannot be if the first is: one of them did not happen, or somebody is the opposite."""
    more, less = _more_and_less(rng)
    quality = more.agent.quality
    if quality is None or rng.random() < 0.5:
        return (more, _negated(less)) if rng.random() < 0.5 else (_negated(less), more)
    turned = replace(less, agent=replace(less.agent, quality=inventory().opposite(quality)))
    return (more, turned) if rng.random() < 0.5 else (_negated(turned), _negated(more))


def _more_and_less(rng: Stream) -> tuple[Event, Event]:
    """Draw an event, and the same event with less said of it: a circumstance left out, or a kind named.

    Both are about somebody known: of somebody new, one could be as described and another not.
    """
    event = draw_event(rng, circumstances=1.0, people=0.4, negated=0.0)
    event = replace(event, agent=_known(rng, event.agent), patient=replace(event.patient, definite=True))
    first, second = rng.sample(CIRCUMSTANCES, 2)
    more = event if rng.random() < 0.5 else event.without(first)
    less = event.without(first, second) if rng.random() < 0.5 else event.without(first)
    kind = inventory().kind(less.patient.concept)
    if kind is not None and rng.random() < 0.4:
        less = replace(less, patient=replace(less.patient, concept=kind))
    return more, less


def _strictly(more: Event, less: Event) -> Event:
    """Return what says less than `more`: `less`, or where they are the same, `more` with a circumstance left out."""
    if less != more:
        return less
    return more.without("place" if more.place is not None else "time")


def _known(rng: Stream, agent: Participant) -> Participant:
    """Make an agent known, and give one that has no name a property, which could be another."""
    if agent.entity:
        return agent
    quality = agent.quality or choose(rng, inventory().of("property"))
    return replace(agent, quality=quality, definite=True, doing=None)


def _with(rng: Stream, event: Event, circumstance: Circumstance) -> Event:
    """Return the event with a place or a time, its own where it has one."""
    if circumstance == "time":
        return replace(event, time=event.time or choose(rng, inventory().of("time")))
    if event.place is not None:
        return event
    return replace(event, relation=choose(rng, inventory().of("relation")), place=draw_place(rng, event.domain))


def _negated(event: Event) -> Event:
    return replace(event, negated=not event.negated)
