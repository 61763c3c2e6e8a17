"""A map of tasks: near where their distance is small, with arrows for what one gives another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from transfer_analysis.reporting.labels import label_points
from transfer_analysis.reporting.look import arranged, said
from transfer_analysis.reporting.style import (
    GAIN,
    GREY,
    LOSS,
    PAGE_WIDTH,
    group_handles,
    group_looks,
    legend_columns,
    new_figure,
    style,
)

#: Starts of the scaling, of which the best counts.
_STARTS = 8


def task_map(
    distances: pd.DataFrame,
    gains: pd.DataFrame,
    groups: Mapping[str, str],
    *,
    seed: int = 0,
    most: int = 12,
    ax: Axes | None = None,
) -> Axes:
    """Draw tasks in two dimensions with the largest gains as arrows from intermediate to target task.

    Parameters
    ----------
    distances
        Symmetric, the same labels on both sides, no value missing.
    gains
        `condition`, `target`, `gain` (points). The gains farthest from zero are drawn: orange where positive, purple
        where negative, as wide as they are large.
    groups
        Task → group, which colours it.
    seed
        Of the starts of the scaling (SMACOF; Borg & Groenen 2005, ch. 8).
    most
        Arrows at most.
    """
    from sklearn.manifold import MDS

    names = arranged([str(name) for name in distances.index])
    distances = distances.loc[names, names]
    apart = (distances.to_numpy(dtype=float) + distances.to_numpy(dtype=float).T) / 2
    np.fill_diagonal(apart, 0.0)
    scaling = MDS(2, metric="precomputed", n_init=_STARTS, init="random", random_state=seed, normalized_stress=True)
    found = scaling.fit_transform(apart)
    places = dict(zip(names, _turned(found), strict=True))
    shown = gains[gains["condition"].isin(names) & gains["target"].isin(names)]
    shown = shown[shown["gain"] != 0]  # neither a gain nor a loss
    shown = shown.reindex(shown["gain"].abs().sort_values(ascending=False, kind="stable").index).head(most)
    looks = group_looks([groups.get(name, "other") for name in names])
    with style():
        if ax is None:
            ax = new_figure(PAGE_WIDTH, PAGE_WIDTH * 0.62).subplots()
        largest = float(shown["gain"].abs().max()) if len(shown) else 1.0
        for row in shown.itertuples(index=False):
            ax.annotate(
                "",
                xy=places[row.target],
                xytext=places[row.condition],
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": GAIN if row.gain > 0 else LOSS,
                    "linewidth": 0.4 + 2.2 * abs(row.gain) / largest,
                    "alpha": 0.55,
                    "shrinkA": 5,
                    "shrinkB": 6,
                    "connectionstyle": "arc3,rad=0.12",
                },
            )
        for name, place in places.items():
            colour, marker = looks[groups.get(name, "other")]
            ax.scatter([place[0]], [place[1]], s=26, color=colour, marker=marker, zorder=3, linewidths=0)
        ax.set(xticks=[], yticks=[], xlabel=f"stress {scaling.stress_:.2f}", ylabel="")
        ax.set_aspect("equal", adjustable="datalim")
        ax.margins(0.12, 0.16)
        for side in ("left", "bottom"):
            ax.spines[side].set_color(GREY)
        arrows = [Line2D([], [], color=colour, label=name) for name, colour in (("gain", GAIN), ("loss", LOSS))]
        handles = [*group_handles(looks), *arrows]
        ax.figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=legend_columns(ax, 5),
            handlelength=1.2,
            handletextpad=0.4,
        )
        label_points(ax, np.array(list(places.values())), [said(name) for name in places], all_of_them=True, size=6)
    return ax


def _turned(points: np.ndarray) -> np.ndarray:
    """Return points about their mean, their longest axis across and the first point up and to the right: maps have no side."""
    centred = points - points.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    turned: np.ndarray = centred @ axes.T
    return turned * np.where(turned[0] < 0, -1.0, 1.0)
