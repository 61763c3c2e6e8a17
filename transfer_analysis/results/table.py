"""The transfer table itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.keys import KEY
from transfer_analysis.languages import tag
from transfer_analysis.results import schema
from transfer_analysis.results.places import Places
from transfer_analysis.results.trained import told_by_recipe
from transfer_analysis.tasks import Catalogue, load_catalogue

#: Columns of numbers, and what each should hold.
_NUMBERS = {
    "score": "a number; expected a percentage such as 81.2",
    "seed": "a whole number",
    "n_examples": "a whole number",
    "unknown_tokens": "a percentage from 0 to 100",
    "inputs_cut": "a percentage from 0 to 100",
    "majority": "a number; expected a percentage such as 50.4",
}

#: Columns of numbers that may be left empty.
_OPTIONAL = ("n_examples", "unknown_tokens", "inputs_cut", "majority")

#: Columns that hold percentages of something counted.
_SHARES = ("unknown_tokens", "inputs_cut")

#: Largest whole number taken; more is a mistake, and would not fit.
_LARGEST = 2**31


@dataclass(frozen=True)
class TransferTable:
    """Observed scores, one row each, checked against the schema.

    Attributes
    ----------
    frame
        Columns `schema.COLUMNS`: the key (`keys.KEY`), `score` on its metric's percentage scale (higher is
        better), and what stands beside it. Languages are canonical codes, with the script where it is not the
        language's usual one. Sorted by key.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"model": "mine", "target": "xnli", "language": ["en", "sw"], "score": [84.1, 65.3]})
    >>> TransferTable.from_frame(frame).frame[["condition", "metric"]].iloc[0].tolist()
    ['none', 'accuracy']
    """

    frame: pd.DataFrame

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        where: str = "table",
        catalogue: Catalogue | None = None,
        locations: Sequence[str] | None = None,
    ) -> TransferTable:
        """Fill in defaults and check everything at once.

        Parameters
        ----------
        frame
            At least the columns `model`, `target` and `score`; key columns that do not vary may be left out.
        where, locations
            Name of the file, and where each row stands (`results.csv row 17`), for messages.
        catalogue
            Known tasks; the bundled catalogue where not given.

        Raises
        ------
        InputError
            With every problem found.
        """
        catalogue = catalogue or load_catalogue()
        wrong = schema.column_problems(frame.columns, where)
        if wrong:
            raise InputError(wrong)
        at = locations if locations is not None else Places(f"{where} row", range(1, len(frame) + 1))
        filled = _with_defaults(frame.reset_index(drop=True), catalogue, where)
        wrong = _read_numbers(filled, at) + schema.problems(filled, catalogue, where, at)
        if wrong:
            raise InputError(wrong)
        spelt = {}
        for column in ("source_language", "language"):
            spelt[column] = {code: tag(code) for code in filled[column].unique()}
            filled[column] = filled[column].map(spelt[column])
        # Two spellings of one language (zh and cmn) may have become the same key.
        respelt = any(code != ours for codes in spelt.values() for code, ours in codes.items())
        wrong = schema.repeated_keys(filled, at) if respelt else []
        if wrong:
            raise InputError([*wrong, *_spellings(spelt)])
        return cls(filled.sort_values(list(KEY), ignore_index=True)[list(schema.COLUMNS)])

    def __len__(self) -> int:
        return len(self.frame)

    def extended(self, newer: TransferTable) -> TransferTable:
        """Return both tables as one; where both have a key, the newer row stands."""
        both = pd.concat([self.frame, newer.frame], ignore_index=True)
        kept = both.drop_duplicates(list(KEY), keep="last")
        return TransferTable(kept.sort_values(list(KEY), ignore_index=True))

    def describe(self) -> str:
        """Say in one line what the table holds."""
        parts = [f"{len(self.frame):,} scores"]
        for column, noun in (
            ("model", "models"),
            ("adaptation", "adaptations"),
            ("condition", "conditions"),
            ("target", "targets"),
            ("source_language", "source languages"),
            ("language", "languages"),
            ("seed", "seeds"),
        ):
            count = self.frame[column].nunique()
            parts.append(f"{count} {noun if count != 1 else noun.removesuffix('s')}")
        return ", ".join(parts)


def _with_defaults(frame: pd.DataFrame, catalogue: Catalogue, where: str) -> pd.DataFrame:
    """Return the frame with every column of the schema; text is stripped, numbers are as they were."""
    filled = frame.copy()
    absent = {column: value for column, value in schema.DEFAULTS.items() if column not in filled}
    if "metric" not in filled:
        filled["metric"] = metric_of(filled["target"], catalogue)
    for column, values in told_by_recipe(filled):
        filled[column] = values
    absent |= {column: pd.NA if column in _OPTIONAL else "" for column in schema.BESIDE if column not in filled}
    for column in schema.COLUMNS:
        if column not in _NUMBERS and column in filled:
            _refuse_objects(filled[column], where)
            filled[column] = filled[column].astype("string").fillna("").str.strip()
    texts = {column for column in absent if column not in _NUMBERS}
    return filled.assign(
        **{c: pd.Series(v, index=filled.index, dtype="string" if c in texts else object) for c, v in absent.items()}
    )


def _refuse_objects(column: pd.Series, where: str) -> None:
    """Raise an InputError where a column holds what is neither text nor a number."""
    if isinstance(column.dtype, pd.StringDtype):
        return  # looking at each of a million strings takes seconds
    odd = next((v for v in column.dropna() if not isinstance(v, str | int | float)), None)
    if odd is not None:
        raise InputError(f"{where}: column {column.name!r} holds {_shown(odd)}; expected text")


def _shown(value: Any) -> str:
    """Return a value as a person would write it."""
    return repr(value.item() if hasattr(value, "item") else value)


def _read_numbers(frame: pd.DataFrame, locations: Sequence[str]) -> list[str]:
    """Turn the columns of numbers into numbers, in place, and return what could not be read."""
    wrong: list[str] = []
    for column, expected in _NUMBERS.items():
        given = frame[column]
        values = pd.to_numeric(given, errors="coerce")
        bad = values.isna() | values.isin([float("inf"), float("-inf")])
        if column in _OPTIONAL:
            bad &= given.notna() & (given.astype("string").str.strip() != "")
        if column in _SHARES:
            bad |= values.notna() & ~values.between(0, 100)
        elif column not in ("score", "majority"):
            bad |= values.notna() & ((values % 1 != 0) | (values.abs() > _LARGEST))
        wrong += schema.listed(
            f"{locations[i]}: {column} {_shown(given[i])} is not {expected}" for i in frame.index[bad]
        )
        whole = column in ("seed", "n_examples")
        frame[column] = values.where(~bad).astype("Int64") if whole else values.astype(float)
    frame["seed"] = frame["seed"].fillna(0).astype("int64")
    return wrong


def _spellings(spelt: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Say which spellings of a table are one language."""
    for column, codes in spelt.items():
        for ours in dict.fromkeys(codes.values()):
            given = [code for code, other in codes.items() if other == ours]
            if len(given) > 1:
                yield f"{column}: {' and '.join(given)} are one language, {ours}: leave one of them out, or give each its script ({ours}-Latn)"


def metric_of(targets: pd.Series, catalogue: Catalogue) -> pd.Series:
    """Return the metric of each target of a table that names none: the target's own, accuracy for an unknown one."""
    names = targets.astype(str)
    own = {name: catalogue[name].metric if name in catalogue else "accuracy" for name in names.unique()}
    return names.map(own)


def own_metrics(frame: pd.DataFrame, catalogue: Catalogue) -> pd.Series:
    """Return the metric that stands for the target of each row."""
    return frame["target"].map({name: catalogue[name].metric for name in frame["target"].unique()})
