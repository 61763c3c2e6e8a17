"""Labels beside points, where they cover nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation, Text

from transfer_analysis.reporting.style import letters

#: Sides of a point in order of preference, each with how the text is set there.
_SIDES = (
    (1, 0, "left", "center"),
    (-1, 0, "right", "center"),
    (0, 1, "center", "bottom"),
    (0, -1, "center", "top"),
    (0.7, 0.7, "left", "bottom"),
    (0.7, -0.7, "left", "top"),
    (-0.7, 0.7, "right", "bottom"),
    (-0.7, -0.7, "right", "top"),
)
#: Offsets in points that are tried one after the other; from the second on a line leads to the point.
_OFFSETS = (4, 9, 15, 22)

#: Half the side of the square that a point takes, in pixels.
_POINT = 4

_Box = tuple[float, float, float, float]


def label_points(
    ax: Axes,
    points: npt.NDArray[np.float64],
    labels: Sequence[str],
    *,
    line: npt.NDArray[np.float64] | None = None,
    all_of_them: bool = False,
    size: float = 5.5,
) -> None:
    """Put labels beside points, on the first of eight sides that is free, near before far.

    Parameters
    ----------
    points
        In data coordinates, shape (points, 2).
    line
        Two ends of a line that is kept clear of.
    all_of_them
        A label that fits nowhere is put to the right all the same; else it is left out.
    """
    figure: Any = ax.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    taken: list[_Box] = [(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in ax.transData.transform(points)]
    if line is not None:
        along = ax.transData.transform(line[0] + np.linspace(0, 1, 200)[:, None] * (line[1] - line[0]))
        taken += [(x, y - 1, x + 1, y + 1) for x, y in along]
    inside = ax.get_window_extent(renderer)
    places = [(side, offset) for offset in _OFFSETS for side in _SIDES]
    for point, label in zip(points, labels, strict=True):
        for number, (side, offset) in enumerate([*places, (_SIDES[0], _OFFSETS[0])]):
            text = _beside(ax, point, label, side, offset, letters(size))
            text.update_positions(renderer)
            box = Text.get_window_extent(text, renderer)  # without the line that leads to the point
            corners = (box.x0, box.y0, box.x1, box.y1)
            fits = box.x0 >= inside.x0 and box.x1 <= inside.x1 + 2 and inside.y0 <= box.y0 and box.y1 <= inside.y1 + 4
            forced = all_of_them and number == len(places)
            if forced or (fits and not any(_overlap(corners, other) for other in taken)):
                taken.append(corners)
                break
            text.remove()


def _beside(ax: Axes, point: npt.NDArray[np.float64], label: str, side: Any, offset: float, size: float) -> Annotation:
    dx, dy, across, up = side
    far = offset > _OFFSETS[0]
    return ax.annotate(
        label,
        tuple(point),
        (dx * offset, dy * offset),
        textcoords="offset points",
        ha=across,
        va=up,
        fontsize=size,
        zorder=5,
        arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.4, "shrinkA": 0, "shrinkB": 2}
        if far
        else None,
        path_effects=[withStroke(linewidth=1.6, foreground="white", alpha=0.8)],
    )


def write_in_corner(ax: Axes, points: npt.NDArray[np.float64], text: str) -> None:
    """Write a few words in the corner of the axes that has the fewest points."""
    low, high = points.min(axis=0), points.max(axis=0)
    inside = (points - low) / np.where(high > low, high - low, 1.0)
    corners = {(x, y): int((np.abs(inside - (x, y)) < (0.5, 0.3)).all(axis=1).sum()) for y in (1, 0) for x in (1, 0)}
    (x, y) = min(corners, key=lambda corner: corners[corner])
    ax.text(
        0.98 if x else 0.02,
        0.98 if y else 0.02,
        text,
        transform=ax.transAxes,
        ha="right" if x else "left",
        va="top" if y else "bottom",
        fontsize=letters(6),
        zorder=6,
        path_effects=[withStroke(linewidth=2.0, foreground="white", alpha=0.85)],
    )


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
