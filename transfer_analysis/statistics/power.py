"""Power by simulation: how large a study does an effect need?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.association import association
from transfer_analysis.statistics.languages import phylogenetic_regression, relatedness
from transfer_analysis.statistics.mixed import mixed_model
from transfer_analysis.statistics.permutation import separate_relabelings
from transfer_analysis.statistics.selection import AverageRank, selection
from transfer_analysis.statistics.simulate import Drawn, Planted, draw

#: What is reported of a table: (share done, words).
Report = Callable[[str, float], None]

#: Relabelings and simulations behind each p-value; more would not change whether it is below 5% but rarely.
_COUNT = 199

#: Dimensions of a study, and how a planted model is given each.
SIZES = ("conditions", "targets", "languages", "seeds")

#: Shares of the families of thirty of XTREME's languages: one large, a few of several, many alone.
_FAMILIES = np.array([8, 5, 4, 3, 2, 2, 1, 1, 1, 1, 1, 1]) / 30


def task_association(drawn: Drawn, seed: int) -> float:
    """Return the p-value of the association of the task distance with the cells' gains, towards lower gains."""
    cells = drawn.cells()
    relabelings = separate_relabelings(*cells.shape, count=_COUNT, seed=seed)
    found = association(drawn.task_distance, cells, relabelings, method="spearman", alternative="less").p_value
    return _p(found)


def task_selection(drawn: Drawn, seed: int) -> float:
    """Return the p-value of the rank of the nearest intermediate task, better than random."""
    cells = drawn.cells()
    relabelings = separate_relabelings(*cells.shape, count=_COUNT, seed=seed)
    return _p(selection(drawn.task_distance, cells, relabelings, AverageRank()).p_value)


def language_slope(drawn: Drawn, seed: int) -> float:
    """Return the p-value of the slope of baseline scores on the language distance, over related languages, downwards."""
    lineages = [(f"f{family}", f"l{i}") for i, family in enumerate(drawn.family)]
    scores = drawn.baselines.mean(axis=(0, 2))
    found = phylogenetic_regression(
        scores,
        drawn.language_distance,
        relatedness(lineages),
        alternative="less",
        simulations=_COUNT,
        seed=seed,
    )
    return _p(found.p_value)


def interaction(drawn: Drawn, seed: int) -> float:
    """Return the two-sided p-value of task distance × language distance in a mixed model of gains."""
    del seed  # nothing is drawn here
    if drawn.planted.conditions < 3:
        raise InputError("too few intermediate tasks for an effect of their distance; three are needed at least")
    frame = drawn.frame()
    frame["run"] = frame["condition"] + ":" + frame["target"] + ":" + frame["seed"].astype(str)
    several = drawn.planted.seeds > 1
    fit = mixed_model(
        "gain ~ task_distance * language_distance",
        frame,
        ["condition:target", "target:language", "language", *(["run"] if several else [])],
        {"condition:target": "language_distance"},
    )
    p = fit.outcome("task_distance:language_distance").p_value
    return 1.0 if p is None else p


@dataclass(frozen=True)
class Question:
    """A question that power can be asked for.

    Attributes
    ----------
    test
        p-value of a drawn table.
    coefficient
        What is planted.
    sizes
        Sizes of a study that its test depends on.
    negative
        Whether the test is one-sided, towards lower scores at greater distance.
    """

    test: Callable[[Drawn, int], float]
    coefficient: str
    sizes: tuple[str, ...] = SIZES
    negative: bool = True


#: Name → question. The slope over languages is that of scores without an intermediate task.
QUESTIONS = {
    "task-association": Question(task_association, "task_distance"),
    "task-selection": Question(task_selection, "task_distance"),
    "language-slope": Question(language_slope, "language_distance", ("targets", "languages", "seeds")),
    "interaction": Question(interaction, "interaction", negative=False),
}


def power_grid(
    question: str,
    effect: float,
    sizes: Mapping[str, Sequence[int]],
    *,
    planted: Planted | None = None,
    alpha: float = 0.05,
    replications: int = 400,
    seed: int = 0,
    report: Report | None = None,
) -> pd.DataFrame:
    """Return the power of a test for every combination of sizes of a study.

    Parameters
    ----------
    question
        `task-association`, `task-selection`, `language-slope` or `interaction`.
    effect
        The planted coefficient, in points per standard deviation of the distance (of both, for the interaction). The first
        three tests are one-sided, towards lower scores at greater distance, so that an effect is negative.
    sizes
        `conditions`, `targets`, `languages`, `seeds` → numbers to try; those not named are as in `planted`.
    planted
        The model that tables are drawn from: standard deviations of its random effects above all.
    replications
        Tables drawn for each combination; with 400 the standard error of a power of 80% is 2 points.

    Returns
    -------
    DataFrame
        One row per combination: `conditions, targets, languages, seeds, power, low, high` (Wilson's 95% interval of the share),
        `replications`.

    Raises
    ------
    InputError
        For an unknown question or size, sizes too small for the test, or numbers that are no numbers of things.

    Notes
    -----
    Power is the share of replications with p ≤ α, each a whole study drawn from `Planted` (Monte Carlo, as in Gelman &
    Hill 2007, ch. 20). It is that of studies whose variances are as planted: give those of a pilot. Not to be computed
    from the effect that a study has found.
    """
    if question not in QUESTIONS:
        raise InputError(f"no question {question!r}{nearest(question, QUESTIONS)}; there are {', '.join(QUESTIONS)}")
    unknown = [
        f"no size {name!r}{nearest(name, SIZES)}; there are {', '.join(SIZES)}" for name in sizes if name not in SIZES
    ]
    asked = QUESTIONS[question]
    problems = unknown + _misfits(asked, question, effect, sizes, replications)
    if problems:
        raise InputError(problems)
    test = asked.test
    changed: dict[str, Any] = {asked.coefficient: effect}
    base = replace(planted or Planted(), **changed)
    models = [_sized(base, dict(zip(sizes, choice, strict=True))) for choice in product(*sizes.values())]
    for model in models:
        _try(test, model, seed)
    rows = []
    for number, model in enumerate(models):
        seeds = np.random.SeedSequence([seed, number]).generate_state(replications)
        rejected = 0
        for done, one in enumerate(seeds):
            rejected += test(draw(model, int(one)), int(one)) <= alpha
            if report is not None and done % 20 == 0:
                words = f"power: {model.conditions} × {model.targets} × {sum(model.families)} × {model.seeds}"
                report(words, (number + done / replications) / len(models))
        interval = binomtest(rejected, replications).proportion_ci(method="wilson")
        rows.append(
            {
                "conditions": model.conditions,
                "targets": model.targets,
                "languages": sum(model.families),
                "seeds": model.seeds,
                "power": rejected / replications,
                "low": float(interval.low),
                "high": float(interval.high),
                "replications": replications,
            }
        )
    return pd.DataFrame(rows)


def _misfits(
    asked: Question, question: str, effect: float, sizes: Mapping[str, Sequence[int]], replications: int
) -> list[str]:
    """Say what cannot be asked."""
    problems = [
        f"{name}: {n!r} is not a whole number above zero" for name, ns in sizes.items() for n in ns if not _is_count(n)
    ]
    problems += [f"{name}: no number is given" for name, ns in sizes.items() if not len(ns)]
    problems += [
        f"{question} does not depend on the number of {name}"
        for name in sizes
        if name in SIZES and name not in asked.sizes
    ]
    if not np.isfinite(effect):
        problems.append(f"effect {effect}: expected a number of points")
    elif asked.negative and effect > 0:
        problems.append(
            f"effect {effect:g}: {question} is tested towards lower scores at greater distance; give a negative effect"
        )
    if replications < 1:
        problems.append(f"replications {replications}: expected how many studies are drawn")
    return problems


def _is_count(n: object) -> bool:
    return isinstance(n, int | np.integer) and bool(n >= 1)


def _try(test: Callable[[Drawn, int], float], model: Planted, seed: int) -> None:
    """Run a test once, so that what it cannot do is said before an hour of it."""
    try:
        test(draw(model, seed), seed)
    except InputError as error:
        sizes = f"{model.conditions} intermediate tasks × {model.targets} targets × {sum(model.families)} languages"
        raise InputError([f"{sizes} × {model.seeds} seeds: {problem}" for problem in error.problems]) from error


def families_of(languages: int) -> tuple[int, ...]:
    """Return sizes of families for a number of languages, in the proportions of XTREME's: half in a few, half alone."""
    exact = _FAMILIES * languages
    sizes: npt.NDArray[np.int64] = np.floor(exact).astype(np.int64)
    short = languages - int(sizes.sum())
    sizes[np.argsort(sizes - exact, kind="stable")[:short]] += 1
    return tuple(int(size) for size in sizes if size)


def _sized(base: Planted, sizes: Mapping[str, int]) -> Planted:
    given: dict[str, Any] = dict(sizes)
    if "languages" in given:
        return replace(base, families=families_of(given.pop("languages")), **given)
    return replace(base, **given)


def _p(value: float | None) -> float:
    assert value is not None
    return value
