"""Figures. Each takes a frame and perhaps an `ax`, and returns the axes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from transfer_analysis.reporting.labels import label_points, write_in_corner
from transfer_analysis.reporting.look import arranged, said
from transfer_analysis.reporting.style import (
    COLUMN_WIDTH,
    DIVERGING,
    GREY,
    PAGE_WIDTH,
    colours,
    group_handles,
    group_looks,
    heatmap,
    heatmap_letters,
    legend_columns,
    mark_missing,
    new_figure,
    style,
)


def distance_heatmap(
    values: pd.DataFrame, *, label: str, groups: Mapping[str, str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw a matrix of distances.

    Parameters
    ----------
    values
        Distances with labels on both sides.
    label
        Name of the distance, for the colour bar.
    groups
        Label → group (family); labels of a group are put together and groups are parted by lines.
    """
    groups = groups or {}
    rows, columns = (
        arranged(sorted(axis, key=lambda v: (groups.get(v, ""), v))) for axis in (values.index, values.columns)
    )
    with style():
        if ax is None:
            wide = max(len(rows), len(columns)) > 14
            width = PAGE_WIDTH if wide else COLUMN_WIDTH
            ax = new_figure(width, width * 0.84 * max(0.5, len(rows) / max(len(columns), 1))).subplots()
        ordered = values.loc[rows, columns]
        size = heatmap_letters(max(len(rows), len(columns)), ax)
        # A distance of a label from itself is 0 by definition and would only stretch the colours.
        own = np.equal.outer(np.array(rows, dtype=object), np.array(columns, dtype=object))
        heatmap(
            ordered.mask(own.astype(bool)),
            ax=ax,
            cmap="cividis_r",
            square=len(rows) == len(columns),
            linewidths=0.3 if size else 0.0,
            cbar_kws={"label": said(label), "shrink": 0.75, "pad": 0.02},
        )
        mark_missing(ordered, ax)
        ax.set(xlabel="", ylabel="")
        ax.tick_params(length=0, labelsize=size or 5)
        ax.tick_params(axis="x", rotation=90)
        ax.tick_params(axis="y", rotation=0)
        if not size:
            ax.set(xticks=[], yticks=[])
        for labels, draw in ((rows, ax.axhline), (columns, ax.axvline)):
            for i in range(1, len(labels)):
                if groups.get(labels[i]) != groups.get(labels[i - 1]):
                    draw(i, color="black", linewidth=0.5)
    return ax


def agreement_heatmap(correlations: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the rank correlations between kinds of distance: those that agree most stand together.

    Parameters
    ----------
    correlations
        Square, symmetric, values in [−1, 1]; NaN where there is none, which stays white. A kind that has none with any
        other is left out.
    """
    apart = correlations.to_numpy(dtype=float).copy()
    np.fill_diagonal(apart, np.nan)
    compared = correlations.index[np.isfinite(apart).any(axis=1)]
    if compared.empty:
        raise ValueError("no two kinds have a correlation; there is nothing to draw")
    names = _clustered(correlations.loc[compared, compared])
    names = arranged(names)
    values = correlations.loc[names, names]
    # Above the diagonal stands the same again.
    hidden = np.triu(np.ones(values.shape, dtype=bool))
    with style():
        if ax is None:
            side = COLUMN_WIDTH if len(names) <= 8 else PAGE_WIDTH
            ax = new_figure(side, side * 0.86).subplots()
        heatmap(
            values.mask(hidden),
            ax=ax,
            cmap=DIVERGING,
            vmin=-1,
            vmax=1,
            square=True,
            linewidths=0.3,
            annot=values.map(_short),
            fmt="",
            annot_kws={"size": 4.2 if len(names) > 16 else 5.5},
            cbar_kws={"label": "Spearman correlation of distances", "shrink": 0.6, "pad": 0.02},
        )
        ax.set(xlabel="", ylabel="")
        ax.tick_params(length=0)
        ax.set_xticklabels([*map(said, names[:-1]), ""], rotation=90)
        ax.set_yticklabels(["", *map(said, names[1:])], rotation=0)
    return ax


def _short(value: float) -> str:
    """Write a correlation as papers do, without its leading zero."""
    if not np.isfinite(value):
        return ""
    return f"{round(value, 2) + 0.0:.2f}".replace("0.", ".").replace("-", "\u2212")  # + 0.0: no minus before nothing


def _clustered(correlations: pd.DataFrame) -> list[str]:
    """Return labels in the order of a tree by average linkage of 1 − correlation; none counts as uncorrelated."""
    if len(correlations) < 3:
        return list(correlations.index)
    apart = 1 - correlations.fillna(0.0).to_numpy(dtype=float)
    np.fill_diagonal(apart, 0.0)
    tree = linkage(squareform((apart + apart.T) / 2, checks=False), "average", optimal_ordering=True)
    return [str(correlations.index[i]) for i in leaves_list(tree)]


def distance_scatter(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    group: str,
    band: pd.DataFrame,
    labels: str | None = None,
    names: Mapping[str, str] | None = None,
    note: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw an outcome against a distance, coloured by group, with a regression line and its band.

    Parameters
    ----------
    frame
        One row per point.
    x, y, group
        Columns of the distance, the outcome, and the group that colours a point.
    band
        Line and band, from `statistics.regression_band`.
    labels
        Column of text to put beside points, where it fits without covering another.
    names
        Axis labels for `x` and `y`.
    note
        What stands in the emptiest corner.
    """
    names = names or {}
    used = frame.dropna(subset=[x, y])
    looks = group_looks(list(used[group]))
    with style():
        if ax is None:
            ax = new_figure(COLUMN_WIDTH, 2.75).subplots()
        ax.fill_between(band["x"], band["low"], band["high"], color=GREY, alpha=0.25, linewidth=0)
        ax.plot(band["x"], band["fit"], color="#333333")
        crowded = len(used) > 60
        for name, (colour, marker) in looks.items():
            part = used[used[group] == name]
            ax.scatter(
                part[x],
                part[y],
                s=10 if crowded else 18,
                color=colour,
                marker=marker,
                alpha=0.8,
                linewidths=0,
                zorder=3,
            )
        ax.set(xlabel=said(names.get(x, x)), ylabel=said(names.get(y, y)))
        _legend(ax, looks)
        if note:
            write_in_corner(ax, used[[x, y]].to_numpy(dtype=float), note)
        if labels is not None:
            places = used[[x, y]].to_numpy(dtype=float)
            ends = band[["x", "fit"]].iloc[[0, -1]].to_numpy(dtype=float)
            label_points(ax, places, [said(label) for label in used[labels]], line=ends)
    return ax


def selection_curve_plot(
    curve: pd.DataFrame, *, outcome: str, choice: str = "intermediate tasks", ax: Axes | None = None
) -> Axes:
    """Draw the best outcome among the k nearest, beside random choice, for every k.

    Parameters
    ----------
    curve
        From `statistics.selection_curve`.
    outcome
        Name of the outcome, for the axis.
    choice
        What is chosen, for the axis.
    """
    with style():
        if ax is None:
            ax = new_figure(COLUMN_WIDTH, 2.3).subplots()
        ax.fill_between(
            curve["k"], curve["low"], curve["high"], color=GREY, alpha=0.25, linewidth=0, label="95% of relabelings"
        )
        ax.plot(curve["k"], curve["random"], color="#555555", linestyle="--", label="random selection (expected)")
        ax.plot(curve["k"], curve["selected"], color=colours()[0], marker="o", markersize=3, label="nearest first")
        ax.axhline(float(curve["best"].iloc[0]), color=colours()[1], linestyle=":", linewidth=1, label="best possible")
        ax.set(xlabel=f"number of {choice} tried (k)", ylabel=f"best {outcome} of the k")
        step = max(1, len(curve) // 7)
        ax.set_xticks(list(curve["k"])[::step])
        ax.legend(loc="lower right")
    return ax


def _legend(ax: Axes, looks: Mapping[str, tuple[str, str]]) -> None:
    ax.figure.legend(
        handles=group_handles(looks),
        loc="outside lower center",
        ncols=legend_columns(ax, 6),
        handletextpad=0.2,
        columnspacing=1.0,
    )
