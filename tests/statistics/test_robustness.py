"""Slopes on language distance, transfer gaps, and choices of tasks beside random ones."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import linregress
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import (
    against_random_selection,
    phylogenetic_regression,
    relatedness,
    run_slopes,
    slope_difference,
    transfer_gaps,
)

LANGUAGES = ["en", "de", "fr", "hi", "ja", "sw"]
DISTANCE = dict(zip(LANGUAGES, [0.0, 0.2, 0.3, 0.5, 0.7, 0.6], strict=True))


def frame(seed=1, english=(80.0, 70.0, 34.0)):
    rng = np.random.default_rng(seed)
    rows = []
    for condition, home in zip(("qqp", "squad", "broken"), english, strict=True):
        for run in (1, 2):
            for language in LANGUAGES:
                fall = 0.0 if language == "en" else 40 * DISTANCE[language] * (home - 33) / 50
                score = home - fall + rng.normal() + (run - 1) * 3
                rows.append((condition, run, language, DISTANCE[language], score, score - 50.0, 33.3))
    columns = ["condition", "seed", "language", "language_distance", "score", "gain", "chance"]
    return pd.DataFrame(rows, columns=columns)


def test_each_runs_slope_is_that_of_its_languages_without_the_source():
    data = frame()
    table = run_slopes(data).set_index(["condition", "seed"])
    one = data[(data["condition"] == "qqp") & (data["seed"] == 2) & (data["language"] != "en")]
    assert table.loc[("qqp", 2), "slope"] == pytest.approx(linregress(one["language_distance"], one["gain"]).slope)
    assert table.loc[("qqp", 2), "languages"] == 5
    assert table["learnt"].tolist() == [False, True, True, True, True, True]


def test_a_run_that_has_learnt_nothing_is_flat_and_has_no_normalised_slope():
    data = frame()
    plain, normalised = run_slopes(data), run_slopes(data, value="normalised")
    broken = plain["condition"] == "broken"
    assert plain.loc[broken, "slope"].abs().max() < plain.loc[~broken, "slope"].abs().min()
    assert normalised.loc[(plain["condition"] == "broken") & (plain["seed"] == 1), "slope"].isna().all()
    one = data[(data["condition"] == "squad") & (data["seed"] == 1)]
    home = one.loc[one["language"] == "en", "score"].iloc[0]
    away = one[one["language"] != "en"]
    expected = linregress(away["language_distance"], (away["score"] - 33.3) / (home - 33.3)).slope
    found = normalised.set_index(["condition", "seed"]).loc[("squad", 1), "slope"]
    assert found == pytest.approx(expected)


def test_slopes_are_adjusted_to_one_english_score_by_analysis_of_covariance():
    table = run_slopes(frame())
    gamma = linregress(table["source_score"], table["slope"]).slope
    expected = table["slope"] - gamma * (table["source_score"] - table["source_score"].mean())
    assert table["adjusted_slope"].to_numpy() == pytest.approx(expected.to_numpy())
    # What was flat because nothing was learnt is no longer the most robust.
    means = table.groupby("condition")[["slope", "adjusted_slope"]].mean()
    assert means["slope"].idxmax() == "broken"
    assert np.ptp(means["adjusted_slope"]) < np.ptp(means["slope"]) / 3


def test_adjusting_compares_runs_of_one_target():
    data = pd.concat([frame(1).assign(target="xnli"), frame(2, (90, 85, 60)).assign(target="udpos")])
    table = run_slopes(data)
    away = table["source_score"] - table.groupby("target")["source_score"].transform("mean")
    slopes = table["slope"] - table.groupby("target")["slope"].transform("mean")
    gamma = (away * slopes).sum() / (away**2).sum()
    assert table["adjusted_slope"].to_numpy() == pytest.approx((table["slope"] - gamma * away).to_numpy())


def test_the_difference_of_two_slopes_is_the_slope_of_the_difference():
    data = frame()
    data = data[data["language"] != "en"]
    languages = LANGUAGES[1:]
    components = relatedness([("ie", c) if c in ("de", "fr", "hi") else (c, c) for c in languages])
    found = slope_difference(data, "squad", ["qqp", "broken"], components, languages, simulations=199)
    means = data.groupby(["condition", "language"])["score"].mean().unstack("condition").loc[languages]
    difference = means["squad"] - (means["qqp"] + means["broken"]) / 2
    expected = phylogenetic_regression(
        difference.to_numpy(), np.array([DISTANCE[c] for c in languages]), components, simulations=199
    )
    assert (found.estimate, found.p_value) == (pytest.approx(expected.estimate), expected.p_value)
    with pytest.raises(InputError, match=r"lacking: it\)"):
        slope_difference(data, "squad", "qqp", components, [*languages[:4], "it"])
    with pytest.raises(InputError, match=r"no condition 'sqad' \(did you mean 'squad'\?\)"):
        slope_difference(data, "sqad", "qqp", components, languages)


def test_transfer_gaps_by_hand():
    data = frame()
    table = transfer_gaps(data).set_index(["condition", "seed"])
    one = data[(data["condition"] == "qqp") & (data["seed"] == 1)].set_index("language")["score"]
    assert table.loc[("qqp", 1), "transfer_gap"] == pytest.approx(one["en"] - one.drop("en").mean())
    without = transfer_gaps(data[data["language"] != "en"])
    assert without["transfer_gap"].isna().all()
    assert without["languages"].eq(5).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: run_slopes(d.drop(columns="gain")), "no column 'gain'"),
        (lambda d: run_slopes(d, value="gains"), r"expected gain, score or normalised \(did you mean 'gain'"),
        (lambda d: run_slopes(d.drop(columns="chance"), value="normalised"), "no column 'chance'"),
        (
            lambda d: run_slopes(d[d["language"] != "en"], value="normalised"),
            "seed 1: no score in en",
        ),
        (
            lambda d: run_slopes(d[d["language"].isin(["en", "de", "fr"])]),
            "2 languages have a gain and a language_distance, too few",
        ),
        (lambda d: run_slopes(d[d["language"] != "en"]), "without adjustment"),
    ],
)
def test_what_has_no_slope_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call(frame())


VALUES = {"a": 1.0, "b": 4.0, "c": 2.5, "d": -1.0, "e": 3.0, "f": 0.5}


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_a_declared_choice_is_placed_among_all_of_its_size(alternative):
    result = against_random_selection(VALUES, ["b", "e"], alternative=alternative)
    every = np.array([np.mean(choice) for choice in combinations(VALUES.values(), 2)])
    middle = np.mean(list(VALUES.values()))
    extreme = {
        "two-sided": np.abs(every - middle) >= abs(3.5 - middle) - 1e-12,
        "greater": every >= 3.5 - 1e-12,
        "less": every <= 3.5 + 1e-12,
    }[alternative]
    assert result.estimate == 3.5
    assert result.p_value == pytest.approx(extreme.mean())
    assert result.attainable_p == pytest.approx(1 / 15)
    assert (result.random_selection, result.random_selection_spread) == (
        pytest.approx(every.mean()),
        pytest.approx(every.std()),
    )
    assert any("only 15 choices" in warning for warning in result.warnings)


def test_an_effect_beyond_what_any_choice_has_is_not_called_detectable():
    """Of nine alike but one, no choice of three is 80% sure to be told; of twenty, half of them high, a choice of ten is."""
    alike = {f"t{i}": float(i == 0) for i in range(9)}
    few = against_random_selection(alike, ["t0", "t1", "t2"], alternative="greater")
    farthest = max(np.mean(choice) for choice in combinations(alike.values(), 3)) - 1 / 9
    assert few.attainable_effect == pytest.approx(farthest)
    assert few.minimum_detectable > farthest
    assert few.detectable is None
    halves = {f"t{i}": float(i < 10) for i in range(20)}
    many = against_random_selection(halves, [f"t{i}" for i in range(10)], alternative="greater")
    assert 0 < many.detectable == many.minimum_detectable < many.attainable_effect == 0.5


def test_one_of_nine_gives_no_p_value_below_a_ninth():
    values = {f"t{i}": float(i) for i in range(9)}
    assert against_random_selection(values, ["t8"], alternative="greater").p_value == pytest.approx(1 / 9)


def test_many_choices_are_drawn_with_the_same_answer():
    rng = np.random.default_rng(5)
    values = {f"t{i}": float(v) for i, v in enumerate(rng.normal(size=24))}
    chosen = list(values)[:8]
    result = against_random_selection(values, chosen, permutations=4_999, seed=1)
    assert result == against_random_selection(values, chosen, permutations=4_999, seed=1)
    assert "4,999 random ones of 735,471" in result.null


@pytest.mark.parametrize(
    ("values", "chosen", "message"),
    [
        (VALUES, ["g"], "no task 'g'"),
        (VALUES, [], "0 of 6 tasks are chosen"),
        (VALUES, list(VALUES), "6 of 6 tasks are chosen"),
        (VALUES, ["a", "a"], "chosen twice"),
        ({**VALUES, "b": float("nan")}, ["a"], "b has no value"),
        (dict.fromkeys("abc", 1.0), ["a"], "all tasks have the same"),
    ],
)
def test_choices_that_say_nothing_are_refused(values, chosen, message):
    with pytest.raises(InputError, match=message):
        against_random_selection(values, chosen)
