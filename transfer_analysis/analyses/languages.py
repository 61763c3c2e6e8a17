"""Questions on the distance of languages from the source language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from transfer_analysis.analyses.cells import balanced, distance_column, run_of, task_cells
from transfer_analysis.analyses.rows import counted
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import lineages
from transfer_analysis.statistics import Outcome, association, phylogenetic_regression, relatedness, selection
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.statistics.frames import require_observations
from transfer_analysis.statistics.languages import MIN_LANGUAGES
from transfer_analysis.statistics.outcome import Alternative
from transfer_analysis.statistics.selection import Measure

_ON_THE_TREE = (
    "genetic distance is itself read off the family tree that the residuals follow, so this test can tell little of "
    "its effect apart"
)


_RELATED = (
    "descriptive: languages are related, so their labels are not exchangeable and no p-value is given; the regression "
    "on the language tree is the test"
)


@dataclass(frozen=True)
class LanguageScores:
    """One row per language, the unit of its score, and what was left out.

    Attributes
    ----------
    frame
        Columns `language`, `score`, `distance` and, where it is known, `language_family`.
    covariates
        One column for each, in the order of the rows; names of one's own do not meet those of the frame.
    """

    frame: pd.DataFrame
    covariates: pd.DataFrame
    unit: str
    notes: tuple[str, ...]

    def where(self, kept: npt.NDArray[np.bool_]) -> LanguageScores:
        """Return some of the languages, without the notes on the others."""
        return replace(self, frame=self.frame[kept], covariates=self.covariates[kept], notes=())

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Which languages have a distance and every covariate."""
        has: npt.NDArray[np.bool_] = (self.frame["distance"].notna() & self.covariates.notna().all(axis=1)).to_numpy()
        return has


def language_scores(
    frame: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "score",
    covariates: Sequence[str] = (),
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
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
    targets, model, initialisation, overlaps
        As for `counted`.

    Raises
    ------
    InputError
        For a column that is missing or varies within a language, or where no language is left.
    """
    column = distance_column(frame, distance)
    require_observations(frame, ["language"], [outcome, column, *covariates])
    _require_source(frame, column, source_language)
    rows = counted(
        frame, languages="all", targets=targets, model=model, initialisation=initialisation, overlaps=overlaps
    )
    kept, notes = rows.frame, list(rows.notes)
    if "source_language" in kept:
        kept = kept[kept["source_language"] == source_language]
    kept = kept[(kept["language"] != source_language) & kept[outcome].notna()]
    if kept.empty:
        raise InputError(f"the table has no {outcome} of models trained on {source_language} in other languages")
    about = _properties(kept, [column, *covariates])
    table, unit, said = _standardised(kept, outcome, source_language)
    about = about.reindex(table.index)
    found = pd.DataFrame({"score": table, "distance": about[column]})
    if "language_family" in about:
        found["language_family"] = about["language_family"]
    held = about[list(covariates)].reset_index(drop=True)
    return LanguageScores(found.rename_axis("language").reset_index(), held, unit, (*notes, *said))


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
        Which rows count: `targets`, `model`, `initialisation`, `overlaps`, as for `counted`.

    Raises
    ------
    InputError
        As `language_scores`, and where fewer languages than a regression needs have all that it asks for.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> found = language_regression(example_rows(), "syntactic", targets=["xnli"], alternative="less")
    >>> found.n, found.estimate < 0
    (12, True)
    """
    scores = language_scores(
        frame,
        distance,
        outcome=outcome,
        covariates=covariates,
        source_language=source_language,
        **which,
    )
    return regression_of(scores, distance, outcome, source_language, alternative, seed)


def regression_of(
    scores: LanguageScores,
    distance: str,
    outcome: str,
    source_language: str,
    alternative: Alternative,
    seed: int,
) -> Outcome:
    """Return the regression of scores of languages on their distance."""
    kind, names = distance.removesuffix("_distance"), list(scores.covariates.columns)
    known = scores.where(scores.complete)
    if len(known.frame) < MIN_LANGUAGES:
        raise InputError(
            f"{len(known.frame)} languages have both a {outcome} and a {kind} distance from {source_language}; at least "
            f"{MIN_LANGUAGES} are needed"
        )
    codes = list(known.frame["language"])
    found = phylogenetic_regression(
        known.frame["score"].to_numpy(),
        known.frame["distance"].to_numpy(),
        relatedness(list(lineages(codes).values())),
        names=(f"{outcome} ({scores.unit})", f"{kind} distance from {source_language}"),
        covariates=known.covariates.to_numpy(dtype=float) if names else None,
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
        means, left_out = balanced(part.assign(_run_of=run_of(part, "language")), "language", outcome)
        named = f"{target}: " if target else ""
        notes += [f"{named}{note}" for note in left_out]
        if len(means) > 1 and np.ptp(means) > 1e-9:
            columns[target] = means
        else:
            notes.append(f"{target} left out: its {outcome} is the same in all languages")
    table = pd.DataFrame(columns)
    incomplete = sorted(table.index[table.isna().any(axis=1)])
    if incomplete:
        notes.append(f"{len(incomplete)} languages left out: not tested in every target: {', '.join(incomplete)}")
    table = table.dropna()
    if table.empty:
        raise InputError(
            f"no language has a varying {outcome} on every target (of models trained on {source_language})"
        )
    if table.shape[1] == 1:
        return table.iloc[:, 0], "points", notes
    return ((table - table.mean()) / table.std(ddof=0)).mean(axis=1), "standardised within target", notes


def language_cells(
    frame: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "score",
    targets: Sequence[str] = (),
    model: str | None = None,
    permutations: int = 9_999,
    seed: int = 0,
) -> CellTable:
    """Return the cells of source × test language, a language with itself left out.

    Parameters
    ----------
    distance
        A language distance, or its column; languages that it does not know are left out, which is said.
    targets, model
        As for `counted`.

    Raises
    ------
    InputError
        As `task_cells`.
    """
    column = distance_column(frame, distance)
    kind = column.removesuffix("_distance")
    # A language has distance 0 from itself where any of its features are known.
    with_distance = frame[frame[column].notna()]
    known = {*with_distance["source_language"], *with_distance["language"]}
    unknown = sorted({*frame["source_language"], *frame["language"]} - known)
    frame = frame[frame["source_language"].isin(known) & frame["language"].isin(known)]
    if targets:
        frame = counted(frame, languages="all", targets=targets, overlaps=True).frame
    if frame.empty:
        raise InputError(f"no pair of languages has a {kind} distance")
    cells = task_cells(
        frame,
        outcome,
        [column],
        languages="all",
        model=model,
        overlaps=True,
        row="source_language",
        column="language",
        permutations=permutations,
        seed=seed,
    )
    note = f"{len(unknown)} languages without known {kind} features left out: {', '.join(unknown)}"
    return cells.noting(note) if unknown else cells


def language_pair_association(frame: pd.DataFrame, distance: str, **which: Any) -> Outcome:
    """Return the correlation of language distance with the score over source languages, within test languages; a description.

    Parameters
    ----------
    **which
        Which rows count: as for `language_cells`.
    """
    cells = language_cells(frame, distance, **which)
    found = association(
        cells.distance,
        cells.values,
        cells.relabelings,
        unit="language pairs",
        column="language",
        names=list(cells.outcome.columns),
    )
    return _descriptive(found, cells)


def language_selection(frame: pd.DataFrame, distance: str, measure: Measure, *, seed: int = 0, **which: Any) -> Outcome:
    """Return how well source languages are selected by their distance; a description.

    Parameters
    ----------
    measure
        `NDCG`, `Regret`, `Top1` or `AverageRank` of `transfer_analysis.statistics`.
    **which
        Which rows count: as for `language_cells`.

    Examples
    --------
    >>> import pandas as pd
    >>> from transfer_analysis.statistics import NDCG
    >>> codes = ["en", "de", "fr", "tr", "fi"]
    >>> rows = pd.DataFrame([(s, t, 80 - 10 * abs(i - j), abs(i - j)) for i, s in enumerate(codes) for j, t in enumerate(codes)],
    ...                     columns=["source_language", "language", "score", "mine_distance"])
    >>> language_selection(rows, "mine", NDCG(), permutations=19).estimate
    1.0
    """
    cells = language_cells(frame, distance, seed=seed, **which)
    found = selection(cells.distance, cells.values, cells.relabelings, measure, seed=seed, unit="languages")
    return _descriptive(found, cells)


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
