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

#: Labels of a table of observations, the usual ones first.
_WORDS = ("condition", "target", "language", "run", "seed", "model", "language_family", "family")

#: Those that are sampled, not properties of others; tasks and languages first.
_UNITS = ("condition", "target", "language", "run", "seed", "model")

#: Columns whose combinations are looked at, at most together: a cell is of two.
_TOGETHER = 3


#: Columns joined → the group of each row.
Groupings = dict[tuple[str, ...], npt.NDArray[np.int64]]


def groupings_of(given: Design, data: pd.DataFrame) -> Groupings:
    """Return the group of each row by every combination of labels that groups rows, the coarsest first.

    Without a predictor there is none whose level could be asked for, and nothing is grouped.
    """
    if given.names == ("Intercept",):
        return {}
    labels = _labels(given, data)
    found = {}
    for size in range(1, _TOGETHER + 1):
        for chosen in combinations(labels, size):
            groups = data.groupby(list(chosen), observed=True, sort=False).ngroup().to_numpy()
            if groups.max() + 1 < len(data):
                found[chosen] = groups
    return dict(sorted(found.items(), key=lambda item: (int(item[1].max()), len(item[0]))))


def require_own_levels(given: Design, groupings: Groupings) -> None:
    """Refuse a model without a random term at the level of a predictor.

    A predictor that is the same in all rows of a language varies over languages, and its error is that of languages;
    without a random intercept for them, rows of one language would count as independent evidence. A factor (a group of
    tasks) varies over what it is a property of (the tasks), not over itself; one that is a property of nothing (the
    condition) over its combinations with another label (the runs). A product of two numbers needs the random slope of the
    one over the levels of the other: that steepness differs between cells, whatever the distance, must not count as
    evidence of the distance.

    Raises
    ------
    InputError
        Naming each predictor and the random term that it needs.
    """
    intercepts = _intercepts(given)
    problems = []
    for name, column in zip(given.names, given.x.T, strict=True):
        if name == "Intercept":
            continue
        factors = _factors(name, given)
        if ":" in name and not all(factors):
            problems += _without_slope(name, given, groupings)
            continue
        levels = _levels(column, [factor for factor in factors if factor], groupings, given)
        if levels and not any(frozenset(level) in intercepts for level in levels):
            usual = [level for level in levels if all(part in _WORDS for part in level)] or levels
            options = " or ".join(repr(":".join(level)) for level in usual[:2])
            problems.append(
                f"{name} is the same in all rows of each {':'.join(usual[0])}, so it varies over these and not over rows: add "
                f"{options} to the random intercepts"
            )
    if problems:
        raise InputError(problems)


def clustered_predictors(given: Design, data: pd.DataFrame, groupings: Groupings) -> dict[str, tuple[str, ...]]:
    """Say which predictors of cells cluster by a side of the cell that has no random intercept.

    A task distance varies over condition:target, but tasks that are near to all targets differ in more than the distance: where
    the distance clusters by condition and the model has no intercept of it, the test is too lenient.
    """
    intercepts = _intercepts(given)
    remarks: dict[str, tuple[str, ...]] = {}
    for name, levels in _levels_of_predictors(given, groupings).items():
        column = given.x[:, given.names.index(name)]
        for side in dict.fromkeys(side for level in levels if len(level) > 1 for side in level):
            if frozenset([side]) in intercepts or side in given.variables:
                continue
            cells = pd.DataFrame({"x": column, "side": data[side].to_numpy(), "cell": groupings[levels[0]]})
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


def _rank(name: str) -> int:
    return _WORDS.index(name) if name in _WORDS else len(_WORDS)


def _labels(given: Design, data: pd.DataFrame) -> list[str]:
    """Return the columns that name things: those of the random terms, then others that part the rows in another way."""
    of_terms = [column for term in given.terms for column in term.group.split(":")]
    factors = [name for name, levels in given.variables.items() if isinstance(levels, tuple) and name in data]
    named = list(dict.fromkeys([*of_terms, *factors]))
    texts = [str(c) for c in data.columns if c == "seed" or not pd.api.types.is_numeric_dtype(data[c])]
    # Of columns that part the rows alike, one that the model, or the field, has a word for is named.
    others = sorted(set(texts) - set(named), key=lambda c: (_rank(c), c))
    seen, found = set(), []
    for name in [*named, *others]:
        codes = pd.factorize(data[name])[0]
        key = codes.tobytes()
        if name in named or (key not in seen and codes.max() > 0):
            found.append(name)
        seen.add(key)
    return sorted(found, key=_rank)


def _levels_of_predictors(given: Design, groupings: Groupings) -> dict[str, list[tuple[str, ...]]]:
    """Return the coarsest groupings that each predictor, products left out, is a function of."""
    return {
        name: _levels(column, [factor for factor in _factors(name, given) if factor], groupings, given)
        for name, column in zip(given.names, given.x.T, strict=True)
        if name != "Intercept" and ":" not in name
    }


def _levels(
    column: npt.NDArray[np.float64], factors: list[str], groupings: Groupings, given: Design
) -> list[tuple[str, ...]]:
    """Return the levels at any of which a predictor needs an intercept."""
    if not factors:
        return _own_levels(column, groupings)
    if len(factors) > 1:
        return _levels_of_product(factors, groupings, given)
    others = _finer(factors, groupings, given)
    return _own_levels(column, others) or [level for level in groupings if factors[0] in level and len(level) > 1]


def _levels_of_product(factors: list[str], groupings: Groupings, given: Design) -> list[tuple[str, ...]]:
    """Return the coarsest levels that a product of factors varies over: what one is a property of, with the others."""
    options: dict[tuple[str, ...], int] = {}
    for factor in factors:
        codes = np.asarray(groupings.get((factor,), np.zeros(given.rows)), dtype=float)
        for level in _own_levels(codes, _finer(factors, groupings, given)):
            joined = next((g for g in groupings if set(g) == {*level, *factors} - {factor}), None)
            if joined is not None:
                options[joined] = int(groupings[joined].max())
    return [level for level, size in options.items() if size == min(options.values())]


def _finer(factors: list[str], groupings: Groupings, given: Design) -> Groupings:
    """Return groupings without the factors that have more levels than each: what a factor may be a property of."""
    size = max(len(_of_factor(factor, given)) for factor in factors)
    return {level: g for level, g in groupings.items() if not set(level) & set(factors) and int(g.max()) + 1 > size}


def _without_slope(name: str, given: Design, groupings: Groupings) -> list[str]:
    """Return what a product of which one side at least is a number lacks."""
    parts = name.split(":")
    if len(parts) != 2 or any(part not in given.names for part in parts):
        return []
    slopes = {(frozenset(term.group.split(":")), term.slope) for term in given.terms if term.slope}
    wanted = []
    for one, other in (parts, parts[::-1]):
        if _factors(other, given)[0] is not None:
            continue  # a factor has no slope
        column = given.x[:, given.names.index(one)]
        levels = _levels(column, [f for f in _factors(one, given) if f], groupings, given)
        if any((frozenset(level), other) in slopes for level in levels):
            return []
        wanted += [f"{':'.join(level)}: slope of {other}" for level in levels[:1]]
    if not wanted:
        return []
    return [
        f"{name} needs a random slope, without which it is tested against the noise of rows: add {' or '.join(wanted)}"
    ]


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


def _factors(name: str, given: Design) -> list[str | None]:
    """Return the factor that each part of an effect stands for, None for a number."""
    factors = [v for v, levels in given.variables.items() if isinstance(levels, tuple)]
    return [
        next((v for v in factors if part.startswith((f"{v}[", f"C({v})", f"C({v},"))), None) for part in name.split(":")
    ]


def _of_factor(factor: str, given: Design) -> tuple[object, ...]:
    levels = given.variables[factor]
    return levels if isinstance(levels, tuple) else ()


def _own_levels(column: npt.NDArray[np.float64], groupings: Groupings) -> list[tuple[str, ...]]:
    """Return the coarsest groupings that a predictor is a function of; none where its level is the row.

    A column that merely names the values of the predictor (near and far, a class of size) is no level that it varies over,
    where it is a property of conditions, targets or languages.
    """
    values = len(np.unique(column))
    names_it = [
        labels
        for labels, groups in groupings.items()
        if len(labels) == 1
        and labels[0] not in _UNITS
        and int(groups.max()) + 1 == values
        and _is_function(column, groups)
    ]
    naming = {label for labels in names_it for label in labels}
    found = _coarsest(column, {labels: groups for labels, groups in groupings.items() if not naming & set(labels)})
    if names_it and not any(set(labels) <= set(_UNITS[:3]) for labels in found):
        return _coarsest(column, groupings)
    return found


def _coarsest(column: npt.NDArray[np.float64], groupings: Groupings) -> list[tuple[str, ...]]:
    coarsest: list[tuple[str, ...]] = []
    count = -1
    for labels, groups in groupings.items():
        if coarsest and groups.max() > count:
            break
        if _is_function(column, groups):
            coarsest.append(labels)
            count = int(groups.max())
    return coarsest


def _is_function(column: npt.NDArray[np.float64], groups: npt.NDArray[np.int64]) -> bool:
    """Whether a predictor has one value in each group."""
    low, high = np.full(groups.max() + 1, np.inf), np.full(groups.max() + 1, -np.inf)
    np.minimum.at(low, groups, column)
    np.maximum.at(high, groups, column)
    return bool((high - low <= 1e-12 * np.maximum(1, np.abs(high))).all())
