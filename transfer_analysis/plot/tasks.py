"""Figures of gains and the distance between tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Unpack

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from transfer_analysis import reporting, statistics
from transfer_analysis.analyses import Languages, task_cells
from transfer_analysis.analyses.rows import counted
from transfer_analysis.analyses.tasks import association_of
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.plot.draw import draw_cells, in_a_corner, of_one_kind
from transfer_analysis.reporting import Looks, looking
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.statistics.frames import require_named
from transfer_analysis.tasks import load_catalogue

#: What a correlation is called in a corner.
_SYMBOLS = {"spearman": "ρ", "pearson": "r"}


def distance_gain(
    rows: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "gain",
    hue: str = "family",
    method: Literal["spearman", "pearson"] = "spearman",
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    overlaps: bool = False,
    ax: Axes | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw the gain of each intermediate × target cell against a task distance, with a line, its band, and the association.

    Parameters
    ----------
    rows
        Gains or scores joined with distances, as `join` gives them.
    distance
        A task distance (`semantic`), or its column.
    hue
        What colours a point: `family` of the intermediate task, `target`, or a column with one value per intermediate task.
    method
        Of the correlation within targets that stands in the corner, with its interval and p-value (see `association`): `spearman`
        or `pearson`.
    languages, targets, model, initialisation, overlaps
        Which rows count, as for `association`; of several models, or initialisations, one must be named.
    ax
        Axes to draw into; new ones of a column's width where not given.
    **look
        See `reporting.Look`.

    Raises
    ------
    InputError
        As `association`, and for a hue that is not there or varies within a task.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame([(f"t{i}", f"u{j}", i + j / 10, -i) for i in range(6) for j in range(3)],
    ...                     columns=["condition", "target", "semantic_distance", "gain"])
    >>> ax = distance_gain(rows, "semantic", hue="target", labels={"semantic distance": "how far"})
    >>> ax.get_xlabel()
    'how far'
    """
    if method not in _SYMBOLS:
        raise InputError(f"method {method!r}: expected {' or '.join(_SYMBOLS)}{nearest(method, _SYMBOLS)}")
    cells = task_cells(
        of_one_kind(rows, model, initialisation),
        outcome,
        [distance],
        languages=languages,
        targets=targets,
        overlaps=overlaps,
    )
    where = "zero-shot " if languages == "zero-shot" else ""
    words = {"distance": f"{distance.removesuffix('_distance')} distance", "outcome": f"{where}{outcome}"}
    found = association_of(cells, method=method)
    with looking(**look):
        return draw_cells(cells, _hues(rows, hue, cells), words, in_a_corner(found, _SYMBOLS[method]), ax)


def selection_curve(
    rows: pd.DataFrame,
    distance: str,
    *,
    outcome: str = "gain",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    ax: Axes | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw the best outcome among the k nearest intermediate tasks, beside random choice, for every k.

    Parameters
    ----------
    rows, distance, targets, model, initialisation, ax, **look
        As for `distance_gain`.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame([(f"t{i}", f"u{j}", i + j / 10, -i) for i in range(6) for j in range(3)],
    ...                     columns=["condition", "target", "semantic_distance", "gain"])
    >>> selection_curve(rows, "semantic").get_xlabel()
    'number of intermediate tasks tried (k)'
    """
    cells = task_cells(of_one_kind(rows, model, initialisation), outcome, [distance], targets=targets)
    curve = statistics.selection_curve(cells.distance, cells.outcome.to_numpy(), cells.relabelings)
    with looking(**look):
        return reporting.selection_curve_plot(curve, outcome=f"{outcome} (points)", ax=ax)


def interaction(
    rows: pd.DataFrame,
    distance: str,
    language_distance: str,
    *,
    outcome: str = "gain",
    parts: int = 2,
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    ax: Axes | None = None,
    **look: Unpack[Looks],
) -> Axes:
    """Draw the gain against a task distance, at languages that are near and at those that are far.

    A description: the test of the interaction is a mixed model (`fit mixed`), whose slopes vary over tasks and languages.

    Parameters
    ----------
    rows, targets, model, initialisation, ax, **look
        As for `distance_gain`.
    distance, language_distance
        A task distance and a language distance, or their columns.
    parts
        Into how many parts of as many languages those but the source language are cut, by their distance.

    Raises
    ------
    InputError
        For a column that is not there, or fewer languages than parts.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame([(f"t{i}", "u", code, i, d, -i * d) for i in range(5) for code, d in (("de", 0.2), ("ja", 0.8))],
    ...                     columns=["condition", "target", "language", "semantic_distance", "syntactic_distance", "gain"])
    >>> [line.get_label() for line in interaction(rows, "semantic", "syntactic").get_lines()]
    ['1 near (0.20)', '1 far (0.80)']
    """
    near, far = (name if name in rows else f"{name}_distance" for name in (distance, language_distance))
    require_named(rows, [near, far, outcome, "condition", "target", "language"])
    rows = counted(of_one_kind(rows, model, initialisation), targets=targets).frame.dropna(subset=[near, far, outcome])
    languages = rows.groupby("language")[far].first().sort_values()
    if not 2 <= parts <= len(languages):
        raise InputError(f"{len(languages)} languages with a {language_distance} distance make no {parts} parts")
    cuts = np.array_split(languages.index.to_numpy(), parts)
    names = ["near", *["between"] * (parts - 2), "far"]
    groups = {
        f"{len(cut)} {name} ({languages[cut].mean():.2f})": list(cut) for name, cut in zip(names, cuts, strict=True)
    }
    with looking(**look):
        return reporting.interaction_plot(
            rows,
            groups,
            x=near,
            y=outcome,
            names={near: f"{distance.removesuffix('_distance')} distance", outcome: f"{outcome} (points)"},
            ax=ax,
        )


def _hues(rows: pd.DataFrame, hue: str, cells: CellTable) -> dict[tuple[str, str], str]:
    """Return what colours each cell."""
    tasks, targets = map(str, cells.outcome.index), [str(target) for target in cells.outcome.columns]
    if hue == "target":
        return {(task, target): target for task in tasks for target in targets}
    if hue in rows:
        several = rows.groupby("condition")[hue].nunique()
        if (several > 1).any():
            raise InputError(f"hue {hue!r}: {several.index[several > 1][0]} has several values; give one per task")
        named = {str(task): str(value) for task, value in rows.groupby("condition")[hue].first().items()}
    elif hue == "family":
        catalogue = load_catalogue()
        named = {str(task): catalogue.family(str(task)) or "other" for task in cells.outcome.index}
    else:
        raise InputError(f"hue {hue!r}: no column of the table{nearest(hue, [*map(str, rows.columns), 'target'])}")
    return {(task, target): named.get(task, "other") for task in tasks for target in targets}
