"""Distances between the distributions of tasks' embeddings.

All are of the empirical distributions, so that a task is 0 away from itself; with few examples even two samples of one
task are some way apart, the more the fewer there are. Give each task as many examples.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist, pdist

from transfer_analysis.distances.embeddings.encoders import TextEncoder
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.tasks.gaussians import Gaussian
from transfer_analysis.distances.tasks.semantic import Texts, embedded, evenly, semantic_matrix

Floats = npt.NDArray[np.float64]

#: Random directions that the sliced distance is averaged over.
PROJECTIONS = 500

#: Examples at most whose distances a median is taken of.
_MEDIAN_OF = 3000

#: Entropic regularisation, as a share of the mean squared distance between the examples of two tasks.
REGULARISATION = 0.05

#: Iterations at most, and how far the marginals may then be off.
_ITERATIONS, _MARGIN = 5000, 1e-6


def mmd_distances(examples: Texts, encoder: TextEncoder) -> DistanceMatrix:
    """Return the maximum mean discrepancy with a Gaussian kernel (Gretton et al. 2012, eq. 5).

    The kernel's width is the median distance between the examples of all tasks, one for all pairs.

    Returns
    -------
    DistanceMatrix
        Symmetric, not negative: the root of the biased estimate of MMD², at most √2.
    """
    vectors = embedded(examples, encoder)
    width = _median(vectors)

    def kernel(one: Floats, other: Floats) -> float:
        return float(np.exp(-cdist(one, other, "sqeuclidean") / (2 * width**2)).mean())

    values = _from_means(vectors, kernel, sign=1)
    return semantic_matrix(values, "mmd", examples, encoder, width=width)


def energy_distances(examples: Texts, encoder: TextEncoder) -> DistanceMatrix:
    """Return the energy distance, √(2E|X−Y| − E|X−X′| − E|Y−Y′|) (Székely & Rizzo 2013).

    Returns
    -------
    DistanceMatrix
        Symmetric, not negative, in the units of the embeddings.
    """
    vectors = embedded(examples, encoder)
    values = _from_means(vectors, lambda one, other: float(cdist(one, other).mean()), sign=-1)
    return semantic_matrix(values, "energy", examples, encoder)


def frechet_distances(examples: Texts, encoder: TextEncoder) -> DistanceMatrix:
    """Return the 2-Wasserstein distance between Gaussians with the tasks' means and covariances (Dowson & Landau 1982).

    d² = |μ₁ − μ₂|² + tr C₁ + tr C₂ − 2 tr (C₁^½ C₂ C₁^½)^½. With fewer examples than dimensions the covariances are
    singular, which the formula allows (see `gaussians`).

    Returns
    -------
    DistanceMatrix
        Symmetric, not negative.

    Raises
    ------
    InputError
        For a task with fewer than two different texts.
    """
    vectors = embedded(examples, encoder, least=2)
    gaussians = {task: Gaussian.of(rows) for task, rows in vectors.items()}

    def distance(one: str, other: str) -> float:
        return float(np.sqrt(gaussians[one].squared_wasserstein(gaussians[other])))

    return semantic_matrix(_of_pairs(list(vectors), distance), "frechet", examples, encoder)


def sliced_wasserstein_distances(examples: Texts, encoder: TextEncoder, seed: int = 0) -> DistanceMatrix:
    """Return the sliced 2-Wasserstein distance (Bonneel et al. 2015) over the same random directions for all pairs.

    Returns
    -------
    DistanceMatrix
        Symmetric, not negative.
    """
    import ot

    vectors = embedded(examples, encoder)
    width = next(iter(vectors.values())).shape[1]
    directions = ot.sliced.get_random_projections(width, PROJECTIONS, seed)

    def distance(one: str, other: str) -> float:
        return float(ot.sliced_wasserstein_distance(vectors[one], vectors[other], projections=directions))

    values = _of_pairs(list(vectors), distance)
    return semantic_matrix(values, "sliced-wasserstein", examples, encoder, projections=PROJECTIONS, seed=seed)


def sinkhorn_distances(examples: Texts, encoder: TextEncoder) -> DistanceMatrix:
    """Return the root of the Sinkhorn divergence: entropic optimal transport without its bias (Feydy et al. 2019).

    S = W_ε(X, Y) − ½ W_ε(X, X) − ½ W_ε(Y, Y) with squared Euclidean costs, where W_ε is the whole objective: the cost of
    the plan and ε times its relative entropy to the product of the marginals. ε is `REGULARISATION` times the mean cost
    between the two tasks.

    Returns
    -------
    DistanceMatrix
        Symmetric, not negative. A pair for which the iteration does not converge has the unregularised distance, the
        limit for a small ε; how many did is in the parameters.
    """
    vectors = embedded(examples, encoder)
    exact: list[str] = []

    def distance(one: str, other: str) -> float:
        # In one order, so that the result does not depend on that of the tasks.
        first, second = sorted((one, other))
        x, y = vectors[first], vectors[second]
        strength = REGULARISATION * float(cdist(x, y, "sqeuclidean").mean())
        if strength == 0:
            return 0.0
        costs = [entropic_cost(a, b, strength) for a, b in ((x, y), (x, x), (y, y))]
        if None in costs:
            exact.append(f"{first} and {second}")
            return float(np.sqrt(_exact_cost(x, y)))
        both, alone, other_alone = (float(cost or 0.0) for cost in costs)
        return float(np.sqrt(max(0.0, both - (alone + other_alone) / 2)))

    values = _of_pairs(list(vectors), distance)
    strength = f"{REGULARISATION} of the mean cost of a pair"
    return semantic_matrix(values, "sinkhorn", examples, encoder, regularisation=strength, unregularised=exact)


def entropic_cost(one: Floats, other: Floats, strength: float) -> float | None:
    """Return min ⟨P, C⟩ + ε KL(P | a bᵀ) over couplings of two uniform samples, C squared Euclidean.

    At the optimum it is the mean of the dual potentials (Feydy et al. 2019, eq. 8). None where `_ITERATIONS` do not bring
    the marginals within `_MARGIN` of what they should be.
    """
    import ot

    cost = cdist(one, other, "sqeuclidean")
    a, b = np.full(len(one), 1 / len(one)), np.full(len(other), 1 / len(other))
    _, log = ot.bregman.sinkhorn_log(
        a, b, cost, strength, numItermax=_ITERATIONS, stopThr=_MARGIN, log=True, warn=False
    )
    if not log["err"] or log["err"][-1] > _MARGIN:
        return None
    # POT's potentials carry the entropy of the marginals: P = exp(log u + log v − C/ε) with P1 = a.
    return float(strength * (a @ (log["log_u"] - np.log(a)) + b @ (log["log_v"] - np.log(b))))


def _exact_cost(one: Floats, other: Floats) -> float:
    import ot

    a, b = np.full(len(one), 1 / len(one)), np.full(len(other), 1 / len(other))
    return float(ot.emd2(a, b, cdist(one, other, "sqeuclidean")))


def _median(vectors: dict[str, Floats]) -> float:
    """Return the median distance between different examples of all tasks, or some evenly taken where they are many."""
    every = np.unique(np.concatenate(list(vectors.values())), axis=0)
    chosen = every[evenly(len(every), _MEDIAN_OF)]
    return float(np.median(pdist(chosen))) if len(chosen) > 1 else 1.0


def _from_means(vectors: dict[str, Floats], mean: Callable[[Floats, Floats], float], sign: int) -> Floats:
    """Return √(sign · (m(X,X) + m(Y,Y) − 2 m(X,Y))) for all pairs."""
    alone = {task: mean(rows, rows) for task, rows in vectors.items()}

    def distance(one: str, other: str) -> float:
        squared = sign * (alone[one] + alone[other] - 2 * mean(vectors[one], vectors[other]))
        return float(np.sqrt(max(0.0, squared)))

    return _of_pairs(list(vectors), distance)


def _of_pairs(tasks: list[str], distance: Callable[[str, str], float]) -> Floats:
    values = np.zeros((len(tasks), len(tasks)))
    for i, one in enumerate(tasks):
        for j in range(i):
            values[i, j] = values[j, i] = distance(one, tasks[j])
    return values
