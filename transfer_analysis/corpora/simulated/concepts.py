"""What the simulated world can talk about: concepts, their words, and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from transfer_analysis.errors import InputError

#: Categories whose words are names: the same in every language where anchors are shared.
NAMES = ("person_name", "surname", "town", "company", "any")


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept.

    Attributes
    ----------
    category
        What it is: `person`, `thing`, `place`, `kind`, `part`, `action`, `property`, …
    words
        English lemmas of the words it may be put into, the usual one first.
    domain
        Where it occurs; empty for what occurs everywhere.
    kind
        Name of the kind above it; empty where it has none.
    whole
        For a part: name of the thing it is a part of.
    """

    category: str
    words: tuple[str, ...]
    domain: str = ""
    kind: str = ""
    whole: str = ""

    @property
    def name(self) -> str:
        """The usual word."""
        return self.words[0]

    # Concepts are compared far more often than they are made, and a name occurs once in a category.
    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Concept) and self.category == other.category and self.words[0] == other.words[0]
        )

    def __hash__(self) -> int:
        return hash(self.words[0])


@dataclass(frozen=True)
class Inventory:
    """All concepts by category, and what holds between them.

    Attributes
    ----------
    domains
        Names of the domains.
    by_category
        Category → concepts.
    causes
        Action → the action that it brings about.
    homographs
        Word of an action or property → the word of a thing that it is written as.
    """

    domains: tuple[str, ...]
    by_category: dict[str, tuple[Concept, ...]]
    causes: dict[str, str]
    homographs: dict[str, str]

    @cache  # noqa: B019  # there is one inventory
    def of(self, category: str, domain: str = "") -> tuple[Concept, ...]:
        """Return the concepts of a category, of one domain where given."""
        return tuple(c for c in self.by_category[category] if not domain or c.domain == domain)

    @cache  # noqa: B019  # as above
    def named(self, category: str, name: str) -> Concept:
        """Return a concept by category and name."""
        return next(c for c in self.by_category[category] if c.name == name)

    def words(self) -> list[tuple[str, str]]:
        """Return every word as (category, English lemma)."""
        return [(c.category, word) for group in self.by_category.values() for c in group for word in c.words]

    def opposite(self, quality: Concept) -> Concept:
        """Return the opposite of a property."""
        options = self.by_category["property"]
        return options[options.index(quality) ^ 1]

    def kind(self, concept: Concept) -> Concept | None:
        """Return the kind above a concept, or None."""
        return self.named("kind", concept.kind) if concept.kind else None

    def __hash__(self) -> int:
        return id(self)


@cache
def inventory() -> Inventory:
    """Return the concepts of `concepts.yaml`."""
    text = files("transfer_analysis.corpora.simulated").joinpath("concepts.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    kinds = data.pop("kinds")
    above = {name: kind for kind, names in kinds.items() for name in names}
    groups: dict[str, list[Concept]] = {}
    domains = data.pop("domains")
    for domain, categories in domains.items():
        for category, entries in categories.items():
            groups.setdefault(category, []).extend(
                Concept(category, tuple(words), domain, above.get(words[0], "")) for words in entries
            )
    parts, causes, homographs = data.pop("parts"), data.pop("causes"), data.pop("homographs")
    groups["kind"] = [Concept("kind", (name,)) for name in kinds]
    groups["part"] = [Concept("part", (name,), whole=whole) for name, whole in parts.items()]
    for category, entries in data.items():
        groups[category] = [Concept(category, tuple(e) if isinstance(e, list) else (str(e),)) for e in entries]
    found = Inventory(
        tuple(domains), {category: tuple(group) for category, group in groups.items()}, causes, homographs
    )
    _require_known(found, {*above, *parts.values()}, "thing", "person")
    _require_known(found, {*causes, *causes.values()}, "action")
    _require_known(found, set(homographs), "action", "property")
    _require_known(found, set(homographs.values()), "thing")
    if len(groups["property"]) % 2:
        raise InputError("concepts.yaml: properties stand in pairs of opposites, but one has none")
    return found


def _require_known(found: Inventory, names: set[str], *categories: str) -> None:
    known = {concept.name for category in categories for concept in found.by_category[category]}
    if names - known:
        raise InputError(f"concepts.yaml: no {' or '.join(categories)} is called {sorted(names - known)[0]!r}")
