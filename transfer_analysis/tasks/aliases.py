"""What papers call tasks, metrics and conditions, as the names that this toolkit has for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import yaml

#: What names are of.
KINDS = ("tasks", "metrics", "conditions")


def spelling(name: str) -> str:
    """Return a name without case, spaces, hyphens, underscores and dots.

    >>> spelling("SQuAD v1.1")
    'squadv11'
    """
    return re.sub(r"[\s_.\-–]+", "", name).casefold()


def known_as(names: Iterable[str], known: Iterable[str], kind: str) -> dict[str, str]:
    """Return the names that are spelt in another way than the known ones, each with the known one; others are not in it.

    Parameters
    ----------
    kind
        `tasks`, `metrics` or `conditions`.
    """
    there = list(known)
    # Where two tasks are spelt alike (TaskWeb has its own Social IQa), the alias says which is meant.
    spelt = {**{spelling(n): n for n in there}, **{spelling(alias): name for alias, name in _aliases(kind).items()}}
    found = {name: spelt.get(spelling(name), "") for name in names if name not in there}
    return {name: other for name, other in found.items() if other and (other in there or kind == "conditions")}


def named(name: str, known: Iterable[str], kind: str) -> str:
    """Return the known name that a name stands for; empty where there is none.

    >>> named("EM", ["exact_match", "f1"], "metrics"), named("f1", ["exact_match", "f1"], "metrics"), named("x", [], "metrics")
    ('exact_match', 'f1', '')
    """
    there = list(known)
    return name if name in there else known_as([name], there, kind).get(name, "")


@cache
def _aliases(kind: str) -> Mapping[str, str]:
    text = files("transfer_analysis.tasks").joinpath("aliases.yaml").read_text(encoding="utf-8")
    given: dict[str, list[str]] = yaml.safe_load(text)[kind]
    return {alias: name for name, aliases in given.items() for alias in aliases}
