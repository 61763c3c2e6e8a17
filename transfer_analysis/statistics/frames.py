"""What every procedure on a frame asks of it, and what it leaves out of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError, nearest


def require_named(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a table that lacks a column, naming each with the nearest there is."""
    missing = [name for name in dict.fromkeys(columns) if name not in frame]
    if missing:
        raise InputError(
            [f"the table has no column {name!r}{nearest(name, map(str, frame.columns))}" for name in missing]
        )


def require_numbers(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse columns that do not hold numbers, or hold infinite ones."""
    problems = []
    for name in dict.fromkeys(columns):
        column = frame[name]
        if column.isna().all():
            problems.append(f"{name} is missing in every row")
        elif not pd.api.types.is_numeric_dtype(column):
            numbers = pd.to_numeric(column, errors="coerce")
            wrong = column[numbers.isna() & column.notna()]
            value, row = (wrong.iloc[0], wrong.index[0]) if len(wrong) else (column.iloc[0], column.index[0])
            problems.append(f"{name}: {value!r} in row {row} is not a number")
        elif column.abs().eq(float("inf")).any():
            problems.append(f"{name} is infinite in row {column.index[column.abs().eq(float('inf'))][0]}")
    if problems:
        raise InputError(problems)


def require_labels(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse columns that name things and do not name them in every row."""
    problems = [
        f"{name} is missing in {int(frame[name].isna().sum())} rows (first: {frame.index[frame[name].isna()][0]}); leave them out, "
        "or name what they are of"
        for name in dict.fromkeys(columns)
        if frame[name].isna().any()
    ]
    if problems:
        raise InputError(problems)


def refuse_repeated(frame: pd.DataFrame) -> None:
    """Refuse rows that nothing but their measurements tells apart: an observation that is there twice counts twice."""
    labels = [name for name in frame.columns if not _is_measured(frame[name])]
    if not labels or len(frame) < 2:
        return
    repeated = frame[frame.duplicated(labels, keep=False)]
    if len(repeated):
        keys = repeated[labels].apply(lambda row: ", ".join(map(str, row)), axis=1)
        one, other = keys.index[keys == keys.iloc[0]][:2]
        where = ", ".join(f"{name} {repeated[name].iloc[0]}" for name in labels[:6])
        raise InputError(
            f"rows {one} and {other} are the same observation ({where}), and {len(repeated)} rows are repeated: leave one of each "
            "out, or add the column (seed, say) that tells them apart"
        )


def require_observations(frame: pd.DataFrame, labels: Sequence[str], numbers: Sequence[str]) -> None:
    """Refuse a table that is no list of observations, each there once: what they are of, and what was measured.

    Parameters
    ----------
    labels
        Columns that name what an observation is of, in every row.
    numbers
        Columns of numbers, which may be missing in some rows.
    """
    require_named(frame, [*labels, *numbers])
    require_numbers(frame, numbers)
    require_labels(frame, labels)
    refuse_repeated(frame)


def without_overlap(
    frame: pd.DataFrame, row: str = "condition", column: str = "target"
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out rows of cells with themselves and of overlapping cells, and say how many.

    A row is of an overlapping cell where a column `overlap` says so: the intermediate task is part of the target's training
    data. Without such a column, and without one of the two sides, nothing is known of it and nothing left out.
    """
    notes = []
    left = np.zeros(len(frame), dtype=bool)
    masks = {}
    if row in frame and column in frame:
        masks[f"of a {row} with itself"] = (frame[row].astype(str) == frame[column].astype(str)).to_numpy()
    if "overlap" in frame:
        masks["of overlapping cells"] = as_booleans(frame["overlap"])
    for what, mask in masks.items():
        count = int((mask & ~left).sum())
        if count:
            notes.append(f"{count} row{'s' if count > 1 else ''} {what} left out")
        left |= mask
    return frame[~left], tuple(notes)


#: How tables spell true and false.
_SPELT = {
    **dict.fromkeys(("true", "1", "1.0", "yes", "y", "t"), True),
    **dict.fromkeys(("false", "0", "0.0", "no", "n", "f", "", "-"), False),
}


def as_booleans(column: pd.Series) -> npt.NDArray[np.bool_]:
    """Return a column of true and false, which a CSV may spell; an empty cell marks nothing, and is false.

    Raises
    ------
    InputError
        For a value that is neither.
    """
    values = column.astype(object).map(
        lambda value: False if pd.isna(value) else _SPELT.get(str(value).strip().lower())
    )
    if values.isna().any():
        row = column.index[values.isna()][0]
        raise InputError(f"{column.name}: {column[row]!r} in row {row} is neither true nor false")
    return np.asarray(values, dtype=bool)


def _is_measured(column: pd.Series) -> bool:
    """Say whether a column holds measurements: numbers that are not all whole."""
    if not pd.api.types.is_float_dtype(column):
        return False
    known = column.dropna()
    return bool(len(known)) and not bool((known == known.round()).all())
