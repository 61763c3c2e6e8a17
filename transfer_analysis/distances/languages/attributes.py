"""Distances from one attribute of each language: its script, and how much of it an encoder was pretrained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.languages import pretraining_size, resolve, tag
from transfer_analysis.results.store import csv_rows, read_csv

#: Scripts that ISO 15924 has a code of their own for, and that are one to read: Chinese characters, Korean.
_WRITTEN = {"Hans": "Hani", "Hant": "Hani", "Hang": "Kore"}


def script_distances(languages: Sequence[str]) -> DistanceMatrix:
    """Return 0 for two languages usually written in the same script (ISO 15924) and 1 for others.

    A language whose script is not in the table of languages is missing.
    """
    scripts = np.array([_WRITTEN.get(s, s) for s in (resolve(language).script for language in languages)], dtype=object)
    values = (scripts[:, None] != scripts[None, :]).astype(float)
    unknown = scripts == ""
    values[unknown, :] = values[:, unknown] = np.nan
    parameters = {"source": "usual script of each language, ISO 15924"}
    return DistanceMatrix(pd.DataFrame(values, index=list(languages), columns=list(languages)), "script", parameters)


def read_sizes(path: Path) -> dict[str, float]:
    """Read sizes from a CSV table with the columns `language` and `size`, by canonical code.

    Several entries of one language (`zh-Hans`, `zh-Hant`; `hi`, `hi-Latn`) are added up, as the sizes of CC-100 are.

    Raises
    ------
    InputError
        Naming the row with an unknown language or a size that is no positive number, or the two rows of one entry.
    """
    table = read_csv(path, columns=["language", "size"])
    sizes: dict[str, float] = {}
    entries: dict[str, str] = {}
    problems: list[str] = []
    for where, code, given in zip(csv_rows(path, table), table["language"], table["size"], strict=True):
        try:
            size = float(given)
        except ValueError:
            size = float("nan")
        if not (np.isfinite(size) and size >= 0):
            problems.append(f"{where}: size {given!r} is not a number from 0 up")
            continue
        try:
            language, entry = resolve(code).code, tag(code)
        except InputError as error:
            problems.append(f"{where}: {error}")
            continue
        if entry in entries:
            problems.append(f"{where}: {code!r} is the same language as in {entries[entry]}; keep one of the two rows")
        entries[entry] = where
        sizes[language] = sizes.get(language, 0.0) + size
    if problems:
        raise InputError(problems)
    return sizes


def pretraining_size_distances(
    languages: Sequence[str],
    sizes: Mapping[str, float] | None = None,
    source: str = "CC-100, GiB (Conneau et al. 2020)",
) -> DistanceMatrix:
    """Return how many times more pretraining text one language has than another, as |log10 of the ratio|.

    Parameters
    ----------
    sizes
        Size of each language's text in any one unit; where not given, those of XLM-R for the languages of XTREME and
        XTREME-R (`languages/cc100.csv`). A language that is not among them, or has none, is missing.
    source
        Where the sizes come from.

    Returns
    -------
    DistanceMatrix
        Symmetric; 1 is ten times as much.
    """
    found = [
        sizes.get(resolve(language).code) if sizes is not None else pretraining_size(language) for language in languages
    ]
    logs = np.array([np.log10(size) if size is not None and size > 0 else np.nan for size in found])
    values = np.abs(logs[:, None] - logs[None, :])
    labels = list(languages)
    return DistanceMatrix(pd.DataFrame(values, index=labels, columns=labels), "pretraining-size", {"source": source})
