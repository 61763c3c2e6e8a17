"""Figures that show many targets or conditions at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from transfer_analysis.reporting.look import arranged, current_look, said, shown
from transfer_analysis.reporting.style import (
    DIVERGING,
    GREY,
    PAGE_WIDTH,
    group_handles,
    group_looks,
    heatmap,
    legend_columns,
    letters,
    new_figure,
    point_handle,
    style,
)

#: Panels of a row, and characters of a title's line.
_ROW = 5
_TITLE = 18


def score_panels(
    frame: pd.DataFrame,
    *,
    groups: Sequence[str],
    name: str,
    chance: Mapping[str, float] | None = None,
    titles: Mapping[str, str] | None = None,
) -> Figure:
    """Draw the score of each language against its distance, one panel for each target, with a line of least squares.

    The line leaves out the source language, which is trained on.

    Parameters
    ----------
    frame
        One row per target and language: `target`, `language`, `distance`, `score` (per cent), `group` (which colours a
        point), `is_source`, and perhaps `floor`, drawn in grey under the score.
    groups
        Groups in the order of the legend.
    name
        Name of the distance, for the axis.
    chance
        Target → score of guessing, a dotted line.
    titles
        Target → what stands above its panel.
    """
    frame = shown(frame, ["target", "language", "group"])
    targets = arranged(list(dict.fromkeys(frame["target"])))
    most = min(_ROW, max(1, round((current_look().inches or PAGE_WIDTH) / 1.26)))
    rows = -(-len(targets) // most)
    columns = -(-len(targets) // rows)
    looks = group_looks(list(groups))
    with style():
        figure = new_figure(PAGE_WIDTH, 0.45 + 1.55 * rows)
        axes = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)).ravel()
        for ax, target in zip(axes, targets, strict=False):
            _panel(ax, frame[frame["target"] == target], looks)
            title = current_look().labels.get(target) or (titles or {}).get(target, target)
            ax.set_title(fill(title, _TITLE), fontsize=letters(6.5))
            guess = (chance or {}).get(target)
            if guess is not None and guess > 0:
                ax.axhline(guess, color="#333333", linestyle=":", linewidth=0.7)
        for ax in axes[len(targets) :]:
            ax.set_visible(False)
        for ax in axes[max(0, len(targets) - columns) : len(targets)]:  # nothing stands below them
            ax.tick_params(labelbottom=True)
        axes[0].set_ylim(min(0.0, float(frame["score"].min()) - 3), 103)
        # The source language alone stands at 0, far from all others: its distance is marked where the axis begins.
        others = frame.loc[~frame["is_source"], "distance"]
        reach = max(float(others.max() - others.min()), 1e-9)
        axes[0].set_xlim(max(-0.02, float(others.min()) - 0.12 * reach), float(others.max()) + 0.05 * reach)
        axes[min((rows - 1) * columns + columns // 2, len(targets) - 1)].set_xlabel(said(name))
        axes[0].set_ylabel("score")
        _legend(figure, looks, "floor" in frame)
    return figure


def _panel(ax: Axes, part: pd.DataFrame, looks: Mapping[str, tuple[str, str]]) -> None:
    if "floor" in part:
        ax.vlines(part["distance"], part["floor"], part["score"], color=GREY, linewidth=0.4, alpha=0.6)
        ax.scatter(part["distance"], part["floor"], s=9, marker="_", color=GREY, linewidths=1.0, zorder=2)
    at_home = part[part["is_source"]]
    begins: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "clip_on": False, "zorder": 4}
    ax.scatter(np.zeros(len(at_home)), at_home["score"], s=16, marker=">", color="#333333", linewidths=0, **begins)
    for group, (colour, marker) in looks.items():
        own = part[(part["group"] == group) & ~part["is_source"]]
        ax.scatter(own["distance"], own["score"], s=13, color=colour, marker=marker, linewidths=0, zorder=3)
    others = part[~part["is_source"]]
    if len(others) > 2:
        slope, level = np.polyfit(others["distance"], others["score"], 1)
        ends = np.array([others["distance"].min(), others["distance"].max()])
        ax.plot(ends, level + slope * ends, color="#333333", linewidth=0.9, zorder=1)


def _legend(figure: Figure, looks: Mapping[str, tuple[str, str]], with_floor: bool) -> None:
    handles = group_handles(looks)
    handles.append(point_handle("source language", "#333333", ">"))
    if with_floor:
        handles.append(point_handle("floor: nothing shared", GREY, "_"))
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=legend_columns(figure.axes[0], 5),
        handletextpad=0.2,
        columnspacing=1.0,
    )


#: Width of a cell that a number fits into, in inches.
_CELL = 0.27

#: Targets in all panels together up to which their numbers have room side by side.
_SIDE_BY_SIDE = 20


def effect_panels(effects: pd.DataFrame, *, panels: Sequence[str], label: str) -> Figure:
    """Draw the effect of each condition on each target as heatmaps, in one order and on one scale.

    Side by side where their numbers have room, else one below the other.

    Parameters
    ----------
    effects
        Columns `panel`, `condition`, `target`, `effect`, `low`, `high`, in points.
    panels
        What is drawn, in order; one without effects is left out.
    label
        Name of the effect, for the colour bar.
    """
    effects = shown(effects, ["condition", "target", "panel"])
    panels = arranged([panel for panel in panels if (effects["panel"] == panel).any()])
    # Panels share their columns, also those that one of them has no effects for.
    targets = arranged(sorted(effects["target"].unique()))
    across = len(panels) if len(targets) * len(panels) <= _SIDE_BY_SIDE else 1
    order = arranged(list(effects.groupby("condition")["effect"].mean().sort_values(ascending=False).index))
    largest = max(1.0, float(effects["effect"].abs().max()))
    with style():
        down = len(panels) // across
        figure = new_figure(PAGE_WIDTH, down * (1.05 + 0.19 * len(order)))
        axes = np.atleast_1d(figure.subplots(down, across, sharex=down > 1, sharey=True))
        for ax, panel in zip(axes, panels, strict=True):
            effect_heatmap(
                effects[effects["panel"] == panel], order=list(order), targets=targets, largest=largest, ax=ax
            )
            ax.set_title(said(panel))
        figure.colorbar(axes[-1].collections[0], ax=list(axes), label=said(label), pad=0.01, aspect=30)
    return figure


def _narrow(ax: Axes, columns: int) -> bool:
    """Whether the cells of a heatmap have no room for numbers."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    grid = ax.get_subplotspec()
    across = grid.get_gridspec().ncols if grid is not None else 1
    return float(0.7 * figure.get_figwidth()) / (across * columns) < _CELL


def effect_heatmap(
    effects: pd.DataFrame, *, order: Sequence[str], targets: Sequence[str], largest: float, ax: Axes
) -> Axes:
    """Draw the effect of each condition on each target; those whose interval holds zero stand in brackets.

    Parameters
    ----------
    effects
        Columns `condition`, `target`, `effect`, `low`, `high`, in points; and perhaps `overlap`, whose cells are framed.
    order, targets
        Conditions from top to bottom, targets from left to right.
    largest
        Effect, of either sign, at which the colours end.
    """
    table = effects.assign(certain=(effects["low"] > 0) | (effects["high"] < 0))
    values = table.pivot(index="condition", columns="target", values="effect").reindex(index=order, columns=targets)
    certain = table.pivot(index="condition", columns="target", values="certain").reindex(index=order, columns=targets)
    heatmap(
        values,
        ax=ax,
        cmap=DIVERGING,
        vmin=-largest,
        vmax=largest,
        linewidths=0.4,
        cbar=False,
    )
    narrow = _narrow(ax, len(values.columns))
    for i, j in zip(*np.nonzero(np.isfinite(values.to_numpy())), strict=True):
        value, known = float(values.iloc[i, j]), bool(certain.iloc[i, j])
        text = f"{value:+.{0 if largest >= 10 else 1}f}".replace("-", "\u2212")
        shade = "white" if abs(value) > 0.6 * largest else "#222222" if known else "#555555"
        size = letters(6 if len(values.columns) <= _SIDE_BY_SIDE // 2 else 5)
        look: dict[str, Any] = {"color": shade, "fontsize": size, "fontweight": "bold" if known else "normal"}
        if narrow:  # a dot says what bold and brackets say where there is room for numbers
            text = "\u2022" if known else ""
        elif not known:
            text = f"({text})"
        ax.text(j + 0.5, i + 0.5, text, ha="center", va="center", **look)
    if "overlap" in effects:
        framed = table.pivot(index="condition", columns="target", values="overlap").reindex(
            index=order, columns=targets
        )
        for i, j in zip(*np.nonzero(framed.eq(True).to_numpy()), strict=True):
            ax.add_patch(Rectangle((j + 0.02, i + 0.06), 0.96, 0.88, fill=False, edgecolor="#222222", linewidth=0.8))
    ax.set(xlabel="", ylabel="")
    ax.tick_params(length=0)
    steep = narrow or len(values.columns) > _SIDE_BY_SIDE // 2
    ax.set_xticklabels(ax.get_xticklabels(), rotation=90 if steep else 30, ha="center" if steep else "right")
    return ax
