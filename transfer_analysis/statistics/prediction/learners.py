"""What predicts a score: regressions, trees, and the means that they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics.mixed.design import design
from transfer_analysis.statistics.mixed.fit import fit_design
from transfer_analysis.statistics.prediction.cases import Cases

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: From predictors and levels of rows to their scores.
Fitted = Callable[[Floats, Mapping[str, Ints]], Floats]

#: Penalties that ridge regression chooses from, and the parts of the training rows that choose.
_PENALTIES = np.logspace(-3, 4, 15)
_PARTS = 5


@dataclass(frozen=True)
class Learner:
    """A way of predicting scores.

    Attributes
    ----------
    name, about
        What it is called, and what it is.
    fit
        From the rows to learn from, the group of each (what would be left out together) and a seed to what predicts.
    """

    name: str
    about: str
    fit: Callable[[Cases, Ints, int], Fitted]


def _scaling(x: Floats) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of the columns of the rows that are learnt from; 1 where one does not vary."""
    spread = x.std(axis=0)
    return x.mean(axis=0), np.where(spread > 1e-12, spread, 1.0)


def _regression(cases: Cases, _groups: Ints, _seed: int) -> Fitted:
    centre, spread = _scaling(cases.x)
    level = cases.y.mean()
    # The shortest solution: a column that does not vary, or repeats another, adds nothing.
    slopes = np.linalg.lstsq((cases.x - centre) / spread, cases.y - level, rcond=1e-10)[0]
    return lambda x, _: np.asarray(level + (x - centre) / spread @ slopes, dtype=np.float64)


def _ridge(cases: Cases, groups: Ints, _seed: int) -> Fitted:
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold

    centre, spread = _scaling(cases.x)
    scaled = (cases.x - centre) / spread
    # The penalty is chosen on groups left out whole, as the score is judged.
    parts = GroupKFold(min(_PARTS, len(np.unique(groups)))).split(scaled, cases.y, groups)
    model = RidgeCV(_PENALTIES, scoring="neg_mean_squared_error", cv=list(parts)).fit(scaled, cases.y)
    return lambda x, _: np.asarray(model.predict((x - centre) / spread), dtype=np.float64)


def _boosting(cases: Cases, _groups: Ints, seed: int) -> Fitted:
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(
        max_iter=100, learning_rate=0.1, max_leaf_nodes=16, min_samples_leaf=5, early_stopping=False, random_state=seed
    ).fit(cases.x, cases.y)
    return lambda x, _: np.asarray(model.predict(x), dtype=np.float64)


def _mixed(cases: Cases, groups: Ints, seed: int) -> Fitted:
    """Random intercepts for every side with several levels, two rows or more to a level on average."""
    names = [f"x{number}" for number in _independent(cases.x)]
    sides = [side for side, levels in cases.sides.items() if 1 < len(np.unique(levels)) <= len(levels) / 2]
    if not names or not sides or np.ptp(cases.y) == 0:
        return _regression(cases, groups, seed)
    kept = [int(name[1:]) for name in names]
    centre, spread = _scaling(cases.x[:, kept])
    frame = pd.DataFrame((cases.x[:, kept] - centre) / spread, columns=names).assign(score=cases.y)
    levels = pd.DataFrame({f"g{number}": cases.sides[side] for number, side in enumerate(sides)})
    model = fit_design(design(f"score ~ {' + '.join(names)}", frame.join(levels), list(levels)), reml=True)
    beta = model.solution.beta
    effects = [{int(level): value for level, value in part.items()} for part in model.random_effects().values()]

    def predict(x: Floats, given: Mapping[str, Ints]) -> Floats:
        found = beta[0] + (x[:, kept] - centre) / spread @ beta[1:]
        for side, known in zip(sides, effects, strict=True):
            # A level that was not learnt from is expected at the mean of all.
            found = found + np.array([known.get(int(level), 0.0) for level in given[side]])
        return np.asarray(found, dtype=np.float64)

    return predict


def _independent(x: Floats) -> list[int]:
    """Return the columns that neither are constant nor follow from those before them."""
    kept: list[int] = []
    basis = np.ones((len(x), 1)) / np.sqrt(len(x))
    for number, column in enumerate(x.T):
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)  # once more, against rounding
        length = float(np.linalg.norm(rest))
        if length > 1e-8 * max(1.0, float(np.linalg.norm(column))):
            kept.append(number)
            basis = np.column_stack([basis, rest / length])
    return kept


#: Learners by name.
LEARNERS = {
    learner.name: learner
    for learner in (
        Learner("regression", "least squares", _regression),
        Learner("ridge", "ridge regression, its penalty chosen on groups left out of the training rows", _ridge),
        Learner("boosting", "gradient boosting of 100 trees of 16 leaves (scikit-learn)", _boosting),
        Learner("mixed", "mixed model, a random intercept for every side", _mixed),
    )
}


def learner_named(name: str) -> Learner:
    """Return a learner by its name.

    Raises
    ------
    InputError
        For one that there is not, with the nearest.
    """
    if name not in LEARNERS:
        raise InputError(f"learner {name!r}{nearest(name, LEARNERS)}; there are {', '.join(LEARNERS)}")
    return LEARNERS[name]


def baselines(sides: Mapping[str, str]) -> list[Learner]:
    """Return the means that predictions are compared with: of all, of each side, and of all sides together.

    Parameters
    ----------
    sides
        Side → what it is called.
    """
    found = [Learner("mean", "mean of all rows learnt from", _means([]))]
    found += [Learner(f"mean of the {noun}", f"mean of the {noun}", _means([side])) for side, noun in sides.items()]
    if len(sides) > 1:
        together = " + ".join(sides.values())
        found.append(Learner(together, f"sum of effects of {together}, by least squares", _means(list(sides))))
    return found


def _means(sides: list[str]) -> Callable[[Cases, Ints, int], Fitted]:
    """Return the additive model of some sides; that of one side is its mean. A level not learnt from is at the mean of all."""

    def fit(cases: Cases, _groups: Ints, _seed: int) -> Fitted:
        mean = float(cases.y.mean())
        effects: list[dict[int, float]] = [{} for _ in sides]
        left = cases.y - mean
        # Backfitting (Gauss-Seidel) ends at the least-squares solution of the additive model.
        for _ in range(1 if len(sides) < 2 else _ROUNDS):
            before = left.copy()
            for side, known in zip(sides, effects, strict=True):
                change = pd.Series(left).groupby(cases.sides[side]).mean()
                left = left - change.reindex(cases.sides[side]).to_numpy()
                for level, value in change.items():
                    known[int(level)] = known.get(int(level), 0.0) + float(value)
            if np.abs(before - left).max(initial=0.0) < 1e-10 * (np.abs(cases.y).max() + 1):
                break

        def predict(x: Floats, given: Mapping[str, Ints]) -> Floats:
            found = np.full(len(x), mean)
            for side, known in zip(sides, effects, strict=True):
                found += np.array([known.get(int(level), 0.0) for level in given[side]])
            return found

        return predict

    return fit


_ROUNDS = 200
