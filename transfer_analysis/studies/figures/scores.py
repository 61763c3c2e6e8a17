"""Figures of scores and gains: by language, by condition, by hypothesis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from transfer_analysis import reporting
from transfer_analysis.analyses.languages import gains_of_languages
from transfer_analysis.analyses.slopes import most_diverse
from transfer_analysis.languages import families, lineages, resolve
from transfer_analysis.plot.tables import draw_effects
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.analyses.slopes import GroupSlopes, OfDiverseTasks, slope_rows_of
from transfer_analysis.studies.figures.drawn import READABLE, Drawn, figure_of
from transfer_analysis.studies.findings import Finding
from transfer_analysis.tasks.conditions import NONE

#: Languages that a panel needs.
_FEWEST = 4


def score_panels(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the scores without intermediate training of each target by language, where there are several of both."""
    study, catalogue = material.study, material.catalogue
    if not study.language_distance_names:
        return []
    kind = study.language_distance_names[0]
    frame = material.selected.table.frame
    frame = frame[(frame["condition"] == NONE) & (frame["source_language"] == study.source_language)]
    means = frame.groupby(["target", "language"], as_index=False)["score"].mean()
    distance = material.distances[kind].values
    means = means[means["language"].isin(distance.columns)]
    if means["target"].nunique() < 2 or means["language"].nunique() < _FEWEST or study.source_language not in distance:
        return []
    means["distance"] = [distance.at[study.source_language, language] for language in means["language"]]
    means["is_source"] = means["language"] == study.source_language
    means["group"] = means["language"].map(families(sorted(means["language"].unique())))
    floors = material.selected.floors
    if len(floors):
        means = means.merge(floors, on=["target", "language"], how="left")
    source = study.source_language
    figure = reporting.score_panels(
        means.dropna(subset=["distance"]),
        groups=list(means["group"]),
        name=f"{kind} distance from {source}",
        chance={t: c for t in means["target"].unique() if (c := catalogue[t].chance) is not None},
        titles={t: catalogue[t].title for t in means["target"].unique()},
    )
    under = (
        " Grey: the measured floor, from an encoder of a world where languages share nothing." if len(floors) else ""
    )
    return [
        Drawn(
            figure,
            f"Score of each target without intermediate training against {kind} distance from {source}, one point per "
            f"language, coloured by family.{under} Dotted: guessing. Lines: least squares over the languages besides {source}, for the eye.",
        )
    ]


def transfer_heatmap(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the effect of every condition on every target, in the source language and in the others."""
    found = material.selected.effects
    shown = found[found["initialisation"] == material.study.initialisation] if len(found) else found
    if shown.empty or shown["low"].isna().all() or shown["condition"].nunique() > READABLE:
        return []
    cells = material.scores.frame.groupby(["condition", "target"])["overlap"].any().rename("overlap")
    shown = shown.join(cells, on=["condition", "target"])
    framed = (
        " Framed: the intermediate task is part of the target's training data."
        if shown["overlap"].eq(True).any()
        else ""
    )
    figure = draw_effects(shown, resolve(material.study.source_language).name)
    apart = "all conditions of a target together, targets apart" + (
        ", models apart" if shown["model"].nunique() > 1 else ""
    )
    return [
        Drawn(
            figure,
            "Effect of each intermediate condition on the mean score of each target, in points over the baseline (`none`). Bold: the 95% "
            f"interval excludes zero (Dunnett's procedure over seeds, {apart}). Brackets: it includes zero.{framed} Exploratory, "
            "except for the effects declared as hypotheses.",
        )
    ]


def forest(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the estimates of all tests that have an interval, a panel for each scale."""
    every = {hypothesis.id: hypothesis for hypothesis in material.study.every}
    rows = []
    for finding in findings:
        scale, outcome = every[finding.id].axis, finding.outcome
        if not scale or outcome.low is None or outcome.high is None:
            continue
        supported = finding.verdict.startswith("supported") or (
            finding.exploratory and outcome.p_value is not None and outcome.p_value <= finding.alpha
        )
        rows.append(
            {
                "label": finding.statement.rstrip("."),
                "scale": scale,
                "estimate": outcome.estimate,
                "low": outcome.low,
                "high": outcome.high,
                "declared": not finding.exploratory,
                "supported": supported,
            }
        )
    if len(rows) < 2:
        return []
    equivalence = "; of equivalence 1 − 2α" if any(f.outcome.margin is not None for f in findings) else ""
    return [
        Drawn(
            reporting.forest_plot(pd.DataFrame(rows)),
            f"Estimates of all tests with an interval (95%{equivalence}, not corrected), declared ones in blue, exploratory ones in "
            "grey; open where p is not below α (declared: after correction).",
        )
    ]


def language_tree(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the languages' classification with the mean gain of each."""
    if material.gains is None or material.gains.frame["language"].nunique() < _FEWEST:
        return []
    table = gains_of_languages(material.gains.frame)
    codes = list(table["language"])
    if len(codes) > 2 * READABLE:
        return []
    figure = reporting.language_tree(
        lineages(codes),
        table,
        label="mean gain (points)",
        names={code: resolve(code).name for code in codes},
    )
    return [
        Drawn(
            figure,
            "Which languages gain: mean gain over intermediate tasks and targets in each language, with 95% intervals over seeds, "
            "beside their classification (Glottolog). Not every language is tested on every target.",
        )
    ]


def robustness_slopes(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the line of each condition on language distance, over those of all choices of as many as are chosen."""
    of_slopes = (h for h in material.study.every if isinstance(h, OfDiverseTasks | GroupSlopes))
    wanted = next(of_slopes, None)
    if wanted is None:
        return []
    source = material.study.source_language
    found = slope_rows_of(material, wanted, "gain")
    rows = found.away
    if isinstance(wanted, OfDiverseTasks):
        chosen = most_diverse(material.diversity, wanted.diversity, wanted.k, found.tasks)
        named = f"the {wanted.k} most diverse tasks ({wanted.diversity})"
        # As in the test, whose slopes are adjusted for the score in the source language.
        at_home = found.frame.loc[found.frame["language"] == source, "target"]
        rows = rows[rows["target"].isin(at_home)]
    else:
        chosen, named = list(material.study.groups[wanted.first]), f"the {wanted.first} tasks"
        rows = rows[rows["condition"].isin([*chosen, *material.study.groups[wanted.second]])]
    table, targets = _lines(rows, found.distance)
    chosen = [name for name in chosen if name in set(table["condition"])]
    if not chosen or len(chosen) == len(table):
        return []
    ax = reporting.robustness_plot(
        table, chosen, distance=f"{wanted.distance} distance from {source}", value="gain (points)"
    )
    return [
        Drawn(
            figure_of(ax),
            f"Gains against {wanted.distance} distance: lines of least squares over the languages of each target, averaged over "
            f"{', '.join(targets)} (those that all tasks share); {named} in blue, their mean bold; grey: the means of all choices "
            "of as many tasks. Raw slopes. The test also adjusts for the score in the source language.",
        )
    ]


def _lines(rows: pd.DataFrame, distance: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the ends of each condition's line, mean over the targets that all conditions have, and these targets."""
    shared = rows.groupby("target")["condition"].nunique()
    targets = [str(name) for name in shared.index[shared == rows["condition"].nunique()]]
    rows = rows[rows["target"].isin(targets)]
    ends = np.array([rows[distance].min(), rows[distance].max()])
    found = []
    for name, part in rows.groupby("condition"):
        heights = []
        for _, own in part.groupby("target"):
            means = own.groupby("language").agg(gain=("gain", "mean"), distance=(distance, "first"))
            slope, level = np.polyfit(means["distance"], means["gain"], 1)
            heights.append(level + slope * ends)
        low, high = np.mean(heights, axis=0)
        found.append(
            {"condition": name, "at_low": low, "at_high": high, "low_distance": ends[0], "high_distance": ends[1]}
        )
    return pd.DataFrame(found, columns=["condition", "at_low", "at_high", "low_distance", "high_distance"]), targets
