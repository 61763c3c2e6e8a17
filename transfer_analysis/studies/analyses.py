"""From a declared hypothesis and the observations to an outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.languages import lineages
from transfer_analysis.observations import Observations
from transfer_analysis.statistics import (
    NDCG,
    Outcome,
    Regret,
    Relabelings,
    association,
    grafen_covariance,
    joint_relabelings,
    phylogenetic_regression,
    pooled_association,
    selection,
    separate_relabelings,
)
from transfer_analysis.statistics.phylogeny import MIN_LANGUAGES
from transfer_analysis.studies.study import (
    Hypothesis,
    LanguagePairAssociation,
    LanguageRegression,
    LanguageSelection,
    PooledTaskAssociation,
    Study,
    TaskAssociation,
    TaskSelection,
)

_RELATED = (
    "descriptive: languages are related, so their labels are not exchangeable and this p-value is too small; "
    "the regression on the language tree is the test"
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
    distances
        The matrices by name.
    covariates
        Properties of languages, one row per language code.
    """

    study: Study
    gains: Observations | None
    scores: Observations
    distances: dict[str, DistanceMatrix]
    covariates: pd.DataFrame


@dataclass(frozen=True)
class Cells:
    """A table of sources × targets with the distances and the relabelings that belong to it.

    Attributes
    ----------
    outcome
        Frame of shape (sources, targets), NaN for empty cells: the mean over seeds within a run's cell, then over
        models, adaptations and languages.
    distance
        Array that the relabelings point into.
    observed
        Distances in the shape of `outcome`.
    """

    outcome: pd.DataFrame
    distance: np.ndarray
    observed: np.ndarray
    relabelings: Relabelings


def analyse(hypothesis: Hypothesis, material: Material) -> Outcome:
    """Return the outcome of one hypothesis."""
    analyses: dict[type, Callable[[Any, Material], Outcome]] = {
        TaskAssociation: _task_association,
        PooledTaskAssociation: _pooled_task_association,
        TaskSelection: _task_selection,
        LanguageRegression: _language_regression,
        LanguagePairAssociation: _language_pair_association,
        LanguageSelection: _language_selection,
    }
    return analyses[type(hypothesis)](hypothesis, material)


def task_cells(material: Material, which: str, languages: str) -> Cells:
    """Return the cells of intermediate × target task, overlaps and self-transfer left out.

    Tasks that stand on both sides are relabelled jointly, others separately.

    Raises
    ------
    InputError
        Where gains are wanted and the results have none.
    """
    observations = material.gains if which == "gain" else material.scores
    if observations is None:
        raise InputError("the results have no gains: rows with condition none are missing")
    frame = observations.frame
    frame = frame[(frame["condition"] != "none") & ~frame["overlap"] & (frame["condition"] != frame["target"])]
    if languages == "zero-shot":
        frame = frame[frame["language"] != frame["source_language"]]
    assert material.study.task_distance is not None
    matrix = material.distances[material.study.task_distance.name]
    return _cells(frame, "condition", "target", which, matrix, material.study)


def language_cells(material: Material, kind: str) -> Cells:
    """Return the cells of source × test language, a language with itself left out."""
    frame = material.scores.frame
    frame = frame[frame["source_language"] != frame["language"]]
    matrix = material.distances[kind]
    known = (
        [c for c in matrix.columns if np.isfinite(matrix.values.at[c, c])] if matrix.columns == matrix.rows else None
    )
    if known is not None:
        frame = frame[frame["source_language"].isin(known) & frame["language"].isin(known)]
    return _cells(frame, "source_language", "language", "score", matrix, material.study)


def language_scores(material: Material, kind: str) -> pd.DataFrame:
    """Return one row per language but the source language: `language`, `score`, `distance`, `language_family`.

    Scores are of the study's source language, averaged over seeds, models, conditions and targets. With several
    targets each is first standardised over the languages, because their scales differ; one target stays in points.
    """
    frame = material.scores.frame
    source = material.study.source_language
    frame = frame[(frame["source_language"] == source) & (frame["language"] != source) & ~frame["overlap"]]
    if frame.empty:
        raise InputError(f"the results have no scores of models trained on {source} and tested in other languages")
    column = f"{kind}_distance"
    # A language that lacks a cell would be compared on other cells than the rest; each target weighs the same.
    means = frame.groupby(["target", "language"])["score"].mean().unstack("target")
    means = means.dropna()
    if means.shape[1] > 1:
        means = (means - means.mean()) / means.std(ddof=0)
    about = frame.groupby("language").agg(distance=(column, "first"), language_family=("language_family", "first"))
    return about.join(means.mean(axis=1).rename("score"), how="inner").reset_index()


def _task_association(hypothesis: TaskAssociation, material: Material) -> Outcome:
    cells = task_cells(material, hypothesis.outcome, hypothesis.languages)
    return association(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        method=hypothesis.method,
        alternative=hypothesis.alternative,
        unit="intermediate × target cells",
    )


def _pooled_task_association(hypothesis: PooledTaskAssociation, material: Material) -> Outcome:
    cells = task_cells(material, hypothesis.outcome, hypothesis.languages)
    return pooled_association(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        alternative=hypothesis.alternative,
        unit="intermediate × target cells",
    )


def _task_selection(hypothesis: TaskSelection, material: Material) -> Outcome:
    cells = task_cells(material, hypothesis.outcome, hypothesis.languages)
    measure = _measure(hypothesis)
    return selection(cells.distance, cells.outcome.to_numpy(), cells.relabelings, measure, seed=material.study.seed)


def _language_regression(hypothesis: LanguageRegression, material: Material) -> Outcome:
    table = language_scores(material, hypothesis.distance)
    names = list(hypothesis.covariates)
    table = table.join(material.covariates[names], on="language")
    known = table.dropna(subset=["distance", *names])
    if len(known) < MIN_LANGUAGES:
        raise InputError(
            f"{hypothesis.id}: {len(known)} languages have both a score and a {hypothesis.distance} distance from "
            f"{material.study.source_language}; at least {MIN_LANGUAGES} are needed"
        )
    codes = list(known["language"])
    targets = material.scores.frame["target"].nunique()
    outcome = phylogenetic_regression(
        known["score"].to_numpy(),
        known["distance"].to_numpy(),
        grafen_covariance(list(lineages(codes).values())),
        names=(
            "score (points)" if targets == 1 else "score (standardised within target)",
            f"{hypothesis.distance} distance from {material.study.source_language}",
        ),
        covariates=known[names].to_numpy(dtype=float) if names else None,
        alternative=hypothesis.alternative,
        seed=material.study.seed,
    )
    if hypothesis.distance == "genetic":
        outcome = replace(outcome, warnings=(*outcome.warnings, _ON_THE_TREE))
    if names:
        outcome = replace(outcome, statistic=f"{outcome.statistic}, adjusted for {', '.join(names).replace('_', ' ')}")
    missing = sorted(set(table["language"]) - set(codes))
    if missing:
        what = " or ".join([f"{hypothesis.distance} distance", *(n.replace("_", " ") for n in names)])
        note = f"{len(missing)} languages without a {what} left out: {', '.join(missing)}"
        outcome = replace(outcome, warnings=(*outcome.warnings, note))
    return outcome


def _language_pair_association(hypothesis: LanguagePairAssociation, material: Material) -> Outcome:
    cells = language_cells(material, hypothesis.distance)
    outcome = association(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        alternative=hypothesis.alternative,
        unit="language pairs",
        column="test language",
    )
    return replace(outcome, warnings=(_RELATED, *outcome.warnings))


def _language_selection(hypothesis: LanguageSelection, material: Material) -> Outcome:
    cells = language_cells(material, hypothesis.distance)
    outcome = selection(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        _measure(hypothesis),
        seed=material.study.seed,
        unit="test languages",
    )
    return replace(outcome, warnings=(_RELATED, *outcome.warnings))


def _measure(hypothesis: TaskSelection | LanguageSelection) -> NDCG | Regret:
    if hypothesis.measure == "ndcg":
        return NDCG(hypothesis.relevance)
    return Regret(hypothesis.k, hypothesis.of, hypothesis.relative)


def _cells(frame: pd.DataFrame, row: str, column: str, which: str, matrix: DistanceMatrix, study: Study) -> Cells:
    if frame.empty:
        raise InputError(f"no cell of {row} × {column} is left to analyse")
    # Seeds are averaged within a run's cell first, so that a missing seed does not change the weights of models.
    run = dict.fromkeys([row, column, "model", "adaptation", "initialisation", "source_language", "language"])
    outcome = frame.groupby(list(run))[which].mean().groupby([row, column]).mean().unstack(column)
    rows, columns = list(outcome.index), list(outcome.columns)
    if set(rows) & set(columns):
        labels = [label for label in matrix.rows if label in set(rows) | set(columns)]
        distance = matrix.array(labels, labels)
        relabelings = joint_relabelings(labels, rows, columns, count=study.permutations, seed=study.seed)
    else:
        distance = matrix.array(rows, columns)
        relabelings = separate_relabelings(len(rows), len(columns), count=study.permutations, seed=study.seed)
    return Cells(outcome, distance, matrix.array(rows, columns), relabelings)
