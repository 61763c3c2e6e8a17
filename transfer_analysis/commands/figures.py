"""Writing a figure that a command has drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Kind = Literal["svg", "pdf", "png"]
KINDS: tuple[Kind, ...] = ("svg", "pdf", "png")


def figure_kind(path: Path | None) -> Kind | None:
    """Return the kind of figure that a path names, before anything is computed for it."""
    if path is None:
        return None
    kinds: dict[str, Kind] = {".svg": "svg", ".pdf": "pdf", ".png": "png"}
    if path.suffix not in kinds:
        raise InputError(f"{path.name}: expected a name that ends in .pdf, .svg or .png")
    return kinds[path.suffix]


def write_figure(drawn: Axes | Figure, path: Path, kind: Kind) -> None:
    """Write a figure, or the one that some axes are part of."""
    from matplotlib.figure import Figure

    from transfer_analysis.files import atomic_path
    from transfer_analysis.reporting import figure_bytes

    figure = drawn if isinstance(drawn, Figure) else drawn.get_figure(root=True)
    assert isinstance(figure, Figure)
    with atomic_path(path) as temporary:
        temporary.write_bytes(figure_bytes(figure, kind))
