"""The join: scores or gains with task distances and language distances."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.languages import families, resolve
from transfer_analysis.results.trained import source_tasks, told_by_recipe
from transfer_analysis.tasks import Catalogue, load_catalogue
from transfer_analysis.tasks.conditions import task_of


@dataclass(frozen=True)
class Observations:
    """Scores with the distances that belong to them.

    Attributes
    ----------
    frame
        The rows given, with one column `<name>_distance` per distance, `family` (of the intermediate task),
        `language_family` and `overlap` (the intermediate task, or one of several, is part of what the target was trained
        on, by their names or by what the table says was trained on). A distance that does not exist for a pair is NaN.
    dropped
        The rows that could not be joined, with the `reason`.

    Examples
    --------
    >>> from transfer_analysis.example import example_results
    >>> observe(example_results().frame).describe()
    ['819 rows joined, 0 dropped']
    """

    frame: pd.DataFrame
    dropped: pd.DataFrame

    def describe(self) -> list[str]:
        """Say how many rows were joined, and how many were dropped, which and why."""
        said = [f"{len(self.frame):,} rows joined, {len(self.dropped):,} dropped"]
        for reason, rows in self.dropped.groupby("reason", sort=False):
            said.append(f"{len(rows):,} rows dropped: {reason}")
        for column in self.frame.columns:
            if column.endswith("_distance") and self.frame[column].isna().any():
                said.append(self._without(column))
        return said

    def _without(self, column: str) -> str:
        """Say how many rows lack a distance, and which labels have none at all."""
        lacking = self.frame[column].isna()
        text = f"{int(lacking.sum()):,} rows have no {column.replace('_', ' ')}"
        for side in ("language", "source_language", "condition", "target"):
            none = lacking.groupby(self.frame[side]).all()
            names = sorted(none.index[none])
            if names and len(names) < self.frame[side].nunique():
                text += f"; none at all for the {side.replace('_', ' ')} {', '.join(names)}"
                break
        return text


def observe(
    rows: pd.DataFrame,
    *,
    task_distances: Mapping[str, DistanceMatrix] | None = None,
    language_distances: Mapping[str, DistanceMatrix] | None = None,
    catalogue: Catalogue | None = None,
) -> Observations:
    """Join rows of a transfer table, or of its gains, with distances, by label.

    Parameters
    ----------
    rows
        Columns `condition`, `target`, `source_language`, `language`, `model`; for example `gains(table).frame`. Columns
        `family`, `language_family` and `overlap` of a table's own are kept.
    task_distances
        Name → distance from intermediate task (rows) to target task (columns). A condition takes the
        distance of its intermediate task, whether translated (`task@de`) or with `+mlm`. A row that only some of several
        distances know has none of the others.
    language_distances
        Name → distance from source language (rows) to language (columns).
    catalogue
        Known tasks, for families and overlaps.

    Raises
    ------
    InputError
        Where no row is left.

    Examples
    --------
    >>> from transfer_analysis.example import example_distances, example_results
    >>> found = observe(example_results().frame, task_distances={"semantic": example_distances()})
    >>> len(found.frame), len(found.dropped)
    (702, 117)
    """
    catalogue = catalogue or load_catalogue()
    frame = rows.copy()
    reasons = pd.Series("", index=frame.index, dtype="object")
    tasks = frame["condition"].astype(str).map(task_of)

    lacking = []
    for name, matrix in (task_distances or {}).items():
        reason = pd.Series("", index=frame.index, dtype="object")
        _mark(reason, ~tasks.isin(matrix.rows), "no {} distance for the condition: ", name, tasks)
        _mark(reason, ~frame["target"].isin(matrix.columns), "no {} distance for the target: ", name, frame["target"])
        if matrix.model is not None:
            other = frame["model"] != matrix.model
            _mark(reason, other, "the {} distance is of another model: ", name, frame["model"])
        frame[f"{name}_distance"] = _look_up(matrix, tasks, frame["target"]).where(reason == "")
        lacking.append(reason)
    if lacking:
        # What one distance does not know, another may: only a row without any is of no use.
        nowhere = pd.concat(lacking, axis=1).ne("").all(axis=1)
        reasons[nowhere] = lacking[0][nowhere]
    for name, matrix in (language_distances or {}).items():
        labels = {
            side: frame[side].map({code: _label(code, known) for code in frame[side].unique()})
            for side, known in (("source_language", matrix.rows), ("language", matrix.columns))
        }
        for side, found in labels.items():
            _mark(reasons, found.isna(), f"no {{}} distance for the {side}: ", name, frame[side])
        frame[f"{name}_distance"] = _look_up(matrix, labels["source_language"], labels["language"])

    # What a table says of itself is kept: families of one's own, a measure of overlap.
    if "family" not in frame:
        frame["family"] = tasks.map({task: catalogue.family(task) for task in tasks.unique()})
    if "language_family" not in frame:
        of_language = families(sorted(frame["language"].unique()))
        frame["language_family"] = frame["language"].map(of_language)
    if "overlap" not in frame:
        frame["overlap"] = overlaps(frame, catalogue)

    keep = reasons == ""
    if not keep.any():
        raise InputError(f"no row of the results could be joined with the distances: {reasons.iloc[0]}")
    dropped = rows[~keep].assign(reason=reasons[~keep])
    return Observations(frame[keep].reset_index(drop=True), dropped.reset_index(drop=True))


def overlaps(rows: pd.DataFrame, catalogue: Catalogue) -> pd.Series:
    """Say of each row whether the intermediate task, or one of several, is part of what the target was trained on.

    By their names, or by what the table says was trained on (`intermediate_on`, `trained_on`).

    Parameters
    ----------
    rows
        Columns `condition` and `target`.
    """
    older = dict(told_by_recipe(rows))
    none = pd.Series("", index=rows.index)
    sources = [
        (rows[name] if name in rows else older.get(name, none)).fillna("").astype(str)
        for name in ("intermediate_on", "trained_on")
    ]
    tasks = rows["condition"].astype(str).map(task_of)
    runs = list(zip(tasks, rows["target"].astype(str), sources[0], sources[1], strict=True))
    found = {run: _overlap(*run, catalogue) for run in set(runs)}
    return pd.Series([found[run] for run in runs], index=rows.index, dtype=bool)


def _label(code: str, known: Collection[str]) -> str | None:
    """Return what a distance calls a language: as the table does, or without the script; None where it lacks it."""
    if code in known:
        return code
    plain = resolve(code).code
    return plain if plain in known else None


def _overlap(task: str, target: str, intermediate_on: str, trained_on: str, catalogue: Catalogue) -> bool:
    """Whether what came before is (part of) the target's training set, by their names or by what was trained on.

    The columns know the members of `multi-task`, and what was trained on in place of a target's own training set.
    """
    before = (task, *source_tasks(intermediate_on))
    after = (target, *source_tasks(trained_on))
    return any(catalogue.overlaps(one, other) for one in before for other in after)


def _mark(reasons: pd.Series, wrong: pd.Series, text: str, name: str, values: pd.Series) -> None:
    """Give each row its first reason for being dropped."""
    new = wrong & (reasons == "")
    reasons[new] = text.format(name) + values[new].astype(str)


def _look_up(matrix: DistanceMatrix, rows: pd.Series, columns: pd.Series) -> pd.Series:
    table = matrix.values.stack(future_stack=True)
    pairs = pd.MultiIndex.from_arrays([rows.astype(str), columns.astype(str)])
    return pd.Series(table.reindex(pairs).to_numpy(dtype=float), index=rows.index)
