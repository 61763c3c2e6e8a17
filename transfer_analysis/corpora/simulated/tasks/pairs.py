"""Tasks on one or two sentences: paraphrase, inference, similarity, topic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transfer_analysis.corpora.simulated.concepts import Concept, inventory
from transfer_analysis.corpora.simulated.drawing import Stream, choose, draw_below, other
from transfer_analysis.corpora.simulated.grammar import Speaker
from transfer_analysis.corpora.simulated.meaning import CIRCUMSTANCES, Event, Participant, draw_event, draw_place
from transfer_analysis.corpora.simulated.tasks.drafts import Draft, Passage


def paraphrase(rng: Stream, speaker: Speaker) -> Draft:
    """Same meaning in other words, or a trap in the manner of PAWS: agent and patient exchanged."""
    event = draw_event(rng, people=1.0)
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
    """Entailment (less is said, or a kind in place of what it is a kind of), neutral (more is said), contradiction."""
    event = _full(rng)
    label = draw_below(rng, 3)
    left_out, kept = rng.sample(CIRCUMSTANCES, 2)
    less = event.without(left_out)
    if label == 0:
        first, second = event, _raised(rng, less)
    elif label == 1:
        first, second = event.without(kept), _raised(rng, less)
    else:
        first, second = event, _contradicted(rng, less)
    return {"premise": speaker.say(first), "hypothesis": speaker.say(second), "label": label}


def entailment(rng: Stream, speaker: Speaker) -> Draft:
    """Whether the first sentence entails the second, which says less, or contradicts it."""
    event = _full(rng)
    label = draw_below(rng, 2)
    less = event.without(choose(rng, CIRCUMSTANCES))
    second = _raised(rng, less) if label else _contradicted(rng, less)
    return {"sentence1": speaker.say(event), "sentence2": speaker.say(second), "label": label}


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

    def another(participant: Participant, avoid: Concept) -> Participant:
        concept = participant.concept
        options = known.of(concept.category, concept.domain)
        return replace(participant, concept=other(rng, options, concept, avoid), owner=None, surname=None)

    if 0 in parts:
        event = replace(event, agent=another(event.agent, event.patient.concept))
    if 1 in parts:
        event = replace(event, action=other(rng, known.of("action"), event.action))
    if 2 in parts:
        event = replace(event, patient=another(event.patient, event.agent.concept))
    if 3 in parts and event.place is not None:
        place = event.place
        while place == event.place:
            place = draw_place(rng, choose(rng, known.domains))
        event = replace(event, place=place)
    if 4 in parts and event.time is not None:
        event = replace(event, time=other(rng, known.of("time"), event.time))
    return event


def _full(rng: Stream) -> Event:
    """Draw an event with a place, a time, and a property of a participant that could be contradicted."""
    event = draw_event(rng, circumstances=1.0, people=0.3)
    if event.agent.entity or event.agent.quality is not None:
        return event
    return replace(event, agent=replace(event.agent, quality=choose(rng, inventory().of("property")), doing=None))


def _raised(rng: Stream, event: Event) -> Event:
    """Put, at times, the kind in place of an unqualified patient."""
    kind = inventory().kind(event.patient.concept)
    if kind is None or event.negated or rng.random() < 0.5:
        return event
    return replace(event, patient=replace(event.patient, concept=kind))


def _contradicted(rng: Stream, event: Event) -> Event:
    if event.agent.quality is None or rng.random() < 0.5:
        return replace(event, negated=not event.negated)
    return replace(event, agent=replace(event.agent, quality=inventory().opposite(event.agent.quality)))
