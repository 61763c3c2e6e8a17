"""Tables as people have them, read as text: any separator, workbooks, JSON lines, Parquet."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from transfer_analysis.errors import InputError, first_line, nearest
from transfer_analysis.files import require_file
from transfer_analysis.results import schema
from transfer_analysis.results.importers.numbers import Measured, is_number
from transfer_analysis.results.importers.scores import is_missing
from transfer_analysis.results.places import Places
from transfer_analysis.results.store import read_parquet

#: Separators that are looked for in the first line.
_SEPARATORS = (",", ";", "\t", "|")

#: Encodings that a file says of itself by its first bytes.
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

#: Characters from which a table is read as a whole, and lines of its beginning that tell how.
_LARGE, _BEGINNING = 1_000_000, 200

#: Ends of lines; other marks that Unicode counts as such may stand in cells.
_LINES = re.compile(r"\r\n|\r|\n")

#: A line under the names of a table in Markdown.
_RULE = re.compile(r":?-{2,}:?")

#: Rows of a header at most.
_LEVELS = 2


@dataclass(frozen=True)
class Raw:
    """A table as it stands in a file.

    Attributes
    ----------
    frame
        Every cell as text, without the spaces around it; columns by their names, each there once.
    at
        Where each row stands.
    levels
        Of a header of two rows: column → the two names that it has. Else empty.
    notes
        What was done to read it.
    """

    frame: pd.DataFrame
    at: Sequence[str]
    levels: dict[str, tuple[str, str]]
    notes: tuple[str, ...] = ()


def read_any(path: Path, *, sheet: str | None = None, encoding: str | None = None, two_rows: bool = False) -> Raw:
    """Read a table: CSV with commas, semicolons, tabs or bars, a workbook, JSON lines, or Parquet.

    Parameters
    ----------
    sheet
        Of a workbook; the only one where not given.
    encoding
        Of text; what its first bytes say, else UTF-8, where not given.
    two_rows
        Whether the header has two rows for certain; else it is seen where the second row has no numbers.

    Raises
    ------
    InputError
        For a file that is missing, empty or another than its name says, rows of unequal length, or columns that share a name.
    """
    kind = path.suffix.lower()
    if sheet is not None and kind not in _WORKBOOKS:
        raise InputError(f"{path.name}: has no sheets; --sheet is for workbooks ({', '.join(_WORKBOOKS)})")
    readers: dict[str, Callable[[], Raw]] = {
        ".parquet": lambda: _of_parquet(path),
        ".jsonl": lambda: _of_json_lines(path, encoding),
        ".json": lambda: _refused_json(path),
        **dict.fromkeys(_WORKBOOKS, lambda: _of_workbook(path, sheet, two_rows)),
    }
    return readers[kind]() if kind in readers else _of_text(path, encoding, two_rows)


_WORKBOOKS = (".xlsx", ".xlsm")


def _of_text(path: Path, encoding: str | None, two_rows: bool) -> Raw:
    text = _text(path, encoding)
    separator = _separator(text)
    names = {";": "semicolons", "\t": "tabs", "|": "bars"}
    notes = [f"read with {names[separator]} between columns"] if separator in names else []
    if len(text) > _LARGE and '"' not in text:
        beginning = "\n".join(_LINES.split(text[:_LARGE])[:_BEGINNING])
        first = _table(path.name, _rows(path, beginning, separator), notes, two_rows=two_rows)
        if (found := _large(path.name, text, separator, first)) is not None:
            return found
    return _table(path.name, _rows(path, text, separator), notes, two_rows=two_rows)


def _large(name: str, text: str, separator: str, first: Raw) -> Raw | None:
    """Return a large table without quotes, given how its beginning is read; None where its rows are not all alike."""
    import pyarrow
    from pyarrow import csv as arrow

    columns = list(first.frame)
    before = int(first.at[0].rsplit(" ", 1)[1]) - 1
    try:
        table = arrow.read_csv(
            pyarrow.BufferReader(text.encode()),
            arrow.ReadOptions(skip_rows=before, column_names=columns),
            arrow.ParseOptions(delimiter=separator, quote_char=False, ignore_empty_lines=False),
            arrow.ConvertOptions(column_types=dict.fromkeys(columns, pyarrow.string()), strings_can_be_null=False),
        )
    except pyarrow.ArrowInvalid:  # a row with more or fewer cells, or an empty line: read one by one, it is named
        return None
    frame = table.to_pandas().apply(lambda cells: cells.str.strip())
    if not frame.ne("").any(axis=1).all():  # an empty row
        return None
    return Raw(
        frame,
        Places(f"{name} row", range(before + 1, before + 1 + len(frame))),
        first.levels,
        first.notes,
    )


def _rows(path: Path, text: str, separator: str) -> list[tuple[int, list[str]]]:
    """Return the cells of each row that is not empty, with the number of its line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise InputError(f"{path}: is not a table: line {reader.line_num}: {error}") from error
    return [
        row
        for row in rows
        if any(row[1]) and not all(_RULE.fullmatch(cell) for cell in row[1] if cell or separator != "|")
    ]


def _text(path: Path, encoding: str | None) -> str:
    data = require_file(path, "a table").read_bytes()
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding or marked).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path.name}: is not text in {encoding or 'UTF-8'} (byte {error.start}); say which with --encoding, such as "
            "latin-1, cp1252 or utf-16"
        ) from error
    except LookupError as error:
        raise InputError(f"--encoding {encoding}: no such encoding; latin-1, cp1252 and utf-16 are common") from error


def _separator(text: str) -> str:
    """Return what parts the columns: what the first lines have most of, outside quotes, and the same number of."""
    beginning = _LINES.split(text[:_LARGE])[:20]
    lines = [re.sub(r'"[^"]*"', "", line) for line in beginning if line.strip()]
    counts = {mark: [line.count(mark) for line in lines] for mark in _SEPARATORS}
    alike = {mark: found for mark, found in counts.items() if min(found, default=0) > 0}
    if not alike:
        return ","
    return max(alike, key=lambda mark: (len(set(alike[mark])) == 1, alike[mark][0]))


def _table(
    name: str, lines: Sequence[tuple[int, list[str]]], notes: list[str], *, two_rows: bool, unit: str = "row"
) -> Raw:
    """Return rows of cells as a table: its first row, or its first two, are names. Titles above it are left out."""
    titles = _titles(lines)
    if titles:
        notes = [*notes, f"above the table, not read: {'; '.join(titles)}"]
        lines = lines[len(titles) :]
    if lines and (count := _footnotes(lines)):
        notes = [*notes, f"below the table, not read: {'; '.join(cells[0] for _, cells in lines[-count:])}"]
        lines = lines[:-count]
    if len(lines) < 2:
        raise InputError(f"{name}: holds no rows; expected names of columns, and at least one row")
    width = max(len(cells) for _, cells in lines)
    used = [i for i in range(width) if any(i < len(cells) and cells[i] for _, cells in lines)]
    if len(used) < width:
        notes = [*notes, f"{width - len(used)} empty columns left out"]
    short = next((line for line in lines if len(line[1]) <= used[-1]), None)
    if short:
        number, cells = short
        there = sum(i < len(cells) for i in used)
        raise InputError(f"{name} {unit} {number}: has {there} fields, and the table {len(used)}")
    body = [(number, [cells[i] for i in used]) for number, cells in lines] if len(used) < width else list(lines)
    levels = _levels(body, two_rows)
    header = [" · ".join(pair) if all(pair) else pair[1] or pair[0] for pair in levels] if levels else body[0][1]
    repeated = sorted({cell for cell in header if header.count(cell) > 1})
    if repeated:
        raise InputError(f"{name}: the header gives {repeated[0]!r} {header.count(repeated[0])} times")
    data = body[_LEVELS if levels else 1 :]
    frame = pd.DataFrame([cells[: len(header)] for _, cells in data], columns=header, dtype=object)
    named = {header[i]: pair for i, pair in enumerate(levels) if all(pair)} if levels else {}
    return Raw(frame, Places(f"{name} {unit}", [number for number, _ in data]), named, tuple(notes))


def _titles(lines: Sequence[tuple[int, list[str]]]) -> list[str]:
    """Return what stands above a table: rows with one text alone, in their first cell or over all of them."""
    found: list[str] = []
    for _, cells in lines:
        texts = [cell for cell in cells if cell]
        alone = len(texts) == 1 and texts[0] == cells[0]
        over_all = len(texts) == len(cells) > 1 and len(set(texts)) == 1
        if not alone and not over_all:
            return found if len(set(texts)) > 1 else []
        found.append(texts[0])
    return []


def _footnotes(lines: Sequence[tuple[int, list[str]]]) -> int:
    """Return how many rows below a table have one text alone, in their first cell, where the table has several columns."""
    width = max(len(cells) for _, cells in lines)
    count = 0
    for _, cells in reversed(lines):
        if width < 3 or not cells[0] or any(cells[1:]):
            break
        count += 1
    return count


def _levels(rows: Sequence[tuple[int, list[str]]], two_rows: bool) -> list[tuple[str, str]]:
    """Return the two names of each column where the header has two rows.

    Without being told, it has where names of the first repeat or are missing, the second has neither numbers nor the marks
    of missing scores, and there are numbers below.
    """
    if len(rows) < _LEVELS + 1:
        return []
    first, second = rows[0][1], rows[1][1]
    spanning = "" in first or len(set(first)) < len(first)
    odd = any(is_number(cell) or (cell and is_missing(cell)) for cell in second)
    below = any(is_number(cell) for _, cells in rows[_LEVELS : _LEVELS + 3] for cell in cells)
    # A field of a transfer table has no second name: what stands under it is a value.
    value = any(one in schema.COLUMNS and other for one, other in zip(first, second, strict=True))
    if not two_rows and (not spanning or odd or value or not below):
        return []
    filled: list[str] = []
    last = None
    for i, cell in enumerate(first):
        # A name over several columns stands in the first of them only.
        spans = last is not None and bool(second[last]) and bool(second[i])
        filled.append(cell or (first[last] if spans and last is not None else ""))
        last = i if cell else last
    pairs = [("", one) if one == other else (one, other) for one, other in zip(filled, second, strict=True)]
    return pairs if any(map(all, pairs)) else []


def _of_workbook(path: Path, sheet: str | None, two_rows: bool) -> Raw:
    try:
        from openpyxl import load_workbook
    except ModuleNotFoundError as error:
        raise InputError(
            f"{path.name}: workbooks are read with openpyxl: pip install 'transfer-analysis[excel]'; or save the sheet as CSV"
        ) from error
    require_file(path, "a workbook")
    try:
        book = load_workbook(path, read_only=False, data_only=True)
    except Exception as error:  # openpyxl raises many kinds, all of which mean that it is not one
        raise InputError(f"{path.name}: is not a workbook: {first_line(error)}") from error
    if sheet is None and len(book.sheetnames) > 1:
        raise InputError(
            f"{path.name}: has {len(book.sheetnames)} sheets; say which with --sheet: {', '.join(book.sheetnames)}"
        )
    wanted = sheet or book.sheetnames[0]
    if wanted not in book.sheetnames:
        raise InputError(
            f"--sheet {wanted}: no such sheet{nearest(wanted, book.sheetnames)}; there are {', '.join(book.sheetnames)}"
        )
    page = book[wanted]
    notes = []
    for merged in list(page.merged_cells.ranges):
        # A merged cell has its value in its first cell alone.
        value = page.cell(merged.min_row, merged.min_col).value
        page.unmerge_cells(str(merged))
        for row in page.iter_rows(merged.min_row, merged.max_row, merged.min_col, merged.max_col):
            for cell in row:
                cell.value = value
        notes.append(str(merged))
    said = [f"merged cells filled: {', '.join(notes[:6])}"] if notes else []
    lines = [(number, [_of_workbook_cell(cell) for cell in row]) for number, row in enumerate(page.iter_rows(), 1)]
    lines = [(number, cells) for number, cells in lines if any(cells)]
    return _table(f"{path.name} ({wanted})", lines, said, two_rows=two_rows)


def _of_workbook_cell(cell: Any) -> str:
    """Return a cell as it is shown: 0.812 that is shown as 81.2% is 81.2 per cent."""
    if isinstance(cell.value, float | int) and not isinstance(cell.value, bool) and "%" in str(cell.number_format):
        return f"{round(100 * cell.value, 10):g}%"
    return _cell(cell.value)


def _cell(value: Any) -> str:
    """Return a cell as text: a whole number without its decimals."""
    if value is None or value is pd.NA or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return Measured(value) if isinstance(value, float | int) else str(value).strip()


def _of_json_lines(path: Path, encoding: str | None) -> Raw:
    rows = []
    for number, line in enumerate(_LINES.split(_text(path, encoding)), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path.name} line {number}: is not JSON: {first_line(error)}") from error
        if not isinstance(row, dict) or any(isinstance(value, dict | list) for value in row.values()):
            raise InputError(f"{path.name} line {number}: expected an object of plain values on each line")
        rows.append((number, row))
    columns = list(dict.fromkeys(column for _, row in rows for column in row))
    if not rows:
        raise InputError(f"{path.name}: holds no rows")
    frame = pd.DataFrame(
        [[_cell(row.get(column)) for column in columns] for _, row in rows], columns=columns, dtype=object
    )
    return Raw(frame, Places(f"{path.name} line", [number for number, _ in rows]), {})


def as_text(column: pd.Series) -> pd.Series:
    """Return a column of names as text without spaces around it, empty where there is none."""
    return column.astype(object).where(column.notna(), "").astype(str).str.strip()


def of_frame(frame: pd.DataFrame, where: str) -> Raw:
    """Return a frame as a table; an index with names counts as columns, two rows of column names as such a header.

    Raises
    ------
    InputError
        For columns that share a name, or names of more than two rows.
    """
    named = [name for name in frame.index.names if name is not None]
    if named and not set(named) & set(frame.columns):
        frame = frame.reset_index()
    levels: dict[str, tuple[str, str]] = {}
    names = list(frame.columns)
    if isinstance(frame.columns, pd.MultiIndex):
        if frame.columns.nlevels != _LEVELS:
            raise InputError(f"{where}: its columns have names of {frame.columns.nlevels} rows; expected one or two")
        pairs = [(str(one).strip(), str(other).strip()) for one, other in names]
        names = [" · ".join(filter(None, pair)) for pair in pairs]
        levels = {name: pair for name, pair in zip(names, pairs, strict=True) if all(pair)}
    columns = [str(name).strip() for name in names]
    if repeated := sorted({name for name in columns if columns.count(name) > 1}):
        raise InputError(f"{where}: {columns.count(repeated[0])} columns are called {repeated[0]!r}; rename them")
    frame = frame.set_axis(columns, axis=1).reset_index(drop=True)
    special = [
        name for name in columns if isinstance(frame[name].dtype, pd.CategoricalDtype | pd.ArrowDtype | pd.SparseDtype)
    ]
    frame = frame.astype(dict.fromkeys(special, object))
    for name in columns:
        if (
            frame[name].dtype == object
            and frame[name].map(lambda value: isinstance(value, list | dict | np.ndarray)).any()
        ):
            raise InputError(f"{where}: column {name!r} holds lists; expected one value in each cell")
    return Raw(frame, Places(f"{where} row", range(1, len(frame) + 1)), levels)


def _of_parquet(path: Path) -> Raw:
    raw = of_frame(read_parquet(path), path.name)
    text = pd.DataFrame({column: raw.frame[column].map(_cell) for column in raw.frame}, dtype=object)
    return Raw(text, raw.at, raw.levels)


def _refused_json(path: Path) -> Raw:
    raise InputError(
        f"{path.name}: is JSON, not a table. What Hugging Face's Trainer writes is read with `results import trainer` (also jiant, lm-eval, mteb); one object on "
        "each line is read as .jsonl"
    )
