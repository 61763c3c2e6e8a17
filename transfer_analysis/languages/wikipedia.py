"""Wikipedia's own codes of languages, which data made from it carry (WikiANN, wiki dumps), where they differ from ISO 639."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from io import StringIO

from transfer_analysis.errors import InputError
from transfer_analysis.languages.registry import resolve


@cache
def wikipedia_codes() -> dict[str, tuple[str, str]]:
    """Return the codes of Wikipedia that ISO 639 does not have, or has for another language: each with ours, and its name."""
    text = files("transfer_analysis.languages").joinpath("wikipedia.csv").read_text(encoding="utf-8")
    return {row["wikipedia"]: (row["code"], row["name"]) for row in csv.DictReader(StringIO(text))}


def of_wikipedia(code: str) -> str:
    """Return the code of a language that Wikipedia calls by its own; others stay.

    >>> of_wikipedia("als"), of_wikipedia("de")
    ('gsw', 'de')
    """
    return wikipedia_codes().get(code.strip().lower().replace("_", "-"), (code, ""))[0]


def other_in_wikipedia(code: str) -> str:
    """Say which language a code stands for in Wikipedia, where that is another one than in ISO 639; nothing else."""
    found = wikipedia_codes().get(code.strip().lower().replace("_", "-"))
    if found is None or "-" in code:
        return ""
    try:
        by_iso = resolve(code)
    except InputError:
        return ""
    return f"{code} is {by_iso.name} in ISO 639, and {found[1]} in Wikipedia" if by_iso.code != found[0] else ""
