"""Conditions compared with conditions, paired by seed and language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.contrasts.contrast import Contrast
from transfer_analysis.statistics.frames import require_observations, without_overlap

#: A side of a comparison: column → the values that belong to it.
Side = Mapping[str, str | Sequence[str]]


def paired_contrast(
    frame: pd.DataFrame,
    one: Side,
    other: Side,
    *,
    value: str = "score",
    unit: str = "seed",
    pairs: Sequence[str] = ("target", "language"),
    name: str = "",
) -> Contrast:
    """Return the mean difference of two sets of conditions, paired within each unit.

    Parameters
    ----------
    frame
        One row per observation.
    one, other
        What each side consists of: `{"condition": ["mnli", "anli"], "initialisation": "pretrained"}` and `{"condition":
        "none", "initialisation": "random"}`.
    value
        Column that is compared.
    unit
        Column whose levels are independent: seeds, when the question is about these tasks and languages; `language` or
        `target`, when it is about languages or targets like these (languages that are related are not independent: then
        give the differences to `phylogenetic_regression`).
    pairs
        Columns by which the sides are paired within a unit. Pairs that one side lacks are left out and said, as are cells of a
        condition with itself and overlapping ones.

    Raises
    ------
    InputError
        For a column or value that is not there, a side without rows, fewer than two units with pairs, or differences that are
        all the same.

    Notes
    -----
    Each side's rows of a unit and pair are averaged over its conditions, the differences over the pairs of the unit,
    and the mean of the units' differences d is tested by t = d̄ / (s_d / √n), with n − 1 degrees of freedom, n the
    number of units (Student 1908). Assumes independent units and normal differences. Not for a question about tasks or
    languages beyond these.
    """
    keys = [unit, *(p for p in pairs if p != unit)]
    require_observations(frame, [*keys, *one, *other], [value])
    frame, left_out = without_overlap(frame)
    means = [_side(frame, side, keys, value) for side in (one, other)]
    both = pd.concat(means, axis=1, keys=["one", "other"])
    paired = both.dropna()
    if paired.empty:
        raise InputError(f"the two sides have no {', '.join(keys)} in common; nothing can be paired")
    notes = list(left_out)
    if len(paired) < len(both):
        notes.append(
            f"{len(both) - len(paired)} of {len(both)} combinations of {', '.join(keys)} left out: on one side only"
        )
    differences = (paired["one"] - paired["other"]).groupby(level=unit).mean()
    n = len(differences)
    if n < 2:
        raise InputError(
            f"one {unit} has pairs of both sides; two at least are needed to tell a difference from its noise"
        )
    if np.ptp(differences) <= 1e-12 * max(1.0, float(np.abs(differences).max())):
        raise InputError(
            f"the difference is {differences.iloc[0]:.4g} in each of the {n} {unit}s; there is no spread to test it by"
        )
    if n < 3:
        notes.append(f"two {unit}s: the interval is very wide")
    if unit == "language":
        notes.append(
            "descriptive: languages are related and count as independent here; test their differences on the tree"
        )
    return Contrast(
        name=name or f"mean {value} of {_words(one)} minus {_words(other)}",
        estimate=float(differences.mean()),
        std_error=float(differences.std(ddof=1) / np.sqrt(n)),
        df=n - 1.0,
        n=n,
        unit=f"{unit}s",
        method=f"differences paired by {', '.join(keys)}, averaged within {unit}",
        assumptions=(f"{unit}s are independent", "their differences are normal"),
        notes=tuple(notes),
    )


def _side(frame: pd.DataFrame, side: Side, keys: list[str], value: str) -> pd.Series:
    chosen = np.ones(len(frame), dtype=bool)
    for column, given in side.items():
        values = _values(given)
        known = set(frame[column].astype(str))
        unknown = [f"{column} has no {v!r}{nearest(v, known)}" for v in values if v not in known]
        if unknown:
            raise InputError(unknown)
        chosen &= frame[column].astype(str).isin(values).to_numpy()
    rows = frame.loc[chosen].dropna(subset=[value])
    if rows.empty:
        raise InputError(f"no row belongs to {_words(side)}")
    several = [c for c, given in side.items() if len(_values(given)) > 1]
    if several:
        # Only where all conditions of the side are there is their mean that of the same ones.
        by = rows.groupby([*keys, *several])[value].mean().groupby(level=list(range(len(keys))))
        whole = int(np.prod([len(_values(side[c])) for c in several]))
        return by.mean()[by.size() == whole]
    return rows.groupby(keys)[value].mean()


def _words(side: Side) -> str:
    return ", ".join(" + ".join(_values(given)) for given in side.values())


def _values(given: object) -> list[str]:
    """Return the values of a side's column as text: one, or several."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        return [str(given)]
    return [str(value) for value in given]
