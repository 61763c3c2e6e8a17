from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal, spearmanr
from transfer_analysis.distances.models.logme import factorised, log_evidence, logme_of_classes, logme_of_numbers
from transfer_analysis.distances.models.representations import linear_cka, representational_similarity
from transfer_analysis.distances.models.transferability import h_score, leep, negative_conditional_entropy
from transfer_analysis.errors import InputError, UnsuitedError


def dense_evidence(states, y):
    """The maximum over α and β of log N(y; 0, I/β + FFᵀ/α) / n, by a general optimiser on the dense covariance."""
    n = len(y)

    def negative(logs):
        alpha, beta = np.exp(logs)
        covariance = np.eye(n) / beta + states @ states.T / alpha
        return -multivariate_normal(np.zeros(n), covariance, allow_singular=False).logpdf(y) / n

    found = [
        minimize(negative, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-12, "maxiter": 4000})
        for start in ([0, 0], [2, 2], [-2, 2])
    ]
    return -min(one.fun for one in found)


def states_of(kind, rng):
    if kind == "many units":
        return rng.normal(size=(60, 8))
    if kind == "fewer units than the states are wide":
        return rng.normal(size=(25, 40))
    base = rng.normal(size=(60, 5))  # some columns are combinations of others
    return np.hstack([base, base @ rng.normal(size=(5, 7))])


@pytest.mark.parametrize("kind", ["many units", "fewer units than the states are wide", "rank deficient"])
def test_logme_is_the_greatest_dense_evidence(kind):
    rng = np.random.default_rng(3)
    states = states_of(kind, rng)
    y = states @ rng.normal(size=states.shape[1]) * 0.3 + rng.normal(size=len(states))
    labels = (y > np.median(y)).astype(np.int64) + (y > np.quantile(y, 0.8))
    fast = factorised(states)
    assert logme_of_numbers(fast, y) == pytest.approx(dense_evidence(states, y), abs=2e-6)
    columns = np.eye(3)[labels]
    wanted = np.mean([dense_evidence(states, columns[:, k]) for k in range(3)])
    assert logme_of_classes(fast, labels) == pytest.approx(wanted, abs=2e-6)
    # Columns are maximised together as they are alone.
    alone = [log_evidence(fast, columns[:, [k]])[0] for k in range(3)]
    np.testing.assert_allclose(log_evidence(fast, columns), alone, atol=1e-5)


def test_logme_prefers_states_that_tell_the_labels():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, size=200)
    told = rng.normal(size=(200, 10)) + 3 * rng.normal(size=(3, 10))[labels]
    assert logme_of_classes(factorised(told), labels) > logme_of_classes(factorised(rng.normal(size=(200, 10))), labels)


def test_logme_does_not_change_with_states_that_repeat():
    """A column that repeats others adds nothing but the prior's scale, which is fitted; d does not enter by itself."""
    rng = np.random.default_rng(1)
    states = rng.normal(size=(50, 6))
    y = states[:, 0] + rng.normal(size=50)
    twice = np.hstack([states, states])
    assert logme_of_numbers(factorised(twice), y) == pytest.approx(logme_of_numbers(factorised(states), y), abs=1e-6)


def test_logme_refuses_what_it_cannot_score():
    fine = factorised(np.random.default_rng(0).normal(size=(5, 3)))
    with pytest.raises(InputError, match="of one class"):
        logme_of_classes(fine, np.zeros(5, dtype=np.int64))
    with pytest.raises(InputError, match="same number"):
        logme_of_numbers(fine, np.ones(5))
    with pytest.raises(InputError, match="all states are zero"):
        factorised(np.zeros((5, 3)))
    with pytest.raises(InputError, match="NaN or infinite"):
        factorised(np.full((5, 3), np.nan))


def test_a_perfect_fit_stays_a_number():
    rng = np.random.default_rng(2)
    states = rng.normal(size=(10, 30))
    assert np.isfinite(logme_of_classes(factorised(states), np.arange(10) % 2))


def test_leep_by_its_definition():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), size=30)
    labels = rng.integers(0, 3, size=30)
    joint = np.zeros((3, 4))
    for row, y in zip(probabilities, labels, strict=True):
        for z in range(4):
            joint[y, z] += row[z] / 30
    total = 0.0
    for row, y in zip(probabilities, labels, strict=True):
        total += np.log(sum(joint[y, z] / joint[:, z].sum() * row[z] for z in range(4)))
    assert leep(probabilities, labels) == pytest.approx(total / 30)
    # A source whose classes are the target's, said with certainty, is as good as can be.
    assert leep(np.eye(3)[labels], labels) == pytest.approx(0)


def test_nce_by_its_definition():
    source, target = np.array([0, 0, 0, 1, 1, 1, 1, 2]), np.array([5, 5, 7, 7, 7, 7, 5, 9])
    wanted = 0.0
    for z in set(source):
        rows = target[source == z]
        shares = np.array([(rows == y).mean() for y in set(rows)])
        wanted += len(rows) / len(target) * (shares * np.log(shares)).sum()
    assert negative_conditional_entropy(source, target) == pytest.approx(wanted)
    assert negative_conditional_entropy(target, target) == 0


def test_h_score_by_its_definition():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, size=80)
    states = rng.normal(size=(80, 6)) + rng.normal(size=(3, 6))[labels]
    states = np.hstack([states, states[:, :2]])  # without full rank
    means = np.stack([states[labels == y].mean(axis=0) for y in range(3)])[labels]
    wanted = np.trace(np.linalg.pinv(np.cov(states.T, bias=True), rcond=1e-10) @ np.cov(means.T, bias=True))
    assert h_score(states, labels) == pytest.approx(wanted)
    assert 0 < h_score(states, labels) < 2


def test_scores_refuse_what_they_cannot_tell():
    rng = np.random.default_rng(0)
    states, one_class = rng.normal(size=(30, 5)), np.zeros(30, dtype=np.int64)
    labels = np.arange(30) % 2
    for call in (
        lambda: h_score(states, one_class),
        lambda: leep(np.full((30, 2), 0.5), one_class),
        lambda: negative_conditional_entropy(labels, one_class),
    ):
        with pytest.raises(UnsuitedError, match="of one class"):
            call()
    with pytest.raises(UnsuitedError, match="30 units are not more than the width of the states .40.*--count 41"):
        h_score(rng.normal(size=(30, 40)), labels)
    with pytest.raises(InputError, match="all states are the same"):
        h_score(np.full((30, 5), 0.3), labels)
    # A class that the source never thinks likely adds nothing.
    sure = np.zeros((30, 3))
    sure[np.arange(30), labels] = 1
    assert leep(sure, labels) == pytest.approx(0)


def test_logme_ends_at_the_maximum_it_has_reached():
    rng = np.random.default_rng(5)
    for _ in range(40):
        states = factorised(rng.normal(size=(40, rng.integers(2, 60))))
        y = rng.normal(size=(40, 3))
        fine = np.logspace(-12, 12, 20001) * states.squares.max()
        projected = (states.left.T @ y) ** 2
        outside = np.maximum((y**2).sum(axis=0) - projected.sum(axis=0), 0)
        w = fine[:, None] / (fine[:, None] + states.squares)
        grid = (
            -(np.log(2 * np.pi) + 1 + np.log((w @ projected + outside) / 40)) / 2 + np.log(w).sum(axis=1)[:, None] / 80
        )
        assert (log_evidence(states, y) >= grid.max(axis=0) - 1e-10).all()


def test_cka_by_its_definition():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 5)), rng.normal(size=(20, 9))
    centring = np.eye(20) - 1 / 20

    def hsic(a, b):
        return np.trace(a @ a.T @ centring @ b @ b.T @ centring)

    assert linear_cka(x, y) == pytest.approx(hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y)))
    turned = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    assert linear_cka(x, 3 * x @ turned + 1) == pytest.approx(1)


def test_representational_similarity_by_its_definition():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 6)), rng.normal(size=(12, 6))
    pairs = [(i, j) for i in range(12) for j in range(i)]
    a, b = ([1 - np.corrcoef(s[i], s[j])[0, 1] for i, j in pairs] for s in (x, y))
    assert representational_similarity(x, y) == pytest.approx(spearmanr(a, b).statistic)
    assert representational_similarity(x, 2 * x + 1) == pytest.approx(1)
