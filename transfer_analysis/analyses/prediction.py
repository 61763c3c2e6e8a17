"""Predicting the scores of languages, families or tasks that were left out, beside means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.analyses.predictors import between_languages
from transfer_analysis.analyses.rows import Languages, of_languages
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.languages import families
from transfer_analysis.statistics import NDCG, Outcome
from transfer_analysis.statistics.frames import refuse_repeated, require_labels, require_named, require_numbers
from transfer_analysis.statistics.prediction import (
    LEARNERS,
    Block,
    Cases,
    Fold,
    folds_of,
    importance,
    learner_named,
    predict_held_out,
)
from transfer_analysis.statistics.prediction.learners import baselines
from transfer_analysis.statistics.selection import Relevance

Report = Callable[[str, float], None]

#: Columns that tell rows apart and whose means are known beforehand, and those that are averaged over.
_SIDES = ("target", "language", "source_language", "condition", "model", "adaptation", "initialisation")
_AVERAGED = ("seed", "run")
#: Columns whose values are on scales of their own, so that they are answered apart.
_APART = ("metric", "split", "checkpoint")
#: Outcomes of a transfer table, each of which tells another.
_OUTCOMES = ("score", "gain", "baseline")


@dataclass(frozen=True)
class Prediction:
    """How well scores are predicted of what was left out.

    Attributes
    ----------
    errors
        One row per learner and per mean that it is compared with: RMSE with its interval, MAE, R², rank correlation, NDCG.
    outcomes
        Learner → how much lower its RMSE is than that of the best mean.
    importance
        One row per learner and block of predictors: how much the RMSE grows when the block is exchanged between units.
    rows
        The rows predicted, with a column for each model.
    notes
        What was done to the table, and what to know of the numbers.
    """

    errors: pd.DataFrame
    outcomes: Mapping[str, Outcome]
    importance: pd.DataFrame
    rows: pd.DataFrame
    notes: tuple[str, ...]


def predict(
    frame: pd.DataFrame,
    predictors: Sequence[str],
    *,
    score: str = "score",
    leave_out: str = "language",
    learners: Sequence[str] = tuple(LEARNERS),
    matrices: Mapping[str, DistanceMatrix] | None = None,
    together: Mapping[str, Sequence[str]] | None = None,
    languages: Languages = "zero-shot",
    source: str = "source_language",
    language: str = "language",
    choose: str | None = None,
    k: int | None = None,
    relevance: Relevance = "ranks",
    lower_is_better: bool = False,
    repeats: int = 20,
    seed: int = 0,
    report: Report = lambda _text, _share: None,
) -> Prediction:
    """Predict scores of what is left out, each from rows that have nothing to do with it.

    Parameters
    ----------
    frame
        One row per score; seeds are averaged.
    predictors
        Columns (text becomes an indicator for each value), kinds of distance between languages, which are computed, or names of
        `matrices`.
    score
        What is predicted; on one scale.
    leave_out
        `language`, `family` (Glottolog's top level), `task`, or a column: each of its values is left out in turn. A language
        is left out as a source too where there are several sources; a task as an intermediate task too.
    matrices
        Name → distance between source and language.
    together
        Name → predictors whose importance is asked of all at once.
    languages
        `zero-shot` leaves out rows that were tested in the language trained on.
    source, language
        Columns of the languages trained on and tested on.
    choose
        Column whose values are candidates, for NDCG: of every choice (rows alike in all other sides) the predicted order.
        `source` column where there are several sources, else the condition.
    k, relevance
        Of NDCG.

    Raises
    ------
    InputError
        For a column that is not there, a predictor that tells the score, rows that nothing tells apart, or too little to
        leave out.

    Examples
    --------
    >>> from transfer_analysis.example import example_rows
    >>> found = predict(example_rows(), ["syntactic_distance", "semantic_distance"], score="gain", learners=["regression"], repeats=5)
    >>> list(found.errors["model"][:2]), found.outcomes["regression"].unit
    (['mean', 'mean of the target'], 'languages left out')
    """
    if not predictors:
        raise InputError("name one predictor at least")
    found = [learner_named(name) for name in dict.fromkeys(learners)]
    require_named(frame, [score])
    require_numbers(frame, [score])
    _refuse_outcomes(predictors, score)
    held = _column_of(leave_out, language, frame)
    table, notes = _rows(frame.reset_index(drop=True), score, language, source, languages)
    columns, said = _columns(table, predictors, matrices or {}, source, language)
    notes += said
    complete = np.all([part.notna().all(axis=1) for part in columns.values()], axis=0)
    if lost := int((~complete).sum()):
        notes.append(f"{lost} of {len(table)} rows without every predictor left out")
    named = _sides(table, language, source)
    table, said = _averaged(table[complete], score, named, {name: part[complete] for name, part in columns.items()})
    notes += said
    if table.empty:
        raise InputError("no row has a score and every predictor")
    sides = {side: codes for side, codes in _codes(table, named).items() if codes.max() > 0}
    x = table[[column for part in columns.values() for column in part.columns]].to_numpy(dtype=float)
    _refuse_told(x, table, score, columns)
    cases = Cases(x, table[score].to_numpy(dtype=float), sides)
    folds, group = _folds(table, leave_out, held, source, language)
    known = {side: side.replace("_", " ") for side in sides if side not in _left_out_whole(sides, folds)}
    choices = _choices(table, sides, choose, source)
    done = predict_held_out(
        cases,
        folds,
        found,
        baselines(known),
        group=group,
        choices=choices,
        ndcg=NDCG(relevance, k),
        lower_is_better=lower_is_better,
        seed=seed,
        report=report,
    )
    blocks = _blocks(table, columns, together or {}, sides)
    weights = importance(cases, folds, done.fitted, blocks, repeats=repeats, seed=seed, report=report)
    rows = table.drop(columns=[c for part in columns.values() for c in part.columns if c not in frame]).assign(
        left_out=_names(folds, len(table)), **{f"predicted by {name}": done.values[name] for name in done.values}
    )
    return Prediction(done.errors, done.outcomes, weights, rows, tuple(notes))


def _refuse_outcomes(predictors: Sequence[str], score: str) -> None:
    told = [name for name in predictors if name == score or (name in _OUTCOMES and {name, score} <= {"score", "gain"})]
    if told:
        raise InputError(f"predictor {told[0]}: tells {score} itself; leave it out")


def _refuse_told(
    x: npt.NDArray[np.float64], table: pd.DataFrame, score: str, columns: Mapping[str, pd.DataFrame]
) -> None:
    """Refuse a predictor that does not vary, or is the score on another scale."""
    y = table[score].to_numpy(dtype=float)
    names = [name for name, part in columns.items() for _ in part.columns]
    for name, column in zip(names, x.T, strict=True):
        if np.ptp(column) == 0 and len(columns[name].columns) == 1:
            raise InputError(f"predictor {name}: has one value in all rows ({column[0]:g})")
        if len(y) > 3 and np.ptp(column) > 0 and np.ptp(y) > 0 and abs(np.corrcoef(column, y)[0, 1]) > 1 - 1e-12:
            raise InputError(f"predictor {name}: is {score} itself, on another scale")


def _column_of(leave_out: str, language: str, frame: pd.DataFrame) -> str:
    """Return the column whose values are left out."""
    column = {"language": language, "family": language, "task": "target"}.get(leave_out, leave_out)
    require_named(frame, [column])
    require_labels(frame, [column])
    return column


def _rows(
    frame: pd.DataFrame, score: str, language: str, source: str, languages: Languages
) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that are predicted: with a score, of the languages that count."""
    notes = []
    if missing := int(frame[score].isna().sum()):
        notes.append(f"{missing} rows without {score} left out")
    kept = frame[frame[score].notna()]
    if language in kept and languages != "all":
        named = kept.rename(columns={language: "language", source: "source_language"})
        of_those = of_languages(named, languages).index
        if left := len(kept) - len(of_those):
            notes.append(
                f"{left} rows of languages that were trained on left out"
                if languages == "zero-shot"
                else f"{left} rows left out"
            )
        kept = kept.loc[of_those]
    if kept.empty:
        raise InputError(f"no row has a {score} that counts")
    refuse_repeated(kept)
    return kept.reset_index(drop=True), notes


def _columns(
    table: pd.DataFrame, predictors: Sequence[str], matrices: Mapping[str, DistanceMatrix], source: str, language: str
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Return the columns of numbers of each predictor."""
    found: dict[str, pd.DataFrame] = {}
    notes = []
    for name in dict.fromkeys(predictors):
        if name in table and name not in matrices:
            column = table[name]
            if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
                require_numbers(table, [name])
                found[name] = column.astype(float).to_frame(name)
            else:
                marks = pd.get_dummies(column, prefix=name, prefix_sep=" = ", dtype=float)
                marks[column.isna()] = np.nan
                found[name] = marks
        else:
            values = between_languages(name, matrices.get(name), table, source, language)
            found[name] = values.to_frame(name)
        if missing := int(found[name].isna().any(axis=1).sum()):
            notes.append(f"{name} has no value for {missing} of {len(table)} rows")
    if "baseline" in predictors:
        notes.append(
            "baseline is a score in the language that is left out: it must be measured before anything is predicted"
        )
    return found, notes


def _sides(table: pd.DataFrame, language: str, source: str) -> list[str]:
    renamed = {"language": language, "source_language": source}
    return list(dict.fromkeys(side for name in _SIDES if (side := renamed.get(name, name)) in table))


def _averaged(
    table: pd.DataFrame, score: str, sides: list[str], columns: Mapping[str, pd.DataFrame]
) -> tuple[pd.DataFrame, list[str]]:
    """Return one row for each setting, a mean over its seeds, with the columns of the predictors."""
    given = [column for part in columns.values() for column in part.columns]
    named = pd.concat([table[[c for c in table if c not in given]], *columns.values()], axis=1)
    for column in _APART:
        if column in named and (named.groupby(sides, observed=True)[column].nunique() > 1).any():
            raise InputError(f"rows of one setting differ in {column}: answer each apart (--by {column})")
    runs = [column for column in _AVERAGED if column in named]
    if not runs:
        return named.reset_index(drop=True), []
    keys = [c for c in named if c not in (*runs, score) and (c in given or not pd.api.types.is_float_dtype(named[c]))]
    means = named.groupby(keys, dropna=False, observed=True, sort=False)[score].mean().reset_index()
    said = [f"{len(named)} rows averaged to {len(means)}, over seeds"] if len(means) < len(named) else []
    return means, said


def _codes(table: pd.DataFrame, sides: list[str]) -> dict[str, npt.NDArray[np.intp]]:
    return {side: np.asarray(pd.factorize(table[side].astype(str), sort=True)[0], dtype=np.intp) for side in sides}


def _folds(table: pd.DataFrame, leave_out: str, held: str, source: str, language: str) -> tuple[list[Fold], str]:
    """Return the folds, and what is left out, in the plural."""
    labels = [table[held].astype(str).tolist()]
    if leave_out in ("language", "family") and source in table and table[source].nunique() > 1:
        labels.append(table[source].astype(str).tolist())
    if leave_out == "task" and "condition" in table and set(table["condition"].astype(str)) & set(labels[0]):
        labels.append(table["condition"].astype(str).tolist())
    if leave_out == "family":
        of = families(sorted({label for column in labels for label in column}))
        labels = [[of[label] for label in column] for column in labels]
    noun = {"family": "families", "task": "tasks", "language": "languages"}.get(leave_out, f"{held.replace('_', ' ')}s")
    return folds_of(labels, labels[0]), noun


def _left_out_whole(sides: Mapping[str, npt.NDArray[np.intp]], folds: Sequence[Fold]) -> list[str]:
    """Return the sides of which nothing is known beforehand: no level of a row that is predicted is learnt from."""
    return [
        side
        for side, codes in sides.items()
        if not any(np.isin(codes[fold.test], codes[fold.train]).any() for fold in folds)
    ]


def _choices(
    table: pd.DataFrame, sides: Mapping[str, Any], choose: str | None, source: str
) -> npt.NDArray[np.intp] | None:
    """Return for each row the choice in which it is a candidate; None where there is nothing to choose from."""
    column = choose or next((side for side in (source, "condition") if side in sides), None)
    if column is None:
        return None
    require_named(table, [column])
    others = [side for side in sides if side != column]
    if not others:
        return np.zeros(len(table), dtype=np.intp)
    return np.asarray(table.groupby(others, observed=True, sort=True).ngroup(), dtype=np.intp)


def _blocks(
    table: pd.DataFrame,
    columns: Mapping[str, pd.DataFrame],
    together: Mapping[str, Sequence[str]],
    sides: Mapping[str, npt.NDArray[np.intp]],
) -> list[Block]:
    """Return the predictors that are exchanged at once, each with the units that its values belong to."""
    unknown = [name for names in together.values() for name in names if name not in columns]
    if unknown:
        raise InputError(f"together: {unknown[0]!r} is no predictor; there are {', '.join(columns)}")
    grouped = {name for names in together.values() for name in names}
    named = {**{name: list(names) for name, names in together.items()}, **{n: [n] for n in columns if n not in grouped}}
    places = {c: number for number, c in enumerate(c for part in columns.values() for c in part.columns)}
    blocks = []
    for name, members in named.items():
        own = [column for member in members for column in columns[member].columns]
        unit, levels = _unit(table[own], sides)
        blocks.append(Block(name, [places[column] for column in own], unit, levels))
    return blocks


def _unit(values: pd.DataFrame, sides: Mapping[str, npt.NDArray[np.intp]]) -> tuple[str, npt.NDArray[np.intp]]:
    """Return the fewest units within which values are constant: one side, two or three together, or rows."""
    codes = pd.DataFrame(dict(sides), index=values.index)
    for size in (1, 2, 3):
        fitting = []
        for named in combinations(codes.columns, size):
            levels = codes.groupby(list(named), sort=True).ngroup()
            spread = values.groupby(levels.to_numpy()).agg(["min", "max"])
            flat = all((spread[column, "max"] - spread[column, "min"] <= 1e-12).all() for column in values)
            if flat and levels.nunique() > 1:
                fitting.append((levels.nunique(), " × ".join(side.replace("_", " ") for side in named), levels))
        if fitting:
            _, name, levels = min(fitting, key=lambda one: one[0])
            return name, levels.to_numpy(dtype=np.intp)
    return "row", np.arange(len(values), dtype=np.intp)


def _names(folds: Sequence[Fold], rows: int) -> list[str]:
    names = np.full(rows, "", dtype=object)
    for fold in folds:
        names[fold.test] = fold.name
    return list(names)
