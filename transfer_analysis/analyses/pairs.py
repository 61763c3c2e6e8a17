"""Pairs of a source and a target with a score and any predictors: what papers on choosing a source print, with an honest null."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, get_args

import numpy as np
import pandas as pd

from transfer_analysis import statistics
from transfer_analysis.analyses.predictors import distances_named
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.languages import families, resolve
from transfer_analysis.statistics import NDCG, Outcome, Regret, Relabelings, Top1
from transfer_analysis.statistics.frames import require_labels, require_named, require_numbers

#: Whether a high value of a predictor says near or far.
Direction = Literal["similarity", "distance"]

_METHODS: tuple[Literal["pearson", "spearman"], ...] = ("pearson", "spearman")

#: What tells observations of one pair apart that are averaged: seeds, and what names the run.
_AVERAGED = ("seed", "run")


@dataclass(frozen=True)
class Predictor:
    """A predictor of scores.

    Attributes
    ----------
    name
        A column of the table, or a kind of distance between languages that is computed.
    direction
        `similarity` where high values should give high scores, `distance` where low ones should.
    matrix
        Its values by source and target, in place of a column.

    Examples
    --------
    >>> Predictor("syntactic", "distance").name
    'syntactic'
    """

    name: str
    direction: Direction
    matrix: DistanceMatrix | None = None

    def __post_init__(self) -> None:
        known = get_args(Direction)
        if self.direction not in known:
            raise InputError(f"predictor {self.name}: {self.direction!r}: expected similarity or distance")


@dataclass(frozen=True)
class PairPanel:
    """What a table of pairs says of its predictors.

    Attributes
    ----------
    outcomes
        Question → outcome: correlations over all pairs and within targets, selection, effects of the regression, prediction.
    errors
        Errors of predictions for targets left out, one row per model.
    r_squared
        Of the regression on all predictors.
    notes
        What was done to the table.
    """

    outcomes: Mapping[str, Outcome]
    errors: pd.DataFrame
    r_squared: float
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """Return one row per question with every field of its outcome."""
        found = [outcome.tidy().assign(question=name) for name, outcome in self.outcomes.items()]
        return pd.concat(found, ignore_index=True)


def pair_panel(
    frame: pd.DataFrame,
    predictors: Sequence[Predictor],
    *,
    source: str = "source_language",
    target: str = "language",
    score: str = "score",
    lower_is_better: bool = False,
    within_families: bool = False,
    k: int = 3,
    relevance: Literal["ranks", "scores", "clipped-gains", "top-ranks"] = "ranks",
    permutations: int = 9_999,
    seed: int = 0,
) -> PairPanel:
    """Return what papers on choosing a source print of one task and model, each with a null of the right structure.

    Over all pairs and within targets, Pearson's and Spearman's correlation of each predictor with the score; NDCG@k, Regret@k
    and top-1 of choosing the source by it; a least-squares regression on all of them, errors clustered by source and by
    target, with R²; and errors of predicted scores where each target is left out in turn, beside means. A pair of a label
    with itself is left out. p-values come from relabeling sources and targets: together, where labels stand on both sides.

    Parameters
    ----------
    frame
        One row per pair (and seed), of one task and one model: scores on one scale.
    predictors
        Columns, computed distances between languages, or matrices.
    lower_is_better
        Of a loss or perplexity; selection then looks for the lowest.
    within_families
        Whether labels are exchanged within language families only (Glottolog's top level).
    k, relevance
        Of NDCG@k and Regret@k.

    Raises
    ------
    InputError
        For a column that is not there, pairs that several rows give in ways that are not seeds, or where nothing varies.

    Examples
    --------
    >>> import pandas as pd
    >>> near = {("a", "b"): 0.9, ("a", "c"): 0.4, ("b", "c"): 0.7, ("a", "d"): 0.2, ("b", "d"): 0.3, ("c", "d"): 0.8}
    >>> rows = [(s, t, near[tuple(sorted((s, t)))]) for s in "abcd" for t in "abcd" if s != t]
    >>> frame = pd.DataFrame(rows, columns=["from", "to", "overlap"]).assign(score=lambda f: 50 + 20 * f["overlap"])
    >>> panel = pair_panel(frame, [Predictor("overlap", "similarity")], source="from", target="to", permutations=99)
    >>> round(panel.outcomes["Pearson over all pairs, overlap"].estimate, 6)
    1.0
    """
    if not predictors:
        raise InputError("give one predictor at least")
    names = [predictor.name for predictor in predictors]
    if len(set(names)) < len(names):
        raise InputError(f"predictors: {', '.join(names)}: one is given twice")
    ndcg = NDCG(relevance, k)
    if relevance in ("scores", "clipped-gains") and lower_is_better:
        raise InputError(f"relevance {relevance}: counts high scores; use ranks where lower is better")
    require_named(frame, [source, target, score])
    require_labels(frame, [source, target])
    frame = frame.assign(**{side: frame[side].astype(str) for side in (source, target)})  # labels may be numbers
    scores, notes = _scores(frame, source, target, score, names)
    sides = [str(label) for label in scores.index], [str(label) for label in scores.columns]
    labels = sorted({*sides[0], *sides[1]})
    joint = bool(set(sides[0]) & set(sides[1]))
    relabelings = _relabelings(sides, labels if joint else None, within_families, permutations, seed)
    of_rows, of_columns = (labels, labels) if joint else sides
    arrays = {
        one.name: _values(one, frame, source, target).reindex(index=of_rows, columns=of_columns).to_numpy(dtype=float)
        for one in predictors
    }
    values = scores.to_numpy(dtype=float)
    if not within_families and _are_languages(labels):
        notes.append(
            "languages are related, so that exchanging all of them is a lenient null; --within-families exchanges them within families "
            "only"
        )
    notes += _unknown(arrays, scores, relabelings)
    outcomes: dict[str, Outcome] = {}
    unanswered: dict[str, str] = {}
    for one in predictors:
        asked = _questions(one, arrays[one.name], values, relabelings, sides, lower_is_better, ndcg, k, seed)
        for question, answer in asked.items():
            try:
                outcomes[question] = answer()
            except InputError as error:
                unanswered[question] = error.problems[0]
    if not outcomes:
        raise InputError(next(iter(unanswered.values())))
    notes += [f"no {question}: {reason}" for question, reason in unanswered.items()]
    effects, r_squared, said = _regression(arrays, scores, relabelings)
    outcomes |= effects
    notes += said
    try:
        found = statistics.leave_one_target_out(list(arrays.values()), values, relabelings, labels=sides)
        errors = found.errors
        outcomes["prediction for targets left out"] = found.outcome
    except InputError as error:
        errors = pd.DataFrame(columns=["model", "rmse", "mae", "r_squared", "pairs"])
        notes.append(f"no prediction for targets left out: {error.problems[0]}")
    return PairPanel(outcomes, errors, r_squared, tuple(notes))


def _scores(
    frame: pd.DataFrame, source: str, target: str, score: str, predictors: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Return the score of each pair, shape (sources, targets), a mean over its seeds; and what was done."""
    require_numbers(frame, [score])
    notes = []
    itself = frame[source] == frame[target]
    if itself.any():
        notes.append(f"{int(itself.sum())} rows of a {source} with itself left out")
    rows = frame[~itself & frame[score].notna()]
    if missing := int((~itself & frame[score].isna()).sum()):
        notes.append(f"{missing} rows without {score} left out")
    if rows.empty:
        raise InputError(f"no row has a {score} of one {source} on another {target}")
    pairs = rows.groupby([source, target], observed=True)
    if pairs.size().max() > 1:
        _require_runs(rows, source, target, [score, *predictors])
        notes.append(f"{len(rows)} rows averaged to {pairs.ngroups} pairs, over seeds")
    means = pairs[score].mean().unstack(target)
    return means.sort_index().sort_index(axis=1), notes


def _require_runs(rows: pd.DataFrame, source: str, target: str, measured: Sequence[str]) -> None:
    """Refuse several rows of a pair that differ in more than their seed or run, or in nothing that the table names."""
    runs = [column for column in _AVERAGED if column in rows]
    pairs = rows.groupby([source, target], observed=True)
    varying = [
        str(column)
        for column in rows.columns
        if column not in (source, target, *measured, *runs) and (pairs[column].nunique(dropna=False) > 1).any()
    ]
    # Numbers with decimals may be measured by the seed (a loss), unless they are all that tells two rows apart.
    apart = [column for column in varying if not pd.api.types.is_float_dtype(rows[column])]
    same = rows.duplicated([source, target, *runs], keep=False)
    if not apart and not same.any():
        return
    where = " → ".join(map(str, rows.loc[same, [source, target]].iloc[0] if same.any() else pairs.size().idxmax()))
    if apart := apart or varying:
        raise InputError(
            f"several rows of {where} differ in {', '.join(apart)}: scores of several settings have no mean. Answer "
            f"each apart (--by {','.join(apart)}), or leave all but one out"
        )
    raise InputError(
        f"several rows of {where}, and no column says that they are seeds: add one (seed), or leave all but one out"
    )


def _unknown(arrays: Mapping[str, np.ndarray], scores: pd.DataFrame, relabelings: Relabelings) -> list[str]:
    """Say of how many pairs with a score a predictor has no value."""
    there = scores.notna().to_numpy()
    lost = {name: int((there & ~np.isfinite(relabelings.observed(array))).sum()) for name, array in arrays.items()}
    return [f"{name} has no value for {count} of {int(there.sum())} pairs" for name, count in lost.items() if count]


def _are_languages(labels: Sequence[str]) -> bool:
    try:
        return all(resolve(label).code for label in labels)
    except InputError:
        return False


def _relabelings(
    sides: tuple[list[str], list[str]], labels: list[str] | None, within_families: bool, permutations: int, seed: int
) -> Relabelings:
    strata: dict[str, str] = {}
    if within_families:
        strata = dict(families(sorted({*sides[0], *sides[1]})))
    if labels is not None:
        given = [strata[label] for label in labels] if strata else None
        return statistics.joint_relabelings(labels, *sides, strata=given, count=permutations, seed=seed)
    of_sides = [[strata[label] for label in side] if strata else None for side in sides]
    return statistics.separate_relabelings(
        len(sides[0]),
        len(sides[1]),
        row_strata=of_sides[0],
        column_strata=of_sides[1],
        names=("source", "target"),
        count=permutations,
        seed=seed,
    )


def _values(predictor: Predictor, frame: pd.DataFrame, source: str, target: str) -> pd.DataFrame:
    """Return a predictor by source and target."""
    if predictor.matrix is not None:
        return predictor.matrix.values
    if predictor.name in frame:
        require_numbers(frame, [predictor.name])
        values = frame.groupby([source, target], observed=True)[predictor.name]
        if (values.max() - values.min() > 1e-9 * values.max().abs().clip(lower=1.0)).any():
            raise InputError(f"predictor {predictor.name}: has several values for one pair of {source} and {target}")
        found: pd.DataFrame = values.first().unstack(target)
        return found
    return distances_named(predictor.name, frame, source, target).values


def _questions(
    predictor: Predictor,
    values: np.ndarray,
    scores: np.ndarray,
    relabelings: Relabelings,
    sides: tuple[list[str], list[str]],
    lower_is_better: bool,
    ndcg: NDCG,
    k: int,
    seed: int,
) -> dict[str, Callable[[], Outcome]]:
    """Return what is asked of one predictor, each with what answers it: correlations and selection."""
    name = predictor.name
    asked: dict[str, Callable[[], Outcome]] = {}
    for method in _METHODS:
        asked[f"{method.capitalize()} over all pairs, {name}"] = partial(
            statistics.pair_correlation, values, scores, relabelings, method=method
        )
    for method in _METHODS:
        asked[f"{method.capitalize()} within targets, {name}"] = partial(
            statistics.association, values, scores, relabelings, method=method, unit="pairs", names=sides[1]
        )
    near = values if predictor.direction == "distance" else -values
    wanted = -scores if lower_is_better else scores
    for measure in (ndcg, Regret(k, "best", relative=False), Top1()):
        asked[f"{measure.name()}, {name}"] = partial(
            statistics.selection, near, wanted, relabelings, measure, seed=seed, unit="targets"
        )
    return asked


def _regression(
    arrays: Mapping[str, np.ndarray], scores: pd.DataFrame, relabelings: Relabelings
) -> tuple[dict[str, Outcome], float, list[str]]:
    """Return the effects of a regression on all predictors, its R², and what was left out."""
    long = scores.rename_axis(index="source", columns="target").stack(future_stack=True).rename("score").reset_index()
    columns = {f"x{number}": relabelings.observed(array).reshape(-1) for number, array in enumerate(arrays.values())}
    data = long.assign(**columns).dropna()
    lost = int(long["score"].notna().sum()) - len(data)
    notes = [f"{lost} pairs without every predictor left out of the regression"] if lost else []
    try:
        fit = statistics.linear_model(f"score ~ {' + '.join(columns)}", data, clusters=["source", "target"])
    except InputError as error:
        return {}, float("nan"), [*notes, f"no regression: {error.problems[0]}"]
    fitted = fit.fixed.x @ fit.coefficients
    residual, total = ((data["score"] - fitted) ** 2).sum(), ((data["score"] - data["score"].mean()) ** 2).sum()
    method = f"ordinary least squares on {', '.join(arrays)}, errors clustered by source and by target"
    effects = {
        f"least squares, {name}": replace(
            fit.outcome(column), statistic=f"effect of {name} on the score", method=method
        )
        for column, name in zip(columns, arrays, strict=True)
    }
    return effects, 1 - float(residual / total), notes
