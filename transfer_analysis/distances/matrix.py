"""A matrix that knows its labels, its kind, and what it was computed from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError, first_line, nearest
from transfer_analysis.files import write_text
from transfer_analysis.languages.uriel import GAPS_FILLED
from transfer_analysis.results.store import csv_rows, read_csv

#: Values at most that a notebook shows; of more, the first twenty rows and columns.
_SHOWN = 900

#: How a distance is written: to ten digits.
_DIGITS = "%.10g"


@dataclass(frozen=True)
class DistanceMatrix:
    """Distances from labelled rows to labelled columns.

    Attributes
    ----------
    values
        Frame of shape (rows, columns): the index and the columns are the labels. NaN where no distance exists.
    kind
        What the distance is (`mean-embedding-cosine`, `syntactic`, …).
    parameters
        Everything that can change the values: encoder and its hash, data source and version, …
    model
        The encoder whose representations it depends on *as the subject of the study* (a joined score must come from
        the same model), or None.
    directed
        Whether row → column differs from column → row.
    shared
        Number of shared known features behind each value, where the kind has such a number.
    by_source
        Source → how many of those features it knows of both sides, where the kind has sources.

    Examples
    --------
    >>> import pandas as pd
    >>> d = DistanceMatrix(pd.DataFrame([[0.0, 0.3], [0.3, 0.0]], index=["en", "de"], columns=["en", "de"]), "mine")
    >>> d["en", "de"]
    0.3
    >>> d.to_long().to_dict("records")[1]
    {'row': 'en', 'column': 'de', 'distance': 0.3}
    """

    values: pd.DataFrame
    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    directed: bool = False
    shared: pd.DataFrame | None = None
    by_source: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for axis, labels in (("row", self.values.index), ("column", self.values.columns)):
            if not labels.is_unique:
                repeated = labels[labels.duplicated()][0]
                raise InputError(f"distance {self.kind}: the {axis} label {repeated!r} occurs more than once")

    @property
    def rows(self) -> list[str]:
        """Labels of the rows."""
        return [str(label) for label in self.values.index]

    @property
    def columns(self) -> list[str]:
        """Labels of the columns."""
        return [str(label) for label in self.values.columns]

    def __getitem__(self, pair: tuple[str, str]) -> float:
        """Return the distance from a row to a column, by their labels."""
        row, column = pair
        return float(self.array([row], [column])[0, 0])

    @property
    def loc(self) -> Any:
        """The values by label, as pandas has them."""
        return self.values.loc

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the values: labels as index and columns."""
        return self.values.copy()

    def to_long(self) -> pd.DataFrame:
        """Return one row per pair: `row`, `column`, `distance`, and `shared` where the kind counts shared features."""
        named = self.values.rename_axis(index="row", columns="column")
        table = named.stack(future_stack=True).rename("distance").reset_index()
        if self.shared is not None:
            table["shared"] = self.shared.loc[self.rows, self.columns].to_numpy().reshape(-1)
        return table

    def _sources(self) -> pd.DataFrame:
        """Return one row per pair and source that knows features of both; of a square matrix, each pair once."""
        parts = [
            counts.rename_axis(index="row", columns="column").stack(future_stack=True).rename("features").reset_index().assign(source=name)
            for name, counts in self.by_source.items()
        ]  # fmt: skip
        table = pd.concat(parts, ignore_index=True)
        once = table["row"] <= table["column"] if self.rows == self.columns else True
        return table.loc[(table["features"] > 0) & once, ["row", "column", "source", "features"]]

    def _repr_html_(self) -> str:
        """Return it as notebooks show it: the values, shaded, under what they are."""
        shown = self.values if self.values.size <= _SHOWN else self.values.iloc[:20, :20]
        missing = f", {self.missing():,} missing" if self.missing() else ""
        head = f"<p><b>{escape(self.kind)}</b> distance, {len(self.rows)} × {len(self.columns)}{missing}</p>"
        table: str = shown.style.format("{:.3f}", na_rep="–").background_gradient(axis=None, cmap="Blues").to_html()
        return head + table

    def array(self, rows: Sequence[str], columns: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the distances in the order of the labels given.

        Raises
        ------
        InputError
            Where a label is not in the matrix; labels are never matched by position.
        """
        missing = [(r, self.rows) for r in rows if r not in self.values.index]
        missing += [(c, self.columns) for c in columns if c not in self.values.columns]
        if missing:
            raise InputError(
                f"distance {self.kind} has no {label!r}{nearest(label, known)}; compute it for all labels in use"
                for label, known in missing
            )
        ordered: npt.NDArray[np.float64] = self.values.loc[list(rows), list(columns)].to_numpy(dtype=float)
        return ordered

    def missing(self) -> int:
        """Return how many values do not exist."""
        return int(self.values.isna().to_numpy().sum())

    def from_rows(self, rows: Sequence[str]) -> DistanceMatrix:
        """Return the distances from some of the rows only."""
        shared = self.shared.loc[list(rows)] if self.shared is not None else None
        by_source = {name: counts.loc[list(rows)] for name, counts in self.by_source.items()}
        return replace(self, values=self.values.loc[list(rows)], shared=shared, by_source=by_source)

    def with_multi_task(self, members: Sequence[str]) -> DistanceMatrix:
        """Return the matrix with two more rows for training on several tasks at once.

        `multi-task` is the mean over the members' distances to each column and `multi-task, nearest` the minimum, in the
        rows of members; one that is missing makes the mean missing and is passed over by the minimum.

        Raises
        ------
        InputError
            Where the matrix lacks a member, or has such a row already.
        """
        frame = pd.DataFrame(self.array(members, self.columns), index=list(members), columns=self.columns)
        further = pd.DataFrame({"multi-task": frame.mean(skipna=False), "multi-task, nearest": frame.min()}).T
        parameters = {**self.parameters, "multi-task": f"mean and minimum over {', '.join(members)}"}
        return replace(
            self,
            values=pd.concat([self.values, further]),
            parameters=parameters,
            directed=True,
            shared=None,
            by_source={},
        )

    def remarks(self) -> list[str]:
        """Say what is missing, from whom to whom, and what was done to the data on the way."""
        said = []
        if self.missing():
            lacking = self.values.isna()
            none = [str(label) for label in self.values.columns[lacking.all()]]
            text = f"{self.missing():,} of {self.values.size:,} {self.kind} distances are missing"
            said.append(
                f"{text}; none at all of {', '.join(none[:12])}{', …' if len(none) > 12 else ''}" if none else text
            )
        said += [f"{self.kind} not for {label}: {why}" for label, why in self.parameters.get("unsuited", {}).items()]
        filled = self.parameters.get(GAPS_FILLED)
        if filled:
            pairs = [f"{code} from {macro}" for code, macro in filled.items()]
            said.append(
                f"gaps filled from the macrolanguage's row: {', '.join(pairs[:12])}{', …' if len(pairs) > 12 else ''}"
            )
        if str(self.parameters.get("imputation", "none")) != "none":
            said.append(f"unknown features guessed: {self.parameters['imputation']}")
        return said

    def as_written(self) -> DistanceMatrix:
        """Return the matrix as it will be read again: to ten digits, so that what rests on it is the same to the last one."""
        values = self.values.map(lambda value: float(format(value, _DIGITS[1:])))
        parameters = json.loads(json.dumps(self.parameters, sort_keys=True))
        return replace(self, values=values, parameters=parameters)

    def write(self, path: Path) -> None:
        """Write the values as CSV, and beside it the numbers of shared features, in all and by source, and the rest as JSON.

        Raises
        ------
        InputError
            Where the name does not end in .csv.
        """
        require_matrix_path(path)
        if self.shared is not None:
            text = self.shared.to_csv(index_label="shared features", lineterminator="\n")
            write_text(path.with_name(f"{path.stem}-shared.csv"), text)
        if self.by_source:
            write_text(
                path.with_name(f"{path.stem}-sources.csv"), self._sources().to_csv(index=False, lineterminator="\n")
            )
        write_text(path, self.values.to_csv(index_label=self.kind, lineterminator="\n", float_format=_DIGITS))
        about = {"kind": self.kind, "directed": self.directed, "model": self.model, "parameters": self.parameters}
        write_text(path.with_suffix(".json"), json.dumps(about, indent=2, ensure_ascii=False, sort_keys=True) + "\n")

    @classmethod
    def read(cls, path: Path) -> DistanceMatrix:
        """Read a matrix from CSV: labels in the first row and column. A JSON file beside it says the rest.

        Raises
        ------
        InputError
            Where the file is no labelled matrix of numbers.
        """
        values = _read_values(path)
        about: dict[str, Any] = {}
        beside = path.with_suffix(".json")
        if beside.is_file():
            about = _read_about(beside)
        with_shared = path.with_name(f"{path.stem}-shared.csv")
        return cls(
            values,
            kind=about.get("kind", path.stem),
            parameters=about.get("parameters", {"file": path.name}),
            model=about.get("model"),
            directed=about.get("directed", False),
            shared=_read_values(with_shared).astype(int) if with_shared.is_file() else None,
        )


def require_matrix_path(path: Path) -> None:
    """Raise an InputError where a matrix cannot be written under this name: before it is computed."""
    if path.suffix != ".csv":
        raise InputError(f"{path}: a matrix is written as CSV; give a name that ends in .csv")


def _read_values(path: Path) -> pd.DataFrame:
    """Read a labelled matrix of numbers from CSV; an empty field is NaN."""
    table = read_csv(path)
    if table.shape[1] < 2 or table.empty:
        raise InputError(f"{path.name}: expected a matrix with labels in its first row and first column")
    text = table.set_axis(table.iloc[:, 0].astype(str), axis=0).iloc[:, 1:]
    values = text.apply(pd.to_numeric, errors="coerce").astype(float)
    wrong = (values.isna() & ~text.isin(["", "nan", "NaN", "NA"])) | np.isinf(values)
    if wrong.to_numpy().any():
        row, column = (int(i[0]) for i in np.nonzero(wrong.to_numpy()))
        raise InputError(
            f"{csv_rows(path, table)[row]}, column {text.columns[column]!r}: "
            f"{text.iloc[row, column]!r} is not a number; leave a missing distance empty"
        )
    return _whole(values.rename_axis(None))


def _whole(values: pd.DataFrame) -> pd.DataFrame:
    """Return a matrix whose other half is empty as the symmetric one that it stands for.

    R prints a `dist` without the diagonal, so without the first row and the last column.
    """
    rows, columns = list(values.index), list(values.columns)
    if len(rows) > 1 and rows[:-1] == columns[1:] and rows[-1] not in columns and columns[0] not in rows:
        labels = [columns[0], *rows]
        whole = values.reindex(index=labels, columns=labels)
        if np.isnan(whole.to_numpy()[np.triu_indices(len(labels))]).all():
            values = whole.mask(np.eye(len(labels), dtype=bool), 0.0)
    if list(values.index) != list(values.columns) or len(values) < 3:
        return values
    array = values.to_numpy(dtype=float)
    no_upper = np.isnan(array[np.triu_indices(len(array), 1)]).all()
    no_lower = np.isnan(array[np.tril_indices(len(array), -1)]).all()
    return values if no_upper == no_lower else values.where(values.notna(), values.T)


def _read_about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: is not JSON: {first_line(error)}; it should say what the matrix beside it is"
        ) from error
    if not isinstance(about, dict):
        raise InputError(f"{path}: expected a JSON object that says what the matrix beside it is")
    return about
