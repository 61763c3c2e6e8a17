"""Meanings: events, comparisons and what joins them, in no language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from transfer_analysis.corpora.simulated.concepts import Concept, inventory
from transfer_analysis.corpora.simulated.drawing import Stream, choose, other

#: What a place or a town, a person or a company is called in named-entity recognition.
Entity = Literal["", "PER", "LOC", "ORG"]

#: Parts of an event that may be left out.
Circumstance = Literal["place", "time"]
CIRCUMSTANCES: tuple[Circumstance, ...] = ("place", "time")

#: Actions that companies do, and that people who are called by a bare name are not said to do: so the verb tells which
#: of the two a name stands for that may stand for either.
CORPORATE = ("sell", "buy", "want", "lose")


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody or something.

    Attributes
    ----------
    concept, surname
        What or who it is; `surname` follows a person's name.
    quality, quantity
        A property, and a number.
    definite
        Whether it is known already (the cow) or new (a cow).
    owner
        Whose it is, or what it is a part of.
    doing
        An action and a thing that tell which one is meant (the farmer that saw the cow).
    beside
        A second one, joined by *and*.
    entity
        What a name stands for.
    """

    concept: Concept
    quality: Concept | None = None
    quantity: Concept | None = None
    definite: bool = True
    owner: Concept | None = None
    doing: tuple[Concept, Concept] | None = None
    beside: Concept | None = None
    surname: Concept | None = None
    entity: Entity = ""

    @property
    def plural(self) -> bool:
        """Whether it is more than one."""
        return self.quantity is not None or self.beside is not None


@dataclass(frozen=True, slots=True)
class Event:
    """Who does what to whom or what, where and when."""

    agent: Participant
    action: Concept
    patient: Participant
    relation: Concept | None = None
    place: Concept | None = None
    time: Concept | None = None
    negated: bool = False
    domain: str = ""

    def without(self, *fields: Circumstance) -> Event:
        """Return the event with circumstances left out (`place` takes its relation along)."""
        event = replace(self, place=None, relation=None) if "place" in fields else self
        return replace(event, time=None) if "time" in fields else event


@dataclass(frozen=True, slots=True)
class Comparison:
    """One has more of a property than the other: the horse is bigger than the goat."""

    first: Participant
    quality: Concept
    second: Participant


@dataclass(frozen=True, slots=True)
class Joined:
    """Two events, the second beside the first (`and`) or its cause (`because`)."""

    first: Event
    link: Literal["and", "because"]
    second: Event


Statement = Event | Comparison | Joined


def draw_event(
    rng: Stream, domain: str = "", *, people: float = 0.5, circumstances: float = 0.5, negated: float = 0.12
) -> Event:
    """Draw an event.

    Parameters
    ----------
    domain
        Where its people, things and places come from; drawn where not given.
    people
        Probability that the patient is a person too, so that agent and patient could be exchanged.
    circumstances
        Probability of a place, and of a time.
    negated
        Probability that it did not happen.
    """
    known = inventory()
    domain = domain or choose(rng, known.domains)
    agent = draw_person(rng, domain)
    patient = draw_person(rng, domain, agent.concept) if rng.random() < people else draw_thing(rng, domain)
    action = choose(rng, actions_of(agent))
    placed = rng.random() < circumstances
    return Event(
        agent=agent,
        action=action,
        patient=patient,
        relation=choose(rng, known.of("relation")) if placed else None,
        place=draw_place(rng, domain) if placed else None,
        time=choose(rng, known.of("time")) if rng.random() < circumstances else None,
        negated=rng.random() < negated,
        domain=domain,
    )


def actions_of(agent: Participant) -> tuple[Concept, ...]:
    """Return what an agent may be said to do; somebody called by a name does nothing that companies do."""
    actions = inventory().of("action")
    return tuple(a for a in actions if a.name not in CORPORATE) if agent.entity == "PER" else actions


def draw_company(rng: Stream) -> Participant:
    """Draw a company, called by its name."""
    known = inventory()
    return Participant(choose(rng, known.of("company") + known.of("any")), entity="ORG")


def draw_person(rng: Stream, domain: str, *besides: Concept) -> Participant:
    """Draw a person of a domain, one in five by name, who is none of those given."""
    known = inventory()
    if rng.random() < 0.2:
        return named_person(rng, *besides)
    person = other(rng, known.of("person", domain), *besides)
    chance = rng.random()
    quality = choose(rng, known.of("property")) if chance < 0.25 else None
    if 0.25 <= chance < 0.32:
        doing = choose(rng, known.of("action")), choose(rng, known.of("thing", domain))
        return Participant(person, doing=doing)
    return Participant(person, quality, definite=rng.random() < 0.6)


def named_person(rng: Stream, *besides: Concept) -> Participant:
    """Draw a person called by a name, at times with a surname."""
    known = inventory()
    name = other(rng, known.of("person_name") + known.of("any"), *besides)
    surname = choose(rng, known.of("surname")) if rng.random() < 0.25 else None
    return Participant(name, surname=surname, entity="PER")


def draw_thing(rng: Stream, domain: str) -> Participant:
    """Draw a thing of a domain, at times with a property, a number, an owner, a second thing, or a part of it."""
    known = inventory()
    thing = choose(rng, known.of("thing", domain))
    chance = rng.random()
    if chance < 0.25:
        return Participant(thing, choose(rng, known.of("property")), definite=rng.random() < 0.6)
    if chance < 0.4:
        return Participant(thing, quantity=choose(rng, known.of("numeral")))
    if chance < 0.5:
        return Participant(thing, owner=choose(rng, known.of("person", domain)))
    if chance < 0.58:
        return Participant(thing, beside=other(rng, known.of("thing", domain), thing))
    if chance < 0.66:
        part = choose(rng, known.of("part"))
        return Participant(part, owner=known.named("thing", part.whole))
    return Participant(thing, definite=rng.random() < 0.6)


def draw_place(rng: Stream, domain: str) -> Concept:
    """Draw a place of a domain, one in four a town."""
    known = inventory()
    return choose(rng, known.of("town") + known.of("any") if rng.random() < 0.25 else known.of("place", domain))


def draw_comparison(rng: Stream, domain: str) -> Comparison:
    """Draw a comparison of two people or things of a domain."""
    known = inventory()
    category = "person" if rng.random() < 0.5 else "thing"
    first = choose(rng, known.of(category, domain))
    second = other(rng, known.of(category, domain), first)
    return Comparison(Participant(first), choose(rng, known.of("property")), Participant(second))


def draw_cause(rng: Stream, domain: str = "") -> tuple[Event, Event]:
    """Draw a cause and its effect: what was done to a thing, and what somebody else did to it because of that."""
    known = inventory()
    domain = domain or choose(rng, known.domains)
    action = choose(rng, tuple(known.causes))
    thing = Participant(choose(rng, known.of("thing", domain)))
    one = Participant(choose(rng, known.of("person", domain)))
    two = Participant(other(rng, known.of("person", domain), one.concept))
    cause = Event(one, known.named("action", action), thing, domain=domain)
    return cause, Event(two, known.named("action", known.causes[action]), thing, domain=domain)
