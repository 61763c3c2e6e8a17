"""Power by simulation, and specification curves."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import association, partial_association, power_grid, separate_relabelings
from transfer_analysis.statistics.power import QUESTIONS, families_of
from transfer_analysis.statistics.simulate import Planted
from transfer_analysis.statistics.specification import specification_curve


@pytest.mark.parametrize("question", list(QUESTIONS))
def test_without_an_effect_power_is_the_level_and_a_large_one_is_found(question):
    small = Planted(conditions=7, targets=4, seeds=1, families=(3, 2, 1, 1, 1))
    nothing = power_grid(question, 0.0, {}, planted=small, replications=60).iloc[0]
    assert nothing["low"] <= 0.065
    large = power_grid(question, -60.0, {}, planted=small, replications=20).iloc[0]
    assert large["power"] > 0.85


def test_power_of_one_target_is_that_of_a_correlation():
    """One target, independent distances and gains: the permutation test of a rank correlation of twelve cells."""
    planted = Planted(
        conditions=12, targets=1, seeds=1, families=(1,), condition=0, cell=2.0, run=0, error=0, clustered=0
    )
    found = power_grid("task-association", -2.0, {}, planted=planted, replications=400).iloc[0]
    rng = np.random.default_rng(0)
    reference = []
    for _ in range(2000):
        x = rng.normal(size=12)
        reference.append(spearmanr(x, -x + rng.normal(size=12), alternative="less").pvalue <= 0.05)
    assert abs(found["power"] - np.mean(reference)) < 3.3 * np.sqrt(0.25 / 400)


def test_power_grows_with_tasks_and_the_seed_decides():
    sizes = {"conditions": [4, 12], "targets": [3]}
    one = power_grid("task-association", -1.5, sizes, replications=60, seed=3)
    assert one.equals(power_grid("task-association", -1.5, sizes, replications=60, seed=3))
    assert one["power"].is_monotonic_increasing
    assert one["conditions"].tolist() == [4, 12]
    said = []
    power_grid("task-selection", -1.5, {"seeds": [1]}, replications=40, report=lambda *about: said.append(about))
    assert len(said) == 2
    assert said[-1][1] == pytest.approx(0.5)


def test_languages_fall_into_families_as_xtremes_do():
    assert families_of(30) == (8, 5, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1)
    for n in range(1, 60):
        assert sum(families_of(n)) == n


def test_questions_and_sizes_that_there_are_not_are_refused():
    with pytest.raises(InputError, match=r"no question 'association'.*did you mean 'task-association'"):
        power_grid("association", -1.0, {})
    with pytest.raises(InputError, match=r"no size 'seed' \(did you mean 'seeds'"):
        power_grid("task-association", -1.0, {"seed": [1]})
    with pytest.raises(InputError, match="targets: 0 is not a whole number above zero"):
        power_grid("task-association", -1.0, {"targets": [0]})
    with pytest.raises(InputError, match="language-slope does not depend on the number of conditions"):
        power_grid("language-slope", -1.0, {"conditions": [4]})
    with pytest.raises(InputError, match="give a negative effect"):
        power_grid("task-association", 1.0, {})
    with pytest.raises(InputError, match="effect nan"):
        power_grid("interaction", float("nan"), {})
    with pytest.raises(InputError, match="2 intermediate tasks × 6 targets .* nothing can be correlated"):
        power_grid("task-association", -1.0, {"conditions": [2]})
    with pytest.raises(InputError, match="too few for a regression"):
        power_grid("language-slope", -1.0, {"languages": [3]})


def test_a_specification_curve_holds_every_answer():
    rng = np.random.default_rng(6)
    outcome, a, b, z = rng.normal(size=(4, 7, 3))
    relabelings = separate_relabelings(7, 3, count=199)
    mask = np.zeros((7, 3), dtype=bool)
    mask[0] = True
    curve = specification_curve(
        {"a": a, "b": b}, outcome, relabelings, covariates={"size": {"z": z}}, exclusions={"first": mask}
    )
    table = curve.table.set_index(["distance", "covariates", "exclusion"])
    assert len(table) == 8
    assert table.loc[("a", "none", "none"), "estimate"] == association(a, outcome, relabelings).estimate
    kept = np.where(mask, np.nan, outcome)
    partial = partial_association(b, kept, {"z": z}, relabelings)
    assert table.loc[("b", "size", "first"), "p_value"] == partial.p_value
    assert np.isnan(table.loc[("b", "size", "first"), "low"])
    assert curve.table["estimate"].is_monotonic_increasing
    assert curve.outcome().estimate == pytest.approx(np.median(table["estimate"]))
    assert curve.outcome().p_value is None


def test_specifications_that_cannot_be_estimated_stand_last_with_their_reason():
    rng = np.random.default_rng(7)
    outcome, a = rng.normal(size=(2, 5, 2))
    relabelings = separate_relabelings(5, 2, count=99)
    curve = specification_curve({"a": a, "flat": np.ones((5, 2))}, outcome, relabelings)
    assert curve.table["distance"].tolist() == ["a", "flat"]
    assert "nothing can be correlated" in curve.table["note"].iloc[1]
    assert curve.outcome().warnings == ("1 specifications could not be estimated",)
    with pytest.raises(InputError, match="no specification can be estimated"):
        specification_curve({"flat": np.ones((5, 2))}, outcome, relabelings)
    with pytest.raises(InputError, match=r"exclusion x: shape \(2, 2\)"):
        specification_curve({"a": a}, outcome, relabelings, exclusions={"x": np.ones((2, 2), dtype=bool)})
