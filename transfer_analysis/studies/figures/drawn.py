"""A figure of a study, with its name and caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from transfer_analysis import reporting
from transfer_analysis.studies.analyses import Material
from transfer_analysis.studies.findings import Finding

#: A heatmap's labels can be read on a page's width up to about this many.
READABLE = 45


@dataclass(frozen=True)
class Drawn:
    """A figure with its file name and caption."""

    name: str
    figure: Figure
    caption: str

    def _repr_png_(self) -> bytes:
        """Return it as notebooks show it."""
        return reporting.figure_bytes(self.figure, "png")

    @property
    def wide(self) -> bool:
        """Whether it is made for the width of a page, not of a column."""
        return bool(self.figure.get_figwidth() > reporting.COLUMN_WIDTH)


#: Draws a figure of a study, or none where it does not apply.
Draw = Callable[[Material, Sequence[Finding]], list[Drawn]]


def figure_of(ax: object) -> Figure:
    """Return the figure that axes are part of."""
    figure = getattr(ax, "figure", None)
    assert isinstance(figure, Figure)
    return figure
