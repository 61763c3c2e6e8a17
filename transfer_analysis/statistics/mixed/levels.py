"""At which level a predictor varies, and whether the model has a random term there."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import f as f_distribution

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.mixed.design import Design

#: Share of a predictor's variance between the levels of a grouping, beyond what chance gives, that is worth a remark.
_CLUSTERED = 0.1

#: p-value of that share's F above which it may be chance.
_CHANCE = 0.01

#: Columns whose combinations are looked at, at most together: a cell is of two.
_TOGETHER = 3


def require_own_levels(given: Design, data: pd.DataFrame) -> None:
    """Refuse a model without a random intercept at the level of a predictor.

    A predictor that is the same in all rows of a language varies over languages, and its error is that of languages; without a
    random intercept for them, rows of one language would count as independent evidence. A factor (a group of tasks) varies over
    what it is a property of (the tasks), not over itself. Products of predictors are not looked at: what they need is the random
    slope of one over the levels of the other.

    Raises
    ------
    InputError
        Naming each predictor and the random term that it needs.
    """
    intercepts = _intercepts(given)
    problems = []
    for name, levels in _levels_of_predictors(given, data).items():
        if levels and not any(frozenset(level) in intercepts for level in levels):
            wanted = ":".join(levels[0])
            problems.append(
                f"{name} is the same in all rows of each {wanted}, so it varies over these and not over rows: add "
                f"{wanted!r} to the random intercepts"
            )
    if problems:
        raise InputError(problems)


def clustered_predictors(given: Design, data: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Say which predictors of cells cluster by a side of the cell that has no random intercept.

    A task distance varies over condition:target, but tasks that are near to all targets differ in more than the distance: where
    the distance clusters by condition and the model has no intercept of it, the test is too lenient.
    """
    intercepts = _intercepts(given)
    remarks: dict[str, tuple[str, ...]] = {}
    for name, levels in _levels_of_predictors(given, data).items():
        column = given.x[:, given.names.index(name)]
        for side in dict.fromkeys(side for level in levels if len(level) > 1 for side in level):
            if frozenset([side]) in intercepts or side in given.variables:
                continue
            cells = pd.DataFrame({"x": column, "side": data[side].to_numpy(), "cell": _keys(data, levels[0])})
            share = _share_between(cells.drop_duplicates("cell"))
            if share > _CLUSTERED:
                said = (
                    f"{name} differs between the levels of {side} ({share:.0%} of its variance), which has no random intercept: "
                    f"add {side!r}, or the test is too lenient"
                )
                remarks[name] = (*remarks.get(name, ()), said)
    return remarks


def _intercepts(given: Design) -> set[frozenset[str]]:
    return {frozenset(term.group.split(":")) for term in given.terms if not term.slope}


def _levels_of_predictors(given: Design, data: pd.DataFrame) -> dict[str, list[tuple[str, ...]]]:
    """Return the coarsest groupings that each predictor is a function of."""
    named = {column for term in given.terms for column in term.group.split(":")}
    labels = [str(c) for c in data.columns if c in named or not pd.api.types.is_numeric_dtype(data[c])]
    groupings = _groupings(data, labels)
    found = {}
    for name, column in zip(given.names, given.x.T, strict=True):
        if name == "Intercept" or ":" in name:
            continue
        factor = _factor(name, given)
        others = {level: groups for level, groups in groupings.items() if not _is_factor(level, groups, factor, given)}
        found[name] = _own_levels(column, others)
    return found


def _keys(data: pd.DataFrame, level: tuple[str, ...]) -> npt.NDArray[np.int64]:
    keys: npt.NDArray[np.int64] = data.groupby(list(level), observed=True, sort=False).ngroup().to_numpy()
    return keys


def _share_between(cells: pd.DataFrame) -> float:
    """Return ω², the share of variance between groups less what chance gives (Hays 1963); 0 where chance may give it all."""
    groups = cells.groupby("side", observed=True)["x"]
    n, k = len(cells), groups.ngroups
    within = float(((cells["x"] - groups.transform("mean")) ** 2).sum())
    total = float(((cells["x"] - cells["x"].mean()) ** 2).sum())
    if n <= k or k < 2 or total == 0:
        return 0.0
    error = within / (n - k)
    if error > 0 and f_distribution.sf((total - within) / (k - 1) / error, k - 1, n - k) > _CHANCE:
        return 0.0
    return float((total - within - (k - 1) * error) / (total + error))


def _factor(name: str, given: Design) -> str | None:
    """Return the factor that a column stands for, or None for a number."""
    factors = [v for v, levels in given.variables.items() if isinstance(levels, tuple)]
    return next((v for v in factors if name.startswith((f"{v}[", f"C({v}"))), None)


def _is_factor(level: tuple[str, ...], groups: npt.NDArray[np.int64], factor: str | None, given: Design) -> bool:
    """Say whether a grouping is by the factor itself, or by another name for its levels."""
    if factor is None:
        return False
    levels = given.variables[factor]
    return factor in level or (isinstance(levels, tuple) and int(groups.max()) + 1 <= len(levels))


def _groupings(data: pd.DataFrame, labels: list[str]) -> dict[tuple[str, ...], npt.NDArray[np.int64]]:
    """Return the group of each row by every combination of labels that groups rows, the coarsest first."""
    found = {}
    for size in range(1, _TOGETHER + 1):
        for chosen in combinations(labels, size):
            groups = data.groupby(list(chosen), observed=True, sort=False).ngroup().to_numpy()
            if groups.max() + 1 < len(data):
                found[chosen] = groups
    return dict(sorted(found.items(), key=lambda item: (int(item[1].max()), len(item[0]))))


def _own_levels(
    column: npt.NDArray[np.float64], groupings: dict[tuple[str, ...], npt.NDArray[np.int64]]
) -> list[tuple[str, ...]]:
    """Return the coarsest groupings that a predictor is a function of; none where its level is the row."""
    coarsest: list[tuple[str, ...]] = []
    count = -1
    for labels, groups in groupings.items():
        if coarsest and groups.max() > count:
            break
        low, high = np.full(groups.max() + 1, np.inf), np.full(groups.max() + 1, -np.inf)
        np.minimum.at(low, groups, column)
        np.maximum.at(high, groups, column)
        if (high - low <= 1e-12 * np.maximum(1, np.abs(high))).all():
            coarsest.append(labels)
            count = int(groups.max())
    return coarsest
