"""Lines on a language distance: each condition over the fan of random choices."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, islice

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from transfer_analysis.reporting.look import said
from transfer_analysis.reporting.style import COLUMN_WIDTH, GREY, colours, new_figure, style

#: Choices of which lines are drawn at most; of more, as many are drawn evenly.
_LINES = 400


def robustness_plot(
    lines: pd.DataFrame, chosen: Sequence[str], *, distance: str, value: str, ax: Axes | None = None
) -> Axes:
    """Draw each condition's line over a distance, the mean of those chosen, and those of all other choices of as many.

    Parameters
    ----------
    lines
        One row per condition: `condition`, `at_low` and `at_high`, the heights of its line at the two ends of the axis, and
        `low_distance`, `high_distance`, the same for all.
    chosen
        The conditions whose mean is drawn in colour.
    distance, value
        What the axes say.
    """
    table = lines.set_index("condition")
    ends = np.array([table["low_distance"].iloc[0], table["high_distance"].iloc[0]])
    heights = table[["at_low", "at_high"]]
    every = list(combinations(table.index, len(chosen)))
    step = max(1, len(every) // _LINES)
    with style():
        if ax is None:
            ax = new_figure(COLUMN_WIDTH, 2.5).subplots()
        for number, choice in enumerate(islice(every, 0, None, step)):
            label = f"all choices of {len(chosen)}" if number == 0 else None
            ax.plot(ends, heights.loc[list(choice)].mean(), color=GREY, linewidth=0.5, alpha=0.25, label=label)
        for number, (name, row) in enumerate(heights.iterrows()):
            own = name in chosen
            label = ("one chosen" if own else "one other") if _first_of(heights, chosen, number) else None
            ax.plot(
                ends,
                row,
                color=colours()[0] if own else "#333333",
                linewidth=0.8,
                linestyle=(0, (4, 2)) if own else ":",
                label=label,
            )
        ax.plot(ends, heights.loc[list(chosen)].mean(), color=colours()[0], linewidth=2.0, label="the chosen ones")
        ax.set(xlabel=said(distance), ylabel=said(value), xlim=tuple(ends))
        legend = ax.figure.legend(loc="outside lower center", ncols=2, handlelength=1.8, columnspacing=1.0)
        for handle in legend.get_lines():
            handle.set_alpha(1.0)
    return ax


def _first_of(heights: pd.DataFrame, chosen: Sequence[str], number: int) -> bool:
    """Whether a line is the first of its kind, and so in the legend."""
    kinds = [name in chosen for name in heights.index]
    return kinds.index(kinds[number]) == number
