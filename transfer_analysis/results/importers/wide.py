"""Tables with a column for each language, metric or target, as tables with a row for each score."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import find
from transfer_analysis.results import schema
from transfer_analysis.results.importers.asked import Rows
from transfer_analysis.results.importers.reading import Raw, as_text
from transfer_analysis.tasks import Catalogue, metrics
from transfer_analysis.tasks.aliases import named, spelling

#: Fields that columns may be named by.
FIELDS = ("language", "target", "metric", "condition", "model", "seed")

#: Fields of which a column or a row may be a mean of the others, and what it is called then.
_AVERAGED = ("language", "target")
_AVERAGES = ("avg", "ave", "average", "mean", "all", "total", "macroavg", "overall", "median", "std", "stdev", "stderr")

#: Fields of whose values a row may be the mean too, under names that nothing else has.
_NAMED, _MEANS = ("model", "condition"), ("avg", "average", "mean")

#: Names of statistics that are codes of languages too: statistics where both are there.
_ENDS = {"min", "max"}

#: Columns that may number the rows, whatever else their names are.
_COUNTERS = ("", "id", "no", "nr", "index", "row", "unnamed: 0", "#")

#: Columns that are named in a note.
_SHOWN = 12


def is_average(name: str) -> bool:
    """Whether a column or a language is a mean of the others."""
    return spelling(name).strip("()[]") in _AVERAGES


def melted(raw: Raw, fields: Sequence[str], where: str) -> Rows:
    """Return a wide table as one with a row per score.

    Parameters
    ----------
    fields
        What the columns of scores are named by: one field, or two for a header of two rows.

    Raises
    ------
    InputError
        For fields that are none, or a table that has no such columns.
    """
    _check_fields(fields)
    of_columns: dict[str, tuple[str, ...]] = dict(raw.levels)
    if not of_columns:
        of_columns = {str(column): (str(column),) for column in raw.frame if column not in schema.COLUMNS}
    levels = 2 if raw.levels else 1
    if len(fields) != levels:
        raise InputError(
            f"{where}: --wide {','.join(fields)}: its header has {'two rows' if levels == 2 else 'one row'}; name "
            f"{'two fields, such as --wide target,language' if levels == 2 else 'one field'}"
        )
    kept = [str(column) for column in raw.frame if str(column) not in of_columns]
    taken = [column for column in (*fields, "score") if column in kept]
    if taken:
        raise InputError(
            f"{where}: has a column {taken[0]!r} of its own, which --wide {','.join(fields)} would write over; leave one of them out"
        )
    of_each = [{spelling(names[i]) for names in of_columns.values()} for i in range(len(fields))]
    averages = [
        column
        for column, names in of_columns.items()
        if any(
            field in _AVERAGED and (is_average(name) or (spelling(name) in _ENDS and there >= _ENDS))
            for field, name, there in zip(fields, names, of_each, strict=True)
        )
    ]
    counters = [column for column in of_columns if column not in averages and counts_rows(raw.frame[column], column)]
    columns = [column for column in of_columns if column not in {*averages, *counters}]
    if not columns:
        raise InputError(f"{where}: --wide {','.join(fields)}: no column is left that could hold scores")
    parts = []
    for column in columns:
        part = raw.frame[kept].assign(score=raw.frame[column], _row=range(len(raw.frame)))
        parts.append(part.assign(**dict(zip(fields, of_columns[column], strict=True))))
    long = pd.concat(parts, ignore_index=True).sort_values("_row", kind="stable", ignore_index=True)
    at = [
        f"{raw.at[row]}, column {name!r}"
        for row, name in zip(long["_row"], _of_rows(columns, len(raw.frame)), strict=True)
    ]
    shown = ", ".join(columns[:_SHOWN]) + (f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else "")
    left_out = [f"columns of averages left out: {', '.join(averages)}"] if averages else []
    left_out += [f"columns that number the rows left out: {', '.join(counters)}"] if counters else []
    return Rows(long.drop(columns="_row"), at, [f"scores by {' and '.join(fields)} in columns: {shown}"], left_out)


def _check_fields(fields: Sequence[str]) -> None:
    wrong = [field for field in fields if field not in FIELDS]
    if wrong:
        raise InputError(f"--wide {wrong[0]}: expected {', '.join(FIELDS)}{nearest(wrong[0], FIELDS)}")
    if len(set(fields)) < len(fields):
        raise InputError(f"--wide {','.join(fields)}: names a field twice")


def counts_rows(cells: pd.Series, name: str) -> bool:
    """Whether a column numbers the rows: `id` (also the code of Indonesian), `no` (also Norwegian), or a name that is none."""
    if name.casefold() not in _COUNTERS:
        return False
    numbers = pd.to_numeric(cells, errors="coerce")
    return bool((numbers.diff().iloc[1:] == 1).all() and numbers.iloc[0] in (0, 1)) and len(numbers) > 1


def _of_rows(columns: Sequence[str], rows: int) -> list[str]:
    return [column for _ in range(rows) for column in columns]


def looks_wide(frame: pd.DataFrame, catalogue: Catalogue) -> str:
    """Say by which field the columns of a table without scores are named; nothing where none fits."""
    columns = [str(c) for c in frame if c not in schema.COLUMNS and not is_average(str(c))]
    if not columns:
        return ""
    targets = {task.name for task in catalogue}
    fits = {
        "language": sum(find(c) is not None for c in columns),
        "target": sum(bool(named(c, targets, "tasks")) for c in columns),
        "metric": sum(bool(named(c, metrics(), "metrics")) for c in columns),
    }
    best = max(fits, key=lambda field: fits[field])
    return best if fits[best] >= max(1, len(columns) // 2) else ""


def without_average_rows(frame: pd.DataFrame, at: Sequence[str]) -> Rows:
    """Leave out rows whose language or target is a mean of the others, and say so."""
    said = []
    for column in (*_AVERAGED, *_NAMED):
        if column not in frame:
            continue
        names = as_text(frame[column])
        means = [name for name in names.unique() if column in _AVERAGED or spelling(name) in _MEANS]
        ends = _ENDS if set(map(spelling, means)) >= _ENDS else set()
        mean = names.isin([n for n in means if is_average(n) or spelling(n) in ends]).to_numpy(dtype=bool)
        if mean.any():
            shown = ", ".join(sorted(set(names[mean])))
            said.append(f"{int(mean.sum())} rows of averages left out ({column} {shown})")
            frame = frame[~mean].reset_index(drop=True)
            at = [a for a, left in zip(at, mean, strict=True) if not left]
    return Rows(frame, at, left_out=said)
