"""Numbers as people write them: decimal commas, thousands apart, per cent signs, true minus signs."""

from __future__ import annotations

import re

import pandas as pd

#: A number with a decimal comma; with thousands apart by commas; with thousands apart by points.
_DECIMAL_COMMA = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+")
_COMMA_APART = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
_POINTS_APART = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3})+")

#: A whole number with thousands apart by a comma, a point, a space or an apostrophe.
_APART = re.compile(r"[-+]?\d{1,3}(?:([,. '’\u00a0\u202f])\d{3})(?:\1\d{3})*")


def is_number(cell: str) -> bool:
    """Whether a cell is a number in anybody's spelling."""
    plain = _plain(cell)
    try:
        float(plain or "x")
    except ValueError:
        return bool(_DECIMAL_COMMA.fullmatch(plain) or _COMMA_APART.fullmatch(plain))
    return True


def _plain(cell: str) -> str:
    return cell.replace("−", "-").rstrip(" %")


def with_points(frame: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return columns of decimal numbers with points, and a note on what was read otherwise.

    A comma before three digits may part thousands or decimals. It parts thousands where other numbers of these columns
    have a decimal point, else decimals.
    """
    texts = {column: _odd(frame[column]) for column in columns}
    odd = pd.concat(texts.values())
    if odd.empty:
        return frame, []
    decimal = odd.map(lambda cell: bool(_DECIMAL_COMMA.fullmatch(cell)))
    either = decimal & odd.map(lambda cell: bool(_COMMA_APART.fullmatch(cell)))
    points = any(_has_point(frame[column]) for column in columns)
    commas = bool((decimal & ~either).any()) or not points
    read: list[str] = []
    for column, cells in texts.items():
        ours = cells.map(lambda cell: _as_number(cell, commas))
        if commas:  # a point beside decimal commas parts thousands where it could
            ours = pd.concat([ours, _thousands(frame[column])])
        if (ours != frame[column].reindex(ours.index)).any():
            read.append(column)
            values = frame[column].astype(object).copy()
            values[ours.index] = ours
            frame = frame.assign(**{column: values})
    word = "decimal commas" if commas else "commas between thousands"
    return frame, [f"{word} read in {', '.join(read)}"] if read and decimal.any() else []


def _odd(cells: pd.Series) -> pd.Series:
    """Return the cells that are text and no number by Python's rules, with plain minus signs."""
    if pd.api.types.is_numeric_dtype(cells):
        return pd.Series(dtype=object)
    other = cells[pd.to_numeric(cells, errors="coerce").isna()]
    other = other[other.map(lambda cell: isinstance(cell, str)).astype(bool)]
    return other.astype(object).map(lambda cell: str(cell).replace("−", "-"))


def _has_point(cells: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(cells):
        return bool((pd.to_numeric(cells, errors="coerce") % 1 != 0).any())
    return bool(cells.astype(str).str.contains(r"\d?\.\d", regex=True).any())


def _thousands(cells: pd.Series) -> pd.Series:
    text = cells[cells.map(lambda cell: isinstance(cell, str) and bool(_POINTS_APART.fullmatch(cell)))]
    return text.astype(object).map(lambda cell: str(cell).replace(".", ""))


def _as_number(cell: str, commas: bool) -> str:
    if _DECIMAL_COMMA.fullmatch(cell) and (commas or not _COMMA_APART.fullmatch(cell)):
        return cell.replace(".", "").replace(",", ".")
    if _COMMA_APART.fullmatch(cell):
        return cell.replace(",", "")
    return cell


def whole(cells: pd.Series) -> pd.Series:
    """Return whole numbers without what stands between thousands."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells
    numbers = pd.to_numeric(cells, errors="coerce")
    # A number with a point may have thousands apart; whole ones are what they are.
    doubtful = cells[numbers.isna() | (numbers % 1 != 0) | cells.astype(str).str.contains(".", regex=False)]
    if doubtful.empty:
        return cells
    read = doubtful.map(
        lambda cell: re.sub(r"[^\d+-]", "", cell) if isinstance(cell, str) and _APART.fullmatch(cell) else cell
    )
    found = cells.astype(object).copy()
    found[read.index] = read
    return found
