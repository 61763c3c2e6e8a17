"""What a run was trained on, as the recipe of its rows says."""

from __future__ import annotations

import re


def intermediate_sources(recipe: str) -> tuple[str, ...]:
    """Return the tasks of a run's intermediate phase.

    >>> intermediate_sources("small trained_on=snli+anli intermediate=squad:2000+ud-pos-english/rest@de:900")
    ('squad', 'ud-pos-english')
    """
    return _tasks(_word(recipe, "intermediate"))


def target_sources(recipe: str) -> tuple[str, ...]:
    """Return the tasks that a run's target was trained on, in turn or together; none where it is its own training set.

    >>> target_sources("small trained_on=social-iqa>copa")
    ('social-iqa', 'copa')
    """
    return _tasks(_word(recipe, "trained_on"))


def _word(recipe: str, name: str) -> str:
    found = re.search(rf"(?:^| ){name}=(\S+)", recipe)
    return found[1] if found else ""


def _tasks(text: str) -> tuple[str, ...]:
    """Return the names in `task/split@language:count+task>task`; a composite task is named by its parts."""
    return tuple(re.split(r"[/@:]", part)[0] for part in re.split(r"[+>]", text) if part)
