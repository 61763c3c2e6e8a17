"""Figures of distances between languages."""

from __future__ import annotations

from collections.abc import Sequence

from transfer_analysis import reporting
from transfer_analysis.languages import families
from transfer_analysis.plot.draw import draw_languages
from transfer_analysis.statistics import selection_curve
from transfer_analysis.studies.analyses.languages import LanguageRegression, LanguageSelection, scores_of_languages
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.figures.drawn import READABLE, Drawn, figure_of
from transfer_analysis.studies.findings import Finding

#: Below this many families a resampled band is too narrow.
_FEW = 10

#: Languages that a matrix needs.
_FEWEST = 3


def language_scatter(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the score of each language against its distance, where a hypothesis is on their regression."""
    regression = next((h for h in material.study.every if isinstance(h, LanguageRegression)), None)
    if regression is None:
        return []
    kind = regression.distance
    scores = scores_of_languages(material, kind, regression.targets)
    source = material.study.source_language
    ax = draw_languages(scores, {"distance": f"{kind} distance from {source}"})
    table = scores.frame.dropna(subset=["distance"])
    few = table["language_family"].nunique() < _FEW
    note = f"; with fewer than {_FEW} families it is too narrow" if few else ""
    return [
        Drawn(
            figure_of(ax),
            f"Score against {kind} distance from {source}, one point per language, coloured by Glottolog's top-level "
            f"family. Line: least squares; band: 95%, families resampled{note}. Labels are left out where they would overlap. "
            "The test itself is the regression on the language tree.",
        )
    ]


def language_curve(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the best score among the k nearest source languages beside random choice, where a hypothesis is on it."""
    chosen = next((h for h in material.study.every if isinstance(h, LanguageSelection)), None)
    if chosen is None:
        return []
    kind = chosen.distance
    cells = chosen.cells(material)
    curve = selection_curve(cells.distance, cells.outcome.to_numpy(), cells.relabelings)
    ax = reporting.selection_curve_plot(curve, outcome="score (points)", choice="source languages")
    return [
        Drawn(
            figure_of(ax),
            f"Best score among the k source languages with the smallest {kind} distance, mean over languages, beside "
            "the exact expectation of choosing k at random and the range of 95% of relabeled distances.",
        )
    ]


def language_distances(material: Material, findings: Sequence[Finding]) -> list[Drawn]:
    """Return the matrix of the first language distance with its tree."""
    if not material.study.language_distance_names:
        return []
    kind = material.study.language_distance_names[0]
    matrix = material.distances[kind]
    shown = _readable(material, matrix.rows)
    if len(shown) < _FEWEST:
        return []
    figure = reporting.distance_dendrogram(
        matrix.values.loc[shown, shown], label=f"{kind} distance", groups=families(shown)
    )
    part = (
        ""
        if len(shown) == len(matrix.rows)
        else (f" Shown: the {len(shown)} of {len(matrix.rows)} languages on the benchmark's own list. The CSV has all.")
    )
    return [
        Drawn(
            figure,
            f"{kind.capitalize()} distance between languages, in the order of a tree by average linkage; marks: families; "
            f"white: the diagonal and unknown distances.{part}",
        )
    ]


def _readable(material: Material, languages: Sequence[str]) -> list[str]:
    """Return languages for a heatmap: all, or those of the targets' benchmark lists, or the best known ones."""
    if len(languages) <= READABLE:
        return list(languages)
    catalogue = material.catalogue
    targets = [t for t in material.scores.frame["target"].unique() if t in catalogue]
    listed = [code for code in languages if any(code in catalogue[t].languages for t in targets)]
    return (listed if len(listed) > 2 else list(languages))[:READABLE]
