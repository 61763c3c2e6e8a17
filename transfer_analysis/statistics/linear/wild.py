"""The wild cluster bootstrap: a test of an effect that holds with few clusters."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.formula import FixedEffects, fixed_effects, require_columns, require_complete
from transfer_analysis.statistics.outcome import Alternative, Outcome
from transfer_analysis.statistics.permutation import EXACT_LIMIT, attainable_share, share, too_few

Floats = npt.NDArray[np.float64]

#: Fewest clusters: with five there are 32 draws of signs.
MIN_CLUSTERS = 5


def wild_cluster_bootstrap(
    formula: str,
    data: pd.DataFrame,
    term: str,
    cluster: str,
    *,
    alternative: Alternative = "two-sided",
    confidence: float = 0.95,
    replicates: int = 9_999,
    seed: int = 0,
) -> Outcome:
    """Test an effect of a linear model whose rows are independent between clusters only.

    Parameters
    ----------
    formula
        As for `linear_model`.
    term
        The effect that is tested.
    cluster
        Column whose levels are independent of each other.
    replicates
        Draws; all signs are enumerated where there are no more than 20,000.

    Returns
    -------
    Outcome
        The estimate of least squares; p from the bootstrap, and the interval by its inversion.

    Raises
    ------
    InputError
        As `linear_model`; for an effect that the model does not have; fewer than five clusters.

    Notes
    -----
    The model is fitted with the effect held at its null value b; each cluster's residuals keep or change their sign
    together, y* = Xβ̃ + v_g ẽ_g, v = ±1; the t-value with errors by cluster is compared with those of the y* (restricted wild
    cluster bootstrap; Cameron, Gelbach & Miller 2008, Review of Economics and Statistics 90; MacKinnon & Webb 2017). Assumes
    clusters that are independent, with residuals symmetric about zero. With an
    effect that varies in very few of the clusters it rejects too rarely.
    """
    fixed = fixed_effects(formula, data)
    place = fixed.place(term)
    require_columns(data, [cluster], "cluster")
    require_complete(data, [cluster])
    codes = pd.factorize(data[cluster], sort=True)[0]
    clusters = int(codes.max()) + 1
    if clusters < MIN_CLUSTERS:
        raise InputError(f"{cluster} has {clusters} levels; the wild cluster bootstrap needs {MIN_CLUSTERS} at least")
    scores = _Scores(fixed, place, codes)
    if scores.error() <= 1e-12 * max(1.0, float(np.abs(fixed.y).max())):
        raise InputError(f"the effects give {fixed.outcome} without error; there is nothing to test")
    exact = 2**clusters <= EXACT_LIMIT
    signs = _signs(clusters, replicates, exact, seed)
    statistics = scores.t_values(signs, 0.0)
    low, high = _inverted(scores, signs, 1 - confidence)
    attainable = attainable_share(statistics, alternative)
    varying = sum(np.ptp(fixed.x[codes == g, place]) > 0 for g in range(clusters))
    notes = too_few(attainable, 1 - confidence, f"{len(signs)} draws")
    how = "all" if exact else f"{replicates:,} random"
    return Outcome(
        statistic=f"effect of {term} on {fixed.outcome}",
        estimate=scores.estimate,
        low=low,
        high=high,
        confidence=confidence,
        interval_method="inversion of the bootstrap" if low is not None else "",
        p_value=share(statistics, float(statistics[0]), alternative),
        alternative=alternative,
        null=f"{how} changes of sign of the clusters' residuals",
        attainable_p=attainable,
        minimum_detectable=_detectable(scores, statistics, alternative),
        n=clusters,
        unit=f"clusters ({cluster}; the effect varies within {varying} of them)",
        method=f"restricted wild cluster bootstrap: {formula}",
        assumptions=(f"levels of {cluster} are independent", "their residuals are symmetric about zero"),
        warnings=tuple(notes),
    )


class _Scores:
    """What the t-value under any signs is made of, for an effect and its clusters.

    With c the row of (XᵀX)⁻¹Xᵀ of the effect, a cluster's score is c_g ẽ_g; a change of sign v moves the estimate to
    Σ v_g c_g ẽ_g and the residuals of cluster g to v_g ẽ_g − X_g (XᵀX)⁻¹ Σ_h v_h X_hᵀẽ_h.
    """

    def __init__(self, fixed: FixedEffects, place: int, codes: npt.NDArray[np.intp]) -> None:
        self.x, self.y = fixed.x, fixed.y
        self.inverse = np.linalg.inv(fixed.x.T @ fixed.x)
        self.row = fixed.x @ self.inverse[:, place]
        self.estimate = float(self.row @ fixed.y)
        rest = np.delete(fixed.x, place, axis=1)
        # Residuals with the effect held at b are those of y less b times those of its column.
        self.of_y, self.of_column = (self._residuals(rest, v) for v in (fixed.y, fixed.x[:, place]))
        self.by_cluster = np.eye(codes.max() + 1)[codes].T  # (clusters, rows)
        self.pull = (self.by_cluster * self.row) @ fixed.x @ self.inverse  # (clusters, effects)

    @staticmethod
    def _residuals(rest: Floats, values: Floats) -> Floats:
        if not rest.shape[1]:
            return values
        found: Floats = values - rest @ np.linalg.lstsq(rest, values, rcond=None)[0]
        return found

    def t_values(self, signs: Floats, value: float) -> Floats:
        """Return t of the effect less its null value for each draw of signs, shape (draws,)."""
        residuals = self.of_y - value * self.of_column
        moments = (self.by_cluster * residuals) @ self.x  # (clusters, effects)
        own = (self.by_cluster * residuals) @ self.row
        moved = signs @ own
        scores = signs * own - (signs @ moments) @ self.pull.T
        error = np.sqrt((scores**2).sum(axis=1))
        return np.asarray(np.divide(moved, error, out=np.zeros_like(moved), where=error > 1e-12 * np.abs(own).max()))

    def error(self) -> float:
        """Return the standard error by cluster of the estimate, without a correction for few clusters."""
        residuals = self.y - self.x @ (self.inverse @ (self.x.T @ self.y))
        return float(np.sqrt((((self.by_cluster * residuals) @ self.row) ** 2).sum()))


def _signs(clusters: int, replicates: int, exact: bool, seed: int) -> Floats:
    if exact:
        return np.array(list(product((1.0, -1.0), repeat=clusters)))
    drawn = np.random.default_rng(seed).choice([1.0, -1.0], size=(replicates, clusters))
    return np.vstack([np.ones(clusters), drawn])


def _detectable(scores: _Scores, statistics: Floats, alternative: Alternative) -> float:
    magnitude = np.abs(statistics)
    return float((np.quantile(magnitude, 0.95 if alternative == "two-sided" else 0.90) + 0.8416) * scores.error())


def _inverted(scores: _Scores, signs: Floats, alpha: float) -> tuple[float | None, float | None]:
    """Return the ends of the null values that the two-sided test does not reject; None where it rejects none or never."""

    def kept(value: float) -> bool:
        statistics = scores.t_values(signs, value)
        return share(statistics, float(statistics[0]), "two-sided") > alpha

    step = scores.error()
    ends = []
    for direction in (-1.0, 1.0):
        inside, reach = scores.estimate, step
        while kept(scores.estimate + direction * reach):
            inside, reach = scores.estimate + direction * reach, 2 * reach
            if reach > 1e6 * step:
                return None, None
        outside = scores.estimate + direction * reach
        for _ in range(40):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if kept(middle) else (inside, middle)
        ends.append(inside)
    return ends[0], ends[1]
