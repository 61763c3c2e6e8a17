from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from transfer_analysis.statistics import joint_relabelings, separate_relabelings


def test_small_nulls_are_enumerated_whole_and_begin_with_the_identity():
    joint = joint_relabelings(["a", "b", "c", "d"], ["a", "b", "c", "d"], ["b", "d"])
    assert joint.exact
    assert len(joint) == factorial(2) * factorial(2)  # b and d are on both sides, a and c are rows only
    assert joint.rows[0].tolist() == [0, 1, 2, 3]
    assert joint.columns[0].tolist() == [1, 3]
    assert {tuple(row) for row in joint.rows[:, [0, 2]].tolist()} == {(0, 2), (2, 0)}
    separate = separate_relabelings(3, 4)
    assert separate.exact
    assert len(separate) == factorial(3) * factorial(4)
    assert len({(*r, *c) for r, c in zip(separate.rows.tolist(), separate.columns.tolist(), strict=True)}) == len(
        separate
    )


def test_a_joint_relabeling_keeps_the_diagonal():
    labels = list("abcde")
    distance = np.arange(25.0).reshape(5, 5)
    np.fill_diagonal(distance, -1)
    for chunk in joint_relabelings(labels, labels, labels).distances(distance):
        assert (np.diagonal(chunk, axis1=1, axis2=2) == -1).all()


def test_large_nulls_are_drawn_with_the_seed():
    one, same, other = (
        joint_relabelings(list("abcdefghij"), list("abcdefghij"), list("abcdefghij"), count=99, seed=s)
        for s in (1, 1, 2)
    )
    assert not one.exact
    assert len(one) == 100
    assert np.array_equal(one.rows, same.rows)
    assert not np.array_equal(one.rows, other.rows)
    assert "99 random joint permutations of the 10 labels" in one.description


@pytest.mark.parametrize(("alternative", "p"), [("two-sided", 4 / 5), ("greater", 3 / 5), ("less", 4 / 5)])
def test_p_counts_the_identity_and_ties(alternative, p):
    relabelings = separate_relabelings(2, 2)
    statistics = np.array([0.5, 0.5 + 1e-15, -0.6, 0.1, 0.7])
    assert relabelings.p_value(statistics, alternative) == pytest.approx(p)
