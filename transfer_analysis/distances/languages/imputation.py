"""Unknown features of languages guessed from other languages: only where a person asks for it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from transfer_analysis.languages import FeatureTable, families, macrolanguage_codes
from transfer_analysis.languages.uriel import glottocodes, glottolog_lineages

Imputation = Literal["nearest", "family", "knn"]

#: Languages that a guess is the mean of.
NEIGHBOURS = 10

#: Features that a language must share with another to be its neighbour.
_SHARED = 10


def imputed(rows: npt.NDArray[np.float32], codes: list[str], table: FeatureTable, how: Imputation) -> np.ndarray:
    """Return rows in which unknown features are guessed.

    Parameters
    ----------
    rows
        Shape (languages, features), NaN where unknown.
    codes
        ISO 639-3 code of each row.
    how
        `nearest`: the mean over the `NEIGHBOURS` languages of which the feature is known and that differ from it least,
        by (d + 1) / (n + 2) with d differences in the n features known for both (at least ten). `family`: the mean over the languages of its
        Glottolog top-level family. `knn`: the mean over the `NEIGHBOURS` languages at the smallest Euclidean distance over the
        features known for both, as scikit-learn's imputer has it, which URIEL+ uses (Khan et al. 2025).

    Returns
    -------
    numpy.ndarray
        Same shape, values in [0, 1]; NaN where no other language helps, and for a language of which nothing is known.
    """
    guess = {"nearest": _of_nearest, "family": _of_family, "knn": _of_knn}[how]
    guesses = guess(rows, codes, table)
    anything = np.isfinite(rows).any(axis=1, keepdims=True)
    return np.where(np.isnan(rows) & anything, guesses, rows)


def _of_nearest(rows: np.ndarray, codes: list[str], table: FeatureTable) -> np.ndarray:
    known = np.isfinite(table.values)
    filled = np.nan_to_num(table.values)
    guesses = np.full(rows.shape, np.nan, dtype=np.float32)
    for i, (code, row) in enumerate(zip(codes, rows, strict=True)):
        unknown = np.isnan(row)
        mine = ~unknown
        shared = known[:, mine].sum(axis=1)
        differing = (np.abs(filled[:, mine] - row[mine]) * known[:, mine]).sum(axis=1)
        # One difference in two more features: of languages that agree, those that share more features are nearer.
        share = np.where(shared >= _SHARED, (differing + 1) / (shared + 2), np.inf)
        share[_rows_of(code, table)] = np.inf
        order = np.argsort(share, kind="stable")
        order = order[np.isfinite(share[order])]
        there = known[np.ix_(order, unknown)]
        chosen = there & (there.cumsum(axis=0) <= NEIGHBOURS)
        with np.errstate(invalid="ignore"):
            guesses[i, unknown] = (filled[np.ix_(order, unknown)] * chosen).sum(axis=0) / chosen.sum(axis=0)
    return guesses


def _of_knn(rows: np.ndarray, codes: list[str], table: FeatureTable) -> np.ndarray:
    from sklearn.impute import KNNImputer

    there = np.isfinite(table.values).any(axis=1)
    imputer = KNNImputer(n_neighbors=NEIGHBOURS, keep_empty_features=True).fit(table.values[there])
    found: np.ndarray = imputer.transform(rows).astype(np.float32)
    return found


def _rows_of(code: str, table: FeatureTable) -> list[int]:
    """Return the rows of a language itself: its own, and that of its macrolanguage."""
    return [table.index[own] for own in (code, *macrolanguage_codes(code)) if own in table.index]


def _of_family(rows: np.ndarray, codes: list[str], table: FeatureTable) -> np.ndarray:
    family = families(codes)
    lineages = glottolog_lineages()
    of_table = np.array([(*lineages.get(glottocodes().get(code, ""), ()), "")[0] for code in table.languages])
    guesses = np.full(rows.shape, np.nan, dtype=np.float32)
    for i, code in enumerate(codes):
        relatives = of_table == family[code]
        relatives[_rows_of(code, table)] = False
        values = table.values[relatives]
        known = np.isfinite(values).sum(axis=0)
        with np.errstate(invalid="ignore"):
            guesses[i] = np.nan_to_num(values).sum(axis=0) / known
    return guesses
