"""Distances between languages from URIEL+, all pairs at once, each with its number of shared known features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.distances.languages.imputation import NEIGHBOURS, Imputation, imputed
from transfer_analysis.distances.languages.measures import Floats, angular, angular_of_members, gower
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import FeatureTable, joined_rows, resolve
from transfer_analysis.languages.sources import ALL, known_by_source

Measure = Literal["angular", "gower"]

#: Languages at most for which shared features are counted by source.
_COUNTED = 200

#: What is counted as a source where no single one knows a feature of both languages.
SEVERAL = "several together"

#: Kind → table of URIEL+, and the prefixes of its features.
TYPOLOGICAL: dict[str, tuple[str, tuple[str, ...]]] = {
    "syntactic": ("typology", ("S_",)),
    "phonological": ("typology", ("P_",)),
    "inventory": ("typology", ("INV_",)),
    "morphological": ("typology", ("M_",)),
    "featural": ("typology", ("S_", "P_", "INV_")),
    "scriptural": ("script", ()),
    "geographic": ("position", ()),
    "genetic": ("membership", ()),
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
    sources: str = ALL,
    count_sources: bool = False,
) -> DistanceMatrix:
    """Return a distance of URIEL+; parameters and result as of `language_distances`."""
    _require(kind, measure, impute, sources)
    of_features, prefixes = TYPOLOGICAL[kind]
    table = joined_rows(of_features, prefixes, sources)
    compute = gower if measure == "gower" else angular_of_members if kind == "genetic" else angular
    matrix = _distances(languages, kind, table, compute, measure, min_shared, impute)
    if not count_sources or of_features != "typology" or len(languages) > _COUNTED:
        return matrix
    return replace(matrix, by_source=_by_source(languages, table, sources, matrix.shared))


def source_distances(
    languages: Sequence[str], source: str, *, min_shared: int = 1, impute: Imputation | None = None
) -> DistanceMatrix:
    """Return the share of one source's features that differ (Gower 1971), as Grambank's own distance is defined."""
    table = joined_rows("typology", (), source)
    return _distances(languages, source, table, gower, "gower", min_shared, impute)


def _distances(
    languages: Sequence[str],
    kind: str,
    table: FeatureTable,
    compute: Callable[[npt.NDArray[np.float32]], tuple[Floats, npt.NDArray[np.int32]]],
    measure: Measure,
    min_shared: int,
    impute: Imputation | None,
) -> DistanceMatrix:
    require_least(min_shared)
    # Two codes may name one language (a macrolanguage and its standard variety): those are 0 apart.
    found = [resolve(language) for language in languages]
    codes = [(resolve(one.descends_as) if kind == "genetic" else one).iso639_3 for one in found]
    rows = table.rows(codes)
    observed = rows
    guessed = 0
    if impute is not None:
        completed = imputed(rows, codes, table, impute)
        guessed = int(np.isnan(rows).sum() - np.isnan(completed).sum())
        rows = completed
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
        parameters["imputation"] = f"{impute}{f', k = {NEIGHBOURS}' if impute != 'family' else ''}: {guessed} values"
    parameters |= table.gaps_filled(codes)
    labels = list(languages)
    return DistanceMatrix(
        pd.DataFrame(values, index=labels, columns=labels, copy=False),
        kind=kind,
        parameters=parameters,
        shared=pd.DataFrame(shared, index=labels, columns=labels, copy=False),
    )


def _by_source(
    languages: Sequence[str], table: FeatureTable, sources: str, shared: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """Return how many of the shared features each source knows of both languages, and how many no single one does."""
    codes = [resolve(language).iso639_3 for language in languages]
    counts = {}
    together = np.zeros((len(codes), len(codes), len(table.names)), dtype=bool)
    for name, known in known_by_source(codes, table.names, sources, table.filled):
        both = known[:, None, :] & known[None, :, :]
        together |= both
        counts[name] = both.sum(axis=2)
    every = np.zeros((len(codes), len(codes))) if shared is None else shared.to_numpy()
    counts[SEVERAL] = np.maximum(0, every - together.sum(axis=2))
    labels = list(languages)
    return {name: pd.DataFrame(found, index=labels, columns=labels) for name, found in counts.items()}


def require_least(min_shared: int) -> None:
    """Refuse a limit that would make a pair without any shared feature a distance."""
    if min_shared < 1:
        raise InputError(f"min_shared is {min_shared}; a pair needs at least 1 shared feature to have a distance")


def _require(kind: str, measure: str, impute: str | None, sources: str) -> None:
    if sources != ALL and TYPOLOGICAL[kind][0] != "typology":
        raise InputError(f"{kind} distances have one source; leave sources ({sources}) out")
    if measure not in get_args(Measure):
        raise InputError(f"unknown measure {measure!r}{nearest(measure, get_args(Measure))}; expected angular or gower")
    if impute is not None and impute not in get_args(Imputation):
        raise InputError(f"unknown imputation {impute!r}; expected {', '.join(get_args(Imputation))}, or none at all")
    if kind not in _PROPERTIES and (measure == "gower" or impute is not None):
        what = "Gower's coefficient" if measure == "gower" else "imputation"
        raise InputError(
            f"{what} is of properties that languages share; {kind} has none (it is for {', '.join(_PROPERTIES)})"
        )
