"""Which rows of a table count, and what is said of those that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.frames import without_overlap

#: Languages that count: all, those that were not trained on, or the one that was.
Languages = Literal["all", "zero-shot", "source"]


@dataclass(frozen=True)
class Rows:
    """The rows that count, and what was left out, with counts and reasons."""

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def counted(
    frame: pd.DataFrame,
    *,
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    overlaps: bool = False,
    row: str = "condition",
    column: str = "target",
) -> Rows:
    """Return the rows of a table that an analysis is about.

    Parameters
    ----------
    frame
        One row per observation. Columns that it does not have restrict nothing.
    languages
        `zero-shot` leaves out the source language, which the model was trained on.
    targets
        Targets that count; all there are where empty.
    model
        The model that counts. Several models are averaged over where none is named, which is said.
    overlaps
        Whether cells count whose intermediate task is part of the target's training data (column `overlap`). A task with
        itself never counts.
    row, column
        Columns that name the sides of a cell.

    Raises
    ------
    InputError
        Where nothing is left, naming what there is.
    """
    notes: list[str] = []
    for name, wanted in ((column, targets), ("model", [model] if model else [])):
        if wanted:
            frame = _among(frame, name, wanted)
    if overlaps:
        frame = frame.drop(columns="overlap", errors="ignore")
    frame, said = without_overlap(frame, row, column)
    notes += said
    frame, of_languages = _of_languages(frame, languages)
    notes += of_languages
    if "model" in frame and frame["model"].nunique() > 1:
        notes.append(
            f"{frame['model'].nunique()} models together: {', '.join(sorted(map(str, frame['model'].unique())))}"
        )
    return Rows(frame, tuple(notes))


def _among(frame: pd.DataFrame, column: str, wanted: Sequence[str]) -> pd.DataFrame:
    if column not in frame:
        raise InputError(f"the table has no column {column!r} to choose {', '.join(wanted)} by{nearest(column, frame)}")
    known = set(frame[column].astype(str))
    if not set(wanted) & known:
        raise InputError(f"no {column} {wanted[0]!r}{nearest(wanted[0], known)}; there is {', '.join(sorted(known))}")
    return frame[frame[column].astype(str).isin(wanted)]


def _of_languages(frame: pd.DataFrame, languages: Languages) -> tuple[pd.DataFrame, list[str]]:
    if languages == "all" or "language" not in frame:
        return frame, []
    source = frame.get("source_language", "en")
    at_home = frame["language"] == source
    kept = frame[at_home if languages == "source" else ~at_home]
    if kept.empty and len(frame):
        names = sorted(map(str, frame["language"].unique()))
        raise InputError(
            f"no row is of a language {'that was' if languages == 'source' else 'other than the one that was'} trained on; "
            f"the table has {', '.join(names[:8])}. Ask for all languages (languages: all)"
        )
    left = len(frame) - len(kept)
    where = "other languages" if languages == "source" else "the source language"
    return kept, [f"{left} row{'s' if left > 1 else ''} of {where} left out"] if left else []
