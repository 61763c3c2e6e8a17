"""Correction over a declared family of tests."""

from __future__ import annotations

from collections.abc import Sequence

from transfer_analysis.errors import InputError


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values in the order given.

    They keep the chance of any false rejection in the family below α, whatever the dependence (Holm 1979, Scandinavian Journal
    of Statistics 6): p̃_(i) = max_{j ≤ i} min(1, (m − j + 1) p_(j)). For the family of confirmatory tests of a study,
    declared beforehand; not over tests that were looked at first.
    """
    return _adjusted(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values in the order given that keep the expected share of false rejections below α.

    p̃_(i) = min_{j ≥ i} min(1, m p_(j) / j) (Benjamini & Hochberg 1995, JRSS B 57), for tests that are independent or
    positively dependent. For screening many tests, each of which will be looked at again; not for the claims of a paper.
    """
    return _adjusted(p_values, "fdr_bh")


def _adjusted(p_values: Sequence[float], method: str) -> list[float]:
    from statsmodels.stats.multitest import multipletests

    given = list(p_values)
    wrong = [p for p in given if p is None or not 0 <= p <= 1]
    if wrong:
        raise InputError(f"{wrong[0]} is not a p-value; leave tests without one out of the family, and say so")
    return [float(p) for p in multipletests(given, method=method)[1]] if given else []
