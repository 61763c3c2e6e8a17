"""Correction over a declared family of tests."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values (Holm 1979) in the order given."""
    from statsmodels.stats.multitest import multipletests

    if not p_values:
        return []
    adjusted = multipletests(list(p_values), method="holm")[1]
    return [float(p) for p in adjusted]
