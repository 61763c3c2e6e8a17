"""Lexical distances from a user's table, such as the LDND of ASJP word lists that xpos publishes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import sha256
from transfer_analysis.languages import resolve
from transfer_analysis.results.store import csv_rows, read_csv


def lexical_distances(path: Path, languages: Sequence[str] | None = None) -> DistanceMatrix:
    """Read distances between languages from a table with one row for each pair.

    Parameters
    ----------
    path
        CSV with two columns of language codes and one of distances, in this order; the last column's name becomes the
        kind. A pair may stand there once or in both directions, with the same distance.
    languages
        The languages wanted; all of the table where not given.

    Returns
    -------
    DistanceMatrix
        Symmetric, on the table's own scale (LDND: 0 to about 106, per cent of what chance resemblance gives). 0 from a
        language to itself, and missing for a pair that the table does not have.

    Raises
    ------
    InputError
        Naming the row: for an unknown language, a distance that is no number or is negative, or a pair with two
        distances; and for a language that the table does not have at all.
    """
    table = read_csv(path)
    if table.shape[1] != 3:
        expected = "two columns of language codes and one of distances"
        raise InputError(f"{path.name}: has the columns {', '.join(table.columns)}; expected {expected}")
    values = pd.to_numeric(table.iloc[:, 2], errors="coerce").to_numpy(dtype=float)
    problems: list[str] = [] if len(table) else [f"{path.name}: has no rows below its header"]
    codes: dict[str, str] = {}
    pairs: dict[tuple[str, str], float] = {}
    for (one, other, text), value, where in zip(table.to_numpy(), values, csv_rows(path, table), strict=True):
        try:
            for code in (one, other):
                codes.setdefault(code, resolve(code).code)
        except InputError as error:
            problems.append(f"{where}: {error}")
            continue
        if not np.isfinite(value) or value < 0:
            problems.append(f"{where}: {text!r} is not a distance; expected a number from 0 up")
            continue
        if codes[one] == codes[other] and value != 0:
            problems.append(f"{where}: {one} and {other} are one language, {text} apart; leave the row out")
            continue
        pair = (min(codes[one], codes[other]), max(codes[one], codes[other]))
        if pairs.setdefault(pair, value) != value:
            problems.append(f"{where}: {one} and {other} are {text} apart here, {pairs[pair]:g} before")
    if problems:
        raise InputError(problems)
    known = sorted(set(codes.values()))
    labels = list(languages) if languages is not None else known
    missing = [label for label in labels if resolve(label).code not in known]
    if missing:
        raise InputError(
            f"{path.name}: has no distance of {label}{nearest(label, known)}; leave it out" for label in missing
        )
    wanted = [resolve(label).code for label in labels]
    matrix = [[0.0 if a == b else pairs.get((min(a, b), max(a, b)), np.nan) for b in wanted] for a in wanted]
    return DistanceMatrix(
        pd.DataFrame(matrix, index=labels, columns=labels),
        kind=str(table.columns[2]),
        parameters={"file": path.name, "sha256": sha256(path)},
    )
