"""Distances of all pairs of rows over the features known for both, computed in blocks so that memory stays small."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

#: Rows whose distances to all others are computed together.
_BLOCK = 256


def angular(rows: npt.NDArray[np.float32]) -> tuple[Floats, Ints]:
    """Return the angle between rows, scaled so that orthogonal ones are 1 apart, and the counts of shared features.

    d = 2/π · arccos(u·v / |u||v|) over the features known for both (Khan et al. 2025, URIEL+; the definition goes back
    to Littell et al. 2017, lang2vec, with cosine).

    Parameters
    ----------
    rows
        Shape (languages, features), values not negative, NaN where unknown.

    Returns
    -------
    distances, shared
        Both of shape (languages, languages). A pair without shared features is NaN; so is one in which a language has
        none of the features that are known for both, since such a row has no direction.
    """
    known = (~np.isnan(rows)).astype(np.float64)
    filled = np.nan_to_num(rows).astype(np.float64)
    squares = filled**2
    values = np.empty((len(rows), len(rows)))
    shared = np.empty((len(rows), len(rows)), dtype=np.int32)
    for part in _blocks(len(rows)):
        rest = slice(part.start, None)
        shared[part, rest] = known[part] @ known[rest].T
        # |u|² over the features that the other language knows too.
        lengths = (squares[part] @ known[rest].T) * (known[part] @ squares[rest].T)
        values[part, rest] = _angle(filled[part] @ filled[rest].T, lengths)
        _mirror(values, part)
        _mirror(shared, part)
    return values, shared


def angular_of_members(rows: npt.NDArray[np.float32]) -> tuple[Floats, Ints]:
    """Return the same for rows of few ones and many zeros, each known as a whole or not at all.

    A row of zeros is that of an isolate, unrelated to every other: it is 1 away from them.
    """
    known: npt.NDArray[np.bool_] = ~np.any(np.isnan(rows), axis=1)
    members = sparse.csr_array(np.nan_to_num(rows))
    sizes = members.sum(axis=1)
    values = np.empty((len(rows), len(rows)))
    shared = np.zeros((len(rows), len(rows)), dtype=np.int32)
    for part in _blocks(len(rows)):
        inner = (members[part] @ members.T).toarray().astype(np.float64)  # whole numbers, so exact in any order
        values[part] = _angle(inner, sizes[part, None] * sizes[None, :].astype(np.float64))
        shared[part] = np.where(known[part, None] & known[None, :], rows.shape[1], 0)
    isolates = known & (sizes == 0)
    values[isolates, :] = values[:, isolates] = 1.0
    values[~known, :] = values[:, ~known] = np.nan
    return values, shared


def gower(rows: npt.NDArray[np.float32]) -> tuple[Floats, Ints]:
    """Return the mean absolute difference over the features known for both (Gower 1971), and how many those are.

    Of features that are 0 or 1 it is the share that differ, the Hamming distance. Values must lie in [0, 1].
    """
    known = ~np.isnan(rows)
    filled = np.nan_to_num(rows).astype(np.float64)
    counts = known.astype(np.float64)
    values = np.empty((len(rows), len(rows)))
    shared = np.empty((len(rows), len(rows)), dtype=np.int32)
    if np.isin(filled, (0.0, 1.0)).all():
        for part in _blocks(len(rows)):  # |u − v| = u + v − 2uv
            shared[part] = counts[part] @ counts.T
            values[part] = filled[part] @ counts.T + counts[part] @ filled.T - 2 * (filled[part] @ filled.T)
    else:
        for i in range(len(rows)):
            both = known[i] & known
            shared[i] = both.sum(axis=1)
            values[i] = (np.abs(filled[i] - filled) * both).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        values /= shared
    return values, shared


def _blocks(length: int) -> list[slice]:
    return [slice(start, start + _BLOCK) for start in range(0, length, _BLOCK)]


def _mirror(values: npt.NDArray[np.float64] | Ints, part: slice) -> None:
    """Make a block of rows, of which the part right of the diagonal is filled, symmetric in place."""
    block = values[part, part]
    block[:] = np.where(np.tri(len(block), k=-1, dtype=bool), block.T, block)
    values[part.stop :, part] = values[part, part.stop :].T


def _angle(inner: Floats, squared_lengths: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = inner / np.sqrt(squared_lengths)
    angle: Floats = 2 / np.pi * np.arccos(np.clip(cosine, -1.0, 1.0))
    return angle
