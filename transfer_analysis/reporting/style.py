"""One look for all figures: sizes of a two-column paper, colours that colour-blind readers tell apart."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

#: Dots per inch of a PNG.
_DPI = 200

#: Widths in inches of a column and of the page in the ACL template.
COLUMN_WIDTH = 3.03
PAGE_WIDTH = 6.30

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
    """Apply the toolkit's look to figures made inside."""
    with mpl.rc_context(_SETTINGS):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, in inches, that no window system needs to know."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


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


def group_looks(groups: Sequence[str], largest: int = len(COLOURS)) -> dict[str, tuple[str, str]]:
    """Return colour and marker of each group; beyond the most frequent ones all are grey and share one marker."""
    counts: dict[str, int] = {}
    for group in groups:
        counts[group] = counts.get(group, 0) + 1
    ordered = sorted(counts, key=lambda g: (-counts[g], g))
    shown = ordered if len(ordered) <= largest else ordered[: largest - 1]
    looks = {group: (COLOURS[i], MARKERS[i]) for i, group in enumerate(shown)}
    return {group: looks.get(group, (GREY, ".")) for group in ordered}


def group_handles(looks: Mapping[str, tuple[str, str]]) -> list[Line2D]:
    """Return the handles of a legend of groups, those that are grey counted in one."""
    shown = {name: look for name, look in looks.items() if look[0] != GREY}
    handles = [point_handle(name, *look) for name, look in shown.items()]
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
