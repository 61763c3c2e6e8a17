"""What figures of tables and figures of reports share: cells and languages in, axes out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from transfer_analysis import reporting
from transfer_analysis.analyses.languages import LanguageScores
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics import Outcome, regression_band
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.statistics.outcome import p_text


def draw_cells(
    cells: CellTable,
    hues: Mapping[tuple[str, str], str],
    words: Mapping[str, str],
    note: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw cells against their only distance; of several targets each is standardised, which takes their levels out.

    Parameters
    ----------
    hues
        Cell → what colours its point.
    words
        `distance` and `outcome` → what the axis says.
    note
        What stands in a corner.
    """
    several = cells.outcome.shape[1] > 1
    shown = (cells.outcome - cells.outcome.mean()) / cells.outcome.std(ddof=0) if several else cells.outcome
    frame = shown.stack(future_stack=True).rename("outcome").reset_index()
    frame.columns = pd.Index(["condition", "target", "outcome"])
    frame["distance"] = cells.observed().reshape(-1)
    frame["hue"] = [hues[(str(row.condition), str(row.target))] for row in frame.itertuples()]
    frame = reporting.shown(frame.dropna(), ["condition", "target", "hue"])
    band = regression_band(frame, "distance", "outcome", ["condition", "target"])
    unit = ",\nstandardised within target" if several else " (points)"
    names = {"distance": words["distance"], "outcome": f"{words['outcome']}{unit}"}
    return reporting.distance_scatter(
        frame, x="distance", y="outcome", group="hue", band=band, names=names, note=note, ax=ax
    )


def draw_languages(scores: LanguageScores, words: Mapping[str, str], note: str = "", ax: Axes | None = None) -> Axes:
    """Draw scores of languages against their distance; the band resamples families.

    Parameters
    ----------
    words
        `distance`, and perhaps `outcome` → what the axis says.
    note
        What stands in a corner.
    """
    frame = scores.frame.dropna(subset=["distance"])
    if "language_family" not in frame:
        frame = frame.assign(language_family="")
    frame = reporting.shown(frame, ["language", "language_family"])
    unit = f"score ({scores.unit})" if scores.unit == "points" else f"score, {scores.unit}"
    return reporting.distance_scatter(
        frame,
        x="distance",
        y="score",
        group="language_family",
        band=regression_band(frame, "distance", "score", ["language_family"]),
        labels="language",
        names={"distance": words["distance"], "score": words.get("outcome", unit)},
        note=note,
        ax=ax,
    )


def of_one_kind(rows: pd.DataFrame, model: str | None, initialisation: str | None) -> pd.DataFrame:
    """Return the rows of one model and of one initialisation: those which are named, or the only ones.

    Raises
    ------
    InputError
        For several, of which none is named: a figure has no place to say that they were averaged.
    """
    for column, wanted in (("model", model), ("initialisation", initialisation)):
        if column not in rows:
            continue
        there = sorted(map(str, rows[column].dropna().unique()))
        if wanted is None and len(there) > 1:
            raise InputError(f"rows of several {column}s: name one of {', '.join(there)}")
        if wanted is not None and wanted not in there:
            raise InputError(
                f"{column} {wanted!r}: the table has none of that name{nearest(wanted, there)}; there are {', '.join(there)}"
            )
        rows = rows if wanted is None else rows[rows[column] == wanted]
    return rows


def in_a_corner(outcome: Outcome, symbol: str) -> str:
    """Return an outcome in two short lines: `r = −.42 [−.61, −.20]` and its p."""
    said = outcome.written()
    between = f" [{said.low}, {said.high}]" if said.low else ""
    p = f"\n{p_text(outcome.p_value)}" if outcome.p_value is not None else ""
    return f"{symbol} = {said.estimate}{between}{p}"
