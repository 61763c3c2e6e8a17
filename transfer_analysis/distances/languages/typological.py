"""Distances between languages from URIEL+, all pairs at once, each with its number of shared known features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from transfer_analysis.distances.languages.imputation import NEIGHBOURS, Imputation, imputed
from transfer_analysis.distances.languages.measures import angular, angular_of_members, gower
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import joined_rows, resolve

Measure = Literal["angular", "gower"]

#: Kind → table of URIEL+, and the prefix of its features.
TYPOLOGICAL = {
    "syntactic": ("typology", "S_"),
    "phonological": ("typology", "P_"),
    "inventory": ("typology", "INV_"),
    "morphological": ("morphology", ""),
    "featural": ("typology", ""),
    "scriptural": ("script", ""),
    "geographic": ("position", ""),
    "genetic": ("membership", ""),
}

#: Kinds whose features are properties that a language has or has not.
_PROPERTIES = ("syntactic", "phonological", "inventory", "morphological", "featural", "scriptural")


def typological_distances(
    languages: Sequence[str],
    kind: str,
    *,
    min_shared: int = 1,
    measure: Measure = "angular",
    impute: Imputation | None = None,
) -> DistanceMatrix:
    """Return a distance of URIEL+; parameters and result as of `language_distances`."""
    _require(kind, measure, impute)
    require_least(min_shared)
    # Two codes may name one language (a macrolanguage and its standard variety): those are 0 apart.
    found = [resolve(language) for language in languages]
    codes = [(resolve(one.descends_as) if kind == "genetic" else one).iso639_3 for one in found]
    table = joined_rows(*TYPOLOGICAL[kind])
    rows = table.rows(codes)
    observed = rows
    guessed = 0
    if impute is not None:
        completed = imputed(rows, codes, table, impute)
        guessed = int(np.isnan(rows).sum() - np.isnan(completed).sum())
        rows = completed
    compute = gower if measure == "gower" else angular_of_members if kind == "genetic" else angular
    values, shared = compute(rows)
    if impute is not None:
        # What is guessed is not known: the counts stay those of the data, and a limit that is asked for holds for them.
        shared = compute(observed)[1]
    if impute is None or min_shared > 1:
        values[shared < min_shared] = np.nan
    _, numbers = np.unique(np.array(codes), return_inverse=True)
    same = numbers[:, None] == numbers[None, :]
    values[same & np.isfinite(values)] = 0.0
    parameters: dict[str, Any] = {
        "source": table.source,
        "measure": measure,
        "aggregation": "union of sources",
        "imputation": "none",
        "min_shared": min_shared,
    }
    if impute is not None:
        parameters["imputation"] = f"{impute}{f', k = {NEIGHBOURS}' if impute == 'nearest' else ''}: {guessed} values"
    parameters |= table.gaps_filled(codes)
    labels = list(languages)
    return DistanceMatrix(
        pd.DataFrame(values, index=labels, columns=labels, copy=False),
        kind=kind,
        parameters=parameters,
        shared=pd.DataFrame(shared, index=labels, columns=labels, copy=False),
    )


def require_least(min_shared: int) -> None:
    """Refuse a limit that would make a pair without any shared feature a distance."""
    if min_shared < 1:
        raise InputError(f"min_shared is {min_shared}; a pair needs at least 1 shared feature to have a distance")


def _require(kind: str, measure: str, impute: str | None) -> None:
    if measure not in get_args(Measure):
        raise InputError(f"unknown measure {measure!r}{nearest(measure, get_args(Measure))}; expected angular or gower")
    if impute is not None and impute not in get_args(Imputation):
        raise InputError(f"unknown imputation {impute!r}; expected {' or '.join(get_args(Imputation))}, or none at all")
    if kind not in _PROPERTIES and (measure == "gower" or impute is not None):
        what = "Gower's coefficient" if measure == "gower" else "imputation"
        raise InputError(
            f"{what} is of properties that languages share; {kind} has none (it is for {', '.join(_PROPERTIES)})"
        )
