"""A figure of a study, with its caption, and what a kind of figure is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from transfer_analysis import reporting
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.findings import Finding

#: A heatmap's labels can be read on a page's width up to about this many.
READABLE = 45


@dataclass(frozen=True)
class Drawn:
    """A figure with its caption, and its name once it is that of a study."""

    figure: Figure
    caption: str
    name: str = ""

    def _repr_png_(self) -> bytes:
        """Return it as notebooks show it."""
        return reporting.figure_bytes(self.figure, "png")

    @property
    def wide(self) -> bool:
        """Whether it is made for the width of a page, not of a column."""
        return bool(self.figure.get_figwidth() > reporting.COLUMN_WIDTH)


#: Draws the figures of one kind that a study has, in order; none where the kind does not apply.
OfStudy = Callable[[Material, Sequence[Finding]], list[Drawn]]


@dataclass(frozen=True)
class Wanted:
    """What a figure of a file is drawn of, where the file has several.

    Attributes
    ----------
    distance, language_distance
        Of tasks, or of languages where the figure is of languages alone; and of languages beside one of tasks. The only one of
        the file where it is empty.
    outcome
        Column of the outcome.
    hue
        What colours a point.
    source_language
        That was trained on.
    targets, model, initialisation
        Which rows count.
    """

    distance: str = ""
    language_distance: str = ""
    outcome: str = ""
    hue: str = "family"
    source_language: str = "en"
    targets: tuple[str, ...] = ()
    model: str | None = None
    initialisation: str | None = None


@dataclass(frozen=True)
class OfFile:
    """How a figure is drawn from one file.

    Attributes
    ----------
    expected
        What file that is, in words.
    """

    expected: str
    draw: Callable[[Path, Wanted], Figure]


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure: one name for its file, its key and its command.

    Others add theirs under the entry point `transfer_analysis.figures`.

    Attributes
    ----------
    title
        What it shows, in a few words.
    of_study, of_file
        How it is drawn from the folder of a report, and from one file; either may be None.
    """

    name: str
    title: str
    of_study: OfStudy | None = None
    of_file: OfFile | None = None


def figure_of(ax: object) -> Figure:
    """Return the figure that axes are part of."""
    figure = getattr(ax, "figure", None)
    assert isinstance(figure, Figure)
    return figure
