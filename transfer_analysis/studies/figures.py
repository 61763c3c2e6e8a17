"""Which figures a study shows, and what each is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure

from transfer_analysis import reporting
from transfer_analysis.distances.kinds import TASK_KINDS
from transfer_analysis.languages import families, resolve
from transfer_analysis.statistics import regression_band, selection_curve
from transfer_analysis.studies.analyses import Material
from transfer_analysis.studies.analyses.cells import Cells, language_cells, task_cells
from transfer_analysis.studies.analyses.languages import language_scores
from transfer_analysis.studies.analyses.tasks import specifications
from transfer_analysis.studies.hypotheses import (
    LanguageRegression,
    LanguageSelection,
    OfTaskDistance,
    Specifications,
    TaskAssociation,
    TaskSelection,
)
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks.conditions import NONE

#: A heatmap's labels can be read on a page's width up to about this many.
_READABLE = 45

#: Languages that a panel needs.
_FEWEST = 4

#: Below this many groups a side a resampled band is too narrow.
_FEW = 10


@dataclass(frozen=True)
class Drawn:
    """A figure with its file name and caption."""

    name: str
    figure: Figure
    caption: str

    @property
    def wide(self) -> bool:
        """Whether it is made for the width of a page, not of a column."""
        return bool(self.figure.get_figwidth() > reporting.COLUMN_WIDTH)


def draw_figures(material: Material) -> list[Drawn]:
    """Return the figures of a study: distances, distance against outcome, and selection."""
    study = material.study
    hypotheses = (*study.hypotheses, *study.exploratory)
    drawn = [*_score_panels(material), *_effects(material)]
    if study.task_distances:
        first = next(
            (h for h in hypotheses if isinstance(h, TaskAssociation | TaskSelection) and _of_first(h, study)), None
        )
        which, languages = (first.outcome, first.languages) if first else ("gain", "all")
        cells = task_cells(material, which, languages)
        drawn += [
            _task_scatter(material, cells, which, languages),
            _task_curve(material, cells, which),
            _task_heatmap(material, cells),
        ]
    drawn += [_specifications(h, material) for h in hypotheses if isinstance(h, Specifications)]
    regression = next((h for h in hypotheses if isinstance(h, LanguageRegression)), None)
    if regression is not None:
        drawn.append(_language_scatter(material, regression.distance))
    chosen = next((h for h in hypotheses if isinstance(h, LanguageSelection)), None)
    if chosen is not None:
        drawn.append(_language_curve(language_cells(material, chosen.distance), chosen.distance))
    if study.language_distances:
        drawn.append(_language_heatmap(material, study.language_distances[0]))
    return drawn


def _score_panels(material: Material) -> list[Drawn]:
    """Return the scores without intermediate training of each target by language, where there are several of both."""
    study, catalogue = material.study, material.catalogue
    if not study.language_distances:
        return []
    kind = study.language_distances[0]
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
            "scores-by-language",
            figure,
            f"Score of each target without intermediate training against {kind} distance from {source}, one point per "
            f"language, coloured by family.{under} Dotted: guessing. Lines: least squares over the languages besides {source}, for the eye.",
        )
    ]


def _effects(material: Material) -> list[Drawn]:
    found = material.selected.effects
    shown = found[found["initialisation"] == material.study.initialisation] if len(found) else found
    if shown.empty or shown["low"].isna().all() or shown["condition"].nunique() > _READABLE:
        return []
    source = resolve(material.study.source_language).name
    names = {"source": f"in {source}", "zero-shot": "in the other languages"}
    figure = reporting.effect_panels(
        shown.assign(panel=shown["languages"].map(names)), panels=list(names.values()), label="effect (points)"
    )
    return [
        Drawn(
            "effects",
            figure,
            "Effect of each intermediate condition on the mean score of each target, in points beside none. Bold: beyond the "
            "noise of seeds (95% intervals of Dunnett's procedure, all conditions of a target together, targets apart); in "
            "brackets: not. Exploratory, but for the effects declared as hypotheses.",
        )
    ]


def _task_scatter(material: Material, cells: Cells, which: str, languages: str) -> Drawn:
    catalogue = material.catalogue
    standardised = (cells.outcome - cells.outcome.mean()) / cells.outcome.std(ddof=0)
    frame = standardised.stack(future_stack=True).rename("outcome").reset_index()
    frame.columns = pd.Index(["condition", "target", "outcome"])
    frame["distance"] = cells.observed.reshape(-1)
    frame["family"] = frame["condition"].map(lambda name: catalogue.family(name) or "other")
    frame = frame.dropna()
    band = regression_band(frame, "distance", "outcome", ["condition", "target"])
    where = "zero-shot " if languages == "zero-shot" else ""
    ax = reporting.distance_scatter(
        frame,
        x="distance",
        y="outcome",
        group="family",
        band=band,
        names={
            "distance": f"{material.task_distance()} distance",
            "outcome": f"{where}{which}, standardised within target",
        },
    )
    few = min(cells.outcome.shape) < _FEW
    note = f"; with fewer than {_FEW} tasks on a side it is too narrow" if few else ""
    return Drawn(
        "distance-outcome",
        _figure(ax),
        f"{(where + which).capitalize()} against {material.task_distance()} distance, one point per intermediate × target cell, coloured by "
        f"the family of the intermediate task. Line: least squares; band: 95%, both kinds of tasks resampled{note}.",
    )


def _task_curve(material: Material, cells: Cells, which: str) -> Drawn:
    curve = selection_curve(cells.distance, cells.outcome.to_numpy(), cells.relabelings)
    ax = reporting.selection_curve_plot(curve, outcome=f"{which} (points)")
    return Drawn(
        "selection-curve",
        _figure(ax),
        f"Best {which} among the k intermediate tasks with the smallest {material.task_distance()} distance, mean over "
        "targets, beside the exact expectation of choosing k at random and the range of 95% of relabeled distances.",
    )


def _of_first(hypothesis: OfTaskDistance, study: Study) -> bool:
    return hypothesis.distance in (None, study.task_distances[0].name)


def _task_heatmap(material: Material, cells: Cells) -> Drawn:
    matrix = material.distances[material.task_distance()]
    catalogue = material.catalogue
    if set(cells.outcome.index) & set(cells.outcome.columns):
        rows = columns = [n for n in matrix.rows if n in set(cells.outcome.index) | set(cells.outcome.columns)]
    else:
        rows, columns = list(cells.outcome.index), list(cells.outcome.columns)
    groups = {name: catalogue.family(name) for name in {*rows, *columns}}
    # A matrix that a person gave may be of any kind.
    title = TASK_KINDS[matrix.kind].title if matrix.kind in TASK_KINDS else matrix.kind
    ax = reporting.distance_heatmap(
        matrix.values.loc[rows, columns], label=f"{material.task_distance()} distance", groups=groups
    )
    return Drawn(
        "task-distance-heatmap",
        _figure(ax),
        f"{material.task_distance().capitalize()} distance between tasks ({title}), ordered by family.",
    )


def _specifications(hypothesis: Specifications, material: Material) -> Drawn:
    ax = reporting.specification_plot(specifications(hypothesis, material).table)
    return Drawn(
        hypothesis.id,
        _figure(ax),
        f"Correlation of task distance and {hypothesis.outcome} within targets for every task distance of the study, with all "
        "intermediate tasks and with each family of them left out, in order of the estimate. Lines: intervals, each of its "
        "own specification. A description: specifications share their data.",
    )


def _language_scatter(material: Material, kind: str) -> Drawn:
    scores = language_scores(material, kind)
    table = scores.frame.dropna(subset=["distance"])
    unit = f"score ({scores.unit})" if scores.unit == "points" else f"score, {scores.unit}"
    source = material.study.source_language
    ax = reporting.distance_scatter(
        table,
        x="distance",
        y="score",
        group="language_family",
        band=regression_band(table, "distance", "score", ["language_family"]),
        labels="language",
        names={"distance": f"{kind} distance from {source}", "score": unit},
    )
    few = table["language_family"].nunique() < _FEW
    note = f"; with fewer than {_FEW} families it is too narrow" if few else ""
    return Drawn(
        "language-distance-score",
        _figure(ax),
        f"Score against {kind} distance from {source}, one point per language, coloured by Glottolog's top-level "
        f"family. Line: least squares; band: 95%, families resampled{note}. Labels are left out where they would overlap. "
        "The test itself is the regression on the language tree.",
    )


def _language_curve(cells: Cells, kind: str) -> Drawn:
    curve = selection_curve(cells.distance, cells.outcome.to_numpy(), cells.relabelings)
    ax = reporting.selection_curve_plot(curve, outcome="score (points)", choice="source languages")
    return Drawn(
        "source-language-curve",
        _figure(ax),
        f"Best score among the k source languages with the smallest {kind} distance, mean over languages, beside "
        "the exact expectation of choosing k at random and the range of 95% of relabeled distances.",
    )


def _language_heatmap(material: Material, kind: str) -> Drawn:
    matrix = material.distances[kind]
    shown = _readable(material, matrix.rows)
    ax = reporting.distance_heatmap(matrix.values.loc[shown, shown], label=f"{kind} distance", groups=families(shown))
    part = (
        ""
        if len(shown) == len(matrix.rows)
        else (
            f" Shown are the {len(shown)} of {len(matrix.rows)} languages that the benchmark's own list names; the CSV has all."
        )
    )
    return Drawn(
        "language-distance-heatmap",
        _figure(ax),
        f"{kind.capitalize()} distance between languages, ordered by family; white on the diagonal and where none is known.{part}",
    )


def _readable(material: Material, languages: Sequence[str]) -> list[str]:
    """Return languages for a heatmap: all, or those of the targets' benchmark lists, or the best known ones."""
    if len(languages) <= _READABLE:
        return list(languages)
    catalogue = material.catalogue
    targets = [t for t in material.scores.frame["target"].unique() if t in catalogue]
    listed = [code for code in languages if any(code in catalogue[t].languages for t in targets)]
    return (listed if len(listed) > 2 else list(languages))[:_READABLE]


def _figure(ax: object) -> Figure:
    figure = getattr(ax, "figure", None)
    assert isinstance(figure, Figure)
    return figure
