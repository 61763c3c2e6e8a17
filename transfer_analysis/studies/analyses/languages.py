"""Hypotheses on languages: their distance from the source language, and selection among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from transfer_analysis import analyses
from transfer_analysis.analyses.languages import LanguageScores
from transfer_analysis.statistics import Outcome, association, selection
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.studies.analyses.cells import language_cells
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.analyses.tasks import measure_of
from transfer_analysis.studies.hypotheses import LanguagePairAssociation, LanguageRegression, LanguageSelection

_RELATED = (
    "descriptive: languages are related, so their labels are not exchangeable and no p-value is given; the regression "
    "on the language tree is the test"
)


def scores_of_languages(material: Material, kind: str, targets: Sequence[str] = ()) -> LanguageScores:
    """Return the score and the distance of each language but the study's source language.

    Raises
    ------
    InputError
        Where no language is left.
    """
    return analyses.language_scores(
        material.scores.frame, kind, targets=targets, source_language=material.study.source_language
    )


def language_regression(hypothesis: LanguageRegression, material: Material) -> Outcome:
    """Return the slope of the score on the distance from the source language, residuals related as languages are."""
    names = list(hypothesis.covariates)
    return analyses.language_regression(
        material.scores.frame.join(material.covariates[names], on="language") if names else material.scores.frame,
        hypothesis.distance,
        covariates=names,
        targets=hypothesis.targets,
        model=hypothesis.model,
        source_language=material.study.source_language,
        alternative=hypothesis.alternative,
        seed=material.study.seed,
    )


def language_pair_association(hypothesis: LanguagePairAssociation, material: Material) -> Outcome:
    """Return the correlation of language distance with the score over source languages; a description."""
    cells = language_cells(material, hypothesis.distance)
    outcome = association(
        cells.distance,
        cells.values,
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
        cells.values,
        cells.relabelings,
        measure_of(hypothesis),
        seed=material.study.seed,
        unit="languages",
    )
    return _descriptive(outcome, cells)


def _descriptive(outcome: Outcome, cells: CellTable) -> Outcome:
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
