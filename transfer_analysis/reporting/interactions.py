"""An outcome against a distance, at several levels of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from transfer_analysis.reporting.look import said, shown
from transfer_analysis.reporting.style import COLUMN_WIDTH, MARKERS, colours, new_figure, style


def interaction_plot(
    frame: pd.DataFrame,
    groups: Mapping[str, Sequence[str]],
    *,
    x: str,
    y: str,
    names: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw an outcome against a distance, a line of least squares and one point per cell for each group of languages.

    Parameters
    ----------
    frame
        Rows with `condition`, `target`, `language`, `x` and `y`.
    groups
        Name → languages.
    names
        What the axes say of `x` and `y`.
    """
    names = names or {}
    frame = shown(frame, ["condition", "target", "language"])
    with style():
        if ax is None:
            ax = new_figure(COLUMN_WIDTH, 2.5).subplots()
        ax.axline((0, 0), slope=0, color="#333333", linewidth=0.6, label="_zero")
        for (name, languages), colour, marker in zip(groups.items(), colours(len(groups)), MARKERS, strict=False):
            own = frame[frame["language"].isin(languages)]
            cells = own.groupby(["condition", "target"], as_index=False)[[x, y]].mean()
            ax.scatter(cells[x], cells[y], s=12, color=colour, marker=marker, alpha=0.7, linewidths=0)
            if cells[x].nunique() > 1:
                slope, level = np.polyfit(cells[x], cells[y], 1)
                ends = np.array([cells[x].min(), cells[x].max()])
                ax.plot(ends, level + slope * ends, color=colour, marker=marker, markersize=3.5, label=said(name))
        ax.set(xlabel=said(names.get(x, x)), ylabel=said(names.get(y, y)))
        ax.figure.legend(loc="outside lower center", ncols=2, title="languages (mean distance)", title_fontsize="small")
    return ax
