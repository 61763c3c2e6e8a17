"""Which rows of a table count, and what is said of those that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.observations import overlaps as overlaps_of
from transfer_analysis.statistics.frames import as_booleans, without_overlap
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.tasks.conditions import task_of

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
    initialisation: str | None = None,
    overlaps: bool = False,
    row: str = "condition",
    column: str = "target",
    compared: Sequence[str] = (),
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
    model, initialisation
        The model, and the weights it starts from, that count. Several are averaged over where none is named, which is said.
    overlaps
        Whether cells count whose intermediate task is part of the target's training data: as a column `overlap` says, or
        the catalogue where there is none. A task with itself never counts.
    row, column
        Columns that name the sides of a cell.
    compared
        Columns that the analysis compares the values of, so that several are no remark.

    Raises
    ------
    InputError
        Where nothing is left, naming what there is.
    """
    frame, notes = one_kind_of_score(frame)
    named = {column: targets, "model": [model] if model else [], "initialisation": [initialisation or ""]}
    for name, wanted in named.items():
        if any(wanted):
            frame = _among(frame, name, wanted)
    frame, said = _without_overlap(frame, overlaps, row, column)
    notes += said
    frame, said_of_languages = _of_languages(frame, languages)
    notes += said_of_languages
    for name in ("model", "initialisation"):
        if name in frame and name not in compared and frame[name].nunique() > 1:
            there = sorted(map(str, frame[name].unique()))
            notes.append(f"{len(there)} {name}s together: {', '.join(there)}")
    return Rows(frame, tuple(notes))


#: What a score is of, besides its metric, and which one counts.
_COUNTS = {"split": "test", "checkpoint": "last"}


def one_kind_of_score(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the scores of one metric, split and checkpoint of each target, as a study takes them, and what was left out.

    Where a target has several: its own metric, split `test` and checkpoint `last`. A mean of exact match and F1, or of test and
    development scores, is of nothing.

    Raises
    ------
    InputError
        Where a target has several and none of them is that one.
    """
    notes = []
    for column in ("metric", *_COUNTS):
        if column not in frame or "target" not in frame or frame[column].nunique() < 2:
            continue
        several = frame.groupby("target", observed=True)[column].transform("nunique") > 1
        if not several.any():
            continue
        names = [str(name) for name in frame.loc[several, "target"].unique()]
        wanted = _own_metrics(names) if column == "metric" else dict.fromkeys(names, _COUNTS[column])
        kept = ~several | (frame[column].astype(str) == frame["target"].astype(str).map(wanted))
        lost = [name for name in names if not (kept & (frame["target"].astype(str) == name)).any()]
        if lost:
            there = sorted(map(str, frame.loc[frame["target"].astype(str) == lost[0], column].unique()))
            raise InputError(
                f"{lost[0]} has several {column}s ({', '.join(there)}) and none of them is {wanted.get(lost[0], 'known to be its own')}: "
                "leave the rows of one"
            )
        others = ", ".join(sorted(map(str, frame.loc[~kept, column].unique())))
        notes.append(f"{int((~kept).sum()):,} rows of another {column} left out ({others})")
        frame = frame[kept]
    return frame, notes


def _own_metrics(targets: Sequence[str]) -> dict[str, str]:
    catalogue = load_catalogue()
    return {name: catalogue[name].metric for name in targets if name in catalogue}


def marks_overlaps(frame: pd.DataFrame) -> bool:
    """Whether a column `overlap` marks cells, and is no measure of one's own: numbers besides 0 and 1."""
    if "overlap" not in frame:
        return False
    column = frame["overlap"]
    return not (pd.api.types.is_float_dtype(column) and not column.dropna().isin([0.0, 1.0]).all())


def overlapping(frame: pd.DataFrame, row: str = "condition", column: str = "target") -> npt.NDArray[np.bool_]:
    """Say of each row whether its cell overlaps: as the table marks it, or as the catalogue knows of tasks."""
    if marks_overlaps(frame):
        return as_booleans(frame["overlap"])
    if (row, column) == ("condition", "target") and {row, column} <= set(frame.columns):
        return np.asarray(overlaps_of(frame, load_catalogue()), dtype=bool)
    return np.zeros(len(frame), dtype=bool)


def _without_overlap(frame: pd.DataFrame, counts: bool, row: str, column: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out cells of a task with itself, and overlapping ones unless they count, and say how many."""
    frame = frame.reset_index(drop=True)
    marked = frame.assign(overlap=False if counts else overlapping(frame, row, column))
    if row == "condition" and row in frame:
        # In another language (squad@de) or with more training (squad+mlm) a task is still itself.
        marked = marked.assign(condition=frame[row].astype(str).map(task_of))
    kept, notes = without_overlap(marked, row, column)
    return frame.loc[kept.index], notes


def _among(frame: pd.DataFrame, column: str, wanted: Sequence[str]) -> pd.DataFrame:
    if column not in frame:
        raise InputError(f"the table has no column {column!r} to choose {', '.join(wanted)} by{nearest(column, frame)}")
    known = set(frame[column].astype(str))
    if not set(wanted) & known:
        raise InputError(f"no {column} {wanted[0]!r}{nearest(wanted[0], known)}; there is {', '.join(sorted(known))}")
    return frame[frame[column].astype(str).isin(wanted)]


def of_languages(frame: pd.DataFrame, languages: Languages) -> pd.DataFrame:
    """Return the rows of the languages that count; all where the table names no language."""
    if languages == "all" or "language" not in frame:
        return frame
    # As text: categories of two columns need not be alike.
    source = frame["source_language"].astype(str) if "source_language" in frame else "en"
    at_home = frame["language"].astype(str) == source
    return frame[at_home if languages == "source" else ~at_home]


def _of_languages(frame: pd.DataFrame, languages: Languages) -> tuple[pd.DataFrame, list[str]]:
    kept = of_languages(frame, languages)
    if kept.empty and len(frame):
        names = sorted(map(str, frame["language"].unique()))
        raise InputError(
            f"no row is of a language {'that was' if languages == 'source' else 'other than the one that was'} trained on; "
            f"the table has {', '.join(names[:8])}. Ask for all languages (languages: all)"
        )
    left = len(frame) - len(kept)
    where = "other languages" if languages == "source" else "the source language"
    return kept, [f"{left} row{'s' if left > 1 else ''} of {where} left out"] if left else []
