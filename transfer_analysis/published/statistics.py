"""The statistics that papers print, as they define them: descriptions, whose p-values are not taken over."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.stats import pearsonr, rankdata, spearmanr, weightedtau

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics import NDCG
from transfer_analysis.statistics.frames import require_named

Method = Literal["pearson", "spearman", "weighted-tau"]


def correlation(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    method: Method = "spearman",
    by: Sequence[str] = (),
    best_of: str | None = None,
    centred_by: str | None = None,
) -> float:
    """Return the correlation of two columns.

    Parameters
    ----------
    by
        Columns within whose levels it is computed; the mean is returned.
    best_of
        Column of settings, of which the best is printed.
    centred_by
        Column within whose levels both are taken as differences from their mean.

    Notes
    -----
    `weighted-tau` is Vigna's (2015) weighted Kendall correlation, hyperbolic weights by the rank in `y` alone.
    """
    require_named(frame, [x, y, *by])
    if best_of is not None:
        return max(
            correlation(part, x=x, y=y, method=method, by=by, centred_by=centred_by)
            for _, part in frame.groupby(best_of)
        )
    known = frame.dropna(subset=[x, y])
    if centred_by is not None:
        # As the papers do it, within the rows that one of the columns has.
        known = known.assign(**{c: frame[c] - frame.groupby(centred_by)[c].transform("mean") for c in (x, y)})
    measure = _METHODS[method]
    parts = [part for _, part in known.groupby(list(by))] if by else [known]
    return float(np.mean([measure(part[x].to_numpy(), part[y].to_numpy()) for part in parts]))


_METHODS: Mapping[Method, Callable[[Any, Any], float]] = {
    "pearson": lambda x, y: float(pearsonr(x, y).statistic),
    "spearman": lambda x, y: float(spearmanr(x, y).statistic),
    "weighted-tau": lambda x, y: float(weightedtau(y, x, rank=None).statistic),
}


def sampled_correlation(
    frame: pd.DataFrame, *, x: str, y: str, source: str, target: str, source_unit: str, target_unit: str, seeds: int
) -> float:
    """Return the mean Spearman correlation of two columns over samples with one source, and one target, of each unit.

    Parameters
    ----------
    source_unit, target_unit
        Columns of what a source and a target are of: treebanks of a language, say.
    seeds
        Samples are drawn with Python's generator from seeds 1 on, as the authors do: sources and targets from the same seed, units
        in the order of the table.
    """
    require_named(frame, [x, y, source, target, source_unit, target_unit])
    found = []
    for seed in range(1, seeds + 1):
        drawn = [_one_each(frame, side, of, seed) for side, of in ((source, source_unit), (target, target_unit))]
        part = frame[frame[source].isin(drawn[0]) & frame[target].isin(drawn[1])].dropna(subset=[x, y])
        found.append(float(spearmanr(part[x], part[y]).statistic))
    return float(np.mean(found))


def _one_each(frame: pd.DataFrame, member: str, unit: str, seed: int) -> list[str]:
    draw = random.Random(seed)  # noqa: S311  # a sample, no secret
    members = frame.drop_duplicates(member).groupby(unit, sort=False)[member]
    return [draw.choice(list(part)) if len(part) > 1 else part.iloc[0] for _, part in members]


def ndcg(frame: pd.DataFrame, *, by: str, predictor: str, relevance: str, k: int, similar: bool = False) -> float:
    """Return NDCG@k of the order by a predictor, a mean over the levels of a column, with gains as a column gives them.

    Candidates that share a value stand in the order of the file, as a stable sort leaves them.
    """
    require_named(frame, [by, predictor, relevance])
    sign = -1.0 if similar else 1.0
    parts = [(sign * part[predictor].to_numpy(float), part[relevance].to_numpy(float)) for _, part in frame.groupby(by)]
    return _mean_ndcg([(rankdata(x, method="ordinal"), gains) for x, gains in parts], k)


def ndcg_bounds(
    frame: pd.DataFrame, *, by: str, predictor: str, relevance: str, k: int, similar: bool = False
) -> tuple[float, float]:
    """Return the least and the most that NDCG@k can be (see `ndcg`), candidates that share a value in any order."""
    require_named(frame, [by, predictor, relevance])
    sign = -1.0 if similar else 1.0
    parts = [(sign * part[predictor].to_numpy(float), part[relevance].to_numpy(float)) for _, part in frame.groupby(by)]
    low, high = (
        _mean_ndcg([(np.argsort(np.lexsort((side * gains, x))), gains) for x, gains in parts], k)
        for side in (1.0, -1.0)
    )
    return low, high


def _mean_ndcg(parts: Sequence[tuple[Any, Any]], k: int) -> float:
    """Return the mean of NDCG@k over choices, each with the places and the gains of its candidates."""
    measure = NDCG("scores", k)
    return float(np.mean([measure.values(np.asarray(places, dtype=float)[None], gains)[0] for places, gains in parts]))


def error(
    frame: pd.DataFrame, *, predicted: str, score: str, measure: Literal["rmse", "mae"] = "rmse", by: Sequence[str] = ()
) -> float:
    """Return the error of predictions over all rows, or the mean of that within the levels of columns."""
    require_named(frame, [predicted, score, *by])
    off = frame[predicted] - frame[score]
    rows = off.abs() if measure == "mae" else off**2
    means = rows.groupby([frame[column] for column in by]).mean() if by else pd.Series([rows.mean()])
    return float((means if measure == "mae" else np.sqrt(means)).mean())


def mean(frame: pd.DataFrame, *, column: str) -> float:
    """Return the mean of a column; of true and false, the share that is true."""
    require_named(frame, [column])
    return float(frame[column].astype(float).mean())


def count(frame: pd.DataFrame, *, column: str) -> float:
    """Return how many rows a column marks."""
    require_named(frame, [column])
    return float(frame[column].astype(bool).sum())


#: Statistics by name.
STATISTICS: Mapping[str, Callable[..., float]] = {
    "correlation": correlation,
    "sampled-correlation": sampled_correlation,
    "ndcg": ndcg,
    "error": error,
    "mean": mean,
    "count": count,
}


def computed(name: str, frame: pd.DataFrame, options: Mapping[str, Any]) -> float:
    """Return a statistic of the rows that `where` leaves (column → value or values), times `times`.

    Raises
    ------
    InputError
        For a statistic that there is not, or where no row is left.
    """
    if name not in STATISTICS:
        raise InputError(f"statistic {name!r}{nearest(name, STATISTICS)}; there are {', '.join(STATISTICS)}")
    given = dict(options)
    times = float(given.pop("times", 1.0))
    return times * STATISTICS[name](rows_where(frame, given.pop("where", {})), **given)


def bounds(name: str, frame: pd.DataFrame, options: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return between what values a statistic depends on the order of equal values; None for one that never does."""
    if name not in _BOUNDS:
        return None
    given = dict(options)
    times = float(given.pop("times", 1.0))
    low, high = _BOUNDS[name](rows_where(frame, given.pop("where", {})), **given)
    return times * low, times * high


#: Statistics that depend on the order of equal values.
_BOUNDS: Mapping[str, Callable[..., tuple[float, float]]] = {"ndcg": ndcg_bounds}


def rows_where(frame: pd.DataFrame, where: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows whose columns have the values that are named.

    Raises
    ------
    InputError
        Where no row is left.
    """
    require_named(frame, list(where))
    for column, wanted in where.items():
        values = wanted if isinstance(wanted, list) else [wanted]
        frame = frame[frame[column].isin(values)]
        if frame.empty:
            raise InputError(f"no row whose {column} is {', '.join(map(str, values))}")
    return frame
