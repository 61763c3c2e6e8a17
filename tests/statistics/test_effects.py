"""Effects beside a baseline: against the published example, a direct computation, and under a true null."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import condition_effect, effects_beside_baseline


def frame(runs: dict[str, list[float]], target: str = "xnli") -> pd.DataFrame:
    return pd.DataFrame([{"target": target, "condition": c, "score": s} for c, scores in runs.items() for s in scores])


def test_one_condition_is_a_t_test_with_pooled_variance():
    runs = {"none": [60.0, 62.0, 61.0], "mnli": [66.0, 63.0, 67.5]}
    found = effects_beside_baseline(frame(runs)).iloc[0]
    values = {name: np.array(scores) for name, scores in runs.items()}
    pooled = np.sqrt(sum(v.var(ddof=1) for v in values.values()) / 2)
    difference = values["mnli"].mean() - values["none"].mean()
    half = t.ppf(0.975, 4) * pooled * np.sqrt(2 / 3)
    assert found["effect"] == pytest.approx(difference)
    assert (found["low"], found["high"]) == pytest.approx((difference - half, difference + half), abs=1e-2)
    assert found["p_value"] == pytest.approx(2 * t.sf(difference / (pooled * np.sqrt(2 / 3)), 4), abs=1e-3)


def test_dunnetts_own_example():
    """Blood counts of Dunnett 1955: two drugs beside a control, with two-sided p-values."""
    runs = {
        "none": [7.40, 8.50, 7.20, 8.24, 9.84, 8.32],
        "drug-a": [9.76, 8.80, 7.68, 9.36],
        "drug-b": [12.80, 9.68, 12.16, 9.20, 10.55],
    }
    found = effects_beside_baseline(frame(runs)).set_index("condition")
    # scipy's documentation gives these two-sided p-values for the same counts.
    assert found.loc["drug-a", "p_value"] == pytest.approx(0.62, abs=0.01)
    assert found.loc["drug-b", "p_value"] == pytest.approx(0.0059, abs=0.001)
    assert found.loc["drug-a", "effect"] == pytest.approx(0.65, abs=1e-9)


def test_all_conditions_of_a_target_together_keep_the_level():
    """Eight true nulls beside one shared baseline, two seeds each: some interval misses zero in 5% of targets."""
    rng = np.random.default_rng(0)
    wrong, targets = 0, 400
    for number in range(targets):
        runs = {name: list(rng.normal(50, 3, 2)) for name in ("none", *"abcdefgh")}
        wrong += bool((effects_beside_baseline(frame(runs, f"t{number}"))["p_value"] < 0.05).any())
    assert 0.02 < wrong / targets < 0.085


def test_a_condition_whose_seeds_agree_is_no_harm(recwarn):
    runs = {"none": [60.0, 62.0], "mnli": [66.0, 66.0], "qqp": [64.0, 61.0]}
    found = effects_beside_baseline(frame(runs)).set_index("condition")
    pooled = np.sqrt((2.0 + 0.0 + 4.5) / 3)
    # Wider than that of a single comparison, and as wide for every condition.
    assert (found["high"] - found["effect"]).min() > t.ppf(0.975, 3) * pooled
    assert np.ptp(found["high"] - found["effect"]) < 1e-9
    assert not recwarn.list


def test_one_seed_has_an_effect_without_an_interval():
    found = effects_beside_baseline(frame({"none": [60.0], "mnli": [66.0]})).iloc[0]
    assert found["effect"] == 6.0
    assert np.isnan(found["low"])
    assert np.isnan(found["p_value"])


def test_bad_input_is_named():
    with pytest.raises(InputError, match="xnli has no runs with condition 'none'"):
        effects_beside_baseline(frame({"mnli": [66.0]}))
    with pytest.raises(InputError, match="no condition besides"):
        effects_beside_baseline(frame({"none": [66.0]}))
    with pytest.raises(InputError, match="a score is missing"):
        effects_beside_baseline(frame({"none": [66.0], "mnli": [float("nan")]}))


def test_a_declared_effect_is_a_contrast_of_an_analysis_of_variance():
    """Against statsmodels: the coefficient of a condition in least squares on dummies, none as the reference."""
    import statsmodels.formula.api as smf

    rng = np.random.default_rng(1)
    runs = frame({name: list(rng.normal(60 + i, 2, 2 + i)) for i, name in enumerate(("none", "mnli", "qqp"))})
    fitted = smf.ols("score ~ C(condition, Treatment('none'))", runs).fit()
    term = "C(condition, Treatment('none'))[T.qqp]"
    found = condition_effect(runs, "qqp")
    assert found.estimate == pytest.approx(fitted.params[term])
    assert (found.low, found.high) == pytest.approx(tuple(fitted.conf_int().loc[term]))
    assert found.p_value == pytest.approx(fitted.pvalues[term])
    one_sided = condition_effect(runs, "qqp", alternative="greater").p_value
    assert one_sided == pytest.approx(fitted.pvalues[term] / 2 if found.estimate > 0 else 1 - fitted.pvalues[term] / 2)
    assert found.n == 2 + 4


def test_a_declared_effect_keeps_its_level_and_its_coverage():
    rng = np.random.default_rng(2)
    found = [
        condition_effect(
            frame({name: list(rng.normal(50, 3, 2)) for name in ("none", *"abcd")}), "a", alternative="greater"
        )
        for _ in range(600)
    ]
    assert 0.025 < np.mean([o.p_value < 0.05 for o in found]) < 0.08
    assert 0.92 < np.mean([o.low <= 0 <= o.high for o in found]) < 0.98


def test_a_declared_effect_needs_its_conditions_and_two_seeds():
    with pytest.raises(InputError, match="no run with condition 'qqp'; the results have mnli, none"):
        condition_effect(frame({"none": [60.0, 61.0], "mnli": [66.0]}), "qqp")
    with pytest.raises(InputError, match="at least two seeds"):
        condition_effect(frame({"none": [60.0], "mnli": [66.0]}), "mnli")
