"""Questions on the distance of languages from the source language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from transfer_analysis.analyses.cells import balanced, distance_column, run_of
from transfer_analysis.analyses.rows import counted
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import lineages
from transfer_analysis.statistics import Outcome, phylogenetic_regression, relatedness
from transfer_analysis.statistics.frames import require_observations
from transfer_analysis.statistics.languages import MIN_LANGUAGES
from transfer_analysis.statistics.outcome import Alternative

_ON_THE_TREE = (
    "genetic distance is itself read off the family tree that the residuals follow, so this test can tell little of "
    "its effect apart"
)


@dataclass(frozen=True)
class LanguageScores:
    """One row per language: `language`, `score`, `distance` and any covariates; the unit, and what was left out."""

    frame: pd.DataFrame
    unit: str
    notes: tuple[str, ...]


def language_scores(
    frame: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "score",
    covariates: Sequence[str] = (),
    targets: Sequence[str] = (),
    model: str | None = None,
    overlaps: bool = False,
    source_language: str = "en",
) -> LanguageScores:
    """Return the outcome and the distance of each language but the source language.

    Of models trained on the source language, averaged over seeds, then over models and conditions, then over targets. With
    several targets each is first standardised over the languages, because their scales differ; one target stays in its
    unit. Only runs and languages that every target has are compared, and what is left out is said.

    Parameters
    ----------
    distance, covariates
        Columns that have one value per language; `syntactic` is `syntactic_distance`.
    targets, model, overlaps
        As for `counted`.

    Raises
    ------
    InputError
        For a column that is missing or varies within a language, or where no language is left.
    """
    column = distance_column(frame, distance)
    require_observations(frame, ["language"], [outcome, column, *covariates])
    _require_source(frame, column, source_language)
    rows = counted(frame, languages="all", targets=targets, model=model, overlaps=overlaps)
    kept, notes = rows.frame, list(rows.notes)
    if "source_language" in kept:
        kept = kept[kept["source_language"] == source_language]
    kept = kept[(kept["language"] != source_language) & kept[outcome].notna()]
    if kept.empty:
        raise InputError(f"the table has no {outcome} of models trained on {source_language} in other languages")
    about = _properties(kept, [column, *covariates])
    table, unit, said = _standardised(kept, outcome, source_language)
    found = about.rename(columns={column: "distance"}).join(table.rename("score"), how="inner").reset_index()
    return LanguageScores(found, unit, (*notes, *said))


def language_regression(
    frame: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "score",
    covariates: Sequence[str] = (),
    source_language: str = "en",
    alternative: Alternative = "two-sided",
    seed: int = 0,
    **which: Any,
) -> Outcome:
    """Return the slope of the outcome on the distance from the source language, residuals related as languages are.

    Parameters
    ----------
    covariates
        Columns that are held fixed, with one value per language.
    **which
        Which rows count: `targets`, `model`, `overlaps`, as for `counted`.

    Raises
    ------
    InputError
        As `language_scores`, and where fewer languages than a regression needs have all that it asks for.
    """
    scores = language_scores(
        frame,
        distance,
        outcome=outcome,
        covariates=covariates,
        source_language=source_language,
        **which,
    )
    return regression_of(scores, distance, covariates, outcome, source_language, alternative, seed)


def regression_of(
    scores: LanguageScores,
    distance: str,
    covariates: Sequence[str],
    outcome: str,
    source_language: str,
    alternative: Alternative,
    seed: int,
) -> Outcome:
    """Return the regression of scores of languages on their distance."""
    names, kind = list(covariates), distance.removesuffix("_distance")
    known = scores.frame.dropna(subset=["distance", *names])
    if len(known) < MIN_LANGUAGES:
        raise InputError(
            f"{len(known)} languages have both a {outcome} and a {kind} distance from {source_language}; at least "
            f"{MIN_LANGUAGES} are needed"
        )
    codes = list(known["language"])
    found = phylogenetic_regression(
        known["score"].to_numpy(),
        known["distance"].to_numpy(),
        relatedness(list(lineages(codes).values())),
        names=(f"{outcome} ({scores.unit})", f"{kind} distance from {source_language}"),
        covariates=known[names].to_numpy(dtype=float) if names else None,
        alternative=alternative,
        seed=seed,
    )
    warnings = list(scores.notes)
    if kind == "genetic":
        warnings.append(_ON_THE_TREE)
    missing = sorted(set(scores.frame["language"]) - set(codes))
    if missing:
        what = " or ".join([f"{kind} distance", *(n.replace("_", " ") for n in names)])
        warnings.append(f"{len(missing)} languages without a {what} left out: {', '.join(missing)}")
    adjusted = f", adjusted for {', '.join(names).replace('_', ' ')}" if names else ""
    return replace(found, statistic=found.statistic + adjusted, warnings=(*found.warnings, *warnings))


def _require_source(frame: pd.DataFrame, column: str, source_language: str) -> None:
    known = set(frame["language"].astype(str))
    if source_language not in known and (frame[column] == 0).any():
        raise InputError(
            f"source language {source_language!r}: no language of the table{nearest(source_language, known)}, of which one has "
            f"{column} 0 and is to be left out"
        )


def _properties(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return columns by language, each with one value per language."""
    grouped = rows.groupby("language", observed=True)[list(columns)]
    spread = grouped.max() - grouped.min()
    for name in columns:
        if (spread[name] > 1e-9).any():
            code = spread.index[spread[name] > 1e-9][0]
            raise InputError(f"{name} varies within {code}; it must have one value per language")
    families = ["language_family"] if "language_family" in rows else []
    return rows.groupby("language", observed=True)[[*columns, *families]].first()


def _standardised(rows: pd.DataFrame, outcome: str, source_language: str) -> tuple[pd.Series, str, list[str]]:
    """Return the mean of each language over targets that weigh alike, its unit, and what was left out."""
    notes, columns = [], {}
    targets = rows.groupby("target", observed=True) if "target" in rows else [("", rows)]
    for target, part in targets:
        means, left_out = balanced(part.assign(run_of=run_of(part, "language")), "language", outcome)
        named = f"{target}: " if target else ""
        notes += [f"{named}{note}" for note in left_out]
        if len(means) > 1 and np.ptp(means) > 1e-9:
            columns[target] = means
        else:
            notes.append(f"{target} left out: its {outcome} is the same in all languages")
    table = pd.DataFrame(columns)
    incomplete = sorted(table.index[table.isna().any(axis=1)])
    if incomplete:
        notes.append(f"{len(incomplete)} languages left out that not every target has: {', '.join(incomplete)}")
    table = table.dropna()
    if table.empty:
        raise InputError(
            f"no language has a varying {outcome} on every target (of models trained on {source_language})"
        )
    if table.shape[1] == 1:
        return table.iloc[:, 0], "points", notes
    return ((table - table.mean()) / table.std(ddof=0)).mean(axis=1), "standardised within target", notes
