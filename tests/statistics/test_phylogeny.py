"""Regression over related languages, against statsmodels and an independent likelihood."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize_scalar
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import grafen_covariance, phylogenetic_regression, relatedness

LINEAGES = [("F", "A", "a"), ("F", "A", "b"), ("F", "B", "c"), ("G", "d"), ("H", "e"), ("G", "C", "f")]


def test_grafen_by_hand():
    """Six languages: the node above a and b has height 1/5, that above a, b and c 2/5, that above d and f 1/5."""
    covariance = grafen_covariance(LINEAGES)
    assert covariance[0, 1] == pytest.approx(1 - 1 / 5)
    assert covariance[0, 2] == covariance[1, 2] == pytest.approx(1 - 2 / 5)
    assert covariance[3, 5] == pytest.approx(1 - 1 / 5)
    assert covariance[0, 3] == covariance[0, 4] == 0
    assert np.diag(covariance).tolist() == [1] * 6
    assert np.linalg.eigvalsh(covariance).min() > 0


def family_covariance(families, size):
    return grafen_covariance([(f"F{f}", f"l{f}-{i}") for f in range(families) for i in range(size)])


def test_estimate_error_and_lambda_agree_with_independent_fits():
    rng = np.random.default_rng(3)
    covariance = family_covariance(6, 6)
    root = np.linalg.cholesky(0.7 * covariance + 0.3 * np.eye(36))
    x = root @ rng.normal(size=36)
    y = 2 * x + 5 + root @ rng.normal(size=36)
    result = phylogenetic_regression(y, x, [covariance], simulations=99)
    lam = float(result.method.split("REML; ")[1].split("%")[0]) / 100
    design = sm.add_constant(x, prepend=False)
    fit = sm.GLS(y, design, sigma=lam * covariance + (1 - lam) * np.eye(36)).fit()
    assert result.estimate == pytest.approx(fit.params[0], rel=1e-9)

    def minus_reml(value):
        v = value * covariance + (1 - value) * np.eye(36)
        inverse = np.linalg.inv(v)
        information = design.T @ inverse @ design
        beta = np.linalg.solve(information, design.T @ inverse @ y)
        residual = y - design @ beta
        sigma2 = residual @ inverse @ residual / 34
        return 0.5 * (34 * np.log(sigma2) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1])

    best = minimize_scalar(minus_reml, bounds=(0, 1), method="bounded").x
    assert abs(lam - best) <= 0.011  # λ is sought on a grid of steps of 0.02
    # The interval is symmetric and its half-width is the simulated quantile times statsmodels' standard error.
    half = (result.high - result.low) / 2
    assert result.estimate == pytest.approx((result.high + result.low) / 2)
    assert 1.5 < half / fit.bse[0] < 3.5


def test_without_relatedness_it_is_ordinary_least_squares():
    rng = np.random.default_rng(4)
    x = rng.normal(size=30)
    y = 0.4 * x + rng.normal(size=30)
    result = phylogenetic_regression(y, x, [np.eye(30)], simulations=1999)
    fit = sm.OLS(y, sm.add_constant(x, prepend=False)).fit()
    assert result.estimate == pytest.approx(fit.params[0])
    assert result.p_value == pytest.approx(fit.pvalues[0], abs=0.03)
    assert result.low == pytest.approx(fit.conf_int()[0][0], abs=0.08)


def test_covariates_are_adjusted_for():
    rng = np.random.default_rng(5)
    z = rng.normal(size=40)
    x = z + 0.3 * rng.normal(size=40)
    y = 3 * z + 0.1 * rng.normal(size=40)
    assert phylogenetic_regression(y, x, [np.eye(40)], simulations=199).p_value <= 0.01
    adjusted = phylogenetic_regression(y, x, [np.eye(40)], covariates=z[:, None], simulations=199)
    assert abs(adjusted.estimate) < 0.3


def test_same_seed_same_result_and_directions():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 20))
    one, same = (phylogenetic_regression(y, x, [np.eye(20)], seed=1, simulations=199) for _ in range(2))
    assert one == same
    low = phylogenetic_regression(x, x + 0.1 * y, [np.eye(20)], alternative="less", simulations=199)
    high = phylogenetic_regression(x, x + 0.1 * y, [np.eye(20)], alternative="greater", simulations=199)
    assert low.p_value > 0.9
    assert high.p_value == pytest.approx(1 / 200)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones(8), np.arange(8.0), "distance is the same for all 8 languages"),
        (np.arange(8.0), np.ones(8), "outcome is the same for all 8 languages"),
        (np.arange(3.0), np.arange(3.0), "3 languages are too few"),
    ],
)
def test_what_cannot_be_fitted_is_an_error(x, y, message):
    with pytest.raises(InputError, match=message):
        phylogenetic_regression(y, x, [np.eye(len(x))])


def test_collinear_covariates_are_an_error():
    x = np.arange(8.0)
    with pytest.raises(InputError, match="linear function of the covariates"):
        phylogenetic_regression(np.sin(x), x, [np.eye(8)], covariates=2 * x[:, None] + 1)


def test_two_components_agree_with_an_independent_search():
    """The weights chosen are those of the highest restricted likelihood on the grid, computed densely."""
    rng = np.random.default_rng(8)
    lineages = (
        [("F", f"b{i // 4}", f"f{i}") for i in range(12)]
        + [("G", f"g{i}") for i in range(6)]
        + [(f"S{i}",) for i in range(6)]
    )
    family, tree = relatedness(lineages)
    assert family[0, 11] == 1
    assert family[0, 12] == 0
    root = np.linalg.cholesky(0.5 * family + 0.3 * tree + 0.2 * np.eye(24))
    x, y = root @ rng.normal(size=24), root @ rng.normal(size=24)
    result = phylogenetic_regression(y, x, (family, tree), simulations=99)
    design = sm.add_constant(x, prepend=False)

    def reml(a, b):
        fit = sm.GLS(y, design, sigma=a * family + b * tree + (1 - a - b) * np.eye(24)).fit()
        v = a * family + b * tree + (1 - a - b) * np.eye(24)
        inverse = np.linalg.inv(v)
        residual = y - design @ fit.params
        sigma2 = residual @ inverse @ residual / 22
        value = -0.5 * (
            22 * np.log(sigma2) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(design.T @ inverse @ design)[1]
        )
        return value, fit.params[0]

    grid = [(i / 10, j / 10) for i in range(11) for j in range(11 - i)]
    grid = [(a, b) if a + b < 1 else (0.98 * a, 0.98 * b) for a, b in grid]
    assert result.estimate == pytest.approx(max(reml(a, b) for a, b in grid)[1])


def test_missing_values_and_too_many_covariates_are_errors_not_small_p_values():
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=(2, 8))
    with pytest.raises(InputError, match="is missing for some language"):
        phylogenetic_regression(np.where(np.arange(8) == 0, np.nan, y), x, [np.eye(8)])
    with pytest.raises(InputError, match="is missing for some language"):
        phylogenetic_regression(y, x, [np.eye(8)], covariates=np.full((8, 1), np.nan))
    with pytest.raises(InputError, match="8 languages are too few.*10 are needed"):
        phylogenetic_regression(y, x, [np.eye(8)], covariates=rng.normal(size=(8, 6)))


def test_an_exact_relation_is_no_trouble():
    x = np.arange(10.0)
    result = phylogenetic_regression(2 * x, x, [np.eye(10)], simulations=99)
    assert result.estimate == pytest.approx(2)
    assert result.p_value == pytest.approx(0.01)
