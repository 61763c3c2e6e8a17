from __future__ import annotations

import numpy as np
import ot
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import energy_distance
from transfer_analysis.distances.tasks import distributions, otdd
from transfer_analysis.distances.tasks.distributions import entropic_cost
from transfer_analysis.distances.tasks.examples import TaskExamples
from transfer_analysis.errors import InputError


class Given:
    """An encoder of texts that are their own vectors."""

    def encode(self, texts):
        return np.array([[float(v) for v in text.split(",")] for text in texts])

    def provenance(self):
        return {"encoder": "given"}


def texts(rows):
    return [",".join(map(repr, map(float, row))) for row in np.atleast_2d(rows)]


def two(rng, width=4, n=30, m=25):
    return rng.normal(size=(n, width)), rng.normal(size=(m, width)) * 1.3 + 0.7


def value(compute, x, y):
    matrix = compute({"x": texts(x), "y": texts(y)}, Given())
    assert matrix.values.loc["x", "y"] == matrix.values.loc["y", "x"]
    assert np.diag(matrix.values).tolist() == [0, 0]
    return matrix.values.loc["x", "y"]


def test_mmd_by_its_definition():
    x, y = two(np.random.default_rng(0))
    every = np.vstack([x, y])
    width = np.median([np.linalg.norm(every[i] - every[j]) for i in range(len(every)) for j in range(i)])

    def kernel(a, b):
        return np.mean([np.exp(-np.sum((p - q) ** 2) / (2 * width**2)) for p in a for q in b])

    assert value(distributions.mmd_distances, x, y) == pytest.approx(
        np.sqrt(kernel(x, x) + kernel(y, y) - 2 * kernel(x, y))
    )


def test_energy_agrees_with_scipy_on_a_line():
    x, y = two(np.random.default_rng(1), width=1)
    assert value(distributions.energy_distances, x, y) == pytest.approx(energy_distance(x[:, 0], y[:, 0]))


@pytest.mark.parametrize("width", [3, 60])
def test_frechet_is_the_formula_with_matrix_roots(width):
    """Wider than there are examples the covariances are singular; POT's own formula has no root of them then."""
    x, y = two(np.random.default_rng(2), width=width)
    one, other = np.cov(x.T), np.cov(y.T)
    root = np.real(sqrtm(one @ other + 1e-10 * np.eye(width)))
    wanted = np.sqrt(((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum() + np.trace(one + other - 2 * root))
    got = value(distributions.frechet_distances, x, y)
    assert got == pytest.approx(wanted, rel=1e-4)
    if width == 3:
        assert got == pytest.approx(float(ot.gaussian.bures_wasserstein_distance(x.mean(0), y.mean(0), one, other)))


def test_frechet_of_normals_on_a_line_is_the_closed_form():
    x, y = two(np.random.default_rng(3), width=1)
    wanted = np.hypot(x.mean() - y.mean(), x.std(ddof=1) - y.std(ddof=1))
    assert value(distributions.frechet_distances, x, y) == pytest.approx(wanted)


def test_sliced_distance_on_a_line_is_the_wasserstein_distance():
    x, y = two(np.random.default_rng(4), width=1, n=20, m=20)
    wanted = np.sqrt(np.mean((np.sort(x[:, 0]) - np.sort(y[:, 0])) ** 2))
    assert value(distributions.sliced_wasserstein_distances, x, y) == pytest.approx(wanted)


def test_sliced_distance_is_the_same_for_the_same_seed():
    x, y = two(np.random.default_rng(5))
    one, again = (value(distributions.sliced_wasserstein_distances, x, y) for _ in range(2))
    other = distributions.sliced_wasserstein_distances({"x": texts(x), "y": texts(y)}, Given(), seed=1)
    assert one == again != other.values.loc["x", "y"]


def test_entropic_cost_is_the_whole_objective():
    x, y = two(np.random.default_rng(6), width=2)
    cost = cdist(x, y, "sqeuclidean")
    a, b = np.full(30, 1 / 30), np.full(25, 1 / 25)
    plan = ot.sinkhorn(a, b, cost, 0.8, method="sinkhorn_log", stopThr=1e-12, numItermax=20000)
    objective = (plan * cost).sum() + 0.8 * (plan * np.log(plan / np.outer(a, b))).sum()
    assert entropic_cost(x, y, 0.8) == pytest.approx(objective, rel=1e-6)


def test_sinkhorn_divergence_tends_to_optimal_transport(monkeypatch):
    monkeypatch.setattr(distributions, "REGULARISATION", 5e-3)
    monkeypatch.setattr(distributions, "_ITERATIONS", 100_000)
    x, y = two(np.random.default_rng(7), width=2)
    least = ot.emd2(np.full(30, 1 / 30), np.full(25, 1 / 25), cdist(x, y, "sqeuclidean"))
    assert value(distributions.sinkhorn_distances, x, y) == pytest.approx(np.sqrt(least), rel=0.02)


def test_sinkhorn_divergence_has_no_bias_of_one_sample():
    x, _ = two(np.random.default_rng(8))
    assert value(distributions.sinkhorn_distances, x, x) == pytest.approx(0, abs=1e-3)


def test_sinkhorn_divergence_of_near_duplicates_converges_and_does_not_depend_on_the_order():
    rng = np.random.default_rng(0)
    x = np.vstack([1e-4 * rng.normal(size=(60, 3)), rng.normal(size=(20, 3))])
    y = np.vstack([5 + 1e-4 * rng.normal(size=(60, 3)), rng.normal(size=(20, 3))])
    least = ot.emd2(np.full(80, 1 / 80), np.full(80, 1 / 80), cdist(x, y, "sqeuclidean"))
    one = distributions.sinkhorn_distances({"x": texts(x), "y": texts(y)}, Given()).values.loc["x", "y"]
    other = distributions.sinkhorn_distances({"y": texts(y), "x": texts(x)}, Given()).values.loc["x", "y"]
    assert one == other == pytest.approx(np.sqrt(least), rel=0.03)


def test_a_pair_that_does_not_converge_is_solved_exactly_and_said(monkeypatch):
    monkeypatch.setattr(distributions, "_ITERATIONS", 1)
    x, y = two(np.random.default_rng(9), width=2)
    matrix = distributions.sinkhorn_distances({"x": texts(x), "y": texts(y)}, Given())
    least = ot.emd2(np.full(30, 1 / 30), np.full(25, 1 / 25), cdist(x, y, "sqeuclidean"))
    assert matrix.values.loc["x", "y"] == pytest.approx(np.sqrt(least))
    assert matrix.parameters["unregularised"] == ["x and y"]


@pytest.mark.parametrize(
    "compute",
    [
        distributions.mmd_distances,
        distributions.energy_distances,
        distributions.frechet_distances,
        distributions.sliced_wasserstein_distances,
        distributions.sinkhorn_distances,
    ],
)
def test_what_is_no_number_is_no_distance(compute):
    with pytest.raises(InputError, match="embeddings of y that are NaN or infinite"):
        compute({"x": texts([[0, 1], [1, 0]]), "y": ["nan,1", "0,1"]}, Given())


def test_duplicates_do_not_decide_the_width_of_the_kernel():
    x = [[0.0, 0.0]] * 30 + [[0.0, 1.0]]
    matrix = distributions.mmd_distances({"x": texts(x), "y": texts([[3.0, 0.0], [3.0, 1.0]])}, Given())
    every = np.array([[0, 0], [0, 1], [3, 0], [3, 1]], dtype=float)
    assert matrix.parameters["width"] == pytest.approx(
        np.median([np.linalg.norm(every[i] - every[j]) for i in range(4) for j in range(i)])
    )


def test_one_example_has_no_covariance():
    with pytest.raises(InputError, match=r"too few different texts of y \(1\): this distance needs at least 2"):
        distributions.frechet_distances({"x": texts([[0, 1], [1, 0]]), "y": texts([[1, 1], [1, 1]])}, Given())
    # The others are of the one point.
    assert value(distributions.energy_distances, [[0.0, 0.0]], [[3.0, 4.0]]) == pytest.approx(np.sqrt(2 * 5))


def labelled(name, rows, labels):
    return TaskExamples(name, texts(rows), labels)


def test_label_aware_distance_by_hand():
    """Points on a line; classes of one task lie about 0 and 10, those of the other the other way round."""
    x = labelled("x", [[-1], [1], [9], [11]], ["a", "a", "b", "b"])
    same = labelled("same", [[-1], [1], [9], [11]], ["q", "q", "p", "p"])
    mixed = labelled("mixed", [[-1], [1], [9], [11]], ["q", "p", "q", "p"])
    matrix = otdd.label_aware_distances({"x": x, "same": same, "mixed": mixed}, Given())
    assert matrix.values.loc["x", "same"] == pytest.approx(0)
    # Classes of `mixed` are about 4 and 6, with variance 50; those of x about 0 and 10, with variance 2.
    spread = (np.sqrt(50) - np.sqrt(2)) ** 2
    near, far = 4**2 + spread, 6**2 + spread
    cost = np.array(
        [
            [(p - q) ** 2 + (near if (p < 5) == (k % 2 == 0) else far) for k, q in enumerate([-1, 1, 9, 11])]
            for p in [-1, 1, 9, 11]
        ]
    )
    wanted = np.sqrt(ot.emd2(np.full(4, 0.25), np.full(4, 0.25), cost))
    assert matrix.values.loc["x", "mixed"] == pytest.approx(wanted)
    assert matrix.parameters["classes"]["x"] == ["a", "b"]


def test_label_aware_distance_names_what_lacks_classes():
    fine = labelled("fine", [[0], [1], [2], [3]], ["a", "a", "b", "b"])
    none = labelled("none", [[0], [1]], [0.5, 0.25])
    few = labelled("few", [[0], [1], [2], [3], [4]], ["a", "a", "a", "a", "b"])
    with pytest.raises(InputError) as raised:
        otdd.label_aware_distances({"fine": fine, "none": none, "few": few}, Given())
    assert "none: its examples have no classes" in str(raised.value)
    assert "few: 1 of 2 classes have fewer than 2 different examples (b)" in str(raised.value)
