"""Figures that show many targets or conditions at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from transfer_analysis.reporting.style import COLUMN_WIDTH, GREY, PAGE_WIDTH, group_looks, new_figure, style

#: Panels of a row.
_ROW = 5


def score_panels(
    frame: pd.DataFrame,
    *,
    groups: Sequence[str],
    name: str,
    chance: Mapping[str, float] | None = None,
    titles: Mapping[str, str] | None = None,
) -> Figure:
    """Draw the score of each language against its distance, one panel for each target.

    Parameters
    ----------
    frame
        One row per target and language: `target`, `language`, `distance`, `score` (per cent), `group` (which colours a
        point), and perhaps `floor`, drawn in grey under the score.
    groups
        Groups in the order of the legend.
    name
        Name of the distance, for the axis.
    chance
        Target → score of guessing, a dotted line.
    titles
        Target → what stands above its panel.
    """
    targets = list(dict.fromkeys(frame["target"]))
    columns = min(_ROW, len(targets))
    rows = -(-len(targets) // columns)
    looks = group_looks(list(groups))
    with style():
        figure = new_figure(PAGE_WIDTH, 0.45 + 1.55 * rows)
        axes = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)).ravel()
        for ax, target in zip(axes, targets, strict=False):
            _panel(ax, frame[frame["target"] == target], looks)
            ax.set_title((titles or {}).get(target, target), fontsize=6.5)
            guess = (chance or {}).get(target)
            if guess is not None and guess > 0:
                ax.axhline(guess, color="#333333", linestyle=":", linewidth=0.7)
        for ax in axes[len(targets) :]:
            ax.set_visible(False)
        axes[0].set_ylim(0, 103)
        figure.supxlabel(name, fontsize=7)
        axes[0].set_ylabel("score")
        _legend(figure, looks, "floor" in frame)
    return figure


def _panel(ax: Axes, part: pd.DataFrame, looks: Mapping[str, tuple[str, str]]) -> None:
    if "floor" in part:
        ax.vlines(part["distance"], part["floor"], part["score"], color=GREY, linewidth=0.4, alpha=0.6)
        ax.scatter(part["distance"], part["floor"], s=9, marker="_", color=GREY, linewidths=1.0, zorder=2)
    for group, (colour, marker) in looks.items():
        own = part[part["group"] == group]
        ax.scatter(own["distance"], own["score"], s=13, color=colour, marker=marker, linewidths=0, zorder=3)
    if len(part) > 2:
        slope, level = np.polyfit(part["distance"], part["score"], 1)
        ends = np.array([part["distance"].min(), part["distance"].max()])
        ax.plot(ends, level + slope * ends, color="#333333", linewidth=0.9, zorder=1)


def _legend(figure: Figure, looks: Mapping[str, tuple[str, str]], with_floor: bool) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, marker=marker, linestyle="", markersize=4, label=group)
        for group, (colour, marker) in looks.items()
    ]
    if with_floor:
        handles.append(
            Line2D([], [], color=GREY, marker="_", linestyle="", markersize=4, label="floor: nothing shared")
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=5, handletextpad=0.2, columnspacing=1.0)


def effect_heatmap(effects: pd.DataFrame, *, label: str, ax: Axes | None = None) -> Axes:
    """Draw the effect of each condition on each target; those whose interval holds zero are set in grey, in brackets.

    Parameters
    ----------
    effects
        Columns `condition`, `target`, `effect`, `low`, `high`, in points.
    label
        Name of the effect, for the colour bar.
    """
    values = effects.pivot(index="condition", columns="target", values="effect")
    certain = effects.assign(certain=(effects["low"] > 0) | (effects["high"] < 0))
    sure = certain.pivot(index="condition", columns="target", values="certain").reindex_like(values)
    order = values.mean(axis=1).sort_values(ascending=False).index
    values, sure = values.loc[order], sure.loc[order]
    largest = max(1.0, float(np.nanmax(np.abs(values.to_numpy()))))
    with style():
        if ax is None:
            height = 0.75 + 0.2 * len(values)
            wide = values.shape[1] > 6
            ax = new_figure(PAGE_WIDTH if wide else COLUMN_WIDTH, height).subplots()
        sns.heatmap(
            values,
            ax=ax,
            cmap="PuOr_r",
            vmin=-largest,
            vmax=largest,
            linewidths=0.4,
            linecolor="white",
            xticklabels=True,
            yticklabels=True,
            cbar_kws={"label": label, "pad": 0.02},
        )
        for i, row in enumerate(values.to_numpy()):
            for j, value in enumerate(row):
                if np.isfinite(value):
                    text = f"{value:+.0f}".replace("-", "−")
                    known = bool(sure.iloc[i, j])
                    shade = "white" if abs(value) > 0.6 * largest else "#222222" if known else "#666666"
                    ax.text(
                        j + 0.5,
                        i + 0.5,
                        text if known else f"({text})",
                        ha="center",
                        va="center",
                        fontsize=6,
                        color=shade,
                        fontweight="bold" if known else "normal",
                    )
        ax.set(xlabel="", ylabel="")
        ax.tick_params(length=0)
        ax.set_xticklabels(ax.get_xticklabels(), rotation=30, ha="right")
        ax.set_yticklabels(ax.get_yticklabels(), rotation=0)
    return ax
