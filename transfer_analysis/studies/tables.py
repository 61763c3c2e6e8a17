"""The tables of a study."""

from __future__ import annotations

from contextlib import suppress

import pandas as pd

from transfer_analysis.analyses.languages import gains_of_languages
from transfer_analysis.analyses.rows import of_languages
from transfer_analysis.analyses.slopes import Falling
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import columnwise_correlations
from transfer_analysis.studies.analysed import Analysed
from transfer_analysis.studies.analyses.conditions import GroupContrast
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.analyses.slopes import GroupSlopes, OfDiverseTasks, slope_rows_of
from transfer_analysis.studies.analyses.tasks import looked_at
from transfer_analysis.studies.selected import of_targets, what_was_learnt


def tables_of(analysed: Analysed) -> dict[str, tuple[str, pd.DataFrame]]:
    """Return the tables of a study by file name, each with its title."""
    material = analysed.material
    tables = {"outcomes": ("All tests", analysed.outcome_table())}
    scores = material.scores.frame
    learnt = what_was_learnt(material.selected, material.catalogue)
    if len(learnt):
        tables["learnt"] = ("Scores without intermediate training, and the measured floor", learnt)
    found = material.selected.effects
    if len(found):
        tables["effects"] = (
            "Effect of every condition over the baseline `none` (exploratory; 95% intervals hold within a target)",
            _shown_effects(found),
        )
    if material.gains is not None or material.study.task_distances:
        tables["cells"] = (
            f"Cells: mean over seeds and languages besides {material.study.source_language}, overlapping cells too",
            _task_table(material),
        )
    if material.study.task_distances:
        with suppress(InputError):  # the tests that need the same cells have said so
            tables["per-target"] = _per_target(material)
    mean = scores.groupby(["target", "language"])["score"].mean().unstack("target").reset_index()
    tables["languages"] = ("Mean score per test language", mean.rename_axis(columns=None))
    if material.gains is not None:
        tables["language-gains"] = (
            "Mean gain per test language over intermediate tasks and targets, overlaps left out (95% intervals over seeds)",
            gains_of_languages(material.gains.frame),
        )
    if len(material.diversity):
        tables["diversity"] = ("Diversity of the intermediate tasks, at one size", material.diversity)
    slopes = _slopes(material)
    if len(slopes):
        tables["slopes"] = ("Slope on language distance after each intermediate task (mean over runs)", slopes)
    by_language = _by_language(analysed)
    if len(by_language):
        tables["contrasts-by-language"] = (
            "Contrasts in each language (exploratory; 95% intervals over seeds, languages apart)",
            by_language,
        )
    return tables


def _shown_effects(found: pd.DataFrame) -> pd.DataFrame:
    """Put the columns of effects in reading order."""
    model = ["model"] if found["model"].nunique() > 1 else []
    return found[
        [*model, "initialisation", "languages", "target", "condition", "effect", "low", "high", "p_value", "seeds"]
    ]


def _task_table(material: Material) -> pd.DataFrame:
    """One row per intermediate × target: mean score and gain over runs and languages, distance, and overlap."""
    key = ["condition", "target"]
    named = [f"{distance.name}_distance" for distance in material.study.task_distances]
    columns = {"family": "first", **dict.fromkeys(named, "first"), "overlap": "first", "score": "mean"}
    scores = of_languages(material.scores.frame, "zero-shot").groupby(key).agg(columns)
    if material.gains is None:
        return scores.reset_index()
    gained = (
        of_languages(material.gains.frame, "zero-shot")
        .groupby(key)
        .agg(gain=("gain", "mean"), share_improved=("gain", lambda g: float((g > 1e-6).mean())))
    )
    return scores.join(gained).reset_index()


def _per_target(material: Material) -> tuple[str, pd.DataFrame]:
    """Return title and table of the correlation within each target, of what the first hypothesis on the distance is of."""
    looked = looked_at(material)
    assert looked is not None
    cells, which, languages = looked
    names = [str(c) for c in cells.outcome.columns]
    table = columnwise_correlations(cells.observed(), cells.outcome.to_numpy(), names)
    of = f"{material.task_distance()} distance and {'zero-shot ' if languages == 'zero-shot' else ''}{which}"
    table = table.rename(columns={"column": "target", "correlation": f"Spearman of distance and {which}"})
    return f"Rank correlation of {of} within each target", table


def _slopes(material: Material) -> pd.DataFrame:
    """Return the slope of each condition on language distance: of gains and of shares of what is above chance, mean over runs."""
    hypothesis = next((h for h in material.study.every if isinstance(h, OfDiverseTasks | GroupSlopes)), None)
    if hypothesis is None:
        return pd.DataFrame()
    tables = []
    values: tuple[Falling, ...] = ("gain", "normalised")
    for value in values:
        with suppress(InputError):
            slopes = slope_rows_of(material, hypothesis, value).of_runs()
            means = slopes.groupby(["condition", "target"], as_index=False)[["slope", "adjusted_slope"]].mean()
            learnt = slopes.groupby(["condition", "target"], as_index=False)["learnt"].agg(
                lambda found: found.dropna().eq(True).mean()
            )
            tables.append(means.merge(learnt, on=["condition", "target"]).assign(value=value))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _by_language(analysed: Analysed) -> pd.DataFrame:
    """Return the difference of each contrast over seeds in each language, with a 95% interval over seeds."""
    material, rows = analysed.material, []
    contrasts = [
        h
        for h in material.study.every
        if isinstance(h, GroupContrast)
        and h.id not in analysed.untested
        and (h.over, h.languages) == ("seeds", "zero-shot")
        and h.between is None
        and h.margin is None
    ]
    for hypothesis in contrasts:
        frame = of_targets(material.selected.comparable.frame, hypothesis.id, hypothesis.targets)
        for language in sorted(of_languages(frame, "zero-shot")["language"].unique()):
            with suppress(InputError):
                outcome = hypothesis.of_language(material, language)
                rows.append(
                    {
                        "test": hypothesis.id,
                        "language": language,
                        "difference": outcome.estimate,
                        "low": outcome.low,
                        "high": outcome.high,
                    }
                )
    return pd.DataFrame(rows)
