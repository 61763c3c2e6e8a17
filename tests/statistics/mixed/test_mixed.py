from __future__ import annotations

import os
import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal
from transfer_analysis.errors import InputError
from transfer_analysis.results.store import read_csv
from transfer_analysis.statistics.mixed import (
    bootstrap_intervals,
    bootstrap_p_value,
    likelihood_ratio,
    mixed_model,
    profile_interval,
    r_squared,
)
from transfer_analysis.statistics.mixed.design import design
from transfer_analysis.statistics.mixed.deviance import cross_products, deviance, deviance_and_slopes
from transfer_analysis.statistics.mixed.fit import fit_design
from transfer_analysis.statistics.simulate import Planted, draw

from tests.statistics.mixed.datasets import cases, crossed, transfer

HERE = Path(__file__).parent
CASES = cases()


def reference() -> pd.DataFrame:
    """lme4's, lmerTest's and pbkrtest's values; `reference.R` says how they were made."""
    return pd.read_csv(HERE / "reference.csv", keep_default_na=False)


def fitted(name, **options):
    """Fit a case as it stands: one of them lacks the slope that `mixed_model` asks for."""
    case = CASES[name]
    given = design(case.formula, case.data, case.random, case.slopes)
    return fit_design(given, options.get("reml", True), options.get("degrees_of_freedom", "satterthwaite"))


def wanted(name, method, what):
    table = reference()
    chosen = table[(table["case"] == name) & (table["method"] == method) & (table["what"] == what)]
    return chosen.set_index("term")["value"].astype(float)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", ["REML", "ML"])
def test_fits_agree_with_lme4(name, method):
    fit = fitted(name, reml=method == "REML")
    assert fit.converged
    assert fit.log_likelihood == pytest.approx(float(wanted(name, method, "log_likelihood").iloc[0]), abs=1e-6)
    tidy = fit.tidy().set_index("term")
    for what, relative in (("estimate", 1e-5), ("std_error", 1e-5)):
        np.testing.assert_allclose(tidy[what], wanted(name, method, what)[tidy.index], rtol=relative)
    theirs = wanted(name, method, "variance")
    # R writes condition.target, and subject.1 for a second term of the same grouping.
    theirs.index = theirs.index.str.replace(r"[.]\d+(?=$|[|])", "", regex=True)
    names = fit.variances["term"].str.replace(": slope of ", "|", regex=False).replace("residual", "Residual")
    if not names.isin(theirs.index).all():
        names = names.str.replace(":", ".", regex=False)
    ours = fit.variances.set_index(names)["variance"]
    scale = fit.sigma**2
    np.testing.assert_allclose(ours[theirs.index], theirs, rtol=1e-4, atol=1e-8 * scale)
    assert fit.singular == bool((theirs < 1e-8 * scale).any())


@pytest.mark.parametrize("name", CASES)
def test_degrees_of_freedom_agree_with_lmertest_and_pbkrtest(name):
    tidy = fitted(name).tidy().set_index("term")
    np.testing.assert_allclose(tidy["df"], wanted(name, "REML", "df")[tidy.index], rtol=1e-5)
    np.testing.assert_allclose(tidy["p_value"], wanted(name, "REML", "p_value")[tidy.index], rtol=1e-4, atol=1e-7)
    exact = fitted(name, degrees_of_freedom="kenward-roger").tidy().set_index("term")
    for what in ("std_error", "df"):
        np.testing.assert_allclose(exact[what], wanted(name, "KR", what)[exact.index], rtol=1e-5)


@pytest.mark.skipif(which("Rscript") is None, reason="R is not installed")
@pytest.mark.slow
def test_the_reference_is_what_r_gives(tmp_path):
    from tests.statistics.mixed import datasets

    root = HERE.parents[2]
    subprocess.run([os.sys.executable, "-m", datasets.__name__, str(tmp_path)], check=True, cwd=root)
    found = subprocess.run(
        ["Rscript", str(HERE / "reference.R"), str(tmp_path)], capture_output=True, text=True, check=True
    )
    (tmp_path / "r.csv").write_text(found.stdout)
    again = pd.read_csv(tmp_path / "r.csv", keep_default_na=False)
    stored = reference()
    assert again.drop(columns="value").equals(stored.drop(columns="value"))
    np.testing.assert_allclose(again["value"].astype(float), stored["value"].astype(float), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("reml", [True, False])
def test_the_deviance_is_minus_twice_the_log_density(reml):
    """By the dense covariance, and for REML by integrating the fixed effects out."""
    case = CASES["transfer with slopes"]
    fit = mixed_model(case.formula, case.data, case.random, case.slopes, reml=reml)
    theta = np.array([0.5, 1.3, 0.2, 0.8])
    x, y = fit.design.x, fit.design.y
    v = np.eye(len(y)) + sum(
        t**2 * (term.matrix @ term.matrix.T).toarray() for t, term in zip(theta, fit.design.terms, strict=True)
    )
    inverse = np.linalg.inv(v)
    beta = np.linalg.solve(x.T @ inverse @ x, x.T @ inverse @ y)
    n = len(y) - (x.shape[1] if reml else 0)
    variance = (y - x @ beta) @ inverse @ (y - x @ beta) / n
    log_density = multivariate_normal(x @ beta, variance * v).logpdf(y)
    if reml:
        log_density += x.shape[1] / 2 * np.log(2 * np.pi) - np.linalg.slogdet(x.T @ inverse @ x / variance)[1] / 2
    assert deviance(fit.products, theta, reml) == pytest.approx(-2 * log_density, abs=1e-7)
    # And its derivatives by θ².
    _, slopes = deviance_and_slopes(fit.products, theta, reml)
    for place in range(4):
        ends = []
        for sign in (1, -1):
            moved = theta**2
            moved[place] += sign * 1e-5
            ends.append(deviance(fit.products, np.sqrt(moved), reml))
        assert slopes[place] == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4, abs=1e-6)


def test_predicted_effects_are_the_conditional_means():
    fit = fitted("crossed with gaps")
    z = np.hstack([term.matrix.toarray() for term in fit.design.terms])
    spread = np.diag(fit.theta[fit.products.term] ** 2)
    v = np.eye(fit.design.rows) + z @ spread @ z.T
    expected = spread @ z.T @ np.linalg.solve(v, fit.design.y - fit.design.x @ fit.solution.beta)
    got = np.concatenate([effects.to_numpy() for effects in fit.random_effects().values()])
    np.testing.assert_allclose(got, expected, atol=1e-9)
    assert list(fit.random_effects()["subject"].index) == list(fit.design.terms[0].levels)


def test_a_predictor_needs_a_term_at_its_own_level():
    data = transfer()
    with pytest.raises(InputError) as raised:
        mixed_model("gain ~ task_distance + language_distance", data, ["target:language", "run"])
    text = str(raised.value)
    assert "task_distance is the same in all rows of each condition:target" in text
    assert "language_distance is the same in all rows of each language" in text
    assert "'language' to the random intercepts" in text
    # A finer term is not enough: runs of one cell share its distance.
    with pytest.raises(InputError, match="condition:target"):
        mixed_model("gain ~ task_distance", data, ["run"])
    # A predictor that varies over rows needs none.
    assert mixed_model("y ~ x", crossed(), ["subject"]).converged


def test_an_outcome_says_what_it_rests_on():
    outcome = fitted("transfer", degrees_of_freedom="kenward-roger").outcome("language_distance")
    assert outcome.low < outcome.estimate < outcome.high
    assert 0 <= outcome.p_value <= 1
    assert "24 condition:target" in outcome.unit
    assert not outcome.warnings
    assert "effect of language_distance on gain" in str(outcome).lower()
    assert "a singular fit" in fitted("singular").outcome("x").warnings[0]
    with pytest.raises(InputError, match="no effect 'languge_distance' .did you mean 'language_distance'"):
        fitted("transfer").outcome("languge_distance")


def test_a_fit_that_has_not_converged_gives_no_p_value():
    from dataclasses import replace

    lost = replace(fitted("crossed"), theta=np.array([5.0, 0.01]), converged=False)
    assert lost.tidy()[["p_value", "conf_low", "conf_high"]].isna().all(axis=None)
    outcome = lost.outcome("x")
    assert outcome.p_value is None
    assert outcome.low is None
    assert "has not converged" in outcome.warnings[-1]


@pytest.mark.parametrize(
    ("formula", "random", "slopes", "change", "message"),
    [
        ("y ~ z", ["subject"], {}, {}, "names 'z', which is not a column"),
        ("y ~ x", ["subjct"], {}, {}, "names 'subjct', which is not a column .did you mean 'subject'"),
        ("y ~ x", [], {}, {}, "needs a random term at least"),
        ("y ~ x", ["subject", "subject"], {}, {}, "stands there twice"),
        ("y ~ x +", ["subject"], {}, {}, "cannot be read"),
        ("y", ["subject"], {}, {}, "expected outcome ~ effects"),
        ("y ~ x", ["subject"], {}, {"x": 1.0}, "x is 1 in every row"),
        ("y ~ x", ["subject"], {}, {"y": 2.0}, "y is 2 in every row"),
        ("y ~ x + x2", ["subject"], {}, {"x2": "x"}, "combinations of others"),
        ("y ~ x", ["subject"], {}, {"subject": "one"}, "one level only"),
        ("y ~ x", ["row"], {}, {"row": "each"}, "a level for each of the 120 rows"),
        ("y ~ x", ["subject"], {}, {"x": "gap"}, "x is missing in 1 of 120 rows .first: 3"),
    ],
)
def test_what_cannot_be_fitted_is_said(formula, random, slopes, change, message):
    data = crossed()
    for column, value in change.items():
        if value == "x":
            data[column] = 2 * data["x"]
        elif value == "each":
            data[column] = [f"r{i}" for i in range(len(data))]
        elif value == "gap":
            data.loc[3, column] = np.nan
        else:
            data[column] = value
    with pytest.raises(InputError, match=message):
        mixed_model(formula, data, random, slopes)


def test_kenward_roger_needs_reml():
    with pytest.raises(InputError, match="give reml=True"):
        fitted("between", reml=False, degrees_of_freedom="kenward-roger").tidy()


@pytest.mark.parametrize("name", ["crossed", "nested", "between"])
def test_likelihood_ratio_and_profile_agree_with_lme4(name):
    larger = fitted(name, reml=False)
    term = larger.design.names[1]
    case = CASES[name]
    smaller = mixed_model(case.formula.split("~")[0] + "~ 1", case.data, case.random, reml=False)
    test = likelihood_ratio(smaller, larger)
    assert test.df == 1
    assert test.statistic == pytest.approx(wanted(name, "LRT", "statistic")[term], abs=1e-6)
    assert test.p_value == pytest.approx(wanted(name, "LRT", "p_value")[term], rel=1e-5)
    low, high = profile_interval(larger, term)
    assert low == pytest.approx(wanted(name, "profile", "low")[term], rel=2e-3)
    assert high == pytest.approx(wanted(name, "profile", "high")[term], rel=2e-3)
    with pytest.raises(InputError, match="give the smaller one first"):
        likelihood_ratio(larger, smaller)
    with pytest.raises(InputError, match="only with the same fixed effects"):
        likelihood_ratio(mixed_model("y ~ 1", case.data, case.random), fitted(name))


def test_a_variance_is_compared_by_restricted_likelihood():
    case = CASES["crossed"]
    test = likelihood_ratio(mixed_model("y ~ x", case.data, ["subject"]), fitted("crossed"))
    assert test.df == 1
    assert test.p_value < 0.01


def test_bootstrap_of_the_likelihood_ratio_and_of_intervals():
    case = CASES["between"]
    larger, smaller = fitted("between", reml=False), mixed_model("y ~ 1", case.data, case.random, reml=False)
    p = bootstrap_p_value(smaller, larger, replicates=99, seed=1)
    assert p == bootstrap_p_value(smaller, larger, replicates=99, seed=1)
    chi = likelihood_ratio(smaller, larger).p_value
    assert chi < p < 0.9  # with six groups the chi-squared is too sure
    low, high = bootstrap_intervals(fitted("crossed"), replicates=60)["x"]
    estimate = fitted("crossed").solution.beta[1]
    assert low < estimate < high
    assert high - low == pytest.approx(2 * 1.96 * fitted("crossed").tidy()["std_error"][1], rel=0.35)


def test_explained_variance_by_hand():
    fit = fitted("random slopes")
    fixed = np.var(fit.design.x @ fit.solution.beta)
    variances = fit.variances["variance"].to_numpy()
    random = variances[0] + variances[1] * np.mean(np.arange(10.0) ** 2)
    marginal, conditional = r_squared(fit)
    assert marginal == pytest.approx(fixed / (fixed + random + variances[2]))
    assert conditional == pytest.approx((fixed + random) / (fixed + random + variances[2]))


def test_cross_products_are_those_of_the_design():
    fit = fitted("nested")
    z = np.hstack([term.matrix.toarray() for term in fit.design.terms])
    products = cross_products(fit.design)
    np.testing.assert_allclose(products.zz, z.T @ z)
    np.testing.assert_allclose(products.zx, z.T @ fit.design.x)


def test_the_whole_xpos_table_agrees_with_lme4(published):
    """Crossed, 6,760 rows. By R: lmer(score ~ 1 + (1 | source_language) + (1 | target_language)), bobyqa to 1e-10."""
    table = read_csv(published / "xpos.csv")
    table["score"] = pd.to_numeric(table["score"])
    table = table[table["source_language"] != table["target_language"]]
    fit = mixed_model("score ~ 1", table, ["source_language", "target_language"])
    assert fit.design.rows == 6760
    assert fit.log_likelihood == pytest.approx(-23569.2205842272, abs=1e-6)
    np.testing.assert_allclose(fit.variances["variance"], [63.4120103702, 390.8680418428, 54.3255035128], rtol=1e-4)
    row = fit.tidy().iloc[0]
    np.testing.assert_allclose(row[["estimate", "std_error"]].astype(float), [57.47129462, 2.169368328], rtol=1e-5)
    assert row["df"] == pytest.approx(148.7025, rel=1e-2)


def test_not_worse_than_the_best_of_several_other_optimisations_on_subsets():
    """A general optimiser without gradient from ten starts finds nothing better on sparse crossed subsets."""
    rng = np.random.default_rng(0)
    whole = crossed()
    for _ in range(15):
        data = whole.sample(40, random_state=int(rng.integers(1 << 30))).reset_index(drop=True)
        fit = mixed_model("y ~ x", data, ["subject", "item"])
        found = [
            minimize(lambda t, p=fit.products: deviance(p, np.abs(t), True), start, method="Nelder-Mead").fun
            for start in rng.uniform(0, 3, size=(10, 2))
        ]
        assert deviance(fit.products, fit.theta, True) <= min(found) + 1e-6


def test_a_distance_that_clusters_by_a_side_without_an_intercept_is_remarked_on():
    data = draw(Planted(conditions=8, targets=5, seeds=1, clustered=0.7), 1).frame()
    random = ["condition:target", "target:language", "language"]
    fit = mixed_model("gain ~ task_distance", data, random)
    (remark,) = (r for r in fit.remarks["task_distance"] if "condition" in r)
    assert remark.startswith("task_distance differs between the levels of condition (")
    assert remark in fit.outcome("task_distance").warnings
    again = mixed_model("gain ~ task_distance", data, [*random, "condition"])
    assert not any("condition" in r for r in again.remarks.get("task_distance", ()))
    free = draw(Planted(conditions=8, targets=5, seeds=1, clustered=0.0), 2).frame()
    assert mixed_model("gain ~ task_distance", free, random).remarks == {}


def two_conditions(seed=3):
    """Runs of two conditions; rows of one run share its error."""
    rng = np.random.default_rng(seed)
    c, s, language = (p.ravel() for p in np.meshgrid(range(2), range(3), range(15), indexing="ij"))
    score = rng.normal(size=6)[c * 3 + s] + rng.normal(size=len(c))
    return pd.DataFrame(
        {"score": score, "condition": [f"c{v}" for v in c], "seed": s, "language": [f"l{v}" for v in language]}
    )


def test_a_factor_that_is_a_property_of_nothing_needs_its_runs():
    with pytest.raises(InputError, match=r"condition\[T.c1\] is the same in all rows .* add 'condition:seed'"):
        mixed_model("score ~ condition", two_conditions(), ["language", "seed"])
    assert mixed_model("score ~ condition", two_conditions(), ["language", "condition:seed"]).converged


def test_a_product_of_distances_needs_a_slope():
    case = CASES["transfer"]
    with pytest.raises(InputError, match="task_distance:language_distance needs a random slope") as caught:
        mixed_model(case.formula, case.data, case.random)
    assert "add condition:target: slope of language_distance or language: slope of task_distance" in str(caught.value)
    assert mixed_model(case.formula, case.data, case.random, {"language": "task_distance"}).converged


def test_rows_are_not_dropped_by_a_transformation():
    data = crossed()
    data = data.assign(x=data["x"].where(data.index != 50, -1.0).abs().where(data.index != 50, -1.0))
    with pytest.raises(InputError, match="no finite number in row 50"):
        mixed_model("y ~ np.log(x)", data, ["subject", "item"])


def test_columns_that_part_the_rows_alike_are_named_once():
    data = two_conditions().assign(recipe=lambda f: "r-" + f["condition"])
    with pytest.raises(InputError) as caught:
        mixed_model("score ~ condition", data, ["language", "seed"])
    assert "recipe" not in str(caught.value)
