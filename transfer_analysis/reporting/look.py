"""How a person wants figures to look: their size, colours, letters and words, and what is shown in which order."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar, Unpack

import pandas as pd
import seaborn as sns
from matplotlib import font_manager
from matplotlib.colors import to_hex

from transfer_analysis.errors import InputError, nearest

#: Widths in inches: of a column and of the page in the ACL template, and of a slide.
WIDTHS: Mapping[str, float] = {"column": 3.03, "page": 6.30, "slide": 10.0}

#: Sides of a figure that can be read and kept, in inches.
_SMALLEST, _LARGEST = 1.0, 60.0

Label = TypeVar("Label", bound=object)


class Looks(TypedDict, total=False):
    """The same as keywords."""

    width: str | float | None
    height: float | None
    font: str | None
    font_size: float | None
    palette: str | Sequence[str] | Mapping[str, str] | None
    labels: Mapping[str, str]
    order: Sequence[str]
    only: Sequence[str]
    title: str


@dataclass(frozen=True)
class Look:
    """How figures look; what is not given stays as each figure has it.

    Attributes
    ----------
    width, height
        In inches, or `column`, `page` or `slide`. A figure whose width alone is given keeps its shape.
    font, font_size
        Family of the letters, and their size in points.
    palette
        Colours of groups: a palette of seaborn's, colours in the order of the groups, or group → colour.
    labels
        What stands for a name: of a task, a language, a condition, a group, an axis.
    order, only
        Names in the order in which they are shown, before all others; and those that are shown alone.
    title
        What stands above.

    Raises
    ------
    InputError
        For a width, a font or a palette that there is not.
    """

    width: str | float | None = None
    height: float | None = None
    font: str | None = None
    font_size: float | None = None
    palette: str | Sequence[str] | Mapping[str, str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    order: Sequence[str] = ()
    only: Sequence[str] = ()
    title: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn before anything is computed for it."""
        for side in (self.inches, self.height):
            if side is not None and not _SMALLEST <= side <= _LARGEST:
                raise InputError(f"a figure of {side:g} inches: expected {_SMALLEST:g} to {_LARGEST:g}")
        if self.font is not None and self.font not in (known := font_manager.get_font_names()):
            raise InputError(f"font {self.font!r}: is not installed{nearest(self.font, known)}")
        self.colours(1)

    @property
    def inches(self) -> float | None:
        """The width in inches."""
        if not isinstance(self.width, str):
            return self.width
        if self.width in WIDTHS:
            return WIDTHS[self.width]
        try:
            return float(self.width)
        except ValueError:
            raise InputError(f"width {self.width!r}: expected {', '.join(WIDTHS)}, or a number of inches") from None

    def sized(self, width: float, height: float) -> tuple[float, float]:
        """Return width and height for a figure that is made for these."""
        wanted = self.inches or width
        # A figure that is made wider grows less in height than in width: its rows need no more room.
        scaled = height * math.sqrt(wanted / width) if wanted > width else height * max(wanted / width, 0.75)
        return wanted, self.height or scaled

    def colours(self, count: int) -> list[str] | None:
        """Return colours for some groups in order; None where none are given."""
        if self.palette is None or isinstance(self.palette, Mapping):
            if self.palette is not None:
                _hexes(list(self.palette.values()))
            return None
        if isinstance(self.palette, str):
            try:
                return [to_hex(colour) for colour in sns.color_palette(self.palette, count)]
            except ValueError:
                raise InputError(
                    f"palette {self.palette!r}: seaborn has none of that name (colorblind, Set2, viridis, …)"
                ) from None
        given = _hexes(self.palette)
        if not given:
            raise InputError("palette: give one colour at least")
        return [given[place % len(given)] for place in range(count)]

    @property
    def settings(self) -> dict[str, Any]:
        """What matplotlib is told of letters."""
        found: dict[str, Any] = {}
        if self.font is not None:
            found |= {"font.family": [self.font, "DejaVu Sans"]}
        if self.font_size is not None:
            size = self.font_size
            small = ("xtick.labelsize", "ytick.labelsize", "legend.fontsize")
            found |= {"font.size": size, "axes.labelsize": size, "axes.titlesize": size + 1}
            found |= dict.fromkeys(small, size - 1)
        return found


def _hexes(given: Sequence[str]) -> list[str]:
    try:
        return [to_hex(colour) for colour in given]
    except ValueError as error:
        raise InputError(f"palette: {error}; expected names as matplotlib has them, or #rrggbb") from None


_NOW: ContextVar[Look | None] = ContextVar("look", default=None)


#: The look of figures that nobody wants otherwise.
_AS_IT_IS = Look()


@contextmanager
def looking(**look: Unpack[Looks]) -> Iterator[None]:
    """Give figures that are made inside a look; without any keyword they keep the one that they have."""
    token = _NOW.set(Look(**look) if look else current_look())
    try:
        yield
    finally:
        _NOW.reset(token)


def current_look() -> Look:
    """Return the look of figures that are made now."""
    return _NOW.get() or _AS_IT_IS


def said(name: object) -> str:
    """Return what stands for a name in a figure."""
    return current_look().labels.get(str(name), str(name))


def shown_of(names: Sequence[Label]) -> list[Label]:
    """Return the names that are shown, in the order that they come in (a tree's)."""
    wanted = set(current_look().only)
    return [name for name in names if str(name) in wanted] or list(names)


def arranged(names: Sequence[Label]) -> list[Label]:
    """Return the names that are shown, in the order in which they are; all where none of them was asked for.

    `only` and `order` are of a whole figure: names that an axis of it does not have say nothing about that axis.
    """
    first = {str(name): place for place, name in enumerate(current_look().order)}
    return sorted(shown_of(names), key=lambda name: first.get(str(name), len(first)))


def shown(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a table that are shown: those whose columns have names that were asked for."""
    for column in columns:
        if column in frame:
            frame = frame[frame[column].isin(arranged(list(frame[column].unique())))]
    return frame
