from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LinearRegression
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import NDCG
from transfer_analysis.statistics.prediction import (
    Block,
    Cases,
    folds_of,
    importance,
    learner_named,
    predict_held_out,
)
from transfer_analysis.statistics.prediction.held_out import _log_interval
from transfer_analysis.statistics.prediction.learners import baselines


def world(seed=0, languages=12, targets=3, slope=4.0, noise=2.0):
    """Scores of languages on targets; the first predictor belongs to languages, the second varies by row."""
    rng = np.random.default_rng(seed)
    language, target = np.repeat(np.arange(languages), targets), np.tile(np.arange(targets), languages)
    z = rng.normal(size=languages)
    y = 50 + np.array([0, 10, -5])[target] + slope * z[language] + noise * rng.normal(size=len(target))
    x = np.column_stack([z[language], rng.normal(size=len(y)), *(target == t for t in range(targets))]).astype(float)
    return Cases(x, y, {"language": language, "target": target})


def folds(cases):
    labels = [f"l{code:02}" for code in cases.sides["language"]]
    return folds_of([labels], labels)


def predicted(cases, *names, **options):
    return predict_held_out(
        cases,
        folds(cases),
        [learner_named(name) for name in names],
        baselines({"target": "target"}),
        group="languages",
        **options,
    )


def test_regression_is_that_of_scikit_learn_in_every_fold():
    cases = world()
    found = predicted(cases, "regression").values["regression"].to_numpy()
    for fold in folds(cases):
        model = LinearRegression().fit(cases.x[fold.train], cases.y[fold.train])
        assert found[fold.test] == pytest.approx(model.predict(cases.x[fold.test]))


def test_sum_of_effects_is_least_squares_on_indicators():
    cases = world()
    rng = np.random.default_rng(1)
    some = cases.where(rng.random(len(cases.y)) < 0.8)  # unbalanced, so that means of one side are not enough
    model = baselines({"language": "language", "target": "target"})[-1].fit(some, some.sides["language"], 0)
    indicators = pd.get_dummies(pd.DataFrame(some.sides).astype(str), drop_first=True, dtype=float)
    fitted = sm.OLS(some.y, sm.add_constant(indicators)).fit().fittedvalues
    assert model(some.x, some.sides) == pytest.approx(fitted.to_numpy(), abs=1e-6)


def test_mixed_model_predicts_as_statsmodels_does():
    cases = world(slope=0.0, noise=1.0)
    rng = np.random.default_rng(2)
    level = rng.normal(size=12)[cases.sides["language"]] * 3
    cases = Cases(cases.x[:, 1:2], cases.y + level, {"language": cases.sides["language"]})
    model = learner_named("mixed").fit(cases, cases.sides["language"], 0)
    peer = sm.MixedLM(cases.y, sm.add_constant(cases.x), groups=cases.sides["language"]).fit(reml=True, method="powell")
    assert model(cases.x, cases.sides) == pytest.approx(np.asarray(peer.fittedvalues), abs=1e-2)
    unseen = model(np.array([[0.5]]), {"language": np.array([99])})
    assert unseen == pytest.approx([peer.fe_params[0] + 0.5 * peer.fe_params[1]], abs=1e-2)


@pytest.mark.parametrize("name", ["regression", "ridge", "boosting", "mixed"])
def test_what_is_left_out_is_never_learnt_from(name):
    cases = world()
    held = cases.sides["language"] == 3
    moved = Cases(cases.x, np.where(held, cases.y + 1_000, cases.y), cases.sides)
    before, after = predicted(cases, name).values, predicted(moved, name).values
    pd.testing.assert_frame_equal(before[held], after[held])
    assert not np.allclose(before[~held], after[~held])


def test_errors_by_hand():
    y = np.array([1.0, 3.0, 5.0, 7.0, 2.0, 8.0])
    language = np.repeat([0, 1, 2], 2)
    cases = Cases(np.arange(6.0)[:, None], y, {"language": language})
    errors = predict_held_out(
        cases, folds(cases), [learner_named("regression")], baselines({}), group="languages"
    ).errors
    mean = errors.set_index("model").loc["mean"]
    # Left out in turn, the means of the others are 5.5, 3.5 and 4.
    off = y - np.repeat([5.5, 3.5, 4.0], 2)
    assert mean["rmse"] == pytest.approx(np.sqrt((off**2).mean()))
    assert mean["mae"] == pytest.approx(np.abs(off).mean())
    assert mean["r_squared"] == pytest.approx(1 - (off**2).sum() / ((y - y.mean()) ** 2).sum())
    assert mean["group_rmse"] == pytest.approx(np.sqrt((off**2).reshape(3, 2).mean(axis=1)).mean())
    assert np.isnan(mean["spearman"])  # the mean of the others is low where a language is high


def test_choices_are_ranked_by_what_was_predicted():
    cases = world(languages=12, targets=3)
    choices = cases.sides["language"]
    found = predicted(cases, "regression", choices=choices, ndcg=NDCG("scores", 1))
    by_hand = []
    for language in range(12):
        rows = np.flatnonzero(choices == language)
        best = rows[found.values["regression"][rows].argmax()]
        by_hand.append(cases.y[best] / cases.y[rows].max())
    row = found.errors.set_index("model").loc["regression"]
    assert row["ndcg"] == pytest.approx(np.mean(by_hand))


def test_test_beside_the_best_mean():
    cases = world(noise=0.5)
    found = predicted(cases, "regression")
    outcome = found.outcomes["regression"]
    squares = (found.values.to_numpy() - cases.y[:, None]) ** 2
    own, best = squares[:, -1].reshape(12, 3).sum(axis=1), squares[:, 1].reshape(12, 3).sum(axis=1)
    assert outcome.estimate == pytest.approx(np.sqrt(best.sum() / 36) - np.sqrt(own.sum() / 36))
    changed = [np.dot(signs, best - own) for signs in product([-1, 1], repeat=12)]
    assert outcome.p_value == pytest.approx(np.mean(np.array(changed) >= (best - own).sum() - 1e-9))
    assert outcome.p_value < 0.01
    assert outcome.low > 0
    assert "mean of the target" in outcome.statistic
    assert predicted(world(languages=8), "regression").outcomes["regression"].low is None


def test_useless_properties_of_languages_do_not_pass():
    passed = 0
    for seed in range(150):
        cases = world(seed, slope=0.0)
        level = np.random.default_rng(1_000 + seed).normal(size=12)[cases.sides["language"]] * 5
        passed += (
            predicted(Cases(cases.x, cases.y + level, cases.sides), "regression").outcomes["regression"].p_value <= 0.05
        )
    # 150 draws at 5%: 7.5 are expected at most, and 14 or more come in fewer than three cases of a hundred.
    assert passed <= 13


def test_importance_moves_whole_units():
    cases = world(noise=0.5)
    found = predicted(cases, "regression", "boosting")
    rows = np.arange(len(cases.y))
    blocks = [Block("property", [0], "languages", cases.sides["language"]), Block("noise", [1], "rows", rows)]
    table = importance(cases, folds(cases), found.fitted, blocks, repeats=30).set_index(["model", "predictors"])
    assert table.loc[("regression", "property"), "units"] == 12
    # Exchanged values differ by a distribution of variance 2 σ² a property, whose slope is 4: RMSE about 4 √2 σ.
    spread = cases.x[::3, 0].std()
    assert table.loc[("regression", "property"), "importance"] == pytest.approx(4 * np.sqrt(2) * spread, rel=0.2)
    assert abs(table.loc[("regression", "noise"), "importance"]) < 0.1


def test_sources_are_left_out_too():
    source, language = list("aabbcc"), list("bcacab")
    found = folds_of([language, source], language)
    of_a = next(fold for fold in found if fold.name == "a")
    assert of_a.test.tolist() == [label == "a" for label in language]
    assert of_a.train.tolist() == [s != "a" and t != "a" for s, t in zip(source, language, strict=True)]
    with pytest.raises(InputError, match="2 to leave out"):
        folds_of([list("aabb")], list("aabb"))


def test_unknown_learners_are_named():
    with pytest.raises(InputError, match="learner 'rigde'.*ridge"):
        learner_named("rigde")


def test_intervals_cover_as_they_say():
    """Errors of groups are shared within them, as those of languages are: a mean squared error of 25 + 9."""
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        shared, own = 5 * rng.normal(size=15), 3 * rng.normal(size=(15, 3))
        squares = ((shared[:, None] + own) ** 2).sum(axis=1)
        draws = rng.multinomial(15, np.full(15, 1 / 15), size=500).astype(float)
        low, high = _log_interval(squares, np.full(15, 3.0), draws)
        covered += low <= np.sqrt(34) <= high
    assert 0.87 <= covered / 200 <= 0.99  # 92% over a thousand draws
