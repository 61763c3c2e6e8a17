"""What every procedure on a frame asks of it."""

from __future__ import annotations

from collections.abc import Sequence

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
            value = wrong.iloc[0] if len(wrong) else column.iloc[0]
            problems.append(f"{name}: {value!r} in row {wrong.index[0] if len(wrong) else 0} is no number")
        elif column.abs().eq(float("inf")).any():
            problems.append(f"{name} is infinite in row {column.index[column.abs().eq(float('inf'))][0]}")
    if problems:
        raise InputError(problems)


def refuse_repeated(frame: pd.DataFrame) -> None:
    """Refuse rows that nothing but their measurements tells apart: an observation that is there twice counts twice."""
    labels = [name for name in frame.columns if not pd.api.types.is_float_dtype(frame[name])]
    if not labels or len(frame) < 2:
        return
    repeated = frame[frame.duplicated(labels, keep=False)]
    if len(repeated):
        keys = repeated[labels].astype(str).agg(", ".join, axis=1)
        one, other = keys.index[keys == keys.iloc[0]][:2]
        where = ", ".join(f"{name} {repeated[name].iloc[0]}" for name in labels[:6])
        raise InputError(
            f"rows {one} and {other} are the same observation ({where}), and {len(repeated)} rows are repeated: leave one of each "
            "out, or add the column (seed, say) that tells them apart"
        )
