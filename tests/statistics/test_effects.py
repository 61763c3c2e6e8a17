"""Effects beside a baseline: against the published example, a direct computation, and under a true null."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import dunnett, t
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import condition_effect, effects_beside_baseline
from transfer_analysis.statistics.dunnett import dunnett_critical, dunnett_p_values


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
    assert (found["low"], found["high"]) == pytest.approx((difference - half, difference + half), abs=1e-8)
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


@pytest.mark.parametrize(
    ("df", "published"),
    [
        (5, [2.57, 3.03, 3.29, 3.48, 3.62, 3.73, 3.82, 3.90, 3.97]),
        (10, [2.23, 2.57, 2.76, 2.89, 2.99, 3.07, 3.14, 3.19, 3.24]),
        (60, [2.00, 2.27, 2.41, 2.51, 2.58, 2.64, 2.69, 2.73, 2.77]),
    ],
)
def test_critical_values_are_those_of_dunnetts_table(df, published):
    """Dunnett 1964, Biometrics 20, table of two-sided 5% points for groups of one size: one to nine groups."""
    found = [dunnett_critical((4,) * groups, 4, df, 0.95) for groups in range(1, 10)]
    assert found == pytest.approx(published, abs=0.006)


@pytest.mark.parametrize("df", [1.0, 2.0, 5.0, 24.0])
def test_one_group_is_a_t_test(df):
    assert dunnett_critical((3,), 5, df, 0.95) == pytest.approx(t.ppf(0.975, df), abs=1e-8)
    assert dunnett_p_values(np.array([0.0, 1.3, 6.0]), (3,), 5, df) == pytest.approx(
        2 * t.sf([0.0, 1.3, 6.0], df), abs=1e-9
    )


def test_groups_of_several_sizes_are_as_scipy_draws_them():
    rng = np.random.default_rng(0)
    groups, control = [rng.normal(size=n) for n in (5, 3, 4, 4)], rng.normal(size=8)
    drawn = dunnett(*groups, control=control, rng=np.random.default_rng(0)).pvalue
    df = 24 - 5
    within = [values - values.mean() for values in (*groups, control)]
    pooled = sum(float(values @ values) for values in within) / df
    statistics = [(g.mean() - control.mean()) / np.sqrt(pooled * (1 / len(g) + 1 / 8)) for g in groups]
    found = dunnett_p_values(np.array(statistics), (5, 3, 4, 4), 8, df)
    assert found == pytest.approx(drawn, abs=5e-4)
