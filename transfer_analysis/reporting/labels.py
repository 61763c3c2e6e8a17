"""Labels beside points, where they cover nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

#: Sides of a point, in order of preference: offset in points, and how the text is set there.
_SIDES = ((4, 0, "left", "center"), (-4, 0, "right", "center"), (0, 4, "center", "bottom"), (0, -4, "center", "top"))

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
    """Put labels beside points on the first of four sides that is free.

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
    for point, label in zip(points, labels, strict=True):
        for number, (dx, dy, across, up) in enumerate((*_SIDES, _SIDES[0])):
            text = ax.annotate(
                label,
                tuple(point),
                (dx, dy),
                textcoords="offset points",
                ha=across,
                va=up,
                fontsize=size,
                zorder=5,
                path_effects=[withStroke(linewidth=1.6, foreground="white", alpha=0.8)],
            )
            box = text.get_window_extent(renderer)
            corners = (box.x0, box.y0, box.x1, box.y1)
            fits = box.x0 >= inside.x0 and box.x1 <= inside.x1 + 2 and box.y0 >= inside.y0
            forced = all_of_them and number == len(_SIDES)
            if forced or (fits and not any(_overlap(corners, other) for other in taken)):
                taken.append(corners)
                break
            text.remove()


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
