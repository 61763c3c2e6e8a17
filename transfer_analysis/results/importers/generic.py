"""Anybody's table: a CSV file whose columns are mapped to the schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.results import schema
from transfer_analysis.results.store import csv_rows, read_csv
from transfer_analysis.results.table import TransferTable
from transfer_analysis.tasks import Catalogue


def import_csv(
    path: Path,
    *,
    mapping: dict[str, str] | None = None,
    constants: dict[str, str] | None = None,
    fractions: bool = False,
    scales: Mapping[str, str] | None = None,
    catalogue: Catalogue | None = None,
) -> tuple[TransferTable, list[str]]:
    """Read a CSV table of scores.

    Parameters
    ----------
    mapping
        Column of the file → column of the schema. Columns already named as in the schema need none.
    constants
        Column of the schema → one value for all rows (`model`: `xlm-roberta-large`).
    fractions
        Multiply scores by 100.
    scales
        Target → `fraction` (multiply its scores by 100) or `percent` (they are that, low as they may be).

    Returns
    -------
    table, ignored
        The table, and the columns of the file that were not used.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    frame = read_csv(path)
    return import_frame(
        frame,
        path.name,
        csv_rows(path, frame),
        mapping=mapping,
        constants=constants,
        fractions=fractions,
        scales=scales,
        catalogue=catalogue,
    )


def import_frame(
    frame: pd.DataFrame,
    where: str,
    at: Sequence[str] | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, str]] | None = None,
    constants: Mapping[str, Any] | None = None,
    fractions: bool = False,
    scales: Mapping[str, str] | None = None,
    catalogue: Catalogue | None = None,
) -> tuple[TransferTable, list[str]]:
    """Return a frame of scores as a transfer table, and the columns that were not used; further parameters as for `import_csv`.

    Parameters
    ----------
    where, at
        What the frame is called in messages, and where each of its rows stands.
    values
        Column of the schema → a value of the frame → that of the schema.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    mapping, constants = dict(mapping or {}), dict(constants or {})
    _check_names(where, frame, mapping, constants)
    frame = frame.rename(columns=mapping)
    ignored = [column for column in frame.columns if column not in schema.COLUMNS]
    frame = _renamed(frame.drop(columns=ignored).assign(**constants), values or {}, where)
    if fractions and "score" in frame:
        # A score that is not a number stays as it is: the table's own check names its row and value.
        scores = pd.to_numeric(frame["score"], errors="coerce") * 100
        frame["score"] = scores.where(scores.notna(), frame["score"].astype(object))
    frame = _scaled(frame, scales or {}, where)
    missing = [
        f"{where}: column {name!r} is missing{nearest(name, ignored)}; map it with --map YOURS={name} "
        f"or set it for all rows with --set {name}=VALUE; the file has: {', '.join(map(str, ignored)) or 'no others'}"
        for name in schema.REQUIRED
        if name not in frame
    ]
    if missing:
        raise InputError(missing)
    frame["origin"] = frame.get("origin", where)
    return TransferTable.from_frame(frame, where=where, catalogue=catalogue, locations=at), ignored


def _renamed(frame: pd.DataFrame, values: Mapping[str, Mapping[str, str]], where: str) -> pd.DataFrame:
    """Return a frame with the schema's values in place of a person's own."""
    for column, given in values.items():
        if column not in frame:
            raise InputError(f"{where}: no column {column!r} whose values could be renamed; it has {', '.join(frame)}")
        frame[column] = frame[column].replace(dict(given))
    return frame


def _scaled(frame: pd.DataFrame, scales: Mapping[str, str], where: str) -> pd.DataFrame:
    """Return scores as per cent where it was said of a target what they are."""
    for target, scale in scales.items():
        of_target = frame["target"] == target if "target" in frame else pd.Series(False, index=frame.index)
        if scale not in ("fraction", "percent") or not of_target.any():
            expected = "fraction or percent" if scale not in ("fraction", "percent") else "a target of the file"
            raise InputError(f"{where}: --scale {target}={scale}: expected {expected}")
        if scale == "fraction":
            scores = pd.to_numeric(frame["score"], errors="coerce") * 100
            frame["score"] = frame["score"].astype(object).where(~of_target | scores.isna(), scores)
        else:
            frame["flag"] = frame.get("flag", pd.Series("", index=frame.index)).where(~of_target, "percent")
    return frame


def _check_names(where: str, frame: pd.DataFrame, mapping: dict[str, str], constants: dict[str, str]) -> None:
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
    wrong_constants = sorted(set(constants) & {mapping.get(c, c) for c in frame.columns})
    if wrong_constants:
        raise InputError(
            f"{where}: --set {wrong_constants[0]}=… would replace a column of the file; leave one of them out"
        )
    given = [mapping.get(c, c) for c in frame.columns]
    twice = sorted({c for c in given if c in schema.COLUMNS and given.count(c) > 1})
    if twice:
        raise InputError(f"{where}: {', '.join(twice)} would come from more than one column; map one of them")
