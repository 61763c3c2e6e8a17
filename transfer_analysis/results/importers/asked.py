"""How a table is to be read, and what reading it gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from transfer_analysis.results.table import TransferTable


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
        Target, or target/model → `fraction` (multiply its scores by 100) or `percent` (they are that, low as they may be).
    skip_missing
        Leave out rows without a score, which are refused otherwise.
    codes
        Whose codes languages have: `iso` (639, and Glottocodes), or `wikipedia`, whose own differ for some.
    left_out
        Columns that are not read.
    sheet, encoding
        Of a workbook, its sheet; of text, its encoding. What the file says of itself where not given.
    pattern
        What the folders of a run are called, with fields in braces: `{condition}/{target}/seed{seed}`.
    flags
        What an importer of one source offers beside these.
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
    left_out: Sequence[str] = ()
    sheet: str | None = None
    encoding: str | None = None
    pattern: str | None = None
    flags: frozenset[str] = frozenset()


def fields_of(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return names of fields that are given in a text, parted by commas, or one by one.

    >>> fields_of("target, language")
    ('target', 'language')
    """
    names = given.split(",") if isinstance(given, str) and given else given or ()
    return tuple(name.strip() for name in names)


@dataclass(frozen=True)
class Rows:
    """Rows on their way into a table.

    Attributes
    ----------
    at
        Where each row stands.
    notes
        What was done to read them.
    left_out
        What of the file is not among them.
    """

    frame: pd.DataFrame
    at: Sequence[str]
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Imported:
    """A table with what was done to it.

    Attributes
    ----------
    ignored
        Columns that were not used.
    notes
        What was read, renamed and left out.
    left_out
        Of the notes, what is in the file and not in the table: averages, rows without a score.
    """

    table: TransferTable
    ignored: tuple[str, ...]
    notes: tuple[str, ...]
    left_out: tuple[str, ...] = ()
