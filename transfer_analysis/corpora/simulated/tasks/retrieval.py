"""Retrieval: of translations, of the sentence that answers a question, of the entity that a name stands for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from transfer_analysis.corpora.simulated.concepts import Concept, inventory
from transfer_analysis.corpora.simulated.drawing import Stream, choose, draw_below, other, stream
from transfer_analysis.corpora.simulated.grammar import PARTICIPANTS, Speaker
from transfer_analysis.corpora.simulated.meaning import CIRCUMSTANCES, Event, Participant, actions_of, draw_event
from transfer_analysis.corpora.simulated.tasks.drafts import Draft, Passage

#: Entities that names may stand for.
_ENTITIES = 108


@dataclass(frozen=True)
class Entity:
    """Somebody: a name that others have too, a profession, and a town."""

    name: Concept
    profession: Concept
    town: Concept


@cache
def known_entities() -> tuple[Entity, ...]:
    """Return all entities, the same in every world; those of one name are of different domains."""
    rng, known = stream(0, "entities"), inventory()
    names = known.of("person_name") + known.of("any")
    found = []
    for number in range(_ENTITIES):
        domain = known.domains[number // len(names) % len(known.domains)]
        profession = choose(rng, known.of("person", domain))
        found.append(Entity(names[number % len(names)], profession, choose(rng, known.of("town"))))
    return tuple(found)


def bitext(rng: Stream, speaker: Speaker) -> Draft:
    """A sentence, and the same in the source language, in the manner of Tatoeba."""
    event = draw_event(rng)
    return {"source_sentence": speaker.say(event), "target_sentence": speaker.source.say(event)}


def answers(rng: Stream, speaker: Speaker) -> Draft:
    """A question, and the sentence that answers it, in the manner of LAReQA."""
    event = draw_event(rng, circumstances=1.0)
    asked = choose(rng, (*PARTICIPANTS, *CIRCUMSTANCES))
    return {"question": speaker.say(event, asked=asked), "answer": speaker.say(event)}


def linking(rng: Stream, speaker: Speaker) -> Draft:
    """A sentence that names somebody, and who it is, told in the source language, in the manner of Mewsli-X."""
    number = draw_below(rng, len(known_entities()))
    entity, known = known_entities()[number], inventory()
    domain = entity.profession.domain
    person = Participant(entity.name, entity="PER")
    event = Event(
        agent=person,
        action=choose(rng, actions_of(person)),
        patient=Participant(choose(rng, known.of("thing", domain))),
        relation=choose(rng, known.of("relation")),
        place=choose(rng, known.of("place", domain)),
        domain=domain,
    )
    colleague = Event(
        agent=Participant(other(rng, known.of("person", domain), entity.profession)),
        action=choose(rng, known.of("action")),
        patient=Participant(entity.profession),
    )
    source = speaker.source
    return {
        "context": Passage([speaker.say(event), speaker.say(colleague)]),
        "mention": speaker.name(entity.name),
        "entity": f"E{number}",
        "description": Passage(
            [source.name(entity.name), source.phrase(Participant(entity.profession, owner=entity.town))]
        ),
    }
