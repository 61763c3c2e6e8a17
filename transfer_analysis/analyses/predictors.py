"""What a named predictor of pairs of languages is: a distance that is computed, or a matrix."""

from __future__ import annotations

import pandas as pd

from transfer_analysis.distances import DistanceMatrix, kinds_of_codes, language_distances
from transfer_analysis.errors import InputError, nearest


def distances_named(name: str, frame: pd.DataFrame, source: str, target: str) -> DistanceMatrix:
    """Return a distance between the languages of a table that is computed.

    Raises
    ------
    InputError
        For a name that is neither such a distance nor, as the caller found, a column of the table.
    """
    if name not in kinds_of_codes():
        known = [*map(str, frame.columns), *kinds_of_codes()]
        raise InputError(
            f"predictor {name!r}: no column of the table, and no distance that is computed{nearest(name, known)}"
        )
    return language_distances(sorted({label for side in (source, target) for label in frame[side].astype(str)}), name)


def between_languages(
    name: str, matrix: DistanceMatrix | None, frame: pd.DataFrame, source: str, target: str
) -> pd.Series:
    """Return a distance for each row, from its source to its target; NaN where there is none.

    A table without a column of sources is of models that were trained on English.
    """
    if target not in frame:
        raise InputError(f"predictor {name!r}: no column of the table, which has no column {target!r} for a distance")
    sided = frame if source in frame else frame.assign(**{source: "en"})
    values = (matrix or distances_named(name, sided, source, target)).values
    rows = values.index.get_indexer(sided[source].astype(str))
    columns = values.columns.get_indexer(sided[target].astype(str))
    found = values.to_numpy(dtype=float)[rows, columns]
    return pd.Series(found, index=frame.index).where((rows >= 0) & (columns >= 0))
