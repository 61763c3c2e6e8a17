"""Meanings: events with participants, properties, quantities, places, times and negation, in no language."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import yaml


@dataclass(frozen=True)
class Concept:
    """One concept: a category and the English lemmas of the words it may be put into, the usual one first."""

    category: str
    words: tuple[str, ...]
    domain: str = ""

    @property
    def name(self) -> str:
        """The usual word."""
        return self.words[0]


@dataclass(frozen=True)
class Inventory:
    """All concepts by category."""

    domains: tuple[str, ...]
    by_category: dict[str, tuple[Concept, ...]]

    def of(self, category: str, domain: str = "") -> tuple[Concept, ...]:
        """Return the concepts of a category, of one domain where given."""
        return tuple(c for c in self.by_category[category] if not domain or c.domain == domain)

    def words(self) -> list[tuple[str, str]]:
        """Return every word as (category, English lemma)."""
        return [
            (concept.category, word)
            for group in self.by_category.values()
            for concept in group
            for word in concept.words
        ]


@dataclass(frozen=True)
class Participant:
    """Somebody or something, perhaps with a property and a quantity."""

    concept: Concept
    quality: Concept | None = None
    quantity: Concept | None = None


@dataclass(frozen=True)
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

    def without(self, *fields: Literal["place", "time"]) -> Event:
        """Return the event with circumstances left out (`place` takes its relation along)."""
        event = replace(self, place=None, relation=None) if "place" in fields else self
        return replace(event, time=None) if "time" in fields else event


@cache
def inventory() -> Inventory:
    """Return the concepts of `concepts.yaml`."""
    text = files("transfer_analysis.corpora.simulated").joinpath("concepts.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    groups: dict[str, list[Concept]] = {}
    for domain, categories in data.pop("domains").items():
        for category, entries in categories.items():
            groups.setdefault(category, []).extend(Concept(category, tuple(words), domain) for words in entries)
    domains = tuple(dict.fromkeys(c.domain for c in groups["person"]))
    for category, entries in data.items():
        words = [tuple(entry) if isinstance(entry, list) else (str(entry),) for entry in entries]
        groups[category] = [Concept(category, w) for w in words]
    return Inventory(domains, {category: tuple(group) for category, group in groups.items()})


def choose(rng: np.random.Generator, options: tuple[Concept, ...]) -> Concept:
    """Draw one concept."""
    return options[int(rng.integers(len(options)))]


def other(rng: np.random.Generator, options: tuple[Concept, ...], than: Concept | None) -> Concept:
    """Draw a concept that is not the one given."""
    return choose(rng, tuple(option for option in options if option != than))


def opposite(quality: Concept) -> Concept:
    """Return the opposite of a property."""
    options = inventory().of("property")
    return options[options.index(quality) ^ 1]


def draw_event(rng: np.random.Generator, domain: str = "", *, people: float = 0.5, circumstances: float = 0.6) -> Event:
    """Draw an event.

    Parameters
    ----------
    domain
        Where its things and places come from; drawn where not given.
    people
        Probability that the patient is a person too, so that agent and patient could be exchanged.
    circumstances
        Probability of a place, and of a time.
    """
    known = inventory()
    domain = domain or known.domains[int(rng.integers(len(known.domains)))]
    agent = _person(rng, domain)
    if rng.random() < people:
        patient = _person(rng, domain)
        while patient.concept == agent.concept:
            patient = _person(rng, domain)
    else:
        patient = Participant(
            choose(rng, known.of("thing", domain)),
            choose(rng, known.of("property")) if rng.random() < 0.4 else None,
            choose(rng, known.of("numeral")) if rng.random() < 0.25 else None,
        )
    placed = rng.random() < circumstances
    return Event(
        agent=agent,
        action=choose(rng, known.of("action")),
        patient=patient,
        relation=choose(rng, known.of("relation")) if placed else None,
        place=choose(rng, known.of("place", domain)) if placed else None,
        time=choose(rng, known.of("time")) if rng.random() < circumstances else None,
        negated=bool(rng.random() < 0.12),
        domain=domain,
    )


def _person(rng: np.random.Generator, domain: str) -> Participant:
    known = inventory()
    if rng.random() < 0.2:
        return Participant(choose(rng, known.of("name")))
    quality = choose(rng, known.of("property")) if rng.random() < 0.35 else None
    return Participant(choose(rng, known.of("person", domain)), quality)
