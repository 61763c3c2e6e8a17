"""Tables with a column for each language, metric or target, as tables with a row for each score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import resolve
from transfer_analysis.results import schema
from transfer_analysis.results.importers.reading import Raw
from transfer_analysis.tasks import Catalogue, metrics
from transfer_analysis.tasks.aliases import known_as, spelling

#: Fields that columns may be named by.
FIELDS = ("language", "target", "metric", "condition", "model", "seed")

#: Columns and rows that are means of others.
_AVERAGES = ("avg", "average", "mean", "all", "total", "macroavg", "overall")


def is_average(name: str) -> bool:
    """Whether a column or a language is a mean of the others."""
    return spelling(name) in _AVERAGES


def melted(raw: Raw, fields: Sequence[str], where: str) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return a wide table as one with a row per score, where each row stands, and what was left out.

    Parameters
    ----------
    fields
        What the columns of scores are named by: one field, or two for a header of two rows.

    Raises
    ------
    InputError
        For fields that are none, or a table that has no such columns.
    """
    wrong = [field for field in fields if field not in FIELDS]
    if wrong:
        raise InputError(f"--wide {wrong[0]}: expected {', '.join(FIELDS)}{nearest(wrong[0], FIELDS)}")
    if len(set(fields)) < len(fields):
        raise InputError(f"--wide {','.join(fields)}: names a field twice")
    named: dict[str, tuple[str, ...]] = dict(raw.levels)
    if not named:
        named = {str(column): (str(column),) for column in raw.frame if column not in schema.COLUMNS}
    levels = 2 if raw.levels else 1
    if len(fields) != levels:
        raise InputError(
            f"{where}: --wide {','.join(fields)}: its header has {'two rows' if levels == 2 else 'one row'}; name "
            f"{'two fields, such as --wide target,language' if levels == 2 else 'one field'}"
        )
    kept = [str(column) for column in raw.frame if str(column) not in named]
    taken = [column for column in (*fields, "score") if column in kept]
    if taken:
        raise InputError(
            f"{where}: has a column {taken[0]!r} of its own, which --wide {','.join(fields)} would write over; leave one of them out"
        )
    averages = [column for column, names in named.items() if any(map(is_average, names))]
    columns = [column for column in named if column not in averages]
    if not columns:
        raise InputError(f"{where}: --wide {','.join(fields)}: no column is left that could hold scores")
    parts = []
    for column in columns:
        part = raw.frame[kept].assign(score=raw.frame[column], _row=range(len(raw.frame)))
        parts.append(part.assign(**dict(zip(fields, named[column], strict=True))))
    long = pd.concat(parts, ignore_index=True).sort_values("_row", kind="stable", ignore_index=True)
    at = [
        f"{raw.at[row]}, column {name!r}"
        for row, name in zip(long["_row"], _of_rows(columns, len(raw.frame)), strict=True)
    ]
    notes = [f"columns of averages left out: {', '.join(averages)}"] if averages else []
    return long.drop(columns="_row"), at, notes


def _of_rows(columns: Sequence[str], rows: int) -> list[str]:
    return [column for _ in range(rows) for column in columns]


def looks_wide(frame: pd.DataFrame, catalogue: Catalogue) -> str:
    """Say by which field the columns of a table without scores are named; nothing where none fits."""
    columns = [str(c) for c in frame if c not in schema.COLUMNS and not is_average(str(c))]
    if not columns:
        return ""
    targets = {task.name for task in catalogue}
    fits = {
        "language": sum(map(_is_language, columns)),
        "target": sum(c in targets or bool(known_as([c], targets, "tasks")) for c in columns),
        "metric": sum(c in metrics() or bool(known_as([c], metrics(), "metrics")) for c in columns),
    }
    best = max(fits, key=lambda field: fits[field])
    return best if fits[best] >= max(1, len(columns) // 2) else ""


def _is_language(name: str) -> bool:
    try:
        return bool(resolve(name).code)
    except InputError:
        return False


def without_average_rows(frame: pd.DataFrame, at: list[str]) -> tuple[pd.DataFrame, list[str], Iterable[str]]:
    """Leave out rows whose language is a mean of the others, and say so."""
    if "language" not in frame:
        return frame, at, []
    names = frame["language"].astype(str)
    mean = names.isin([name for name in names.unique() if is_average(name)]).to_numpy(dtype=bool)
    if not mean.any():
        return frame, at, []
    said = (
        f"{int(mean.sum())} rows of averages left out (language {', '.join(sorted(set(frame.loc[mean, 'language'])))})"
    )
    return frame[~mean].reset_index(drop=True), [a for a, left in zip(at, mean, strict=True) if not left], [said]
