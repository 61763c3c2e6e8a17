"""Figures of frames, in seaborn's manner: a table in, axes out; the same that reports show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes

from transfer_analysis import reporting
from transfer_analysis.analyses import Languages, language_scores, task_cells
from transfer_analysis.analyses.languages import LanguageScores
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics import regression_band
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.tasks import load_catalogue


def gain_against_distance(
    rows: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "gain",
    hue: str = "family",
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    overlaps: bool = False,
    labels: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the gain of each intermediate × target cell against a task distance, with a line and its band.

    Parameters
    ----------
    rows
        Gains or scores joined with distances, as `join` gives them.
    distance
        A task distance (`semantic`), or its column.
    hue
        What colours a point: `family` of the intermediate task, `target`, or a column with one value per intermediate task.
    languages, targets, model, initialisation, overlaps
        Which rows count, as for `association`.
    labels
        Column → what the axis says: of the distance and the outcome.
    ax
        Axes to draw into; new ones of a column's width where not given.

    Raises
    ------
    InputError
        As `association`, and for a hue that is not there or varies within a task.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame([(f"t{i}", f"u{j}", i + j / 10, -i) for i in range(6) for j in range(3)],
    ...                     columns=["condition", "target", "semantic_distance", "gain"])
    >>> ax = gain_against_distance(rows, "semantic", hue="target")
    >>> ax.get_xlabel()
    'semantic distance'
    """
    cells = task_cells(
        rows,
        outcome,
        [distance],
        languages=languages,
        targets=targets,
        model=model,
        initialisation=initialisation,
        overlaps=overlaps,
        permutations=19,
    )
    kind = distance.removesuffix("_distance")
    where = "zero-shot " if languages == "zero-shot" else ""
    words = {"distance": f"{kind} distance", "outcome": f"{where}{outcome}", **(labels or {})}
    return draw_cells(cells, _hues(rows, hue, cells), words, ax)


def score_against_distance(
    rows: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "score",
    targets: Sequence[str] = (),
    model: str | None = None,
    source_language: str = "en",
    labels: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the score of each language against its distance from the source language, coloured by family.

    Parameters
    ----------
    rows
        Scores joined with distances, as `join` gives them.
    distance
        A language distance (`syntactic`), or its column.
    targets, model
        Which rows count, as for `language_regression`.
    labels
        `distance` and `outcome` → what the axis says.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"language": ["de", "fr", "ja", "sw"], "score": [70, 68, 50, 40], "target": "xnli",
    ...                      "source_language": "en", "syntactic_distance": [0.3, 0.4, 0.7, 0.6]})
    >>> score_against_distance(rows, "syntactic").get_xlabel()
    'syntactic distance from en'
    """
    scores = language_scores(
        rows, distance, outcome=outcome, targets=targets, model=model, source_language=source_language
    )
    kind = distance.removesuffix("_distance")
    return draw_languages(scores, {"distance": f"{kind} distance from {source_language}", **(labels or {})}, ax)


def distance_heatmap(
    matrix: DistanceMatrix | pd.DataFrame,
    *,
    groups: Mapping[str, str] | None = None,
    label: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a matrix of distances; what is missing stays white.

    Parameters
    ----------
    groups
        Label → group: labels of a group stand together.
    label
        What the colour bar says.

    Examples
    --------
    >>> import pandas as pd
    >>> near = pd.DataFrame([[0.0, 0.3], [0.3, 0.0]], index=["en", "de"], columns=["en", "de"])
    >>> [text.get_text() for text in distance_heatmap(near, label="mine").get_xticklabels()]
    ['de', 'en']
    """
    values = matrix.values if isinstance(matrix, DistanceMatrix) else matrix
    said = label or (f"{matrix.kind} distance" if isinstance(matrix, DistanceMatrix) else "distance")
    return reporting.distance_heatmap(values, label=said, groups=groups, ax=ax)


def draw_cells(
    cells: CellTable, hues: Mapping[tuple[str, str], str], words: Mapping[str, str], ax: Axes | None
) -> Axes:
    """Draw cells against their only distance; of several targets each is standardised, which takes their levels out.

    Parameters
    ----------
    hues
        Cell → what colours its point.
    words
        `distance` and `outcome` → what the axis says.
    """
    several = cells.outcome.shape[1] > 1
    shown = (cells.outcome - cells.outcome.mean()) / cells.outcome.std(ddof=0) if several else cells.outcome
    frame = shown.stack(future_stack=True).rename("outcome").reset_index()
    frame.columns = pd.Index(["condition", "target", "outcome"])
    frame["distance"] = cells.observed().reshape(-1)
    frame["hue"] = [hues[(str(row.condition), str(row.target))] for row in frame.itertuples()]
    frame = frame.dropna()
    band = regression_band(frame, "distance", "outcome", ["condition", "target"])
    unit = ",\nstandardised within target" if several else " (points)"
    names = {"distance": words["distance"], "outcome": f"{words['outcome']}{unit}"}
    return reporting.distance_scatter(frame, x="distance", y="outcome", group="hue", band=band, names=names, ax=ax)


def draw_languages(scores: LanguageScores, words: Mapping[str, str], ax: Axes | None) -> Axes:
    """Draw scores of languages against their distance; the band resamples families.

    Parameters
    ----------
    words
        `distance`, and perhaps `outcome` → what the axis says.
    """
    frame = scores.frame.dropna(subset=["distance"])
    if "language_family" not in frame:
        frame = frame.assign(language_family="")
    unit = f"score ({scores.unit})" if scores.unit == "points" else f"score, {scores.unit}"
    return reporting.distance_scatter(
        frame,
        x="distance",
        y="score",
        group="language_family",
        band=regression_band(frame, "distance", "score", ["language_family"]),
        labels="language",
        names={"distance": words["distance"], "score": words.get("outcome", unit)},
        ax=ax,
    )


def _hues(rows: pd.DataFrame, hue: str, cells: CellTable) -> dict[tuple[str, str], str]:
    """Return what colours each cell."""
    tasks, targets = map(str, cells.outcome.index), [str(target) for target in cells.outcome.columns]
    if hue == "target":
        return {(task, target): target for task in tasks for target in targets}
    if hue in rows:
        several = rows.groupby("condition")[hue].nunique()
        if (several > 1).any():
            raise InputError(f"hue {hue!r}: {several.index[several > 1][0]} has several values; give one per task")
        named = {str(task): str(value) for task, value in rows.groupby("condition")[hue].first().items()}
    elif hue == "family":
        catalogue = load_catalogue()
        named = {str(task): catalogue.family(str(task)) or "other" for task in cells.outcome.index}
    else:
        raise InputError(f"hue {hue!r}: no column of the table{nearest(hue, [*map(str, rows.columns), 'target'])}")
    return {(task, target): named.get(task, "other") for task in tasks for target in targets}
