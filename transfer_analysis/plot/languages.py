"""Figures of scores and gains of languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from transfer_analysis import reporting, statistics
from transfer_analysis.analyses.languages import (
    gains_of_languages,
    language_cells,
    language_scores,
    regression_of,
)
from transfer_analysis.analyses.rows import counted
from transfer_analysis.analyses.scores import scores_of
from transfer_analysis.errors import InputError
from transfer_analysis.keys import KEY
from transfer_analysis.languages import families, lineages, resolve
from transfer_analysis.observations import observe
from transfer_analysis.plot.draw import draw_languages, in_a_corner, of_one_kind
from transfer_analysis.reporting import Looks, looking
from transfer_analysis.results import TransferTable, gains
from transfer_analysis.statistics.frames import require_named
from transfer_analysis.statistics.languages import MIN_LANGUAGES
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.tasks.conditions import NONE


def language_scatter(
    rows: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "score",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    source_language: str = "en",
    ax: Axes | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw the score of each language against its distance from the source language, coloured by family, with the slope.

    Parameters
    ----------
    rows
        Scores joined with distances, as `join` gives them.
    distance
        A language distance (`syntactic`), or its column.
    targets, model, initialisation
        Which rows count; several models, or initialisations, are not pooled. As for `language_regression`, whose slope stands in the corner.
    ax, **look
        As for `distance_gain`.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"language": ["de", "fr", "ja", "sw"], "score": [70, 68, 50, 40], "target": "xnli",
    ...                      "source_language": "en", "syntactic_distance": [0.3, 0.4, 0.7, 0.6]})
    >>> language_scatter(rows, "syntactic").get_xlabel()
    'syntactic distance from en'
    """
    rows = of_one_kind(rows, model, initialisation)
    scores = language_scores(rows, distance, outcome=outcome, targets=targets, source_language=source_language)
    note = ""
    if int(scores.complete.sum()) >= MIN_LANGUAGES:
        note = in_a_corner(regression_of(scores, distance, outcome, source_language, "two-sided", 0), "slope")
    words = {"distance": f"{distance.removesuffix('_distance')} distance from {source_language}"}
    with looking(**look):
        return draw_languages(scores, words, note, ax)


def scores_by_language(
    rows: pd.DataFrame,
    distance: str,
    *,
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    source_language: str = "en",
    **look: Unpack[Looks],
) -> Figure:
    """Draw the scores without intermediate training of each target against a language distance, a panel for each target.

    Parameters
    ----------
    rows
        Scores joined with distances, of which condition `none` alone is drawn; or gains, of which the baselines are.
    distance
        A language distance (`syntactic`), or its column.
    targets, model, initialisation, **look
        As for `distance_gain`.

    Raises
    ------
    InputError
        For a column that is not there, where no row is left, or where no score is without intermediate training.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"language": ["de", "fr", "ja", "sw"], "score": [70, 68, 50, 40], "target": "xnli",
    ...                      "source_language": "en", "syntactic_distance": [0.3, 0.4, 0.7, 0.6]})
    >>> len(scores_by_language(rows, "syntactic").axes)
    1
    """
    column = distance if distance in rows else f"{distance}_distance"
    require_named(rows, [column, "target", "language", "score"])
    rows = _without_intermediate(rows)
    if "source_language" in rows:
        rows = rows[rows["source_language"] == source_language]
    rows = counted(of_one_kind(rows, model, initialisation), languages="all", targets=targets, overlaps=True).frame
    means = rows.groupby(["target", "language"], as_index=False).agg(
        score=("score", "mean"), distance=(column, "first")
    )
    means = means.assign(is_source=means["language"] == source_language)
    means["distance"] = means["distance"].mask(means["is_source"], 0.0)
    means = means.dropna(subset=["distance"])
    if means["is_source"].all():
        raise InputError(f"no row of a language with a {column}, trained on {source_language}, to draw")
    means["group"] = means["language"].map(families(sorted(means["language"].unique())))
    catalogue = load_catalogue()
    known = [target for target in means["target"].unique() if target in catalogue]
    with looking(**look):
        return reporting.score_panels(
            means,
            groups=list(means["group"]),
            name=f"{column.removesuffix('_distance')} distance from {source_language}",
            chance={t: c for t in known if (c := catalogue[t].chance) is not None},
            titles={t: catalogue[t].title for t in known},
        )


def _without_intermediate(rows: pd.DataFrame) -> pd.DataFrame:
    """Return scores without intermediate training: those of condition none, or the baselines of gains."""
    if "condition" not in rows:
        return rows
    if (rows["condition"] == NONE).any():
        return rows[rows["condition"] == NONE]
    if "baseline" not in rows:
        raise InputError(
            "no row has condition none, and there is no column baseline: join a transfer table with its baselines "
            "(transfer-analysis results join)"
        )
    # A baseline stands beside every condition, and counts once.
    once = [column for column in (*KEY, "baseline") if column in rows and column not in ("condition", "score")]
    return rows.assign(score=rows["baseline"]).drop_duplicates(once)


def language_curve(
    rows: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "score",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    ax: Axes | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw the best score among the k nearest source languages, beside random choice, for every k.

    Parameters
    ----------
    rows
        Scores from several source languages, joined with distances.
    distance, targets, model, initialisation, ax, **look
        As for `language_scatter`.

    Examples
    --------
    >>> import pandas as pd
    >>> codes = ["de", "fr", "ja", "sw"]
    >>> rows = pd.DataFrame([(s, t, "xnli", abs(i - j) / 4, 60 - abs(i - j)) for i, s in enumerate(codes) for j, t in enumerate(codes)],
    ...                     columns=["source_language", "language", "target", "syntactic_distance", "score"])
    >>> language_curve(rows, "syntactic").get_xlabel()
    'number of source languages tried (k)'
    """
    cells = language_cells(of_one_kind(rows, model, initialisation), distance, outcome=outcome, targets=targets)
    curve = statistics.selection_curve(cells.distance, cells.outcome.to_numpy(), cells.relabelings)
    with looking(**look):
        return reporting.selection_curve_plot(curve, outcome=f"{outcome} (points)", choice="source languages", ax=ax)


def language_tree(table: TransferTable, **look: Unpack[Looks]) -> Figure:
    """Draw the classification of the languages of a transfer table with the mean gain of each.

    Raises
    ------
    InputError
        For a table without gains.

    Examples
    --------
    >>> from transfer_analysis.example import example_results
    >>> [ax.get_xlabel() for ax in language_tree(example_results()).axes]
    ['', 'mean gain (points)']
    """
    catalogue = load_catalogue()
    found = gains(TransferTable(scores_of(table, catalogue)))
    if found.frame.empty:
        raise InputError("the table has no gains: rows with condition none are missing")
    languages = gains_of_languages(observe(found.frame, catalogue=catalogue).frame)
    codes = list(languages["language"])
    names = {code: resolve(code).name for code in codes}
    with looking(**look):
        return reporting.language_tree(lineages(codes), languages, label="mean gain (points)", names=names)
