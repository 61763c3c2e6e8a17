"""Multiple regression on distance matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.matrices.square import DESCRIPTIVE, Pairs, Square, aligned, relabeled_products
from transfer_analysis.statistics.outcome import Outcome
from transfer_analysis.statistics.permutation import minimum_detectable, share

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MatrixRegression:
    """A fitted regression of one square matrix on others.

    Attributes
    ----------
    names
        `Intercept` and the predictors.
    coefficients, p_values, detectable
        Of each name; the effect detected with a power of 80% at 5%, from the spread of the null; p two-sided by
        permutation, NaN for the intercept, of which labels say nothing.
    r_squared, r_squared_p
        Share of variance explained, with its p-value (one-sided).
    pairs, null
        What it was fitted to, and the null in words.
    """

    names: tuple[str, ...]
    coefficients: Array
    p_values: Array
    detectable: Array
    r_squared: float
    r_squared_p: float
    pairs: Pairs
    null: str

    def tidy(self) -> pd.DataFrame:
        """Return one row per coefficient: `term, estimate, p_value`."""
        return pd.DataFrame({"term": self.names, "estimate": self.coefficients, "p_value": self.p_values})

    def outcome(self, term: str) -> Outcome:
        """Return what the regression says about one predictor.

        Raises
        ------
        InputError
            For a predictor that it does not have.
        """
        if term not in self.names[1:]:
            raise InputError(
                f"no predictor {term!r}{nearest(term, self.names[1:])}; there are {', '.join(self.names[1:])}"
            )
        place = self.names.index(term)
        return Outcome(
            statistic=f"coefficient of {term} in a regression on distance matrices",
            estimate=float(self.coefficients[place]),
            n=self.pairs.n,
            unit=self.pairs.unit(),
            method=f"multiple regression on distance matrices: {', '.join(self.names[1:])}; R² {self.r_squared:.3f}",
            p_value=float(self.p_values[place]),
            null=self.null,
            minimum_detectable=float(self.detectable[place]),
            assumptions=("labels are exchangeable under the null, which related ones are not",),
            warnings=(DESCRIPTIVE,),
        )


def matrix_regression(
    outcome: Square, predictors: Mapping[str, Square], *, permutations: int = 9_999, seed: int = 0
) -> MatrixRegression:
    """Regress a square matrix on others (MRM; Legendre, Lapointe & Casgrain 1994, Evolution 48; Lichstein 2007).

    Parameters
    ----------
    outcome, predictors
        Square arrays or frames, as for `mantel`.
    permutations
        Joint permutations of the outcome's labels.

    Raises
    ------
    InputError
        As `mantel`; and for predictors that are combinations of each other.

    Notes
    -----
    y = Xb + e over pairs, by least squares. The null of a coefficient is that of its t = b / √(s² (XᵀX)⁻¹_kk) under
    permutation of the outcome's labels; that of R² likewise. Assumes exchangeable labels. Descriptive, for the reasons
    given with `mantel`.
    """
    if not predictors:
        raise InputError("a regression on matrices needs a predictor at least")
    arrays, pairs = aligned({"outcome": outcome, **predictors})
    # Without their means the sums of squares keep their digits; the intercept is put together again below.
    means = [float(pairs.of(array).mean()) for array in arrays]
    arrays = [array - mean for array, mean in zip(arrays, means, strict=True)]
    y = pairs.of(arrays[0])
    x = np.column_stack([np.ones(len(y)), *(pairs.of(array) for array in arrays[1:])])
    if np.linalg.matrix_rank(x / np.abs(x).max(axis=0)) < x.shape[1]:
        raise InputError(f"the predictors {', '.join(predictors)} are combinations of each other; leave one out")
    if len(y) <= x.shape[1]:
        raise InputError(f"{len(y)} pairs are too few for {x.shape[1]} coefficients")
    inverse = np.linalg.inv(x.T @ x)
    products, exact = relabeled_products(arrays[0], [pairs.matrix(c) for c in x.T], pairs, permutations, seed)
    coefficients = products @ inverse
    total = float(y @ y)
    # Permuting labels leaves Σy² as it is.
    residual = np.maximum(y @ y - (products * coefficients).sum(axis=1), 1e-12 * total)
    t = coefficients / np.sqrt(residual[:, None] / (len(y) - x.shape[1]) * np.diag(inverse))
    explained = 1 - residual / total
    how = "all" if exact else f"{len(products) - 1:,} random"
    return MatrixRegression(
        names=("Intercept", *predictors),
        coefficients=np.concatenate(
            [[means[0] - float(coefficients[0, 1:] @ np.array(means[1:]))], coefficients[0, 1:]]
        ),
        p_values=np.array([np.nan, *(share(column, float(column[0]), "two-sided") for column in t.T[1:])]),
        detectable=np.array([minimum_detectable(column) for column in coefficients.T]),
        r_squared=float(explained[0]),
        r_squared_p=share(explained, float(explained[0]), "greater"),
        pairs=pairs,
        null=f"{how} joint permutations of the {pairs.n} labels of the outcome",
    )
