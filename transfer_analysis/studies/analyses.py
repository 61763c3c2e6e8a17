"""From a declared hypothesis and the observations to an outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.languages import lineages
from transfer_analysis.observations import Observations
from transfer_analysis.results import Gains
from transfer_analysis.statistics import (
    NDCG,
    Outcome,
    Regret,
    Relabelings,
    association,
    joint_relabelings,
    phylogenetic_regression,
    pooled_association,
    relatedness,
    selection,
    separate_relabelings,
)
from transfer_analysis.statistics.languages import MIN_LANGUAGES
from transfer_analysis.studies.selected import Selected, declared_effect
from transfer_analysis.studies.study import (
    ConditionEffect,
    Hypothesis,
    LanguagePairAssociation,
    LanguageRegression,
    LanguageSelection,
    PooledTaskAssociation,
    Study,
    TaskAssociation,
    TaskSelection,
)
from transfer_analysis.tasks import Catalogue, load_catalogue
from transfer_analysis.tasks.conditions import task_of

_RELATED = (
    "descriptive: languages are related, so their labels are not exchangeable and no p-value is given; the regression "
    "on the language tree is the test"
)

_ON_THE_TREE = (
    "genetic distance is itself read off the family tree that the residuals follow, so this test can tell little of "
    "its effect apart"
)


@dataclass(frozen=True)
class Material:
    """What the tests of a study work on.

    Attributes
    ----------
    gains, scores
        Joined rows with gains (None where the results have no conditions) and with scores of all conditions.
    selected
        The rows before the join, those of other initialisations, and the floors.
    distances
        The matrices by name.
    covariates
        Properties of languages, one row per language code.
    catalogue
        Known tasks, a person's own among them.
    all_gains
        Gains before the join, with the scores that have none.
    """

    study: Study
    gains: Observations | None
    scores: Observations
    selected: Selected
    distances: dict[str, DistanceMatrix]
    covariates: pd.DataFrame
    catalogue: Catalogue = field(default_factory=load_catalogue)
    all_gains: Gains | None = None


@dataclass(frozen=True)
class Cells:
    """A table of sources × targets with the distances and the relabelings that belong to it.

    Attributes
    ----------
    outcome
        Frame of shape (sources, targets), NaN for empty cells: the mean over seeds, then over models, adaptations and
        languages, the same ones for every source of a target.
    distance
        Array that the relabelings point into.
    observed
        Distances in the shape of `outcome`.
    notes
        What was left out so that all cells of a target are means over the same runs.
    """

    outcome: pd.DataFrame
    distance: np.ndarray
    observed: np.ndarray
    relabelings: Relabelings
    notes: tuple[str, ...]


@dataclass(frozen=True)
class LanguageScores:
    """One row per language: `language`, `score`, `distance`, `language_family`; the unit, and what was left out."""

    frame: pd.DataFrame
    unit: str
    notes: tuple[str, ...]


def analyse(hypothesis: Hypothesis, material: Material) -> Outcome:
    """Return the outcome of one hypothesis."""
    analyses: dict[type, Callable[[Any, Material], Outcome]] = {
        TaskAssociation: _task_association,
        PooledTaskAssociation: _pooled_task_association,
        TaskSelection: _task_selection,
        LanguageRegression: _language_regression,
        LanguagePairAssociation: _language_pair_association,
        LanguageSelection: _language_selection,
        ConditionEffect: lambda declared, given: declared_effect(declared, given.selected),
    }
    return analyses[type(hypothesis)](hypothesis, material)


def task_cells(material: Material, which: str, languages: str) -> Cells:
    """Return the cells of intermediate × target task, overlaps and self-transfer left out.

    An overlapping cell has neither outcome nor distance: its distance is small by construction, and relabeling must
    not move it onto cells where it is not. Tasks that stand on both sides are relabeled jointly, others separately.

    Raises
    ------
    InputError
        Where gains are wanted and the results have none.
    """
    observations = material.gains if which == "gain" else material.scores
    if observations is None:
        raise InputError("the results have no gains: rows with condition none are missing")
    frame = observations.frame[observations.frame["condition"] != "none"]
    # A condition `x+mlm` or `x@de` has the distance of x, and stands for it beside x itself.
    frame = frame.assign(task=frame["condition"].map(task_of))
    overlaps = set(frame.loc[frame["overlap"], ["task", "target"]].itertuples(index=False, name=None))
    frame = frame[~frame["overlap"] & (frame["task"] != frame["target"])]
    if languages == "zero-shot":
        frame = frame[frame["language"] != frame["source_language"]]
    assert material.study.task_distance is not None
    matrix = material.distances[material.study.task_distance.name]
    return _cells(frame, "task", "target", which, matrix, material.study, overlaps)


def language_cells(material: Material, kind: str) -> Cells:
    """Return the cells of source × test language, a language with itself left out."""
    frame = material.scores.frame
    frame = frame[frame["source_language"] != frame["language"]]
    matrix = material.distances[kind]
    # A language is no distance from itself where any of its features are known.
    known = [c for c in matrix.columns if np.isfinite(matrix.values.at[c, c])]
    unknown = sorted({*frame["source_language"], *frame["language"]} - set(known))
    frame = frame[frame["source_language"].isin(known) & frame["language"].isin(known)]
    cells = _cells(frame, "source_language", "language", "score", matrix, material.study, set())
    note = f"{len(unknown)} languages without known {kind} features left out: {', '.join(unknown)}"
    return replace(cells, notes=(note, *cells.notes)) if unknown else cells


def language_scores(material: Material, kind: str) -> LanguageScores:
    """Return the score and the distance of each language but the source language.

    Scores are of the study's source language, averaged over seeds, then over models and conditions, then over targets.
    With several targets each is first standardised over the languages, because their scales differ; one target stays in
    points. Only runs and languages that every target has are compared, and what is left out is said.

    Raises
    ------
    InputError
        Where no language is left.
    """
    frame = material.scores.frame
    source = material.study.source_language
    frame = frame[(frame["source_language"] == source) & (frame["language"] != source) & ~frame["overlap"]]
    if frame.empty:
        raise InputError(f"the results have no scores of models trained on {source} and tested in other languages")
    notes, columns = [], {}
    for target, part in frame.groupby("target"):
        means, left_out = _balanced(part.assign(run_of=_run(part, "language")), "language", "score")
        notes += [f"{target}: {note}" for note in left_out]
        if len(means) > 1 and np.ptp(means) > 1e-9:
            columns[target] = means
        else:
            notes.append(f"{target} left out: its score is the same in all languages")
    table = pd.DataFrame(columns)
    incomplete = sorted(table.index[table.isna().any(axis=1)])
    if incomplete:
        notes.append(f"{len(incomplete)} languages left out that not every target has: {', '.join(incomplete)}")
    table = table.dropna()
    if table.empty:
        raise InputError(f"no language has varying scores on every target (of models trained on {source})")
    if table.shape[1] > 1:
        table = (table - table.mean()) / table.std(ddof=0)
    about = frame.groupby("language").agg(
        distance=(f"{kind}_distance", "first"), language_family=("language_family", "first")
    )
    scores = about.join(table.mean(axis=1).rename("score"), how="inner").reset_index()
    unit = "points" if table.shape[1] == 1 else "standardised within target"
    return LanguageScores(scores, unit, tuple(notes))


def _task_association(hypothesis: TaskAssociation, material: Material) -> Outcome:
    cells = task_cells(material, hypothesis.outcome, hypothesis.languages)
    outcome = association(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        method=hypothesis.method,
        alternative=hypothesis.alternative,
        unit="intermediate × target cells",
        names=list(cells.outcome.columns),
    )
    return replace(outcome, warnings=(*cells.notes, *outcome.warnings))


def _pooled_task_association(hypothesis: PooledTaskAssociation, material: Material) -> Outcome:
    cells = task_cells(material, hypothesis.outcome, hypothesis.languages)
    outcome = pooled_association(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        alternative=hypothesis.alternative,
        unit="intermediate × target cells",
    )
    return replace(outcome, warnings=(*cells.notes, *outcome.warnings))


def _task_selection(hypothesis: TaskSelection, material: Material) -> Outcome:
    cells = task_cells(material, hypothesis.outcome, hypothesis.languages)
    measure = _measure(hypothesis)
    outcome = selection(cells.distance, cells.outcome.to_numpy(), cells.relabelings, measure, seed=material.study.seed)
    return replace(outcome, warnings=(*cells.notes, *outcome.warnings))


def _language_regression(hypothesis: LanguageRegression, material: Material) -> Outcome:
    scores = language_scores(material, hypothesis.distance)
    names = list(hypothesis.covariates)
    table = scores.frame.join(material.covariates[names], on="language")
    known = table.dropna(subset=["distance", *names])
    if len(known) < MIN_LANGUAGES:
        raise InputError(
            f"{hypothesis.id}: {len(known)} languages have both a score and a {hypothesis.distance} distance from "
            f"{material.study.source_language}; at least {MIN_LANGUAGES} are needed"
        )
    codes = list(known["language"])
    outcome = phylogenetic_regression(
        known["score"].to_numpy(),
        known["distance"].to_numpy(),
        relatedness(list(lineages(codes).values())),
        names=(
            f"score ({scores.unit})",
            f"{hypothesis.distance} distance from {material.study.source_language}",
        ),
        covariates=known[names].to_numpy(dtype=float) if names else None,
        alternative=hypothesis.alternative,
        seed=material.study.seed,
    )
    warnings = list(scores.notes)
    if hypothesis.distance == "genetic":
        warnings.append(_ON_THE_TREE)
    missing = sorted(set(table["language"]) - set(codes))
    if missing:
        what = " or ".join([f"{hypothesis.distance} distance", *(n.replace("_", " ") for n in names)])
        warnings.append(f"{len(missing)} languages without a {what} left out: {', '.join(missing)}")
    adjusted = f", adjusted for {', '.join(names).replace('_', ' ')}" if names else ""
    return replace(outcome, statistic=outcome.statistic + adjusted, warnings=(*outcome.warnings, *warnings))


def _language_pair_association(hypothesis: LanguagePairAssociation, material: Material) -> Outcome:
    cells = language_cells(material, hypothesis.distance)
    outcome = association(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        unit="language pairs",
        column="language",
        names=list(cells.outcome.columns),
    )
    return _descriptive(outcome, cells)


def _language_selection(hypothesis: LanguageSelection, material: Material) -> Outcome:
    cells = language_cells(material, hypothesis.distance)
    outcome = selection(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        _measure(hypothesis),
        seed=material.study.seed,
        unit="languages",
    )
    return _descriptive(outcome, cells)


def _descriptive(outcome: Outcome, cells: Cells) -> Outcome:
    """Take away p-value and interval, which would rest on exchangeable languages."""
    return replace(
        outcome,
        p_value=None,
        attainable_p=None,
        null="",
        low=None,
        high=None,
        interval_method="",
        minimum_detectable=None,
        method="description",
        assumptions=(),
        warnings=(_RELATED, *cells.notes, *outcome.warnings),
    )


def _measure(hypothesis: TaskSelection | LanguageSelection) -> NDCG | Regret:
    if hypothesis.measure == "ndcg":
        return NDCG(hypothesis.relevance)
    return Regret(hypothesis.k, hypothesis.of, hypothesis.relative)


def _cells(
    frame: pd.DataFrame,
    row: str,
    column: str,
    which: str,
    matrix: DistanceMatrix,
    study: Study,
    overlaps: set[tuple[str, str]],
) -> Cells:
    if frame.empty:
        raise InputError(f"no cell of {row} × {column} is left to analyse")
    frame = frame.assign(run_of=_run(frame, row, column))
    notes, columns = [], {}
    for name, part in frame.groupby(column):
        columns[name], left_out = _balanced(part, row, which)
        notes += [f"{name}: {note}" for note in left_out]
    outcome = pd.DataFrame(columns).rename_axis(index=row, columns=column).sort_index()
    rows, names = list(outcome.index), list(outcome.columns)
    joint = bool(set(rows) & set(names))
    labels = [label for label in matrix.rows if label in set(rows) | set(names)]
    of_rows, of_columns = (labels, labels) if joint else (rows, names)
    distance = pd.DataFrame(matrix.array(of_rows, of_columns), of_rows, of_columns)
    for one, other in overlaps:
        if one in distance.index and other in distance.columns:
            distance.loc[one, other] = np.nan
    if joint:
        relabelings = joint_relabelings(labels, rows, names, count=study.permutations, seed=study.seed)
    else:
        relabelings = separate_relabelings(len(rows), len(names), count=study.permutations, seed=study.seed)
    observed = distance.loc[rows, names].to_numpy()
    return Cells(outcome, distance.to_numpy(), observed, relabelings, tuple(notes))


def _run(frame: pd.DataFrame, *sides: str) -> pd.Series:
    """Name what a score was observed with besides its cell: model, adaptation, languages, and the condition in full."""
    parts = ["model", "adaptation", "initialisation", "checkpoint", "source_language", "language", "condition"]
    if "task" in sides:
        # `x`, `x+mlm` and `x@de` are three ways of having had x.
        ways = [condition.removeprefix(task_of(condition)) for condition in frame["condition"]]
        frame = frame.assign(condition=ways)
    named: pd.Series = frame[[part for part in parts if part not in sides]].astype(str).agg("/".join, axis=1)
    return named


def _balanced(frame: pd.DataFrame, row: str, which: str) -> tuple[pd.Series, list[str]]:
    """Return the mean of each row over the same runs, and what had to be left out for that.

    Rows observed in different runs (other models, other languages) would differ for that reason alone. Seeds are
    averaged first. A row that lacks more than half of the runs is left out; then the runs that some row lacks are.
    """
    table = frame.groupby([row, "run_of"])[which].mean().unstack("run_of")
    rows, runs = [], []
    while table.isna().to_numpy().any():
        lacking_rows, lacking_runs = table.isna().mean(axis=1), table.isna().mean(axis=0)
        if lacking_rows.max() > 0.5:
            rows.append(str(lacking_rows.idxmax()))
            table = table.drop(index=lacking_rows.idxmax())
        else:
            runs.append(str(lacking_runs.idxmax()))
            table = table.drop(columns=lacking_runs.idxmax())
    notes = []
    if rows:
        notes.append(f"{', '.join(rows)} left out, which other runs than the rest were scored in")
    if runs:
        notes.append(f"{len(runs)} runs left out that not every {row.replace('_', ' ')} has (such as {runs[0]})")
    # Sums in another order differ in their last digits, which must not decide between equal scores.
    return table.mean(axis=1).round(9), notes
