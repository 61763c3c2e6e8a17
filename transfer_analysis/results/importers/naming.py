"""Names as people write them, as those that the catalogue and the registry of languages have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages.wikipedia import of_wikipedia, other_in_wikipedia
from transfer_analysis.results.importers.asked import Asked
from transfer_analysis.results.importers.reading import as_text
from transfer_analysis.tasks import Catalogue, metrics
from transfer_analysis.tasks.aliases import named
from transfer_analysis.tasks.conditions import MLM, MULTI_TASK, NONE, parse_condition

#: Language modelling mixed in, as people write it.
_MIXED = re.compile(r"\s*\+\s*mlm$", re.IGNORECASE)


def in_our_words(frame: pd.DataFrame, asked: Asked, catalogue: Catalogue, where: str) -> tuple[pd.DataFrame, list[str]]:
    """Return tasks, metrics and conditions by the names that the catalogue has, and what was renamed.

    Raises
    ------
    InputError
        For a baseline that no row has.
    """
    tasks = [task.name for task in catalogue]
    notes: list[str] = []
    columns = {}
    for column in ("target", "metric", "condition"):
        if column not in frame:
            continue
        names = as_text(frame[column])
        if column == "condition" and asked.baseline is not None:
            _require_value(names, asked.baseline, where)
        given = {} if column == "metric" else asked.renamed
        found = {}
        for name in map(str, names.unique()):
            if column == "condition":
                ours = NONE if name == asked.baseline else _condition(name, given, tasks)
            else:
                kind, known = ("metrics", list(metrics())) if column == "metric" else ("tasks", tasks)
                theirs = given.get(name, name)
                ours = named(theirs, known, kind) or theirs
            if ours != name:
                found[name] = ours
        if found:
            pairs = ", ".join(f"{a or '(empty)'} → {b}" for a, b in sorted(found.items()))
            notes.append(f"{column} read as: {pairs}")
        columns[column] = names.replace(found)
    return frame.assign(**columns), notes


def of_languages(frame: pd.DataFrame, asked: Asked) -> tuple[pd.DataFrame, list[str]]:
    """Return languages by our codes where Wikipedia's are given, and say which of its codes mean another language in ISO 639."""
    if asked.codes not in ("iso", "wikipedia"):
        raise InputError(f"--codes {asked.codes}: expected iso or wikipedia")
    notes: list[str] = []
    for column in ("language", "source_language"):
        if column not in frame:
            continue
        names = as_text(frame[column])
        if asked.codes == "iso":
            notes += [
                f"{said}; --codes wikipedia reads it so"
                for code in names.unique()
                if (said := other_in_wikipedia(code))
            ]
            continue
        read = {code: ours for code in names.unique() if (ours := of_wikipedia(code)) != code}
        if read:
            notes.append(f"{column} read as: {', '.join(f'{a} → {b}' for a, b in sorted(read.items()))}")
        frame = frame.assign(**{column: names.replace(read)})
    return frame, notes


def with_values(frame: pd.DataFrame, values: Mapping[str, Mapping[str, str]], where: str) -> pd.DataFrame:
    """Return a frame with the schema's values in place of a person's own.

    Raises
    ------
    InputError
        For a column that it does not have.
    """
    for column, given in values.items():
        if column not in frame:
            raise InputError(f"{where}: no column {column!r} whose values could be renamed; it has {', '.join(frame)}")
        frame = frame.assign(**{column: frame[column].replace(dict(given))})
    return frame


def _condition(name: str, renamed: Mapping[str, str], tasks: Sequence[str]) -> str:
    """Return a condition as ours: its task by the catalogue's name, in whatever language, with whatever is mixed in."""
    if name in renamed:
        return renamed[name]
    if name in tasks:
        return name
    if named(name, [NONE], "conditions"):
        return NONE
    try:
        condition = parse_condition(_MIXED.sub("+mlm", name))
    except InputError:
        return name
    base = condition.base.strip()
    of_no_task = next((other for other in (NONE, MULTI_TASK, MLM) if base.casefold() == other), "")
    return str(replace(condition, base=renamed.get(base) or of_no_task or named(base, tasks, "tasks") or base))


def _require_value(names: pd.Series, baseline: str, where: str) -> None:
    if not (names == baseline).any():
        known = sorted(set(names))
        raise InputError(
            f"{where}: --baseline {baseline!r}: no row has that condition{nearest(baseline, known)}; there are {', '.join(known)}"
        )
