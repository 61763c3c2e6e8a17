"""Anybody's table: a file or a frame in its author's own words, as a transfer table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages.wikipedia import of_wikipedia, other_in_wikipedia
from transfer_analysis.results import schema
from transfer_analysis.results.importers.reading import Raw, read_any
from transfer_analysis.results.importers.wide import looks_wide, melted, without_average_rows
from transfer_analysis.results.table import TransferTable
from transfer_analysis.tasks import Catalogue, load_catalogue, metrics
from transfer_analysis.tasks.aliases import known_as
from transfer_analysis.tasks.conditions import NONE, parse_condition

#: What stands in cells without a score.
MISSING = ("", "-", "--", "–", "—", "na", "n/a", "nan", "none", "null", "?")

#: Field → what its names are of.
_KINDS = {"target": "tasks", "metric": "metrics"}


@dataclass(frozen=True)
class Asked:
    """How a table is to be read.

    Attributes
    ----------
    mapping
        Column of the table → field. Columns that are called as fields need none.
    values
        Field → a value of the table → that of the field.
    constants
        Field → one value for all rows (`model`: `xlm-roberta-large`).
    renamed
        Name of a task, as target or condition → that of the catalogue.
    baseline
        What the condition without intermediate task is called.
    wide
        Fields that the columns of scores are named by: one, or two for a header of two rows.
    fractions
        Multiply scores by 100.
    scales
        Target → `fraction` (multiply its scores by 100) or `percent` (they are that, low as they may be).
    skip_missing
        Leave out rows without a score, which are refused otherwise.
    codes
        Whose codes languages have: `iso` (639, and Glottocodes), or `wikipedia`, whose own differ for some.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    baseline: str | None = None
    wide: Sequence[str] = ()
    fractions: bool = False
    scales: Mapping[str, str] = field(default_factory=dict)
    skip_missing: bool = False
    codes: Literal["iso", "wikipedia"] = "iso"


@dataclass(frozen=True)
class Imported:
    """A table with what was done to it.

    Attributes
    ----------
    ignored
        Columns that were not used.
    notes
        What was read, renamed and left out.
    """

    table: TransferTable
    ignored: tuple[str, ...]
    notes: tuple[str, ...]


def import_file(
    path: Path,
    asked: Asked | None = None,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    catalogue: Catalogue | None = None,
) -> Imported:
    """Read a table of scores: CSV with any separator, a workbook, JSON lines or Parquet.

    Parameters
    ----------
    sheet, encoding
        As for `read_any`.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    return import_raw(read_any(path, sheet=sheet, encoding=encoding), path.name, asked, catalogue=catalogue)


def import_frame(
    frame: pd.DataFrame, where: str, asked: Asked | None = None, *, catalogue: Catalogue | None = None
) -> Imported:
    """Return a frame of scores as a transfer table.

    Parameters
    ----------
    where
        What the frame is called in messages.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    at = [f"{where} row {i + 1}" for i in range(len(frame))]
    return import_raw(Raw(frame.reset_index(drop=True), at, {}), where, asked, catalogue=catalogue)


def import_raw(raw: Raw, where: str, asked: Asked | None, *, catalogue: Catalogue | None = None) -> Imported:
    """Return a table as it stands in a file as a transfer table.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    asked, catalogue = asked or Asked(), catalogue or load_catalogue()
    _check_names(where, raw.frame, dict(asked.mapping), dict(asked.constants))
    if both := sorted({*asked.wide, "score"} & set(asked.constants)) if asked.wide else []:
        raise InputError(f"{where}: --set {both[0]}=… would replace what --wide reads; leave one of them out")
    raw = Raw(raw.frame.rename(columns=dict(asked.mapping)), raw.at, raw.levels, raw.notes)
    frame, at, notes = raw.frame, raw.at, list(raw.notes)
    if asked.wide:
        frame, at, said = melted(raw, asked.wide, where)
        notes += said
    ignored = [str(column) for column in frame.columns if column not in schema.COLUMNS]
    frame = frame.drop(columns=ignored).assign(**asked.constants)
    _require(frame, ignored, raw, where, catalogue)
    frame, at, said_of_averages = without_average_rows(frame.reset_index(drop=True), at)
    frame = _renamed(frame, asked.values, where)
    frame, said = _in_our_words(frame, asked, catalogue, where)
    notes += [*said_of_averages, *said]
    frame, said = _of_languages(frame, asked)
    notes += said
    frame, at, said = _scored(frame, at, asked)
    notes += said
    frame = _scaled(frame, asked.scales, where)
    frame["origin"] = frame.get("origin", where)
    table = TransferTable.from_frame(frame, where=where, catalogue=catalogue, locations=at)
    return Imported(table, tuple(ignored), tuple(notes))


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


def _in_our_words(
    frame: pd.DataFrame, asked: Asked, catalogue: Catalogue, where: str
) -> tuple[pd.DataFrame, list[str]]:
    """Return tasks, metrics and conditions by the names that the catalogue has, and what was renamed."""
    tasks = [task.name for task in catalogue]
    notes: list[str] = []
    columns = {}
    for column in ("target", "metric", "condition"):
        if column not in frame:
            continue
        names = frame[column].fillna("").astype(str).str.strip()
        given = dict(asked.renamed) if column != "metric" else {}
        if column == "condition" and asked.baseline is not None:
            given[asked.baseline] = NONE
            _require_value(names, asked.baseline, where)
        there = names.replace(given)
        kind, known = (
            (_KINDS[column], tasks if column == "target" else list(metrics())) if column in _KINDS else ("", [])
        )
        found = _conditions(there, tasks) if column == "condition" else known_as(there.unique(), known, kind)
        used = {**{a: b for a, b in given.items() if (names == a).any()}, **found}
        if used:
            pairs = ", ".join(f"{a or '(empty)'} → {b}" for a, b in sorted(used.items()))
            notes.append(f"{column} read as: {pairs}")
        columns[column] = there.replace(found)
    return frame.assign(**columns), notes


def _of_languages(frame: pd.DataFrame, asked: Asked) -> tuple[pd.DataFrame, list[str]]:
    """Return languages by our codes where Wikipedia's are given, and say which of its codes mean another language in ISO 639."""
    if asked.codes not in ("iso", "wikipedia"):
        raise InputError(f"--codes {asked.codes}: expected iso or wikipedia")
    notes: list[str] = []
    for column in ("language", "source_language"):
        if column not in frame:
            continue
        names = frame[column].astype(str)
        if asked.codes == "iso":
            notes += [
                f"{said}; --codes wikipedia reads it so"
                for code in names.unique()
                if (said := other_in_wikipedia(code))
            ]
            continue
        read = {code: ours for code in names.unique() if (ours := of_wikipedia(code)) != code}
        if read:
            notes.append(f"{column} read as: {', '.join(f'{a} → {b}' for a, b in sorted(read.items()))}")
        frame = frame.assign(**{column: names.replace(read)})
    return frame, notes


def _conditions(names: pd.Series, tasks: Sequence[str]) -> dict[str, str]:
    """Return conditions that are spelt in another way than ours, each as ours."""
    words = list(map(str, names.unique()))
    found = known_as(words, [NONE], "conditions")
    for word in words:
        if word in found or not word:
            continue
        try:
            condition = parse_condition(word)
        except InputError:
            continue
        if condition.base not in tasks and (other := known_as([condition.base], tasks, "tasks")):
            found[word] = word.replace(condition.base, other[condition.base], 1)
    return found


def _require_value(names: pd.Series, baseline: str, where: str) -> None:
    if not (names == baseline).any():
        known = sorted(set(names))
        raise InputError(
            f"{where}: --baseline {baseline!r}: no row has that condition{nearest(baseline, known)}; there are {', '.join(known)}"
        )


def _scored(frame: pd.DataFrame, at: list[str], asked: Asked) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return scores as numbers where they are some, without per cent signs, and without missing ones where that is asked."""
    text = frame["score"].map(lambda value: value.strip() if isinstance(value, str) else value)
    missing = text.map(lambda value: value is None or value != value or str(value).casefold() in MISSING).astype(bool)
    notes = []
    if missing.any():
        if not asked.skip_missing:
            shown = [at[i] for i in range(len(at)) if missing.iloc[i]]
            more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
            raise InputError(
                f"{len(shown)} scores are missing ({', '.join(shown[:3])}{more}): leave their rows out with --skip-missing"
            )
        notes.append(f"{int(missing.sum())} rows without a score left out")
    kept = ~missing.to_numpy()
    signs = text.map(lambda value: isinstance(value, str) and value.endswith("%")).astype(bool)
    plain = text.where(~signs, text.astype(str).str.rstrip("% "))
    if (signs & ~missing).any():
        notes.append(f"{int((signs & ~missing).sum())} scores read as per cent, by their sign")
        frame = frame.assign(flag=frame.get("flag", pd.Series("", index=frame.index)).where(~signs, "percent"))
    frame = frame.assign(score=plain)[kept].reset_index(drop=True)
    if asked.fractions:
        # A score that is not a number stays as it is: the table's own check names its row and value.
        scores = (pd.to_numeric(frame["score"], errors="coerce") * 100).round(10)
        frame["score"] = scores.where(scores.notna(), frame["score"].astype(object))
    return frame, [place for place, keep in zip(at, kept, strict=True) if keep], notes


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
            scores = (pd.to_numeric(frame["score"], errors="coerce") * 100).round(10)
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
