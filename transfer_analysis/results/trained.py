"""What a run was trained on, as the columns of the transfer table say."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

#: Columns of what was trained on, and the word by which older tables say it in their column `recipe`.
_WORDS = {"intermediate_on": "intermediate", "trained_on": "trained_on", "tested_on": "tested_on"}


def source_tasks(sources: str) -> tuple[str, ...]:
    """Return the tasks in a column of what was trained on; a composite task is named by its parts.

    >>> source_tasks("squad:2000+ud-pos-english/rest@de:900")
    ('squad', 'ud-pos-english')
    >>> source_tasks("social-iqa:500>copa:400")
    ('social-iqa', 'copa')
    """
    return tuple(re.split(r"[/@:]", part)[0] for part in re.split(r"[+>]", sources) if part)


def told_by_recipe(frame: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Yield the columns of what was trained on that a table lacks and its recipes tell, as older tables have it."""
    if "recipe" not in frame:
        return
    recipes = frame["recipe"].astype("string").fillna("")
    for column, word in _WORDS.items():
        if column not in frame:
            yield column, recipes.str.extract(rf"(?:^| ){word}=(\S+)", expand=False).fillna("")
