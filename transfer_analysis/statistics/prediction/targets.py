"""How well a regression predicts the scores of a label that it has not seen, beside the mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.outcome import Outcome
from transfer_analysis.statistics.permutation import Relabelings, too_few

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

#: Relabelings at most that the regression is fitted to.
_MOST = 999


@dataclass(frozen=True)
class Predicted:
    """What was predicted of pairs whose target was left out.

    Attributes
    ----------
    errors
        One row per model: `model`, `rmse`, `mae`, `r_squared` (1 − Σe²/Σ(y − ȳ)², negative where the mean of all scores is
        better), `pairs`.
    outcome
        The regression's RMSE with its test.
    """

    errors: pd.DataFrame
    outcome: Outcome


def leave_one_target_out(
    predictors: list[Array], scores: Array, relabelings: Relabelings, *, labels: tuple[list[str], list[str]]
) -> Predicted:
    """Predict the scores of each target from pairs that do not have it on either side.

    Parameters
    ----------
    predictors
        Arrays that the relabelings point into.
    scores
        Shape (sources, targets), NaN where a pair is empty.
    labels
        Of sources and targets; a target that is a source too is left out on both sides.

    Returns
    -------
    Predicted
        The regression (least squares with intercept), beside the mean of the pairs that are left, and the mean of each
        source over these.

    Raises
    ------
    InputError
        Where fewer than three targets, or too few pairs for the regression, are left.

    Notes
    -----
    Leave-one-language-out, as Srinivasan et al. 2021 (arXiv 2110.08875) and Lin et al. 2019 (arXiv 1905.12688) predict unseen
    languages. p is the share of relabelings of the predictors under which the error is as small; it says whether the
    predictors help beyond chance, for labels that are exchangeable. At most 999 relabelings are fitted.
    """
    sources, targets = labels
    shown = [relabelings.observed(one) for one in predictors]
    known = np.isfinite(np.stack([scores, *shown])).all(axis=0)
    i, j = np.nonzero(known)
    y = scores[i, j]
    place = {label: number for number, label in enumerate(dict.fromkeys([*targets, *sources]))}
    of_source, of_target = (np.array([place[label] for label in side]) for side in labels)
    first, second = of_source[i], of_target[j]
    pairs = _Pairs(i, j, first, second)
    needed = len(predictors) + 2
    if len(pairs.held) < 3 or min(int(train.sum()) for _, train in pairs.folds()) < needed:
        raise InputError(
            f"{len(pairs.held)} targets, and too few pairs without each: {needed} are needed to predict the scores of a target "
            "from those of others"
        )
    x = np.stack([one[i, j] for one in shown], axis=1)
    models = {
        "regression": _regressed(x, y, pairs),
        "mean": _filled(y, pairs, lambda train: np.full(len(y), y[train].mean())),
        "mean of the source": _filled(y, pairs, lambda train: _group_means(y, first, train)),
    }
    spread = float(((y - y.mean()) ** 2).sum())
    errors = pd.DataFrame(
        [
            {
                "model": name,
                "rmse": float(np.sqrt(np.mean((y - found) ** 2))),
                "mae": float(np.abs(y - found).mean()),
                "r_squared": 1 - float(((y - found) ** 2).sum()) / spread if spread > 0 else np.nan,
                "pairs": len(y),
            }
            for name, found in models.items()
        ]
    )
    return Predicted(errors, _tested(predictors, relabelings, pairs, y, errors))


@dataclass(frozen=True)
class _Pairs:
    """Where pairs stand in the arrays, and the labels of their sources and targets, numbered together."""

    row: Ints
    column: Ints
    first: Ints
    second: Ints

    @property
    def sides(self) -> tuple[Ints, Ints]:
        """Labels of the sources and of the targets."""
        return self.first, self.second

    @property
    def labels(self) -> int:
        """One more than the largest label."""
        return int(max(self.first.max(), self.second.max())) + 1

    @property
    def held(self) -> Ints:
        """The targets, each left out in turn."""
        return np.unique(self.second)

    def folds(self) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]]:
        """Yield the pairs to be predicted and those to learn from, for each target."""
        for out in self.held:
            yield self.second == out, (self.first != out) & (self.second != out)


def _tested(
    predictors: list[Array],
    relabelings: Relabelings,
    pairs: _Pairs,
    y: Array,
    errors: pd.DataFrame,
) -> Outcome:
    """Return the error of the regression with its p-value."""
    count = min(len(relabelings), _MOST + 1)
    found = []
    for rows, columns in zip(relabelings.rows[:count], relabelings.columns[:count], strict=True):
        x = np.stack([one[np.ix_(rows, columns)][pairs.row, pairs.column] for one in predictors], axis=1)
        guess = _regressed(_with_means(x), y, pairs)
        found.append(float(np.sqrt(np.mean((y - guess) ** 2))))
    rmse = np.array(found)
    slack = 1e-9 * max(1.0, rmse[0])
    p_value = float((rmse <= rmse[0] + slack).mean())
    attainable = 1 / count
    baseline = errors.set_index("model")["rmse"]
    exact = relabelings.exact and count == len(relabelings)
    return Outcome(
        statistic="RMSE of scores predicted for a target left out,",
        estimate=float(rmse[0]),
        p_value=p_value,
        alternative="less",
        null=f"{'' if exact else f'{count - 1} of '}{relabelings.description}",
        attainable_p=attainable,
        random_selection=float(rmse.mean()),
        random_selection_spread=float(rmse.std()),
        n=len(pairs.held),
        unit="targets left out",
        method="least squares on pairs without the target, by relabeling of the predictors",
        assumptions=("labels are exchangeable under the null", "effects are linear"),
        warnings=(
            f"RMSE of the mean {baseline['mean']:.3g}, of the mean of the source {baseline['mean of the source']:.3g}",
            *too_few(attainable, 0.05, f"{count} relabelings"),
        ),
    )


def _regressed(x: Array, y: Array, pairs: _Pairs) -> Array:
    """Return the predictions of a regression, each from the pairs that its fold trains on.

    The normal equations of a fold are those of all pairs less those of the pairs with the target that is left out.
    """
    centre, scale = x.mean(axis=0), x.std(axis=0)
    design = np.column_stack([np.ones(len(y)), (x - centre) / np.where(scale > 0, scale, 1.0)])
    width = design.shape[1]
    products = np.einsum("nk,nl->nkl", design, np.column_stack([design, y])).reshape(len(y), -1)
    of_label = np.stack(
        [np.bincount(side, weights=column, minlength=pairs.labels) for column in products.T for side in pairs.sides]
    )
    touched = of_label.reshape(products.shape[1], 2, -1).sum(axis=1).T[pairs.held]
    left = (products.sum(axis=0) - touched).reshape(len(pairs.held), width, width + 1)
    coefficients = np.einsum("fkl,fl->fk", np.linalg.pinv(left[..., :width], hermitian=True), left[..., width])
    fold = np.searchsorted(pairs.held, pairs.second)
    return np.asarray((design * coefficients[fold]).sum(axis=1), dtype=np.float64)


def _filled(y: Array, pairs: _Pairs, guess: Callable[[npt.NDArray[np.bool_]], Array]) -> Array:
    """Return predictions, each fold's from what it trains on."""
    predicted = np.empty(len(y))
    for test, train in pairs.folds():
        predicted[test] = guess(train)[test]
    return predicted


def _group_means(y: Array, group: Ints, train: npt.NDArray[np.bool_]) -> Array:
    """Return the mean of each row's group over the training rows; the mean of all where the group has none."""
    sums = np.bincount(group[train], weights=y[train], minlength=int(group.max()) + 1)
    counts = np.bincount(group[train], minlength=len(sums))
    means = np.divide(sums, counts, out=np.full(len(sums), y[train].mean()), where=counts > 0)
    return np.asarray(means[group], dtype=np.float64)


def _with_means(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return predictors with the mean of each where it is missing: a relabeled pair without a distance says nothing."""
    known = np.isfinite(x)
    means = np.where(known, x, 0.0).sum(axis=0) / np.maximum(1, known.sum(axis=0))
    return np.where(known, x, means)
