"""Effects of conditions beyond the noise of seeds: every condition beside one baseline."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.stats import dunnett

from transfer_analysis.errors import InputError


def effects_beside_baseline(
    scores: pd.DataFrame, *, baseline: str = "none", confidence: float = 0.95, seed: int = 0
) -> pd.DataFrame:
    """Return the difference of each condition's mean from the baseline's, with simultaneous intervals.

    For one target, the conditions' runs with several seeds are compared with the baseline's by Dunnett's procedure
    (Dunnett 1955, *JASA* 50: 1096): the variance between seeds is pooled over all conditions, and the intervals and
    p-values hold for all conditions of the target together.

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
    seed
        Of the numerical integration.

    Returns
    -------
    DataFrame
        One row per condition × target: `effect`, `low`, `high` (in points), `p_value` (two-sided, adjusted within the
        target), `seeds` and `baseline_seeds`. Where no condition of a target has two seeds, interval and p are NaN.

    Raises
    ------
    InputError
        Where a target has no baseline, or a score is not a number.
    """
    if scores["score"].isna().any():
        raise InputError("effects: a score is missing; leave out the runs that have none")
    tables = [
        _of_target(str(target), part, baseline, confidence, seed)
        for target, part in scores.groupby("target", sort=True)
    ]
    return pd.concat(tables, ignore_index=True)


def _of_target(target: str, part: pd.DataFrame, baseline: str, confidence: float, seed: int) -> pd.DataFrame:
    runs = {str(name): rows["score"].to_numpy(dtype=float) for name, rows in part.groupby("condition", sort=True)}
    control = runs.pop(baseline, None)
    if control is None:
        raise InputError(f"effects: {target} has no runs with condition {baseline!r}")
    if not runs:
        raise InputError(f"effects: {target} has no condition besides {baseline!r}")
    table = pd.DataFrame(
        {
            "target": target,
            "condition": list(runs),
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
    with warnings.catch_warnings():
        # One condition whose seeds agree to the last digit is no harm: the variance is pooled over all of them.
        warnings.filterwarnings("ignore", "Precision loss occurred", RuntimeWarning)
        found = dunnett(*runs.values(), control=control, rng=np.random.default_rng(seed))
        interval = found.confidence_interval(confidence)
    return table.assign(low=interval.low, high=interval.high, p_value=found.pvalue)
