"""The statistics that papers print, as they define them: descriptions, whose p-values are not taken over."""

from __future__ import annotations

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


def ndcg(frame: pd.DataFrame, *, by: str, predictor: str, relevance: str, k: int, similar: bool = False) -> float:
    """Return NDCG@k of the order by a predictor, a mean over the levels of a column, with gains as a column gives them.

    Candidates that share a value stand in the order of the file, as a stable sort leaves them.
    """
    require_named(frame, [by, predictor, relevance])
    measure = NDCG("scores", k)
    sign = -1.0 if similar else 1.0
    found = [
        measure.values(
            rankdata(sign * part[predictor].to_numpy(dtype=float), method="ordinal").astype(float)[None],
            part[relevance].to_numpy(dtype=float),
        )[0]
        for _, part in frame.groupby(by)
    ]
    return float(np.mean(found))


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
