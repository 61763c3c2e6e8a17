"""Forest plots: estimates with their intervals, one below the other."""

from __future__ import annotations

from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from transfer_analysis.reporting.look import arranged, said
from transfer_analysis.reporting.style import GREY, PAGE_WIDTH, colours, new_figure, point_handle, style

#: Characters of a label's line.
_LABEL = 58

#: Height of a line, of what is between rows, and of what stands above and below the rows of a panel, in inches.
_LINE, _GAP, _AROUND = 0.1, 0.11, 0.55


def forest_plot(table: pd.DataFrame) -> Figure:
    """Draw estimates with their intervals: a panel for each scale, as points and correlations share no axis.

    Parameters
    ----------
    table
        Rows from top to bottom: `label`, `scale` (what the axis says), `estimate`, `low`, `high` (NaN where there is no
        interval), `declared` (true or false) and `supported` (true or false, filled or not).
    """
    table = table.set_index("label").loc[arranged(list(dict.fromkeys(table["label"])))].reset_index()
    scales = list(dict.fromkeys(table["scale"]))
    if not scales:
        raise ValueError("there are no estimates to draw")
    table = table.assign(label=[fill(said(label), _LABEL) for label in table["label"]])
    lines = table["label"].str.count("\n") + 1
    row = float(lines.max()) * _LINE + _GAP
    heights = [_AROUND + row * int((table["scale"] == scale).sum()) for scale in scales]
    with style():
        figure = new_figure(PAGE_WIDTH, sum(heights))
        axes = np.atleast_1d(figure.subplots(len(scales), 1, height_ratios=heights))
        for ax, scale in zip(axes, scales, strict=True):
            rows = table[table["scale"] == scale].reset_index(drop=True)
            places = np.arange(len(rows))
            edges = [colours()[0] if declared else GREY for declared in rows["declared"]]
            ax.axvline(0, color="black", linewidth=0.6, zorder=0)
            ax.hlines(places, rows["low"], rows["high"], color=edges, linewidth=1.4)
            faces = [c if s else "white" for c, s in zip(edges, rows["supported"], strict=True)]
            ax.scatter(rows["estimate"], places, s=20, facecolor=faces, edgecolor=edges, linewidth=1.0, zorder=3)
            ax.set_yticks(places, list(rows["label"]))
            ax.set(ylim=(len(rows) - 0.4, -0.6), xlabel=said(scale))
            ax.tick_params(axis="y", length=0)
            ax.spines["left"].set_visible(False)
            for place in places:
                ax.axhline(place, color="#E6E6E6", linewidth=0.5, zorder=-1)
        handles = [point_handle("declared", colours()[0], "o"), point_handle("exploratory", GREY, "o")]
        handles.append(point_handle("not supported", "#333333", "o", filled=False))
        figure.legend(handles=handles, loc="outside lower center", ncols=3, handletextpad=0.2)
    return figure
