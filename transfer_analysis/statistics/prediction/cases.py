"""What is predicted from what, and which of it is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cases:
    """Rows with a score, predictors, and the sides that they belong to.

    Attributes
    ----------
    x
        Predictors, shape (rows, features), without gaps.
    y
        Scores, shape (rows,).
    sides
        Side (`target`, `language`, …) → the level of each row, as a number.
    """

    x: Floats
    y: Floats
    sides: Mapping[str, Ints]

    def where(self, rows: Bools) -> Cases:
        """Return some of the rows."""
        return Cases(self.x[rows], self.y[rows], {name: levels[rows] for name, levels in self.sides.items()})


@dataclass(frozen=True)
class Fold:
    """What is left out together, which rows are predicted, and which are learnt from."""

    name: str
    test: Bools
    train: Bools


def folds_of(held: Sequence[Sequence[str]], predicted: Sequence[str], least: int = 3) -> list[Fold]:
    """Return one fold for each label that is predicted.

    Parameters
    ----------
    held
        For each column that names what is left out, the label of each row: a row is not learnt from where any of them is
        the label left out.
    predicted
        The label of each row whose fold predicts it.
    least
        Folds that are needed.

    Raises
    ------
    InputError
        Where there are too few labels, or a fold has nothing to learn from.
    """
    columns = [np.asarray(column, dtype=object) for column in held]
    of_row = np.asarray(predicted, dtype=object)
    labels = sorted(set(of_row))
    if len(labels) < least:
        raise InputError(
            f"{len(labels)} to leave out ({', '.join(map(str, labels))}): {least} are needed, so that each is predicted from several others"
        )
    folds = []
    for label in labels:
        touched = np.any([column == label for column in columns], axis=0)
        if touched.all():
            raise InputError(f"without {label} no row is left to learn from")
        folds.append(Fold(str(label), of_row == label, ~touched))
    return folds
