"""Tests that look within families of languages only, or leave one family out at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.association.intervals import inverted
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import minimum_detectable, separate_relabelings, too_few

Array = npt.NDArray[np.float64]


def within_family_association(
    outcome: Array,
    predictor: Array,
    families: Sequence[str],
    *,
    names: tuple[str, str] = ("outcome", "distance"),
    method: str = "pearson",
    alternative: Alternative = "two-sided",
    confidence: float = 0.95,
    permutations: int = 9_999,
    seed: int = 0,
) -> Outcome:
    """Return the correlation of two properties of languages within families, languages exchanged within theirs.

    Parameters
    ----------
    outcome, predictor
        One value per language, shape (languages,), no NaN. Leave the source language out.
    families
        Family of each language (Glottolog's top level, say).
    method
        `pearson`, or `spearman` over the ranks within each family.

    Returns
    -------
    Outcome
        p by permutation within families, exact where the members of a family are exchangeable under the null; the interval by
        its inversion. n counts the languages of families with several members: the others say nothing here.

    Raises
    ------
    InputError
        For values that are missing, fewer than three languages in families with several members, or nothing that varies there.

    Notes
    -----
    With x and y centred within each family, r = Σ xy / √(Σx² Σy²). Nothing is learnt from differences between families, which
    are where most of the differences of typology lie; where families are mostly of one language use `phylogenetic_regression`.
    Restricted exchange: Good (2005, Permutation, Parametric and Bootstrap Tests of Hypotheses).
    Subfamilies are not exchangeable within a family when both sides follow them.
    """
    if method not in ("pearson", "spearman"):
        raise InputError(f"method {method!r}: expected pearson or spearman")
    if not (len(outcome) == len(predictor) == len(families)):
        raise InputError(f"{len(outcome)} outcomes, {len(predictor)} predictors and {len(families)} families are given")
    if not (np.isfinite(outcome).all() and np.isfinite(predictor).all()):
        raise InputError(f"{names[0]} or {names[1]} is missing for some language; leave those languages out")
    codes = pd.factorize(_known(families), sort=True)[0]
    members = np.bincount(codes)[codes] > 1
    n = int(members.sum())
    if n < 3:
        raise InputError(
            f"{n} languages have a relative in the sample, too few to compare within families; use the regression on the tree"
        )
    x, y = (_centred(values[members], codes[members], method) for values in (predictor, outcome))
    for name, values in ((names[0], y), (names[1], x)):
        if not np.any(values):
            raise InputError(f"{name} does not vary within any family")
    strata = [str(code) for code in codes[members]]
    relabelings = separate_relabelings(n, 1, row_strata=strata, count=permutations, seed=seed)
    moved = x[relabelings.rows]
    statistics, overlaps = moved @ y, moved @ x
    attainable = relabelings.attainable_p(statistics, alternative)
    notes = [f"{len(codes) - n} languages alone in their family left out"] if n < len(codes) else []
    notes += too_few(attainable, 1 - confidence, f"{len(relabelings)} relabelings")
    low, high = inverted(statistics, overlaps, confidence)
    how = "all" if relabelings.exact else f"{len(relabelings) - 1:,} random"
    count = len(set(strata))
    many = f"{count} families" if count > 1 else "1 family"
    return Outcome(
        statistic=f"within-family {method.capitalize()} correlation of {names[0]} and {names[1]}",
        estimate=float(statistics[0]),
        low=low,
        high=high,
        confidence=confidence,
        interval_method="inversion of the permutation test" if low is not None else "",
        p_value=relabelings.p_value(statistics, alternative),
        alternative=alternative,
        null=f"{how} permutations of languages within {many}",
        attainable_p=attainable,
        minimum_detectable=minimum_detectable(statistics, alternative),
        n=n,
        unit=f"languages in {many}",
        method="permutation within families of languages",
        assumptions=("languages of a family are exchangeable under the null",),
        warnings=tuple(notes),
    )


def leave_one_family_out(families: Sequence[str], estimate: Callable[[npt.NDArray[np.bool_]], Outcome]) -> pd.DataFrame:
    """Return what a test says without each family in turn: does one family carry the result?

    Parameters
    ----------
    families
        Family of each language.
    estimate
        The test, given which languages are kept: `lambda kept: phylogenetic_regression(y[kept], x[kept], ...)`.

    Returns
    -------
    DataFrame
        One row per family, the largest first, after one with all: `left_out, languages_left_out`, `estimate, low, high,
        p_value, n`, and `note` where the test cannot be made without it. A description, not a family of tests: the samples
        overlap, and so do the p-values. A jackknife over groups (Tukey 1958).
    """
    column = _known(families)
    sizes = pd.Series(column).value_counts(sort=True)
    rows = [_row("none", 0, lambda: estimate(np.ones(len(column), dtype=bool)))]
    rows += [
        _row(str(family), int(size), lambda family=family: estimate(column != family))  # type: ignore[misc]
        for family, size in sizes.items()
    ]
    return pd.DataFrame(rows)


def _row(left_out: str, languages: int, outcome: Callable[[], Outcome]) -> dict[str, object]:
    row: dict[str, object] = {"left_out": left_out, "languages_left_out": languages}
    try:
        found = outcome()
    except InputError as error:
        nothing = dict.fromkeys(("estimate", "low", "high", "p_value"), np.nan)
        return {**row, **nothing, "n": 0, "note": str(error)}
    return {
        **row,
        "estimate": found.estimate,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "n": found.n,
        "note": "",
    }


def _known(families: Sequence[str]) -> npt.NDArray[np.object_]:
    column = np.asarray(families, dtype=object)
    missing = np.flatnonzero(pd.isna(column))
    if len(missing):
        raise InputError(f"language {missing[0]} has no family; leave it out, or give it one of its own")
    return np.asarray([str(family) for family in column], dtype=object)


def _centred(values: Array, codes: npt.NDArray[np.intp], method: str) -> Array:
    """Return values (or ranks) less the mean of their family, of length one; zeros where they do not vary."""
    table = pd.Series(values).groupby(codes)
    if method == "spearman":
        table = table.rank().groupby(codes)
    centred = np.asarray(table.transform(lambda family: family - family.mean()), dtype=float)
    length = float(np.linalg.norm(centred))
    scale = max(1.0, float(np.abs(values).max()))
    return centred / length if length > 1e-12 * scale else np.zeros_like(centred)
