"""The tests that are right for released tables: each asks an analysis, as a study and the command line do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from transfer_analysis.analyses.pairs import Predictor, pair_panel
from transfer_analysis.analyses.prediction import predict
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import lineages
from transfer_analysis.published.statistics import rows_where
from transfer_analysis.statistics import (
    Outcome,
    linear_model,
    mantel,
    mixed_model,
    pair_correlation,
    phylogenetic_regression,
    relatedness,
    separate_relabelings,
)
from transfer_analysis.statistics.frames import require_named
from transfer_analysis.statistics.prediction import compare_predictions

#: Turns of taking out means, at most, and the change below which nothing moves any more.
_TURNS, _STAYS = 1_000, 1e-10


def of_pairs(
    frame: pd.DataFrame, *, predictors: Mapping[str, Any], source: str, target: str, score: str, **options: Any
) -> Mapping[str, Outcome]:
    """Return what `pair_panel` says of pairs that have a score: sources and targets are relabeled, never the pairs.

    A pair with several rows (treebanks of two languages) counts with their mean.
    """
    named = [Predictor(name, direction) for name, direction in predictors.items()]
    require_named(frame, [source, target, score, *predictors])
    kept = frame[[source, target, score, *predictors]].dropna(subset=[score])
    kept = kept.groupby([source, target], sort=False, as_index=False).mean()
    return pair_panel(kept, named, source=source, target=target, score=score, **options).outcomes


def of_predictions(frame: pd.DataFrame, *, predictors: Sequence[str], **options: Any) -> Mapping[str, Outcome]:
    """Return what `predict` says of scores that are left out, by learner."""
    return predict(frame, list(predictors), **options).outcomes


def beside_means(
    frame: pd.DataFrame, *, predicted: str, beside: str, score: str, group: str, names: tuple[str, str], plural: str
) -> Mapping[str, Outcome]:
    """Return how much lower the error of released predictions is than that of others, groups of rows as the unit."""
    require_named(frame, [predicted, beside, score, group])
    groups = np.asarray(pd.factorize(frame[group], sort=True)[0], dtype=np.intp)
    own, others, scores = (frame[column].to_numpy(dtype=float) for column in (predicted, beside, score))
    return {"beside": compare_predictions(own, others, scores, groups, names=(names[0], names[1]), group=plural)}


def on_the_tree(
    frame: pd.DataFrame, *, language: str, outcome: str, predictor: str, logarithm: bool = False
) -> Mapping[str, Outcome]:
    """Return the slope over languages, whose residuals are related as the languages are; a logarithm leaves out zeros."""
    require_named(frame, [language, outcome, predictor])
    known = frame.dropna(subset=[outcome, predictor])
    known = known[known[predictor] > 0] if logarithm else known
    x = known[predictor].to_numpy(dtype=float)
    components = relatedness(list(lineages([str(code) for code in known[language]]).values()))
    name = f"log10 {predictor}" if logarithm else predictor
    found = phylogenetic_regression(
        known[outcome].to_numpy(dtype=float), np.log10(x) if logarithm else x, components, names=(outcome, name)
    )
    return {predictor: found}


def within(frame: pd.DataFrame, *, outcome: str, predictors: list[str], sides: list[str]) -> Mapping[str, Outcome]:
    """Return effects of what varies over pairs, beside a fixed effect of each level of both sides, errors clustered by both.

    The fixed effects are taken out of all columns before (Frisch & Waugh 1933): differences from the means of both sides, in turn
    until they stay.

    Raises
    ------
    InputError
        For a column that is not there, or one that does not vary within the sides.
    """
    require_named(frame, [outcome, *predictors, *sides])
    values = frame[[outcome, *predictors]].astype(float)
    for _ in range(_TURNS):
        before = values
        for side in sides:
            values = values - values.groupby(frame[side]).transform("mean")
        if float((values - before).abs().to_numpy().max()) < _STAYS:
            break
    spread = frame[predictors].astype(float).std()
    flat = [column for column in predictors if values[column].std() <= 1e-6 * spread[column]]
    if flat:
        raise InputError(f"{flat[0]} does not vary within {' and '.join(sides)}")
    formula = (
        f"{outcome} ~ 0 + {' + '.join(predictors)}"  # an intercept has no variance left between the levels of a side
    )
    fit = linear_model(formula, values.assign(**frame[sides]), clusters=sides)
    return {term: fit.outcome(term) for term in predictors}


def clustered(frame: pd.DataFrame, *, formula: str, clusters: list[str], terms: list[str]) -> Mapping[str, Outcome]:
    """Return effects of least squares, errors clustered by columns."""
    require_named(frame, clusters)
    fit = linear_model(formula, frame, clusters=clusters[0] if len(clusters) == 1 else clusters)
    return {term: fit.outcome(term) for term in terms}


def crossed(frame: pd.DataFrame, *, formula: str, random: list[str], terms: list[str]) -> Mapping[str, Outcome]:
    """Return effects of a mixed model with crossed intercepts, for what varies over their levels."""
    require_named(frame, random)
    fit = mixed_model(formula, frame, random)
    return {term: fit.outcome(term) for term in terms}


def over_units(frame: pd.DataFrame, *, x: str, y: str, unit: str) -> Mapping[str, Outcome]:
    """Return Spearman's correlation of two columns whose rows are exchangeable, by permuting the rows."""
    require_named(frame, [x, y])
    values = {column: frame[[column]].to_numpy(dtype=float) for column in (x, y)}
    orders = separate_relabelings(len(frame), 1, names=(unit, "column"))
    return {x: pair_correlation(values[x], values[y], orders, method="spearman", unit=unit)}


def between_matrices(
    frame: pd.DataFrame, *, first: str, second: str, outcome: str, distance: str
) -> Mapping[str, Outcome]:
    """Return Mantel's test of pairs that are given once each, whose order means nothing: labels are permuted, never the pairs."""
    require_named(frame, [first, second, outcome, distance])
    labels = sorted({*frame[first], *frame[second]})
    squares = []
    for column in (outcome, distance):
        half = frame.pivot(index=first, columns=second, values=column).reindex(index=labels, columns=labels)
        squares.append(half.fillna(half.T))
    return {distance: mantel(*squares)}


#: Tests by name.
TESTS: Mapping[str, Callable[..., Mapping[str, Outcome]]] = {
    "pairs": of_pairs,
    "predict": of_predictions,
    "beside-means": beside_means,
    "tree": on_the_tree,
    "clustered": clustered,
    "crossed": crossed,
    "within": within,
    "ranks": over_units,
    "mantel": between_matrices,
}


def answered(name: str, frame: pd.DataFrame, options: Mapping[str, Any]) -> dict[str, Outcome]:
    """Return the outcomes of a test on the rows that `where` leaves; `noting` is said with each.

    Raises
    ------
    InputError
        For a test that there is not, or data that it refuses.
    """
    if name not in TESTS:
        raise InputError(f"test {name!r}{nearest(name, TESTS)}; there are {', '.join(TESTS)}")
    given = dict(options)
    note = given.pop("noting", None)
    found = TESTS[name](rows_where(frame, given.pop("where", {})), **given)
    return {key: replace(one, warnings=(note, *one.warnings)) if note else one for key, one in found.items()}
