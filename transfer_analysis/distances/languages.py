"""Distances between languages from URIEL+, all pairs at once.

A pair's distance is the angle between its two feature vectors over the features known for both, scaled so that
orthogonal vectors are 1 apart: d = 2/π · arccos(u·v / |u||v|) (Khan et al. 2025, URIEL+; the definition goes back to
Littell et al. 2017, lang2vec, with cosine).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import FeatureTable, features, memberships, resolve
from transfer_analysis.languages.uriel import glottocodes, glottolog_lineages

#: Kind → prefix of its URIEL+ features.
_TYPOLOGICAL = {"syntactic": "S_", "phonological": "P_", "inventory": "INV_", "featural": ""}

LANGUAGE_KINDS = (*_TYPOLOGICAL, "genetic")


def language_distances(languages: Sequence[str], kind: str = "syntactic", *, min_shared: int = 1) -> DistanceMatrix:
    """Return the distances between languages.

    Parameters
    ----------
    languages
        Codes that `transfer_analysis.languages.resolve` understands; they become the labels, as given.
    kind
        `syntactic`, `phonological`, `inventory`, `featural` (those three together) or `genetic` (shared membership in
        Glottolog's families and subfamilies; 0 within a language, 1 between families).
    min_shared
        A pair with fewer features known for both languages is missing. Over a handful of features distances are
        coarse: on the twelve that URIEL+ knows of Croatian's word order, Croatian and English do not differ at all.

    Returns
    -------
    DistanceMatrix
        Symmetric, values in [0, 1]. `shared` counts the features known for both languages; a pair with none is
        missing (NaN), as is one with fewer than `min_shared`. Nothing is imputed.

    Raises
    ------
    InputError
        For an unknown kind or language.
    """
    if kind not in LANGUAGE_KINDS:
        raise InputError(
            f"unknown language distance {kind!r}{nearest(kind, LANGUAGE_KINDS)}; expected {', '.join(LANGUAGE_KINDS)}"
        )
    known = [resolve(language) for language in languages]
    codes = [resolve(one.descends_as if kind == "genetic" else one.code).iso639_3 for one in known]
    table = memberships() if kind == "genetic" else features().columns(_TYPOLOGICAL[kind])
    values, shared = _angular(table, codes)
    if kind == "genetic":
        _settle_languages_without_family(values, shared, codes)
    values[shared < min_shared] = np.nan
    # Two codes may name one language (a macrolanguage and its standard variety): those are 0 apart.
    same = np.array(codes)[:, None] == np.array(codes)[None, :]
    values[same & (shared >= min_shared)] = 0.0
    labels = list(languages)
    return DistanceMatrix(
        pd.DataFrame(values, index=labels, columns=labels),
        kind=kind,
        parameters={
            "source": table.source,
            "aggregation": "union of sources",
            "imputation": "none",
            "min_shared": min_shared,
        },
        shared=pd.DataFrame(shared, index=labels, columns=labels),
    )


def _settle_languages_without_family(values: np.ndarray, shared: np.ndarray, codes: list[str]) -> None:
    """Tell isolates from gaps, in place.

    The angle of a language without any family is undefined. Where Glottolog's classification is empty too, it is an
    isolate, unrelated to every other. Where Glottolog has a classification, URIEL+ lacks the record (Estonian, in
    urielplus 1.3.2), and nothing is known.
    """
    none = ~(memberships().rows(codes) > 0).any(axis=1)
    classified = np.array([bool(glottolog_lineages().get(glottocodes().get(code, ""), ())) for code in codes])
    isolates, gaps = none & ~classified, none & classified
    values[isolates, :] = values[:, isolates] = 1.0
    values[gaps, :] = values[:, gaps] = np.nan
    shared[gaps, :] = shared[:, gaps] = 0


def _angular(table: FeatureTable, codes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return distances and counts of shared features, both of shape (languages, languages)."""
    rows = table.rows(codes).astype(np.float64)
    known = (~np.isnan(rows)).astype(np.float64)
    filled = np.nan_to_num(rows)
    shared = known @ known.T
    # |u|² over the features that the other language knows too.
    squared = filled**2 @ known.T
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (filled @ filled.T) / np.sqrt(squared * squared.T)
        values = 2 / np.pi * np.arccos(np.clip(cosine, -1.0, 1.0))
    values[shared == 0] = np.nan
    return values, shared.astype(int)
