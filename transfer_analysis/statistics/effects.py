"""Effects of conditions beyond the noise of seeds: every condition beside one baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.contrasts import Contrast
from transfer_analysis.statistics.dunnett import dunnett_critical, dunnett_p_values
from transfer_analysis.statistics.frames import require_named, require_numbers
from transfer_analysis.statistics.outcome import Alternative, Outcome, freedom


def effects_beside_baseline(scores: pd.DataFrame, *, baseline: str = "none", confidence: float = 0.95) -> pd.DataFrame:
    """Return the difference of each condition's mean from the baseline's, with simultaneous intervals.

    For one target, the conditions' runs with several seeds are compared with the baseline's by Dunnett's procedure
    (Dunnett 1955, *JASA* 50: 1096): the variance between seeds is pooled over all conditions, and the intervals and
    p-values hold for all conditions of the target together: |ȳ_c − ȳ_0| / (s √(1/n_c + 1/n_0)) beside the largest of as many
    correlated t. Not for runs that share more than the baseline, nor for targets together.

    Parameters
    ----------
    scores
        One row per run: columns `condition`, `target`, `score` (a mean over languages, say). Runs of different seeds
        are taken to be independent, normal, and to vary as much under every condition; runs of different conditions
        with one seed that are alike make the intervals wider than they need be.
    baseline
        The condition that the others are compared with.
    confidence
        Of the intervals, over all conditions of one target together.

    Returns
    -------
    DataFrame
        One row per condition × target: `mean`, `baseline_mean`, `effect`, `low`, `high` (in points), `p_value` (two-sided, adjusted within the
        target), `seeds` and `baseline_seeds`. Where no condition of a target has two seeds, interval and p are NaN.

    Raises
    ------
    InputError
        Where a target has no baseline, or a score is not a number.
    """
    _require_scores(scores, ["condition", "target"])
    tables = [
        _of_target(str(target), part, baseline, confidence) for target, part in scores.groupby("target", sort=True)
    ]
    return pd.concat(tables, ignore_index=True)


def condition_effect(
    scores: pd.DataFrame, condition: str, *, baseline: str = "none", alternative: Alternative = "two-sided"
) -> Outcome:
    """Return the effect of one condition declared beforehand on one target, beside the baseline.

    The difference of two means over runs with several seeds, tested by t with the variance between seeds pooled over all
    conditions of the target: t = (ȳ_c − ȳ_0) / (s √(1/n_c + 1/n_0)), with as many degrees of freedom as there are runs
    less conditions (Fisher 1935). For a condition declared beforehand; for the best of several use
    `effects_beside_baseline`. One contrast of an analysis of variance, so the level is exact where runs are independent
    and normal with one variance.

    Parameters
    ----------
    scores
        One row per run of the target: columns `condition`, `score`.

    Raises
    ------
    InputError
        Where either condition has no run, or no condition has two.
    """
    _require_scores(scores, ["condition"])
    runs = _runs(scores)
    for name in (condition, baseline):
        if name not in runs:
            raise InputError(f"no run with condition {name!r}; the results have {', '.join(runs)}")
    within = np.concatenate([values - values.mean() for values in runs.values()])
    df = len(within) - len(runs)
    if df < 1:
        raise InputError("the effect of a condition needs at least two seeds of some condition")
    ours, theirs = runs[condition], runs[baseline]
    error = float(np.sqrt((within**2).sum() / df * (1 / len(ours) + 1 / len(theirs))))
    contrast = Contrast(
        name=f"effect of {condition} beside {baseline}, in points,",
        estimate=float(ours.mean() - theirs.mean()),
        std_error=error,
        df=float(df),
        n=len(ours) + len(theirs),
        unit="runs of the two conditions",
        method="contrast of two conditions, variance between seeds pooled over all conditions of the target",
        assumptions=("runs are independent and normal", "seeds vary as much under every condition"),
        notes=() if min(len(ours), len(theirs)) > 2 else ("two seeds or fewer of a condition",),
    )
    return replace(contrast.outcome(alternative), null=freedom(df))


def _require_scores(scores: pd.DataFrame, labels: list[str]) -> None:
    require_named(scores, [*labels, "score"])
    require_numbers(scores, ["score"])
    if scores["score"].isna().any():
        raise InputError("effects: a score is missing; leave out the runs that have none")


def _runs(scores: pd.DataFrame) -> dict[str, npt.NDArray[np.float64]]:
    """Return the scores of each condition's runs."""
    return {str(name): rows["score"].to_numpy(dtype=float) for name, rows in scores.groupby("condition", sort=True)}


def _of_target(target: str, part: pd.DataFrame, baseline: str, confidence: float) -> pd.DataFrame:
    runs = _runs(part)
    control = runs.pop(baseline, None)
    if control is None:
        raise InputError(f"effects: {target} has no runs with condition {baseline!r}")
    if not runs:
        raise InputError(f"effects: {target} has no condition besides {baseline!r}")
    table = pd.DataFrame(
        {
            "target": target,
            "condition": list(runs),
            "mean": [float(values.mean()) for values in runs.values()],
            "baseline_mean": float(control.mean()),
            "effect": [float(values.mean() - control.mean()) for values in runs.values()],
            "low": np.nan,
            "high": np.nan,
            "p_value": np.nan,
            "seeds": [len(values) for values in runs.values()],
            "baseline_seeds": len(control),
        }
    )
    within = [values - values.mean() for values in (control, *runs.values())]
    if all(len(values) < 2 for values in within) or np.abs(np.concatenate(within)).max() < 1e-12:
        return table
    sizes = tuple(len(values) for values in runs.values())
    df = sum(sizes) + len(control) - len(within)
    pooled = sum(float(values @ values) for values in within) / df
    error = np.sqrt(pooled * (1 / np.array(sizes) + 1 / len(control)))
    reach = dunnett_critical(sizes, len(control), float(df), confidence) * error
    p_values = dunnett_p_values(table["effect"].to_numpy() / error, sizes, len(control), float(df))
    return table.assign(low=table["effect"] - reach, high=table["effect"] + reach, p_value=p_values)
