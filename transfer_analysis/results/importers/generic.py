"""Anybody's table: a file or a frame in its author's own words, as a transfer table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.results import schema
from transfer_analysis.results.importers.asked import Asked, Imported
from transfer_analysis.results.importers.naming import in_our_words, of_languages, with_values
from transfer_analysis.results.importers.reading import Raw, of_frame, read_any
from transfer_analysis.results.importers.scores import on_scales, scored, turned
from transfer_analysis.results.importers.wide import counts_rows, looks_wide, melted, without_average_rows
from transfer_analysis.results.table import TransferTable, metric_of
from transfer_analysis.tasks import Catalogue, load_catalogue

#: Fields that --wide names for a header of two rows.
_TWO_ROWS = 2


def import_file(path: Path, asked: Asked | None = None, *, catalogue: Catalogue | None = None) -> Imported:
    """Read a table of scores: CSV with any separator, a workbook, JSON lines or Parquet.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    asked = asked or Asked()
    raw = read_any(path, sheet=asked.sheet, encoding=asked.encoding, two_rows=len(asked.wide) == _TWO_ROWS)
    return import_raw(raw, path.name, asked, catalogue=catalogue)


def import_frame(
    frame: pd.DataFrame, where: str, asked: Asked | None = None, *, catalogue: Catalogue | None = None
) -> Imported:
    """Return a frame of scores as a transfer table; an index with names counts as columns.

    Parameters
    ----------
    where
        What the frame is called in messages.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    return import_raw(of_frame(frame, where), where, asked, catalogue=catalogue)


def import_raw(raw: Raw, where: str, asked: Asked | None, *, catalogue: Catalogue | None = None) -> Imported:
    """Return a table as it stands in a file as a transfer table.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    asked, catalogue = asked or Asked(), catalogue or load_catalogue()
    raw = _without(raw, asked, where)
    _check_names(where, raw.frame, asked)
    mapping, notes = _in_small_letters(raw, asked)
    raw = _mapped(raw, mapping)
    if "" in raw.frame and counts_rows(raw.frame[""], ""):
        raw = Raw(raw.frame.drop(columns=""), raw.at, raw.levels, raw.notes)
    frame, at, notes = raw.frame, raw.at, [*raw.notes, *notes]
    left_out: list[str] = []
    if asked.wide:
        rows = melted(raw, asked.wide, where)
        frame, at = rows.frame, rows.at
        notes += rows.notes
        left_out += rows.left_out
    ignored = [str(column) for column in frame.columns if column not in schema.COLUMNS]
    frame = frame.drop(columns=ignored).assign(**asked.constants)
    _require(frame, ignored, raw, where, catalogue)
    rows = without_average_rows(frame.reset_index(drop=True), at)
    left_out += rows.left_out
    frame = with_values(rows.frame, asked.values, where)
    frame, said = in_our_words(frame, asked, catalogue, where)
    notes += said
    frame, said = of_languages(frame, asked)
    notes += said
    if "metric" not in frame:
        frame["metric"] = metric_of(frame["target"], catalogue)
    rows = scored(frame, rows.at, asked)
    notes += rows.notes
    left_out += rows.left_out
    frame = on_scales(rows.frame, asked.scales, where)
    frame, said = turned(frame, where)
    notes += said
    frame["origin"] = frame.get("origin", where)
    table = TransferTable.from_frame(frame, where=where, catalogue=catalogue, locations=rows.at)
    if others := schema.unknown_conditions(table.frame["condition"].unique(), catalogue):
        notes.append(
            f"conditions that are no tasks of the catalogue, so of no family and with no known overlap: {', '.join(others)}"
        )
    return Imported(table, tuple(ignored), (*notes, *left_out), tuple(left_out))


def _without(raw: Raw, asked: Asked, where: str) -> Raw:
    """Return a table without the columns that are to be left out."""
    if not asked.left_out:
        return raw
    there = [str(column) for column in raw.frame]
    if missing := [column for column in asked.left_out if column not in there]:
        raise InputError(
            f"{where}: --leave-out {missing[0]}: no such column{nearest(missing[0], there)}; the file has {', '.join(there)}"
        )
    levels = {column: names for column, names in raw.levels.items() if column not in asked.left_out}
    return Raw(raw.frame.drop(columns=list(asked.left_out)), raw.at, levels, raw.notes)


def _in_small_letters(raw: Raw, asked: Asked) -> tuple[dict[str, str], list[str]]:
    """Return the mapping with columns that are called as fields but for capitals and spaces (`Language`, `Source language`)."""
    mapping = {str(column): field for column, field in asked.mapping.items()}
    taken = {*mapping.values(), *raw.frame.columns, *asked.constants, *asked.wide}
    said = []
    for column in map(str, raw.frame):
        field = column.strip().casefold().replace(" ", "_").replace("-", "_")
        if field in schema.COLUMNS and column not in mapping and column not in raw.levels and field not in taken:
            mapping[column] = field
            taken.add(field)
            said.append(f"{column} → {field}")
    return mapping, [f"columns read as: {', '.join(said)}"] if said else []


def _mapped(raw: Raw, mapping: Mapping[str, str]) -> Raw:
    """Return a table with columns by the names of their fields; one that is mapped names no scores."""
    levels = {column: names for column, names in raw.levels.items() if column not in mapping}
    return Raw(raw.frame.rename(columns=dict(mapping)), raw.at, levels, raw.notes)


def _require(frame: pd.DataFrame, ignored: list[str], raw: Raw, where: str, catalogue: Catalogue) -> None:
    """Refuse a table without what is needed, saying how to go on: also where it has a column for each language."""
    missing = [
        f"{where}: column {name!r} is missing{nearest(name, ignored)}; map it with --map YOURS={name} "
        f"or set it for all rows with --set {name}=VALUE; the file has: {', '.join(map(str, ignored)) or 'no others'}"
        for name in schema.REQUIRED
        if name not in frame
    ]
    if "score" not in frame:
        by = "target,language" if raw.levels else looks_wide(raw.frame, catalogue)
        if by:
            shown = ", ".join(list(raw.levels or ignored)[:4])
            of_columns = ("score", *by.split(","))
            missing = [said for said in missing if not any(f"column {name!r}" in said for name in of_columns)]
            missing.insert(
                0, f"{where}: has a column for each {by.replace(',', ' and ')} ({shown}, …): read it with --wide {by}"
            )
    if missing:
        raise InputError(missing)


def _check_names(where: str, frame: pd.DataFrame, asked: Asked) -> None:
    mapping: dict[str, str] = {str(column): field for column, field in asked.mapping.items()}
    constants: dict[str, Any] = dict(asked.constants)
    wrong = [
        f"{where}: --map names the column {column!r}, which the file does not have{nearest(column, frame.columns)}"
        for column in mapping
        if column not in frame
    ]
    wrong += [
        f"{where}: {field!r} is not a column of the transfer table{nearest(field, schema.COLUMNS)}; "
        f"expected one of {', '.join(schema.COLUMNS)}"
        for field in (*mapping.values(), *constants)
        if field not in schema.COLUMNS
    ]
    if wrong:
        raise InputError(wrong)
    given = [mapping.get(c, c) for c in frame.columns]
    if taken := sorted(set(constants) & set(given)):
        raise InputError(f"{where}: --set {taken[0]}=… would replace a column of the file; leave one of them out")
    if both := sorted({*asked.wide, "score"} & set(constants)) if asked.wide else []:
        raise InputError(f"{where}: --set {both[0]}=… would replace what --wide reads; leave one of them out")
    twice = sorted({c for c in given if c in schema.COLUMNS and given.count(c) > 1})
    if twice:
        raise InputError(f"{where}: {', '.join(twice)} would come from more than one column; map one of them")
