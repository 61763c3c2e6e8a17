"""Figures of matrices of distances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, Unpack

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from transfer_analysis import reporting
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.languages import families
from transfer_analysis.reporting import Looks, looking
from transfer_analysis.tasks import load_catalogue

#: Distances with labels on both sides.
Matrix: TypeAlias = DistanceMatrix | pd.DataFrame

#: Tasks that a map needs.
_FEWEST = 4


def task_distances(matrix: Matrix, *, label: str | None = None, **look: Unpack[Looks]) -> Figure:
    """Draw a matrix of distances between tasks, beside its tree where it is square; what is missing is hatched.

    Parameters
    ----------
    label
        What the colour bar says.
    **look
        As for `distance_gain`. `order` counts where there is no tree.

    Examples
    --------
    >>> import pandas as pd
    >>> near = pd.DataFrame([[0.0, 0.3], [0.3, 0.0]], index=["xnli", "stsb"], columns=["xnli", "stsb"])
    >>> [text.get_text() for text in task_distances(near, label="mine", labels={"stsb": "STS-B"}).axes[0].get_xticklabels()]
    ['XNLI', 'STS-B']
    """
    return _drawn(matrix, task_groups(_names(matrix)), label, look)


def language_distances(matrix: Matrix, *, label: str | None = None, **look: Unpack[Looks]) -> Figure:
    """Draw a matrix of distances between languages, beside its tree where it is square; what is missing is hatched.

    Parameters
    ----------
    label, **look
        As for `task_distances`.

    Examples
    --------
    >>> import pandas as pd
    >>> near = pd.DataFrame([[0.0, 0.3], [0.3, 0.0]], index=["en", "de"], columns=["en", "de"])
    >>> [text.get_text() for text in language_distances(near, label="mine").axes[0].get_xticklabels()]
    ['de', 'en']
    """
    return _drawn(matrix, dict(families(sorted(_names(matrix)))), label, look)


def task_map(
    matrix: Matrix, gains: pd.DataFrame | None = None, *, seed: int = 0, ax: Axes | None = None, **look: Unpack[Looks]
) -> Axes:
    """Draw tasks in two dimensions, near where their distance is small, with the largest gains as arrows.

    Parameters
    ----------
    matrix
        Square, the same tasks on both sides, no distance missing.
    gains
        `condition`, `target` and `gain`; without it the tasks alone are drawn.
    seed
        Of the starts of the scaling.

    Raises
    ------
    InputError
        For fewer than four tasks, a rectangle, or a distance that is missing.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> places = np.array([0.0, 1.0, 3.0, 6.0, 7.0])
    >>> apart = pd.DataFrame(np.abs(places[:, None] - places), index=list("abcde"), columns=list("abcde"))
    >>> task_map(apart).get_xlabel()
    'stress 0.00'
    """
    values = _values(matrix)
    if list(values.index) != list(values.columns) or len(values) < _FEWEST or values.isna().to_numpy().any():
        raise InputError(f"a map needs {_FEWEST} tasks, the same on both sides, and every distance between them")
    found = pd.DataFrame({"condition": [], "target": [], "gain": []}) if gains is None else gains
    with looking(**look):
        return reporting.task_map(values, found, task_groups(list(values.index)), seed=seed, ax=ax)


def task_groups(names: list[str]) -> dict[str, str]:
    """Return the family of each task."""
    catalogue = load_catalogue()
    return {name: catalogue.family(name) or "other" for name in names}


def _values(matrix: Matrix) -> pd.DataFrame:
    return matrix.values if isinstance(matrix, DistanceMatrix) else matrix


def _names(matrix: Matrix) -> list[str]:
    values = _values(matrix)
    return list(dict.fromkeys([*values.index, *values.columns]))


def _drawn(matrix: Matrix, groups: Mapping[str, str], label: str | None, look: Looks) -> Figure:
    values = _values(matrix)
    said = label or (f"{matrix.kind} distance" if isinstance(matrix, DistanceMatrix) else "distance")
    with looking(**look):
        if set(values.index) == set(values.columns) and len(values) > 2:
            square = values.loc[values.index, values.index]
            return reporting.distance_dendrogram(square, label=said, groups=groups)
        drawn = reporting.distance_heatmap(values, label=said, groups=groups).get_figure(root=True)
    assert isinstance(drawn, Figure)
    return drawn
