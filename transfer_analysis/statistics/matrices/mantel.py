"""The Mantel test and its partial form, for square matrices of the same labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.matrices.square import DESCRIPTIVE, Pairs, Square, aligned, relabeled_products
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import attainable_share, minimum_detectable, share, too_few

Array = npt.NDArray[np.float64]
Method = Literal["pearson", "spearman"]


def mantel(
    outcome: Square,
    distance: Square,
    *,
    method: Method = "pearson",
    alternative: Alternative = "two-sided",
    permutations: int = 9_999,
    seed: int = 0,
) -> Outcome:
    """Return the correlation of two square matrices over pairs of labels (Mantel 1967, Cancer Research 27).

    Parameters
    ----------
    outcome, distance
        Square arrays, or frames with the same labels on both sides. Symmetric ones count each pair once, others both ways;
        the diagonal does not count.
    method
        `pearson`, or `spearman` over the ranks of all pairs.
    permutations
        Random joint permutations of the outcome's labels; all of them where there are no more than 20,000.

    Returns
    -------
    Outcome
        A description with a p-value, and the warning that belongs to it.

    Raises
    ------
    InputError
        For a vector or a rectangle, to which the test does not apply, and for what cannot be compared (see `aligned`).

    Notes
    -----
    r = Σ_(i<j) (x_ij − x̄)(y_ij − ȳ) / (n_pairs s_x s_y). Assumes that labels are exchangeable. Not to be used as evidence
    where they are related (languages; tasks of one family): clustered labels on both sides make it reject true nulls far
    too often (Guillot & Rousset 2013, Methods in Ecology and Evolution 4). With one source language there is no matrix but
    a vector: use `phylogenetic_regression`.
    """
    _require_method(method)
    arrays, pairs = aligned({"outcome": outcome, "distance": distance})
    moved, fixed = (_centred(array, pairs, method) for array in arrays)
    products, exact = relabeled_products(moved, [fixed], pairs, permutations, seed)
    return _described(
        products[:, 0], exact, pairs, f"Mantel correlation ({method.capitalize()})", "Mantel test", alternative
    )


def partial_mantel(
    outcome: Square,
    distance: Square,
    controls: Mapping[str, Square],
    *,
    method: Method = "pearson",
    alternative: Alternative = "two-sided",
    permutations: int = 9_999,
    seed: int = 0,
) -> Outcome:
    """Return the correlation of two square matrices with others held fixed (Smouse, Long & Sokal 1986, Syst. Zool. 35).

    Parameters and errors are those of `mantel`; `controls` names one or more further matrices. The labels of the outcome are
    permuted, the others stay, and the partial correlation is computed anew (the first method of Legendre 2000).

    Notes
    -----
    Assumes exchangeable labels. r_xy·z = (r_xy − r_xz r_yz) / √((1 − r_xz²)(1 − r_yz²)) with one control. It does not
    mend the Mantel test: with clustered labels it rejects true nulls far too often, held fixed what may be.
    """
    if not controls:
        raise InputError("a partial Mantel test needs a matrix to hold fixed; without one use mantel")
    _require_method(method)
    arrays, pairs = aligned({"outcome": outcome, "distance": distance, **controls})
    moved, fixed, *held = (_centred(array, pairs, method) for array in arrays)
    basis, sizes, _ = np.linalg.svd(np.column_stack([pairs.of(array) for array in held]), full_matrices=False)
    if sizes[-1] < 1e-10 * sizes[0]:
        raise InputError(f"the controls {', '.join(controls)} repeat each other")
    values = pairs.of(fixed)
    residual = values - basis @ (basis.T @ values)
    length = float(np.linalg.norm(residual))
    if length < 1e-9:
        raise InputError(f"distance does not vary once {', '.join(controls)} is held fixed")
    spread = [pairs.matrix(column) for column in (residual / length, *basis.T)]
    products, exact = relabeled_products(moved, spread, pairs, permutations, seed)
    left = np.sqrt(np.maximum(1 - (products[:, 1:] ** 2).sum(axis=1), 0.0))
    statistics = np.divide(products[:, 0], left, out=np.zeros(len(left)), where=left > 1e-9)
    name = f"partial Mantel correlation ({method.capitalize()}) given {', '.join(controls)}"
    return _described(
        statistics, exact, pairs, name, "partial Mantel test, labels of the outcome permuted", alternative
    )


def _require_method(method: str) -> None:
    if method not in ("pearson", "spearman"):
        raise InputError(f"method {method!r}: expected pearson or spearman")


def _centred(matrix: Array, pairs: Pairs, method: Method) -> Array:
    """Return the matrix (or that of ranks) less its mean over pairs, of length one over them."""
    values = pairs.of(matrix)
    if method == "spearman":
        values = rankdata(values)
    values = values - values.mean()
    return pairs.matrix(values / np.linalg.norm(values))


def _described(
    statistics: Array, exact: bool, pairs: Pairs, statistic: str, method: str, alternative: Alternative
) -> Outcome:
    attainable = attainable_share(statistics, alternative)
    how = "all" if exact else f"{len(statistics) - 1:,} random"
    return Outcome(
        statistic=statistic,
        estimate=float(statistics[0]),
        n=pairs.n,
        unit=pairs.unit(),
        method=method,
        p_value=share(statistics, float(statistics[0]), alternative),
        alternative=alternative,
        null=f"{how} joint permutations of the {pairs.n} labels",
        attainable_p=attainable,
        minimum_detectable=minimum_detectable(statistics, alternative),
        assumptions=("labels are exchangeable under the null, which related ones are not",),
        warnings=(DESCRIPTIVE, *too_few(attainable, 0.05, f"{len(statistics)} relabelings")),
    )
