"""Predictions of what was left out: their errors, and whether they are better than means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits

from transfer_analysis.statistics.outcome import Outcome
from transfer_analysis.statistics.permutation import too_few
from transfer_analysis.statistics.prediction.cases import Cases, Floats, Fold, Ints
from transfer_analysis.statistics.prediction.learners import Fitted, Learner
from transfer_analysis.statistics.selection import NDCG

#: Groups from which an interval is given, draws of them, and sign changes of the test.
_FEWEST = 10
_DRAWS = 2_000
_SIGNS = 9_999
#: Groups up to which every change of signs is enumerated.
_EXACT = 13


@dataclass(frozen=True)
class Predictions:
    """What was predicted, and how well.

    Attributes
    ----------
    values
        One column per model, one row per row of the cases.
    errors
        One row per model: `model`, `kind` (`learner` or `baseline`), `rmse` with its 95% interval `low`, `high`, `mae`,
        `r_squared` (1 − Σe²/Σ(y − ȳ)², ȳ the mean of all rows), `group_rmse` (mean over the groups left out of each one's),
        `spearman` over all rows, and `ndcg`, a mean over the choices.
    fitted
        Learner → what predicts, for each fold.
    outcomes
        Learner → how much lower its RMSE is than that of the best baseline.
    """

    values: pd.DataFrame
    errors: pd.DataFrame
    fitted: Mapping[str, Sequence[Fitted]]
    outcomes: Mapping[str, Outcome]


def predict_held_out(
    cases: Cases,
    folds: Sequence[Fold],
    learners: Sequence[Learner],
    baselines: Sequence[Learner],
    *,
    group: str,
    choices: Ints | None = None,
    ndcg: NDCG | None = None,
    lower_is_better: bool = False,
    seed: int = 0,
    report: Callable[[str, float], None] = lambda _text, _share: None,
) -> Predictions:
    """Predict the rows of each fold from the rows that it learns from.

    Whatever is estimated (scaling, penalties, means) is estimated on the rows learnt from.

    Parameters
    ----------
    folds
        Every row is predicted in one of them.
    group
        What is left out, in the plural: the unit of interval and test.
    choices
        For each row, the choice in which it is a candidate; NDCG is that of the predicted order of candidates. None where
        nothing is chosen.
    ndcg
        The variant; of ranks, all places, where it is None.

    Notes
    -----
    The interval of the RMSE draws groups with replacement (bootstrap-t, 2,000 draws), the predictions as they are: it says how
    the error varies with the groups, not with the rows learnt from. From ten groups on. The test flips the sign of each group's sum of
    e²(baseline) − e²(learner): exact to 13 groups. One-sided: a learner that is no better than means does not pass.
    """
    groups = _groups(folds, len(cases.y))
    models = [*baselines, *learners]
    values = np.empty((len(models), len(cases.y)))
    fitted: dict[str, list[Fitted]] = {learner.name: [] for learner in learners}
    with threadpool_limits(1):  # small problems, which threads only slow down
        for number, fold in enumerate(folds):
            report(f"predicting {fold.name}", number / len(folds))
            train, test = cases.where(fold.train), cases.where(fold.test)
            for place, model in enumerate(models):
                predict = model.fit(train, groups[fold.train], seed)
                values[place, fold.test] = predict(test.x, test.sides)
                if model.name in fitted:
                    fitted[model.name].append(predict)
    squares = _by_group((values - cases.y) ** 2, groups)
    counts = np.bincount(groups).astype(float)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=_DRAWS).astype(float)
    measured = [_measured(row, cases.y) for row in values]
    errors = pd.DataFrame(measured).assign(group_rmse=np.sqrt(squares / counts).mean(axis=1))
    low, high = np.array([_log_interval(row, counts, draws) for row in squares]).T
    errors = errors.assign(low=low, high=high, ndcg=np.nan)
    if choices is not None:
        sign = -1.0 if lower_is_better else 1.0
        errors["ndcg"] = [_ndcg(sign * row, sign * cases.y, choices, ndcg or NDCG()) for row in values]
    # The mean of the others is low where a group is high: its correlation with the scores says nothing.
    errors.loc[[model.name == "mean" for model in models], "spearman"] = np.nan
    errors.insert(0, "model", [model.name for model in models])
    errors.insert(1, "kind", ["baseline"] * len(baselines) + ["learner"] * len(learners))
    columns = ["model", "kind", "rmse", "low", "high", "mae", "r_squared", "group_rmse", "spearman", "ndcg"]
    best = int(errors.loc[: len(baselines) - 1, "rmse"].idxmin())
    outcomes = {
        learner.name: _beside(
            squares[len(baselines) + place], squares[best], counts, draws, rng,
            (learner.name, models[best].name), group,
            method=f"{learner.about}; beside the {models[best].about}, the best of the means",
        )
        for place, learner in enumerate(learners)
    }  # fmt: skip
    frame = pd.DataFrame(dict(zip((model.name for model in models), values, strict=True)))
    return Predictions(frame, errors[columns], fitted, outcomes)


def compare_predictions(
    predicted: Floats,
    beside: Floats,
    scores: Floats,
    groups: Ints,
    *,
    names: tuple[str, str],
    group: str,
    seed: int = 0,
) -> Outcome:
    """Return how much lower the RMSE of some predictions is than that of others, by groups of rows.

    Parameters
    ----------
    predicted, beside, scores
        Shape (rows,).
    groups
        The group of each row, counted from 0: the unit of interval and test (see `predict_held_out`).
    names
        What the predictions are called, and those that they are compared with.
    group
        What a group is, in the plural.
    """
    own, others = _by_group(np.stack([predicted - scores, beside - scores]) ** 2, groups)
    counts = np.bincount(groups).astype(float)
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=_DRAWS).astype(float)
    return _beside(own, others, counts, draws, rng, names, group)


def _groups(folds: Sequence[Fold], rows: int) -> Ints:
    groups = np.full(rows, -1, dtype=np.intp)
    for number, fold in enumerate(folds):
        groups[fold.test] = number
    return groups


def _by_group(rows: npt.NDArray[np.float64], groups: Ints) -> Floats:
    """Return sums over groups, shape (models, groups)."""
    return np.stack([np.bincount(groups, weights=row) for row in rows])


def _measured(found: Floats, y: Floats) -> dict[str, float]:
    off, spread = found - y, float(((y - y.mean()) ** 2).sum())
    return {
        "rmse": float(np.sqrt((off**2).mean())),
        "mae": float(np.abs(off).mean()),
        "r_squared": 1 - float((off**2).sum()) / spread if spread > 0 else np.nan,
        "spearman": float(spearmanr(found, y).statistic) if np.ptp(found) > 0 and spread > 0 else np.nan,
    }


def _log_interval(squares: Floats, counts: Floats, draws: Floats) -> tuple[float, float]:
    """Return the interval of an RMSE, on the logarithm of the mean squared error, whose distribution is less skew."""
    if len(counts) < _FEWEST or (squares == 0).all():
        return np.nan, np.nan

    def measured(weights: Floats) -> tuple[Floats, Floats]:
        mean, deviations = _mean_of_rows(weights, squares, counts)
        mean = np.maximum(mean, 1e-300)
        return np.log(mean), deviations / mean[:, None]

    low, high = np.sqrt(np.exp(_bootstrap_t(measured, draws)))
    return float(low), float(high)


def _difference_interval(others: Floats, own: Floats, counts: Floats, draws: Floats) -> tuple[float, float]:
    """Return the interval of the difference of two RMSEs."""

    def measured(weights: Floats) -> tuple[Floats, Floats]:
        first, of_first = _mean_of_rows(weights, others, counts)
        second, of_second = _mean_of_rows(weights, own, counts)
        roots = [np.sqrt(np.maximum(mean, 1e-300)) for mean in (first, second)]
        return roots[0] - roots[1], of_first / (2 * roots[0][:, None]) - of_second / (2 * roots[1][:, None])

    low, high = _bootstrap_t(measured, draws)
    return float(low), float(high)


def _mean_of_rows(weights: Floats, sums: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Return the mean over rows of groups that are drawn, and what each group adds to it (Cochran 1977, ratio estimates)."""
    total = weights @ counts
    mean = weights @ sums / total
    return mean, (sums - mean[:, None] * counts) / total[:, None]


def _bootstrap_t(measured: Callable[[Floats], tuple[Floats, Floats]], draws: Floats) -> tuple[float, float]:
    """Return the 95% interval of a function of sums over groups, by quantiles of t over draws of the groups.

    Percentiles of the draws themselves covered 85% with ten groups, and these 92%.
    """
    groups = draws.shape[1]
    correction = groups / (groups - 1)
    estimate, deviations = measured(np.ones((1, groups)))
    error = np.sqrt(correction * (deviations**2).sum())
    drawn, of_drawn = measured(draws)
    errors = np.sqrt(correction * (draws * of_drawn**2).sum(axis=1))
    known = errors > 1e-12 * max(error, 1e-300)
    low, high = np.percentile((drawn[known] - estimate[0]) / errors[known], [2.5, 97.5])
    return float(estimate[0] - high * error), float(estimate[0] - low * error)


def _ndcg(predicted: Floats, scores: Floats, choices: Ints, ndcg: NDCG) -> float:
    """Return the mean over choices of the predicted order's NDCG; choices between equal scores say nothing."""
    order = np.argsort(choices, kind="stable")
    starts = np.flatnonzero(np.diff(choices[order], prepend=-1))
    found = [
        float(ndcg.values(-predicted[None, rows], scores[rows])[0])
        for rows in np.split(order, starts[1:])
        if np.ptp(scores[rows]) > 0
    ]
    return float(np.nanmean(found)) if found else np.nan


def _beside(
    own: Floats,
    others: Floats,
    counts: Floats,
    draws: Floats,
    rng: np.random.Generator,
    names: tuple[str, str],
    group: str,
    method: str = "",
) -> Outcome:
    """Return by how much one RMSE is lower than another, from the squared errors of each group."""
    rows, gained = counts.sum(), others - own
    exact = len(gained) <= _EXACT
    signs = _all_signs(len(gained)) if exact else rng.choice([-1.0, 1.0], size=(_SIGNS, len(gained)))
    sums = signs @ gained
    slack = 1e-9 * np.abs(gained).sum()
    reached = int((sums >= gained.sum() - slack).sum())
    total = len(sums) if exact else len(sums) + 1
    p_value = reached / total if exact else (reached + 1) / total
    attainable = 1 / total
    enough = len(gained) >= _FEWEST
    low, high = _difference_interval(others, own, counts, draws) if enough else (None, None)
    return Outcome(
        statistic=f"RMSE of the {names[1]} less that of {names[0]}",
        estimate=float(np.sqrt(others.sum() / rows) - np.sqrt(own.sum() / rows)),
        low=low,
        high=high,
        interval_method=f"bootstrap-t of {group}" if enough else "",
        p_value=p_value,
        alternative="greater",
        null=f"{'all' if exact else f'{len(sums):,}'} changes of signs of {group}",
        attainable_p=attainable,
        n=len(gained),
        unit=f"{group} left out" if method else group,
        method=method or "squared errors of predictions that were given, side by side",
        assumptions=(f"under the null, {group} gain and lose alike",),
        warnings=tuple(too_few(attainable, 0.05, f"{len(gained)} {group}")),
    )


def _all_signs(count: int) -> Floats:
    signs: Floats = np.where((np.arange(2**count)[:, None] >> np.arange(count)) & 1, -1.0, 1.0)
    return signs
