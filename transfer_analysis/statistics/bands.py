"""A line with its band, for figures: resampling whole groups instead of points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from transfer_analysis.errors import InputError


def regression_band(
    frame: pd.DataFrame, x: str, y: str, groups: Sequence[str], *, draws: int = 1_999, seed: int = 0
) -> pd.DataFrame:
    """Return a least-squares line and its pointwise 95% band.

    y = a + bx, for looking at: not a test, and no line within targets. Points of one group are not independent, so groups
    are resampled whole. With two columns of groups both are resampled, each independently (the pigeonhole bootstrap of
    Owen 2007, Annals of Applied Statistics 1).

    Parameters
    ----------
    x, y
        Columns of numbers; rows with a missing one are left out.
    groups
        Columns that name the groups of each row (`["condition", "target"]`, or `["language_family"]`).

    Returns
    -------
    DataFrame
        Columns `x` (50 points over the range), `fit`, `low`, `high`; the last two are NaN where a column names fewer
        than three groups.

    Raises
    ------
    InputError
        Where `x` does not vary.
    """
    used = frame.dropna(subset=[x, y])
    xs, ys = used[x].to_numpy(dtype=float), used[y].to_numpy(dtype=float)
    if len(xs) < 2 or np.ptp(xs) == 0:
        raise InputError(f"{x} does not vary; no line can be drawn")
    rng = np.random.default_rng(seed)
    weights = np.ones((draws + 1, len(xs)))
    for column in groups:
        codes, names = pd.factorize(used[column])
        counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
        weights[1:] *= counts[:, codes]
    grid = np.linspace(xs.min(), xs.max(), 50)
    total = weights.sum(axis=1)
    weights, total = weights[total > 0], total[total > 0]
    mean_x, mean_y = weights @ xs / total, weights @ ys / total
    variance = weights @ xs**2 / total - mean_x**2
    # A draw that leaves a single value of x has no line.
    usable = variance > 1e-9 * np.var(xs)
    slope = (weights @ (xs * ys) / total - mean_x * mean_y)[usable] / variance[usable]
    lines = mean_y[usable, None] + slope[:, None] * (grid - mean_x[usable, None])
    low, high = np.quantile(lines[1:], [0.025, 0.975], axis=0)
    if any(used[column].nunique() < 3 for column in groups):
        low = high = np.full_like(grid, np.nan)
    return pd.DataFrame({"x": grid, "fit": lines[0], "low": low, "high": high})
