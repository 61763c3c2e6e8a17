"""Scores and effects as papers print them: conditions × targets, or conditions × languages of one target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
import pandas as pd

from transfer_analysis import statistics
from transfer_analysis.analyses.conditions import in_all_conditions
from transfer_analysis.analyses.rows import Languages, counted
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.frames import require_named
from transfer_analysis.tasks.conditions import NONE

#: What the columns are.
Across = Literal["target", "language"]


@dataclass(frozen=True)
class CrossTable:
    """What stands in the cells of a table, a row per condition.

    Attributes
    ----------
    values
        Means over seeds, of scores or of effects, in points; the last column is `mean`, over columns, of rows that have all.
    spread
        Standard deviation over seeds of scores; half the width of the 95% interval of effects. NaN with one seed.
    p_values
        Of effects: Dunnett's within each column, times the number of columns (Bonferroni); None for scores.
    seeds
        The fewest and the most seeds of a cell.
    about, of_spread, of_p_values
        What the cells, the spread and the p-values are, for a caption.
    notes
        What was left out.
    """

    values: pd.DataFrame
    spread: pd.DataFrame
    p_values: pd.DataFrame | None
    seeds: tuple[int, int]
    about: str
    of_spread: str
    of_p_values: str = ""
    notes: tuple[str, ...] = ()

    def caption(self, *, spread: bool, marks: bool) -> str:
        """Return what stands below the table."""
        parts = [self.about, *([self.of_spread] if spread else []), *([self.of_p_values] if marks else [])]
        return "; ".join(parts)

    def _repr_html_(self) -> str:
        """Return it as notebooks show it."""
        return f"{self.values.to_html(float_format='{:.1f}'.format, na_rep='')}<p>{escape(self.about)}.</p>"

    def tidy(self) -> pd.DataFrame:
        """Return one row per cell: `condition`, `column`, `value`, `spread`, and for effects `p_value`."""
        frame = _long(self.values, "value").merge(_long(self.spread, "spread"), on=["condition", "column"], how="left")
        if self.p_values is not None:
            frame = frame.merge(_long(self.p_values, "p_value"), on=["condition", "column"], how="left")
        return frame.dropna(subset=["value"]).reset_index(drop=True)


def _long(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table.rename_axis(index="condition", columns="column").stack(future_stack=True).rename(name).reset_index()


def score_table(
    frame: pd.DataFrame,
    *,
    across: Across = "target",
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
) -> CrossTable:
    """Return the mean score of each condition, over the languages that all conditions of a target have.

    Parameters
    ----------
    frame
        Scores of one metric and split, as `scores_of` has them.
    across
        What the columns are: targets, or the languages of one target.
    languages
        `zero-shot` leaves out the source language; `source` takes it alone.
    targets, model, initialisation
        Which rows count; of several models, or initialisations, one must be named.

    Raises
    ------
    InputError
        Where a column is missing, several models are not told apart, or languages of several targets are asked for.

    Examples
    --------
    >>> from transfer_analysis.example import example_results
    >>> table = score_table(example_results().frame, targets=["xnli"], initialisation="pretrained")
    >>> round(float(table.values.loc["none", "xnli"]), 1)
    67.8
    """
    runs, notes = _runs(frame, across, languages, targets, model, initialisation)
    cells = runs.groupby(["condition", "column"])["score"].agg(["mean", "std", "size"])
    values, spread = (cells[name].unstack("column") for name in ("mean", "std"))
    means = runs.pivot_table(index=["condition", "seed"], columns="column", values="score").dropna()
    whole = means.mean(axis=1).groupby("condition")
    values["mean"] = values.mean(axis=1, skipna=False)
    spread["mean"] = whole.std().reindex(values.index)
    order = sorted(values.index, key=lambda name: (name != NONE, name))
    return CrossTable(
        values=_used(values).loc[order],
        spread=spread.loc[order],
        p_values=None,
        seeds=(int(cells["size"].min()), int(cells["size"].max())),
        about=f"Mean score over seeds, {_of(languages, across, targets)}",
        of_spread="±: standard deviation over seeds",
        notes=notes,
    )


def effect_table(
    frame: pd.DataFrame,
    *,
    across: Across = "target",
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
) -> CrossTable:
    """Return the effect of each condition beside `none`, with simultaneous intervals within each column.

    Parameters
    ----------
    frame, across, languages, targets, model, initialisation
        As for `score_table`.

    Raises
    ------
    InputError
        As `score_table`, and where no column has condition none and another one.

    Examples
    --------
    >>> from transfer_analysis.example import example_results
    >>> table = effect_table(example_results().frame, initialisation="pretrained")
    >>> "none" in table.values.index
    False
    """
    runs, notes = _runs(frame, across, languages, targets, model, initialisation)
    there = runs.groupby("column")["condition"].agg(set)
    usable = [column for column, found in there.items() if NONE in found and len(found) > 1]
    if not usable:
        raise InputError("no target has condition none and another one, of which effects could be printed")
    runs = runs[runs["column"].isin(usable)]
    found = statistics.effects_beside_baseline(runs.rename(columns={"column": "target"}))
    values = found.pivot(index="condition", columns="target", values="effect")
    half = found.assign(half=(found["high"] - found["low"]) / 2)
    spread = half.pivot(index="condition", columns="target", values="half")
    p_values = (found.pivot(index="condition", columns="target", values="p_value") * len(usable)).clip(upper=1.0)
    values["mean"] = values.mean(axis=1, skipna=False)
    spread["mean"] = p_values["mean"] = np.nan
    order = values["mean"].fillna(values.mean(axis=1)).sort_values(ascending=False, kind="stable").index
    return CrossTable(
        values=_used(values).loc[order],
        spread=spread.loc[order],
        p_values=p_values.loc[order],
        seeds=(int(found["seeds"].min()), int(found["seeds"].max())),
        about=f"Effect of each condition beside none, {_of(languages, across, targets)}, in points",
        of_spread=f"±: half the 95% interval, by Dunnett’s procedure within each {across}",
        of_p_values=f"p by Dunnett’s procedure within each {across}, times the {len(usable)} {across}s",
        notes=notes,
    )


def _used(values: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the mean, where no row has all columns."""
    return values.drop(columns="mean") if values["mean"].isna().all() or values.shape[1] == 2 else values


def _runs(
    frame: pd.DataFrame,
    across: Across,
    languages: Languages,
    targets: Sequence[str],
    model: str | None,
    initialisation: str | None,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one score per condition, column and seed."""
    if across not in ("target", "language"):
        raise InputError(f"columns {across!r}: expected target or language{nearest(across, ['target', 'language'])}")
    require_named(frame, ["condition", "target", "seed", "score"])
    rows = counted(
        frame, languages=languages, targets=targets, model=model, initialisation=initialisation, overlaps=True
    )
    frame = rows.frame
    for column in ("model", "initialisation"):
        there = sorted(map(str, frame[column].dropna().unique())) if column in frame else []
        if len(there) > 1:
            raise InputError(f"rows of several {column}s: name one of {', '.join(there)} ({column})")
    if across == "language" and frame["target"].nunique() > 1:
        raise InputError(f"languages are of one target: name one of {', '.join(sorted(frame['target'].unique()))}")
    if "initialisation" not in frame:
        frame = frame.assign(initialisation="pretrained")
    same = in_all_conditions(frame) if across == "target" else frame
    notes = [*rows.notes]
    if lost := sorted(set(frame["target"]) - set(same["target"])):
        notes.append(f"left out: {', '.join(lost)}, of which no language has every condition")
    return same.assign(column=same[across]).groupby(["condition", "column", "seed"], as_index=False)[
        "score"
    ].mean(), tuple(notes)


def _of(languages: Languages, across: Across, targets: Sequence[str]) -> str:
    where = {"zero-shot": "languages not trained on", "source": "the source language", "all": "all languages"}[
        languages
    ]
    return f"mean over {where}" if across == "target" else f"{', '.join(targets) or 'one target'}, {where}"
