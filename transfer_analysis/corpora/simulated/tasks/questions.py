"""Questions whose answer is a span of a passage, or that have none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transfer_analysis.corpora.simulated.drawing import Stream, choose, other
from transfer_analysis.corpora.simulated.grammar import PARTICIPANTS, Asked, Speaker
from transfer_analysis.corpora.simulated.meaning import CIRCUMSTANCES, Event, Participant, actions_of, draw_event
from transfer_analysis.corpora.simulated.tasks.drafts import Answer, Draft, Passage

#: Roles of the words that answer a question for a part of an event.
_ANSWERING = {
    "agent": ("AGENT", "AGENT-MODIFIER"),
    "patient": ("PATIENT", "PATIENT-MODIFIER"),
    "place": ("PLACE", "RELATION"),
    "time": ("TIME",),
}


def on_participants(rng: Stream, speaker: Speaker) -> Draft:
    """Who did it, or to whom or what: the question says the rest in other words, in the manner of SQuAD."""
    events = _events(rng, 2)
    asked = choose(rng, PARTICIPANTS)
    return _question(rng, speaker, events, events[0].without(choose(rng, CIRCUMSTANCES)), asked)


def on_circumstances(rng: Stream, speaker: Speaker) -> Draft:
    """Where or when it was done."""
    events = _events(rng, 2)
    asked = choose(rng, CIRCUMSTANCES)
    return _question(rng, speaker, events, _only(events[0], asked), asked)


def in_few_words(rng: Stream, speaker: Speaker) -> Draft:
    """Any part of an event, asked for in a few words that say little of the rest, in the manner of TyDi QA."""
    events = _events(rng, 3)
    asked = choose(rng, (*PARTICIPANTS, *CIRCUMSTANCES))
    return _question(rng, speaker, events, _bare(_only(events[0], asked)), asked)


def with_or_without_answer(rng: Stream, speaker: Speaker) -> Draft:
    """As on participants, but half of the questions are on an event that nobody told of, in the manner of SQuAD 2."""
    events = _events(rng, 2)
    asked = choose(rng, PARTICIPANTS)
    about = events[0].without("place", "time")
    if rng.random() < 0.5:
        return _question(rng, speaker, events, about, asked)
    told = [event.action for event in events]
    told += [who.doing[0] for event in events for who in (event.agent, event.patient) if who.doing]
    unheard = replace(about, action=other(rng, actions_of(about.agent), *told))
    return _question(rng, speaker, events, unheard, asked, answered=False)


def _events(rng: Stream, count: int) -> list[Event]:
    """Draw events of one domain that differ in who, what and whom, so that only matching the question tells them apart."""
    events = [draw_event(rng, circumstances=1.0)]
    while len(events) < count:
        event = draw_event(rng, events[0].domain, circumstances=1.0)
        taken = {concept for told in events for concept in (told.agent.concept, told.action, told.patient.concept)}
        if not taken & {event.agent.concept, event.action, event.patient.concept}:
            events.append(event)
    return events


def _question(
    rng: Stream, speaker: Speaker, events: Sequence[Event], about: Event, asked: Asked, *, answered: bool = True
) -> Draft:
    """Return a question on the first event, which is told among the others in random order."""
    order = rng.sample(range(len(events)), len(events))
    passage = Passage([speaker.say(events[i]) for i in order])
    place = order.index(0)
    words = passage.sentences[place].of(*_ANSWERING[asked]) if answered else []
    return {
        "context": passage,
        "question": speaker.say(about, asked=asked),
        "answers": Answer(passage, place, words),
    }


def _only(event: Event, asked: Asked) -> Event:
    """Leave out the circumstance that is not asked for; both where a participant is."""
    if asked in PARTICIPANTS:
        return event.without("place", "time")
    return event.without("place" if asked == "time" else "time")


def _bare(event: Event) -> Event:
    """Leave out what tells more of the participants."""

    def bare(who: Participant) -> Participant:
        return Participant(who.concept, definite=who.definite, entity=who.entity)

    return replace(event, agent=bare(event.agent), patient=bare(event.patient))
