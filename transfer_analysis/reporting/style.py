"""One look for all figures: sizes of a two-column paper, colours that colour-blind readers tell apart."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from transfer_analysis.reporting.look import WIDTHS, arranged, current_look, said

#: Dots per inch of a PNG.
_DPI = 200

#: Widths in inches of a column and of the page in the ACL template.
COLUMN_WIDTH, PAGE_WIDTH = WIDTHS["column"], WIDTHS["page"]

#: Letters below this size, in points, cannot be read.
_READABLE = 2.6

#: Okabe & Ito's colours (2008), black last; grey stands for "other".
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
GREY = "#8A8A8A"
#: Gains are orange and losses purple in every figure: the ends of a map that colour-blind readers tell apart.
GAIN, LOSS, DIVERGING = "#B35806", "#542788", "PuOr_r"
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_SETTINGS: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.labelsize": 7,
    "xtick.labelsize": 6,
    "ytick.labelsize": 6,
    "legend.fontsize": 6,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    # Fonts embedded as TrueType, which publishers accept; text of SVG as outlines, so it looks the same everywhere.
    "pdf.fonttype": 42,
    "svg.fonttype": "path",
    # Names of SVG parts are hashed with a random salt otherwise.
    "svg.hashsalt": "transfer-analysis",
}


@contextmanager
def style() -> Iterator[None]:
    """Apply the toolkit's look, and what a person wants otherwise, to figures made inside."""
    wanted: dict[Any, Any] = {**_SETTINGS, **current_look().settings}
    with mpl.rc_context(wanted):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches if nobody wants another size, that no window system needs to know."""
    look = current_look()
    figure = Figure(figsize=look.sized(width, height))
    FigureCanvasAgg(figure)
    if look.title:
        figure.suptitle(look.title, fontsize=letters(8))
    return figure


def letters(size: float) -> float:
    """Return the size of letters, in points, that are made for figures whose text has seven."""
    wanted = current_look().font_size
    return size if wanted is None else size * wanted / _SETTINGS["font.size"]


def colours(count: int = len(COLOURS)) -> list[str]:
    """Return colours of as many things, one after the other."""
    wanted = current_look().colours(count)
    return wanted or [COLOURS[place % len(COLOURS)] for place in range(count)]


def heatmap(values: pd.DataFrame, ax: Axes, **looks: Any) -> None:
    """Draw a heatmap with every label, for the caller to turn.

    seaborn draws the whole figure to see whether labels overlap, which takes most of the time: here it has nothing to draw on.
    """
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    canvas = figure.canvas
    FigureCanvasBase(figure)
    try:
        sns.heatmap(values, ax=ax, xticklabels=True, yticklabels=True, linecolor="white", **looks)
    finally:
        figure.set_canvas(canvas)
    ax.set_xticklabels([said(name) for name in values.columns])
    ax.set_yticklabels([said(name) for name in values.index])


def heatmap_letters(count: int, ax: Axes) -> float:
    """Return the size of letters that as many labels of a heatmap have room for; 0 where they could not be read."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    room = 72 * 0.6 * min(figure.get_size_inches()) / max(count, 1)  # points for each label
    return min(letters(6), 0.95 * room) if room >= _READABLE else 0.0


def mark_missing(values: pd.DataFrame, ax: Axes) -> None:
    """Hatch the cells of a heatmap that have no value, those of a label with itself left out."""
    own = np.equal.outer(np.array(values.index, dtype=object), np.array(values.columns, dtype=object)).astype(bool)
    for row, column in zip(*np.nonzero(values.isna().to_numpy() & ~own), strict=True):
        ax.add_patch(Rectangle((column, row), 1, 1, fill=False, hatch="//////", edgecolor="#C4C4C4", linewidth=0))


def group_looks(groups: Sequence[str], largest: int = len(COLOURS)) -> dict[str, tuple[str, str]]:
    """Return colour and marker of each group; beyond the most frequent ones all are grey and share one marker."""
    counts = Counter(groups)
    ordered = arranged(sorted(counts, key=lambda g: (-counts[g], g)))
    shown = ordered if len(ordered) <= largest else ordered[: largest - 1]
    looks = {
        group: (colour, MARKERS[i]) for i, (group, colour) in enumerate(zip(shown, colours(len(shown)), strict=True))
    }
    wanted = current_look().palette
    if isinstance(wanted, Mapping):
        looks |= {g: (to_hex(wanted[g]), looks.get(g, (GREY, "o"))[1]) for g in ordered if g in wanted}
    return {group: looks.get(group, (GREY, ".")) for group in ordered}


def legend_columns(ax: Axes, most: int) -> int:
    """Return into how many columns a legend goes below a figure: as many as its width has room for."""
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return max(2, min(most, int(figure.get_figwidth() / 0.98)))


def group_handles(looks: Mapping[str, tuple[str, str]]) -> list[Line2D]:
    """Return the handles of a legend of groups, those that are grey counted in one."""
    shown = {name: look for name, look in looks.items() if look[0] != GREY}
    handles = [point_handle(said(name), *look) for name, look in shown.items()]
    rest = len(looks) - len(shown)
    return [*handles, point_handle(f"{rest} other", GREY, ".")] if rest else handles


def point_handle(label: str, colour: str, marker: str, *, filled: bool = True) -> Line2D:
    """Return the handle of a kind of point in a legend."""
    face = colour if filled else "white"
    return Line2D([], [], color=colour, marker=marker, markerfacecolor=face, linestyle="", markersize=4, label=label)


def figure_bytes(figure: Figure, kind: Literal["svg", "pdf", "png"]) -> bytes:
    """Return a figure as a file, without date or version, so that the same figure gives the same bytes."""
    buffer = io.BytesIO()
    metadata = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    with style():
        if isinstance(figure.get_layout_engine(), ConstrainedLayoutEngine):
            # Laid out once, it looks the same in every format, and is not laid out again for each.
            figure.set_dpi(_DPI)
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(buffer, format=kind, dpi=_DPI, metadata=metadata.get(kind, {"Software": None}))
    return buffer.getvalue()
