"""What predictions lose when predictors are exchanged among the units that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from transfer_analysis.statistics.prediction.cases import Cases, Floats, Fold, Ints
from transfer_analysis.statistics.prediction.learners import Fitted


@dataclass(frozen=True)
class Block:
    """Predictors that are exchanged together.

    Attributes
    ----------
    name
        What they are called.
    columns
        Their places among the predictors.
    unit, levels
        What they belong to (`languages`), and the one of each row: rows of one unit stay together.
    """

    name: str
    columns: Sequence[int]
    unit: str
    levels: Ints


def importance(
    cases: Cases,
    folds: Sequence[Fold],
    fitted: Mapping[str, Sequence[Fitted]],
    blocks: Sequence[Block],
    *,
    repeats: int = 20,
    seed: int = 0,
    report: Callable[[str, float], None] = lambda _text, _share: None,
) -> pd.DataFrame:
    """Return how much the RMSE grows when a block of predictors is exchanged.

    Values move with whole units: a property of languages that were exchanged row by row would seem more important than it
    is, because rows that no language could have would be predicted. They come from all rows, as a fold may hold one unit only;
    nothing is fitted anew (Breiman 2001, Machine Learning 45).

    Parameters
    ----------
    fitted
        Learner → what predicts, for each fold.

    Returns
    -------
    DataFrame
        `model`, `predictors`, `unit`, `units` (how many), `importance` (mean growth of the RMSE) and `spread` (its standard
        deviation over the exchanges).
    """
    rng = np.random.default_rng(seed)
    rows = []
    with threadpool_limits(1):
        for number, block in enumerate(blocks):
            report(f"importance of {block.name}", number / len(blocks))
            moved = [_exchanged(cases.x, block, rng) for _ in range(repeats)]
            for model, of_folds in fitted.items():
                usual = _rmse(cases, folds, of_folds, [cases.x])[0]
                grown = _rmse(cases, folds, of_folds, moved) - usual
                rows.append(
                    {
                        "model": model,
                        "predictors": block.name,
                        "unit": block.unit,
                        "units": len(np.unique(block.levels)),
                        "importance": float(grown.mean()),
                        "spread": float(grown.std(ddof=1)) if repeats > 1 else np.nan,
                    }
                )
    return pd.DataFrame(rows)


def _exchanged(x: Floats, block: Block, rng: np.random.Generator) -> Floats:
    """Return predictors with the columns of a block moved to other units."""
    _, first, unit = np.unique(block.levels, return_index=True, return_inverse=True)
    moved = x.copy()
    columns = list(block.columns)
    moved[:, columns] = x[first][rng.permutation(len(first))][:, columns][unit]
    return moved


def _rmse(cases: Cases, folds: Sequence[Fold], fitted: Sequence[Fitted], versions: Sequence[Floats]) -> Floats:
    """Return the RMSE of each version of the predictors."""
    squares = np.zeros(len(versions))
    for fold, predict in zip(folds, fitted, strict=True):
        y = cases.y[fold.test]
        # One call for all versions: a call costs more than its rows.
        x = np.concatenate([version[fold.test] for version in versions])
        sides = {name: np.tile(levels[fold.test], len(versions)) for name, levels in cases.sides.items()}
        squares += ((predict(x, sides).reshape(len(versions), -1) - y) ** 2).sum(axis=1)
    return np.sqrt(squares / len(cases.y))
