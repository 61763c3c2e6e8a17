"""Numbers as people write them: decimal commas, thousands apart, per cent signs, true minus signs."""

from __future__ import annotations

import re

import pandas as pd

from transfer_analysis.errors import InputError

#: A number with a decimal comma; with thousands apart by commas, for certain or perhaps; with thousands apart by points.
_DECIMAL_COMMA = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+")
_COMMAS_APART = re.compile(r"[-+]?[1-9]\d{0,2}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})")
_COMMA_APART = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
_POINT_APART = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")
_POINTS_APART = re.compile(r"[-+]?[1-9]\d{0,2}(?:\.\d{3}){2,}")

#: What stands between thousands, besides points and commas.
_SPACED = re.compile(r"(?<=\d)[ '’\u00a0\u202f](?=\d{3}(?!\d))")

#: A number with something behind or around it: a deviation, a mark of a footnote, bold.
_MARKED = re.compile(r"[*_(]*[-+]?\d+[.,]?\d*\s*(?:±|\+/-|\(|\*|†|‡|_|\\pm|/).*")


class Measured(str):
    """A number that the file has as a number, so that its point is a decimal point."""

    __slots__ = ()


def is_number(cell: str) -> bool:
    """Whether a cell is a number in anybody's spelling, perhaps with a mark or a deviation."""
    text = plain(cell)
    try:
        float(text or "x")
    except ValueError:
        return bool(_DECIMAL_COMMA.fullmatch(text) or _COMMAS_APART.fullmatch(text) or is_marked(text))
    return True


def is_marked(cell: str) -> bool:
    """Whether a cell is a number with something behind or around it (`81.2±0.3`, `**81.2**`, `81.2*`)."""
    return bool(_MARKED.fullmatch(cell))


def plain(cell: str) -> str:
    """Return a cell with plain minus signs, without a per cent sign, spaces around it, or spaces between thousands."""
    return _SPACED.sub("", cell.replace("−", "-").strip().rstrip("%").strip())


def with_points(cells: pd.Series, shares: pd.Series, name: str) -> tuple[pd.Series, bool]:
    """Return decimal numbers with points, and whether decimal commas were read.

    One comma, or one point, before three digits may part thousands. In a share it does not, as shares end at 100. Else
    it is what other numbers of the column say; where they say nothing it is refused.

    Parameters
    ----------
    shares
        Which of them are shares or correlations in per cent.

    Raises
    ------
    InputError
        For a number that could be two.
    """
    if pd.api.types.is_numeric_dtype(cells):
        return cells, False
    numbers = pd.to_numeric(cells, errors="coerce")
    text = cells[numbers.isna()]
    odd = text[text.map(lambda cell: isinstance(cell, str)).astype(bool)].astype(object).map(plain)
    decimal = odd.map(lambda cell: bool(_DECIMAL_COMMA.fullmatch(cell))).astype(bool)
    perhaps = decimal & odd.map(lambda cell: bool(_COMMA_APART.fullmatch(cell))).astype(bool)
    apart = odd.map(lambda cell: bool(_COMMAS_APART.fullmatch(cell) and not _DECIMAL_COMMA.fullmatch(cell))).astype(
        bool
    )
    whole_points = odd.map(lambda cell: bool(_POINTS_APART.fullmatch(cell))).astype(bool)
    own = ~shares.reindex(odd.index).astype(bool)
    commas = bool((decimal & ~(perhaps & own)).any())
    if (doubtful := perhaps & own).any():
        points = bool(apart.any()) or (not commas and _has_point(cells, numbers))
        if points == commas:
            _refuse(odd[doubtful].iloc[0], name)
        decimal &= ~(doubtful & points)
        apart |= doubtful & points
        commas = commas or not points
    found = odd.copy()
    found[decimal] = found[decimal].str.replace(".", "").str.replace(",", ".")
    found[apart] = found[apart].str.replace(",", "")
    found[whole_points] = found[whole_points].str.replace(".", "")
    if commas or whole_points.any():
        mixed = cells[~shares & numbers.notna()]
        mixed = mixed[
            mixed.map(lambda cell: isinstance(cell, str) and not isinstance(cell, Measured) and bool(_POINT_APART.fullmatch(cell))).astype(bool)
        ]  # fmt: skip
        if len(mixed):
            _refuse(mixed.iloc[0], name)
    if found.empty:
        return cells, False
    values = cells.astype(object).copy()
    values[found.index] = found
    return values, commas


def _refuse(cell: object, name: str) -> None:
    raise InputError(
        f"{name} {str(cell)!r} could be a number with decimals or one with thousands apart; write it with a decimal point and "
        "nothing between thousands"
    )


def _has_point(cells: pd.Series, numbers: pd.Series) -> bool:
    return bool((cells[numbers.notna()].astype(str).str.contains(".", regex=False)).any())


def whole(cells: pd.Series, commas: bool) -> pd.Series:
    """Return whole numbers without what stands between thousands; a point does so only beside decimal commas."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells
    marks = ",." if commas else ","
    apart = re.compile(rf"[-+]?\d{{1,3}}([{marks}])\d{{3}}(?:\1\d{{3}})*")

    def read(cell: object) -> object:
        if not isinstance(cell, str) or isinstance(cell, Measured):
            return cell
        text = plain(cell)
        return re.sub(r"[,.]", "", text) if apart.fullmatch(text) else text

    return cells.astype(object).map(read)
