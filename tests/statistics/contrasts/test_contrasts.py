"""Contrasts, against emmeans, scipy and enumeration by hand."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp, ttest_ind
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_paired
from transfer_analysis.errors import InputError
from transfer_analysis.statistics.contrasts import group_contrast, marginal_means, paired_contrast
from transfer_analysis.statistics.correction import benjamini_hochberg, holm
from transfer_analysis.statistics.linear import linear_model
from transfer_analysis.statistics.mixed import mixed_model

from tests.statistics.contrasts.datasets import GROUPS, study

REFERENCE = pd.read_csv(Path(__file__).parent / "reference.csv", keep_default_na=False)
FORMULA = "gain ~ group * encoder + distance"
RANDOM = ["condition", "condition:encoder", "language", "run"]
PLANNED = {
    "difference": {"syntactic:mbert": 1, "semantic:mbert": -1},
    "interaction": {"syntactic:mbert": 1, "semantic:mbert": -1, "syntactic:xlmr": -1, "semantic:xlmr": 1},
}


def expected(model, what):
    rows = REFERENCE[(REFERENCE["model"] == model) & (REFERENCE["what"] == what)]
    return rows.set_index("term")["value"]


@pytest.fixture(scope="module")
def fits():
    return {
        ("mixed", "satterthwaite"): mixed_model(FORMULA, study(), RANDOM),
        ("mixed", "kenward-roger"): mixed_model(FORMULA, study(), RANDOM, degrees_of_freedom="kenward-roger"),
        ("linear", "satterthwaite"): linear_model(FORMULA, study()),
    }


@pytest.mark.parametrize("factors", [["group", "encoder"], "group"])
@pytest.mark.parametrize("key", [("mixed", "satterthwaite"), ("mixed", "kenward-roger"), ("linear", "satterthwaite")])
def test_marginal_means_are_those_of_emmeans(fits, key, factors):
    means = marginal_means(fits[key], factors)
    tidy = means.tidy().set_index(pd.Index(means.names))
    for ours, theirs, tolerance in (("estimate", "emmean", 1e-5), ("std_error", "SE", 1e-5), ("df", "df", 1e-3)):
        wanted = expected(key[0], f"{key[1]} {theirs}").loc[means.names]
        assert tidy[ours].to_numpy() == pytest.approx(wanted.to_numpy(), rel=tolerance)


@pytest.mark.parametrize("name", PLANNED)
@pytest.mark.parametrize("key", [("mixed", "satterthwaite"), ("mixed", "kenward-roger"), ("linear", "satterthwaite")])
def test_planned_contrasts_are_those_of_emmeans(fits, key, name):
    contrast = marginal_means(fits[key], ["group", "encoder"]).contrast(PLANNED[name])
    outcome = contrast.outcome()
    found = {
        "estimate": outcome.estimate,
        "SE": contrast.std_error,
        "df": contrast.df,
        "p.value": outcome.p_value,
    }
    for what, value in found.items():
        assert value == pytest.approx(expected(key[0], f"{key[1]} {what}")[name], rel=1e-3 if what == "df" else 1e-4)
    if name == "difference":
        wanted = expected(key[0], f"{key[1]} equivalence")["difference"]
        assert contrast.equivalence(2.0).p_value == pytest.approx(wanted, rel=1e-3)


def test_marginal_means_at_other_values_and_what_cannot_be(fits):
    fit = fits["linear", "satterthwaite"]
    near, far = (marginal_means(fit, "group", at={"distance": d, "encoder": "xlmr"}).tidy() for d in (0.0, 1.0))
    slope = fit.tidy().set_index("term").loc["distance", "estimate"]
    assert (far["estimate"] - near["estimate"]).to_numpy() == pytest.approx([slope] * 3)
    pairs = marginal_means(fit, "group").pairwise()
    assert list(pairs) == ["other − semantic", "other − syntactic", "semantic − syntactic"]
    with pytest.raises(InputError, match=r"no variable 'groups' \(did you mean 'group'\?\)"):
        marginal_means(fit, "groups")
    with pytest.raises(InputError, match="distance is a number, not a factor"):
        marginal_means(fit, "distance")
    with pytest.raises(InputError, match="encoder has no level 'bert'"):
        marginal_means(fit, "group", at={"encoder": "bert"})
    with pytest.raises(InputError, match="sum to zero, and these to 1"):
        marginal_means(fit, "group").contrast({"semantic": 1})
    with pytest.raises(InputError, match=r"no mean 'semantics'"):
        marginal_means(fit, "group").contrast({"semantics": 1, "other": -1})


def test_a_paired_contrast_is_a_t_test_over_seeds():
    frame = study().assign(target="xnli")
    sides = (
        {"condition": GROUPS["syntactic"], "encoder": "mbert"},
        {"condition": GROUPS["semantic"], "encoder": "mbert"},
    )
    contrast = paired_contrast(frame, *sides, value="gain", unit="seed", pairs=["target", "language"])
    rows = frame[frame["encoder"] == "mbert"]
    per_seed = []
    for seed in range(3):
        differences = []
        for language in sorted(set(frame["language"])):
            block = rows[(rows["seed"] == seed) & (rows["language"] == language)].set_index("condition")["gain"]
            if {*GROUPS["syntactic"], *GROUPS["semantic"]} <= set(block.index):
                differences.append(block[GROUPS["syntactic"]].mean() - block[GROUPS["semantic"]].mean())
        per_seed.append(np.mean(differences))
    test = ttest_1samp(per_seed, 0)
    outcome = contrast.outcome()
    interval = test.confidence_interval()
    assert (outcome.estimate, outcome.p_value) == (pytest.approx(np.mean(per_seed)), pytest.approx(test.pvalue))
    assert (outcome.low, outcome.high) == (pytest.approx(interval.low), pytest.approx(interval.high))
    assert (outcome.n, outcome.unit) == (3, "seeds")
    assert any("left out: on one side only" in warning for warning in outcome.warnings)
    zeros = np.zeros(3)
    assert contrast.equivalence(2.5).p_value == pytest.approx(ttost_paired(np.array(per_seed), zeros, -2.5, 2.5)[0])
    assert contrast.outcome("less").p_value == pytest.approx(ttest_1samp(per_seed, 0, alternative="less").pvalue)


def test_the_interval_lies_inside_the_margin_where_equivalence_is_found():
    contrast = paired_contrast(
        study(), {"condition": "pos"}, {"condition": "stsb"}, value="gain", unit="seed", pairs=["language", "encoder"]
    )
    low, high = contrast.interval(0.90)
    edge = max(abs(low), abs(high))
    assert contrast.equivalence(edge * 1.001).p_value < 0.05 < contrast.equivalence(edge * 0.999).p_value
    with pytest.raises(InputError, match="margin must be|margin of equivalence must be positive"):
        contrast.equivalence(0)


def test_the_difference_of_two_independent_contrasts_is_welchs():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=6), 1 + 2 * rng.normal(size=5)
    contrasts = []
    for values in (a, b):
        frame = pd.DataFrame(
            {"seed": [*range(len(values))] * 2, "condition": ["x"] * len(values) + ["y"] * len(values)}
        ).assign(score=[*values, *np.zeros(len(values))])
        contrasts.append(paired_contrast(frame, {"condition": "x"}, {"condition": "y"}, pairs=[]))
    test = ttest_ind(a, b, equal_var=False)
    found = contrasts[0].minus(contrasts[1], "x − y, mBERT less XLM-R")
    assert (found.outcome().p_value, found.df) == (pytest.approx(test.pvalue), pytest.approx(test.df))


def tasks(values):
    return pd.DataFrame({"condition": list(values), "gain": list(values.values()), "seed": 1})


def test_a_group_contrast_enumerates_which_tasks_belong_to_the_group():
    values = {"pos": 1.0, "ccg": 2.5, "parsing": 0.5, "stsb": 3.0, "qqp": 4.5, "paws": 2.0, "mnli": 6.0}
    groups = {"syntactic": ["pos", "ccg", "parsing"], "semantic": ["stsb", "qqp", "paws", "mnli"]}
    outcome = group_contrast(tasks(values), groups, pairs=["seed"])
    means = np.array(list(values.values()))
    null = [means[list(chosen)].mean() - np.delete(means, list(chosen)).mean() for chosen in combinations(range(7), 3)]
    assert outcome.estimate == pytest.approx(null[0])
    assert outcome.p_value == pytest.approx(np.mean(np.abs(null) >= abs(null[0]) - 1e-12))
    assert outcome.attainable_p == pytest.approx(1 / 35)
    assert "3 syntactic, 4 semantic" in outcome.unit

    def p_of(shift):
        moved = {k: v - shift * (k in groups["syntactic"]) for k, v in values.items()}
        return group_contrast(tasks(moved), groups, pairs=["seed"]).p_value

    assert p_of(outcome.low + 1e-6) > 0.05 >= p_of(outcome.low - 1e-6)
    assert p_of(outcome.high - 1e-6) > 0.05 >= p_of(outcome.high + 1e-6)


def test_a_group_contrast_counts_blocks_that_all_tasks_have():
    frame = study().assign(target="xnli")
    groups = {name: GROUPS[name] for name in ("syntactic", "semantic")}
    outcome = group_contrast(frame, groups, pairs=["encoder", "language", "seed"])
    assert any("blocks left out that not every member has" in warning for warning in outcome.warnings)
    assert any("no p-value below 0.100 can occur" in warning for warning in outcome.warnings)
    assert outcome.low is None
    assert outcome.n == 6


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"a": ["pos"]}, "two groups, and 1 are given"),
        ({"a": ["pos", "cgc"], "b": ["stsb"]}, r"no condition 'cgc' \(did you mean 'ccg'"),
        ({"a": ["pos", "ccg"], "b": ["pos", "stsb"]}, "pos is a member of both"),
        ({"a": ["pos"], "b": ["stsb"]}, "2 members are too few"),
    ],
)
def test_groups_that_cannot_be_compared_are_refused(groups, message):
    values = {"pos": 1.0, "ccg": 2.5, "stsb": 3.0}
    with pytest.raises(InputError, match=message):
        group_contrast(tasks(values), groups, pairs=["seed"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="seed"), "no column 'seed'"),
        (lambda f: f[f["seed"] == 1], "one seed has pairs"),
        (lambda f: f.assign(gain=1.0), "is 0 in each of the 3 seeds"),
        (lambda f: f[(f["condition"] == "pos") == (f["seed"] == 1)], "nothing can be paired"),
        (lambda f: f[f["condition"] != "pos"], "condition has no 'pos'"),
    ],
)
def test_sides_that_cannot_be_paired_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        paired_contrast(
            change(study()), {"condition": "pos"}, {"condition": "stsb"}, value="gain", pairs=["language", "encoder"]
        )


def test_corrections_are_statsmodels():
    p = [0.01, 0.04, 0.03, 0.5]
    assert holm(p) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1])
    assert benjamini_hochberg(p) == pytest.approx([0.04, 4 * 0.04 / 3, 4 * 0.04 / 3, 0.5])
    assert holm([]) == benjamini_hochberg([]) == []
    with pytest.raises(InputError, match="nan is not a p-value"):
        holm([0.1, float("nan")])


def test_a_factor_of_tasks_needs_a_random_effect_of_tasks_not_of_itself():
    with pytest.raises(InputError, match=r"group\[T.semantic\] is the same in all rows of each condition") as caught:
        mixed_model("gain ~ group", study(), ["language", "run"])
    assert "add 'condition' to the random intercepts" in str(caught.value)
    assert mixed_model("gain ~ group", study(), ["condition", "language", "run"]).converged
