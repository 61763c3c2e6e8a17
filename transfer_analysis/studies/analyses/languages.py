"""Hypotheses on languages: their distance from the source language, and selection among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from transfer_analysis.errors import InputError
from transfer_analysis.languages import lineages
from transfer_analysis.statistics import Outcome, association, phylogenetic_regression, relatedness, selection
from transfer_analysis.statistics.languages import MIN_LANGUAGES
from transfer_analysis.studies.analyses.cells import Cells, balanced, language_cells, run_of
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.analyses.tasks import measure_of
from transfer_analysis.studies.hypotheses import LanguagePairAssociation, LanguageRegression, LanguageSelection
from transfer_analysis.studies.selected import of_targets

_RELATED = (
    "descriptive: languages are related, so their labels are not exchangeable and no p-value is given; the regression "
    "on the language tree is the test"
)

_ON_THE_TREE = (
    "genetic distance is itself read off the family tree that the residuals follow, so this test can tell little of "
    "its effect apart"
)


@dataclass(frozen=True)
class LanguageScores:
    """One row per language: `language`, `score`, `distance`, `language_family`; the unit, and what was left out."""

    frame: pd.DataFrame
    unit: str
    notes: tuple[str, ...]


def language_scores(material: Material, kind: str, targets: Sequence[str] = ()) -> LanguageScores:
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
    frame = of_targets(frame, "language scores", targets)
    if frame.empty:
        raise InputError(f"the results have no scores of models trained on {source} and tested in other languages")
    notes, columns = [], {}
    for target, part in frame.groupby("target"):
        means, left_out = balanced(part.assign(run_of=run_of(part, "language")), "language", "score")
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


def language_regression(hypothesis: LanguageRegression, material: Material) -> Outcome:
    """Return the slope of the score on the distance from the source language, residuals related as languages are."""
    scores = language_scores(material, hypothesis.distance, hypothesis.targets)
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


def language_pair_association(hypothesis: LanguagePairAssociation, material: Material) -> Outcome:
    """Return the correlation of language distance with the score over source languages; a description."""
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


def language_selection(hypothesis: LanguageSelection, material: Material) -> Outcome:
    """Return how well source languages are selected by their distance; a description."""
    cells = language_cells(material, hypothesis.distance)
    outcome = selection(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        measure_of(hypothesis),
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


def gains_of_languages(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean gain of each language over intermediate tasks and targets, with an interval over seeds.

    Overlaps are left out. Columns `language`, `gain`, `low`, `high` (95%; NaN with one seed) and `seeds`.
    """
    rows = rows[~rows["overlap"]]
    of_seeds = rows.groupby(["language", "seed"])["gain"].mean().unstack("seed")
    seeds = of_seeds.notna().sum(axis=1)
    error = of_seeds.std(axis=1, ddof=1) / np.sqrt(seeds)
    reach = error * stats.t.ppf(0.975, np.maximum(seeds - 1, 1))
    gain = of_seeds.mean(axis=1)
    table = pd.DataFrame({"gain": gain, "low": gain - reach, "high": gain + reach, "seeds": seeds})
    return table.rename_axis("language").reset_index()
