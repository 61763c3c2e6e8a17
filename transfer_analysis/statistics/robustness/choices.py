"""A declared choice of tasks placed among all choices of as many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import attainable_share, minimum_detectable, share, subsets, too_few

Array = npt.NDArray[np.float64]


def against_random_selection(
    values: Mapping[str, float],
    chosen: Sequence[str],
    *,
    name: str = "mean slope",
    criterion: str = "the most diverse",
    alternative: Alternative = "two-sided",
    permutations: int = 19_999,
    seed: int = 0,
) -> Outcome:
    """Return the mean of the chosen tasks' values beside those of all choices of as many tasks.

    Parameters
    ----------
    values
        Task → what it is judged by: its slope on language distance, its gain. One value per task, over the same languages,
        targets and seeds.
    chosen
        The k tasks that a criterion declared beforehand picks: the most diverse, the nearest.
    name, criterion
        What the mean is of, and by what they are chosen, for the outcome's text.
    permutations
        Random choices, where there are more than 20,000.

    Returns
    -------
    Outcome
        `random_selection` and `random_selection_spread` are mean and standard deviation over all choices. p is the share
        of choices as extreme, the declared one among them: at least 1 / C(n, k), which is the attainable minimum.
        Two-sided it counts choices as far from the mean of all.

    Raises
    ------
    InputError
        For tasks without a value or that are unknown, or where all tasks or none are chosen.

    Notes
    -----
    T(S) = (1/k) Σ_{i ∈ S} v_i over all C(n, k) sets S: a randomisation test (Fisher 1935). The criterion and k must be declared
    before values are seen. It asks whether the criterion picks better than chance *among these tasks*;
    it is no test over languages, which are the same for every choice.
    """
    tasks = list(values)
    unknown = [
        f"no task {task!r}{nearest(task, tasks)}; there are {', '.join(tasks)}" for task in chosen if task not in tasks
    ]
    missing = [f"{task} has no value" for task, value in values.items() if value is None or not np.isfinite(value)]
    if unknown or missing:
        raise InputError(unknown + missing)
    n, k = len(tasks), len(set(chosen))
    if k != len(chosen):
        raise InputError("a task is chosen twice")
    if not 0 < k < n:
        raise InputError(f"{k} of {n} tasks are chosen; there is no other choice to compare with")
    given = np.array([values[task] for task in tasks], dtype=float)
    if np.ptp(given) <= 1e-12 * max(1.0, float(np.abs(given).max())):
        raise InputError(f"all tasks have the same {name}; no choice differs from another")
    choices, exact = subsets(np.array([task in chosen for task in tasks]), permutations, seed)
    means = choices @ given / k
    centred = means - given.mean()
    attainable = attainable_share(centred, alternative)
    how = f"all {comb(n, k):,}" if exact else f"{len(means) - 1:,} random ones of {comb(n, k):,}"
    notes = too_few(attainable, 0.05, f"{comb(n, k)} choices")
    farthest = {"greater": centred.max(), "less": -centred.min(), "two-sided": np.abs(centred).max()}[alternative]
    return Outcome(
        statistic=f"{name} of {criterion} {k} of {n} tasks",
        estimate=float(means[0]),
        p_value=share(centred, float(centred[0]), alternative),
        alternative=alternative,
        null=f"{how} choices of {k} tasks",
        attainable_p=attainable,
        minimum_detectable=minimum_detectable(centred, alternative),
        attainable_effect=float(farthest),
        random_selection=float(given.mean()),
        random_selection_spread=float(np.sqrt(given.var(ddof=1) / k * (1 - k / n))),
        n=n,
        unit="tasks",
        method="a declared choice among all choices of as many tasks",
        assumptions=("under the null the criterion has nothing to do with the values",),
        warnings=tuple(notes),
    )
