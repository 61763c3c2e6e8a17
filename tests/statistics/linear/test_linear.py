"""Linear models and the wild cluster bootstrap, against R and against fitting every bootstrap sample."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from transfer_analysis.errors import InputError
from transfer_analysis.statistics.linear import generalised_linear_model, linear_model, wild_cluster_bootstrap

from tests.statistics.contrasts.datasets import study

REFERENCE = pd.read_csv(Path(__file__).parents[1] / "contrasts" / "reference.csv", keep_default_na=False)
FORMULA = "gain ~ group + distance"


def expected(model, what):
    rows = REFERENCE[(REFERENCE["model"] == model) & (REFERENCE["what"] == what)]
    return rows.set_index("term")["value"]


def test_least_squares_are_rs():
    fit = linear_model(FORMULA, study())
    tidy = fit.tidy().set_index("term")
    for column in ("estimate", "std_error"):
        wanted = expected("ols", column)
        assert tidy.loc[wanted.index, column].to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-9)
    assert fit.log_likelihood == pytest.approx(expected("ols", "log_likelihood").iloc[0], rel=1e-9)


def test_errors_by_cluster_are_those_of_sandwich():
    fit = linear_model(FORMULA, study(), clusters="language")
    wanted = expected("ols", "cluster")
    assert fit.tidy().set_index("term").loc[wanted.index, "std_error"].to_numpy() == pytest.approx(
        wanted.to_numpy(), rel=1e-8
    )
    outcome = fit.outcome("distance")
    assert outcome.n == 8
    assert any("descriptive: with" in warning for warning in outcome.warnings)
    assert outcome.unit == "clusters (8 language)"


def covariance(fit, data, columns):
    """The covariance by clusters as statsmodels has it, without more."""
    groups = np.column_stack([pd.factorize(data[column])[0] for column in columns])
    model = sm.OLS(fit.fixed.y, fit.fixed.x)
    return model.fit(cov_type="cluster", cov_kwds={"groups": groups.squeeze()}).cov_params()


def test_a_covariance_by_two_clusters_that_is_not_positive_is_the_sum_of_both():
    """R's sandwich sets negative eigenvalues to zero, from the same covariance; the sum has larger errors throughout."""
    data, columns = study(), ("language", "condition")
    fit = linear_model(FORMULA, data, clusters=columns)
    values, vectors = np.linalg.eigh(covariance(fit, data, columns))
    assert values.min() < 0
    errors = fit.tidy().set_index("term")["std_error"]
    wanted = expected("ols", "two-way")
    clamped = pd.Series(np.sqrt(np.diag((vectors * values.clip(0)) @ vectors.T)), index=errors.index)
    assert clamped[wanted.index].to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-8)
    both = sum(covariance(fit, data, [column]) for column in columns)
    assert errors.to_numpy() == pytest.approx(np.sqrt(np.diag(both)), rel=1e-10)
    assert (errors[wanted.index] > wanted).all()
    assert any("not positive" in note for note in fit.notes)
    assert fit.outcome("distance").n == 7


def crossed(seed, levels=(4, 6)):
    """An outcome and a predictor that both have effects of two crossed sides, and nothing between them."""
    rng = np.random.default_rng(seed)
    sides = [np.repeat(np.arange(levels[0]), levels[1]), np.tile(np.arange(levels[1]), levels[0])]
    effects = [[rng.normal(size=count)[side] for count, side in zip(levels, sides, strict=True)] for _ in range(2)]
    x, y = (sum(parts) + 0.3 * rng.normal(size=len(sides[0])) for parts in effects)
    return pd.DataFrame({"s": [f"s{i}" for i in sides[0]], "t": [f"t{i}" for i in sides[1]], "x": x, "y": y})


def test_a_covariance_by_two_clusters_that_is_positive_stays():
    data = crossed(5, levels=(12, 14))
    fit = linear_model("y ~ x", data, clusters=["s", "t"])
    assert not any("not positive" in note for note in fit.notes)
    assert fit.covariance == pytest.approx(covariance(fit, data, ["s", "t"]), rel=1e-10)


def test_where_it_is_not_positive_fewer_true_nulls_are_rejected():
    """With eigenvalues set to zero these few levels rejected more than half of them."""
    fits = [linear_model("y ~ x", crossed(seed), clusters=["s", "t"]) for seed in range(400)]
    mended = [fit for fit in fits if any("not positive" in note for note in fit.notes)]
    assert len(mended) > 30
    assert np.mean([fit.outcome("x").p_value <= 0.05 for fit in mended]) < 0.3


@pytest.mark.parametrize(
    ("family", "outcome", "trials"), [("binomial", "share", "trials"), ("poisson", "trials", None)]
)
def test_generalised_linear_models_are_rs(family, outcome, trials):
    tidy = generalised_linear_model(f"{outcome} ~ group + distance", study(), family, trials=trials).tidy()
    for column in ("estimate", "std_error"):
        wanted = expected(family, column)
        assert tidy.set_index("term").loc[wanted.index, column].to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-6)


def test_errors_by_cluster_of_a_binomial_model_are_those_of_sandwich():
    fit = generalised_linear_model("share ~ group + distance", study(), trials="trials", clusters="language")
    wanted = expected("binomial", "cluster")
    found = fit.tidy().set_index("term").loc[wanted.index, "std_error"]
    assert found.to_numpy() == pytest.approx(wanted.to_numpy(), rel=1e-6)


def clustered(clusters=6, rows=5, seed=1):
    rng = np.random.default_rng(seed)
    g = np.repeat(np.arange(clusters), rows)
    x, z = rng.normal(size=clusters)[g] + rng.normal(size=len(g)), rng.normal(size=len(g))
    y = 0.5 * x + 0.3 * z + rng.normal(size=clusters)[g] + rng.normal(size=len(g))
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": [f"g{v}" for v in g]})


def t_of(data, name):
    groups = pd.factorize(data["g"])[0]
    found = smf.ols("y ~ x + z", data).fit(cov_type="cluster", cov_kwds={"groups": groups})
    return found.params[name] / found.bse[name]


def test_the_wild_bootstrap_is_that_of_refitting_every_sample():
    data = clustered()
    result = wild_cluster_bootstrap("y ~ x + z", data, "x", "g")
    held = smf.ols("y ~ z", data).fit()
    codes = pd.factorize(data["g"])[0]
    null = []
    for signs in product((1.0, -1.0), repeat=6):
        null.append(t_of(data.assign(y=held.fittedvalues + held.resid * np.array(signs)[codes]), "x"))
    assert null[0] == pytest.approx(t_of(data, "x"))
    assert result.p_value == pytest.approx(np.mean(np.abs(null) >= abs(null[0]) - 1e-9))
    assert result.attainable_p == pytest.approx(np.mean(np.abs(null) >= np.abs(null).max() - 1e-9))
    assert result.estimate == pytest.approx(smf.ols("y ~ x + z", data).fit().params["x"])
    assert (result.n, "all changes of sign" in result.null) == (6, True)


def test_the_wild_interval_holds_the_values_that_are_not_rejected():
    data = clustered(clusters=9)
    result = wild_cluster_bootstrap("y ~ x + z", data, "x", "g")
    assert result.low < result.estimate < result.high

    def p_of(value):
        moved = data.assign(y=data["y"] - value * data["x"])
        return wild_cluster_bootstrap("y ~ x + z", moved, "x", "g").p_value

    assert p_of(result.low + 1e-3) > 0.05 >= p_of(result.low - 1e-3)
    assert p_of(result.high - 1e-3) > 0.05 >= p_of(result.high + 1e-3)


def test_many_clusters_are_drawn_and_the_seed_decides():
    data = clustered(clusters=30)
    one = wild_cluster_bootstrap("y ~ x", data, "x", "g", replicates=499, seed=1)
    assert one == wild_cluster_bootstrap("y ~ x", data, "x", "g", replicates=499, seed=1)
    assert one.null == "499 random changes of sign of the clusters' residuals"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda d: linear_model("y ~ w", d), "names 'w', which is not a column"),
        (lambda d: linear_model("y ~ x", d.assign(x=1.0)), "x is 1 in every row"),
        (lambda d: linear_model("y ~ x", d.assign(y=2.0)), "y is 2 in every row"),
        (lambda d: linear_model("y ~ x", d.assign(x=d["x"].where(d["x"] > 0))), "x is missing in"),
        (lambda d: linear_model("y ~ x + z", d.head(3)), "3 rows are too few for 3 effects"),
        (lambda d: linear_model("y ~ x", d, clusters="h"), "clusters names 'h'"),
        (lambda d: linear_model("y ~ x", d[d["g"] < "g2"], clusters="g"), "g has 2 levels"),
        (lambda d: linear_model("y ~ x", d, clusters=("g", "g", "g")), "of one column or of two"),
        (lambda d: wild_cluster_bootstrap("y ~ x", d, "w", "g"), "no effect 'w'"),
        (lambda d: wild_cluster_bootstrap("y ~ x", d[d["g"] < "g4"], "x", "g"), "needs 5 at least"),
        (lambda d: generalised_linear_model("y ~ x", d), "a share between 0 and 1"),
        (
            lambda d: generalised_linear_model("w ~ x", d.assign(w=0.5 + 0.1 * (d["z"] > 0), n=0), trials="n"),
            "n is 0 in some row",
        ),
        (lambda d: generalised_linear_model("w ~ x", d.assign(w=d["z"] ** 2), "poisson", trials="z"), "there are none"),
        (lambda d: generalised_linear_model("y ~ x", d, "poisson"), "a Poisson outcome is a count"),
        (lambda d: generalised_linear_model("w ~ x", d.assign(w=(d["x"] > 0) * 1.0)), "complete separation: x tells w"),
        (
            lambda d: generalised_linear_model("w ~ x + z", d.assign(w=(d["x"] + d["z"] > 0) * 1.0)),
            r"together tell w \(nearly\) without error",
        ),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_fitted_is_said(call, message):
    with pytest.raises(InputError, match=message):
        call(clustered())
