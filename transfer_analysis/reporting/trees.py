"""Trees: of languages with their gains, and of labels beside the matrix of their distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform

from transfer_analysis.reporting.look import current_look, said, shown_of
from transfer_analysis.reporting.style import (
    COLUMN_WIDTH,
    GREY,
    PAGE_WIDTH,
    group_handles,
    group_looks,
    heatmap,
    heatmap_letters,
    legend_columns,
    letters,
    mark_missing,
    new_figure,
    style,
)
from transfer_analysis.statistics.matrices import complete

#: Height of a language, in inches.
_ROW = 0.125


def language_tree(
    lineages: Mapping[str, Sequence[str]], gains: pd.DataFrame, *, label: str, names: Mapping[str, str]
) -> Figure:
    """Draw the classification of languages, and beside each its gain with an interval.

    Parameters
    ----------
    lineages
        Language → its groups from the family down, the language itself last.
    gains
        `language`, `gain`, `low`, `high` (NaN where there is no interval).
    label
        What the axis of gains says.
    names
        Language → what stands beside it.
    """
    order = shown_of(sorted(lineages, key=lambda code: tuple(lineages[code])))
    table = gains.set_index("language").reindex(order)
    looks = group_looks([lineages[code][0] for code in order])
    deepest = max(len(lineages[code]) for code in order)
    with style():
        figure = new_figure(PAGE_WIDTH, 0.75 + _ROW * len(order))
        tree, ax = figure.subplots(1, 2, width_ratios=(1.1, 1))
        for family in dict.fromkeys(lineages[code][0] for code in order):
            members = [(row, list(lineages[code])) for row, code in enumerate(order) if lineages[code][0] == family]
            _branch(tree, members, 0, deepest, looks[family][0])
            middle = float(np.mean([row for row, _ in members]))
            text = {"ha": "right", "va": "center", "fontsize": letters(5.5), "color": looks[family][0]}
            tree.text(-0.15, middle, said(family), **text)
        tree.set(xlim=(-0.1, deepest), ylim=(len(order) - 0.4, -0.6), xticks=[], yticks=[])
        for side in tree.spines.values():
            side.set_visible(False)
        rows = np.arange(len(order))
        colours = [looks[lineages[code][0]][0] for code in order]
        ax.axvline(0, color="black", linewidth=0.6)
        ax.hlines(rows, table["low"], table["high"], color=colours, linewidth=1.0)
        ax.scatter(table["gain"], rows, s=11, color=colours, linewidths=0, zorder=3)
        ax.set_ylim(len(order) - 0.4, -0.6)
        ax.set_yticks(
            rows, [current_look().labels.get(code) or names.get(code, code) for code in order], fontsize=letters(5.5)
        )
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(said(label))
        ax.spines["left"].set_visible(False)
    return figure


def _branch(ax: Axes, members: list[tuple[int, list[str]]], depth: int, deepest: int, colour: str) -> float:
    """Draw the part of a tree below one group and return the height at which it hangs."""
    if len(members) == 1:
        row = members[0][0]
        ax.plot([depth, deepest], [row, row], color=colour, linewidth=0.7)
        return float(row)
    groups: dict[str, list[tuple[int, list[str]]]] = {}
    for row, lineage in members:
        below = lineage[depth + 1] if depth + 1 < len(lineage) else f"{row}"
        groups.setdefault(below, []).append((row, lineage))
    heights = [_branch(ax, part, depth + 1, deepest, colour) for part in groups.values()]
    middle = (min(heights) + max(heights)) / 2
    ax.plot([depth + 1] * 2, [min(heights), max(heights)], color=colour, linewidth=0.7)
    ax.plot([depth, depth + 1], [middle, middle], color=colour, linewidth=0.7)
    return middle


def _draw_tree(ax: Axes, values: pd.DataFrame, below: int) -> list[str]:
    """Draw a tree by average linkage with room for some labels below it, and return its labels from top to bottom."""
    names = list(values.index)
    if len(names) < 2:
        return names
    matrix = values.loc[names, names].to_numpy(dtype=float)
    apart = (matrix + matrix.T) / 2
    np.fill_diagonal(apart, 0.0)
    tree = linkage(squareform(apart, checks=False), "average", optimal_ordering=True)
    drawn = dendrogram(tree, orientation="left", ax=ax, no_labels=True, color_threshold=0, above_threshold_color=GREY)
    ax.set_ylim(-10 * below, 10 * len(names))  # scipy gives each leaf ten units
    return [names[i] for i in drawn["leaves"]][::-1]


def distance_dendrogram(values: pd.DataFrame, *, label: str, groups: Mapping[str, str] | None = None) -> Figure:
    """Draw a square matrix of distances in the order of a tree by average linkage, with the tree beside it.

    Parameters
    ----------
    values
        Distances, the same labels on both sides; directed ones are averaged for the tree. Missing ones stay white; the
        fewest labels without which none is missing stand below the tree, without a branch.
    label
        Name of the distance, for the colour bar.
    groups
        Label → group, shown by a mark beside the label.
    """
    named = values.set_axis([str(name) for name in values.index], axis=0)
    values = named.set_axis([str(name) for name in values.columns], axis=1)
    kept = shown_of(list(values.index))
    values = values.loc[kept, kept]
    whole, without = complete({label: values})
    linked = whole[label]
    wide = len(values) > 14
    width = PAGE_WIDTH if wide else COLUMN_WIDTH
    names = [str(name) for name in values.index]
    looks = group_looks([(groups or {}).get(name, "") for name in names])
    with style():
        figure = new_figure(width, width * (0.82 if groups else 0.78))
        beside, ax = figure.subplots(1, 2, width_ratios=(0.16, 1))
        order = [*_draw_tree(beside, linked, len(without)), *without]
        beside.axis("off")
        ordered = values.loc[order, order]
        size = heatmap_letters(len(order), ax)
        heatmap(
            ordered.mask(np.eye(len(order), dtype=bool)),
            ax=ax,
            cmap="cividis_r",
            linewidths=0.3 if size else 0.0,
            cbar_kws={"label": said(label), "shrink": 0.75, "pad": 0.16 if not wide else 0.08},
        )
        ax.set(xlabel="", ylabel="")
        mark_missing(ordered, ax)
        ax.tick_params(length=0, labelsize=size or 5)
        ax.yaxis.tick_right()
        ax.tick_params(axis="x", rotation=90)
        ax.tick_params(axis="y", rotation=0)
        if not size:
            ax.set(xticks=[], yticks=[])
        if groups and len(looks) > 1:
            ax.tick_params(axis="y", pad=9)
            # Marks stand in the middle of the room between cells and labels.
            beside_cells = ax.get_yaxis_transform() + ScaledTranslation(5 / 72, 0, figure.dpi_scale_trans)
            for row, name in enumerate(order):
                colour, marker = looks[groups.get(name, "")]
                ax.plot(
                    [1],
                    [row + 0.5],
                    transform=beside_cells,
                    color=colour,
                    marker=marker,
                    markersize=3.5,
                    clip_on=False,
                    linestyle="",
                )
            figure.legend(
                handles=group_handles(looks), loc="outside lower center", ncols=legend_columns(ax, 6), handletextpad=0.2
            )
    return figure
