"""Tests within families of languages, and without each family in turn."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from scipy.stats import pearsonr
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import (
    leave_one_family_out,
    phylogenetic_regression,
    relatedness,
    within_family_association,
)

FAMILIES = ["A", "A", "A", "B", "B", "C", "D"]


def sample(seed=1):
    rng = np.random.default_rng(seed)
    level = dict(zip("ABCD", rng.normal(size=4) * 5, strict=True))
    x = rng.normal(size=7) + [level[f] for f in FAMILIES]
    return x, 0.5 * x + rng.normal(size=7)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_languages_are_exchanged_within_their_family_only(alternative):
    x, y = sample()
    result = within_family_association(y, x, FAMILIES, alternative=alternative)

    def centred(values):
        return np.concatenate([values[:3] - values[:3].mean(), values[3:5] - values[3:5].mean()])

    null = []
    for a, b in product(permutations(range(3)), permutations((3, 4))):
        moved = x[[*a, *b]]
        null.append(pearsonr(centred(moved), centred(y)).statistic)
    as_extreme = (
        np.abs(null) >= abs(null[0]) - 1e-12 if alternative == "two-sided" else np.array(null) >= null[0] - 1e-12
    )
    assert result.estimate == pytest.approx(null[0])
    assert result.p_value == pytest.approx(as_extreme.mean())
    assert (result.n, result.unit) == (5, "languages in 2 families")
    assert "2 languages alone in their family left out" in result.warnings
    assert any("only 12 relabelings" in warning for warning in result.warnings)


def test_ranks_are_taken_within_the_family():
    x, y = sample(2)
    one = within_family_association(y, x, FAMILIES, method="spearman")
    other = within_family_association(np.exp(y), x + 100 * np.array([0, 0, 0, 1, 1, 2, 3]), FAMILIES, method="spearman")
    assert (one.estimate, one.p_value) == (pytest.approx(other.estimate), other.p_value)


def test_each_family_is_left_out_in_turn():
    rng = np.random.default_rng(3)
    families = np.repeat(list("ABCD"), [5, 4, 3, 2])
    x = rng.normal(size=14)
    y = x + rng.normal(size=14)
    components = relatedness([(f, f"l{i}") for i, f in enumerate(families)])

    def slope(kept):
        parts = [c[np.ix_(kept, kept)] for c in components]
        return phylogenetic_regression(y[kept], x[kept], parts, simulations=99)

    table = leave_one_family_out(families, slope)
    assert table["left_out"].tolist() == ["none", "A", "B", "C", "D"]
    assert table["n"].tolist() == [14, 9, 10, 11, 12]
    kept = families != "B"
    assert table.loc[2, "estimate"] == pytest.approx(slope(kept).estimate)
    few = leave_one_family_out(families[:6], lambda kept: slope(np.r_[kept, np.zeros(8, dtype=bool)]))
    assert few["note"].str.contains("too few").tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x, y, f: (y, x, list("ABCDEFG")), "0 languages have a relative"),
        (lambda x, y, f: (y, np.ones(7), f), "distance does not vary within any family"),
        (lambda x, y, f: (np.where(y > 9, y, np.nan), x, f), "is missing for some language"),
        (lambda x, y, f: (y, x[:3], f), "7 outcomes, 3 predictors"),
    ],
)
def test_what_cannot_be_compared_within_families_is_said(change, message):
    with pytest.raises(InputError, match=message):
        within_family_association(*change(*sample(), FAMILIES))
