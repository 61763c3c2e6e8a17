"""Are scores per cent, as a transfer table holds them, or fractions of 1?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from transfer_analysis.tasks import Catalogue, metrics

#: Chance from which a score below 1 beside larger ones is no score: guessing gives more. Without such a chance (F1, exact
#: match) a run that failed may have one.
_CHANCE = 10.0

#: What may have been put together from several tables, each on its own scale.
_PARTS = ("model", "origin", "condition", "source_language", "seed", "split")

#: Fewest scores by which a part is judged, and points by which its scores times 100 may lie beyond the others'.
_FEWEST, _BEYOND = 2, 10.0

#: Rows that are named.
_SHOWN = 8


def doubtful_scales(frame: pd.DataFrame, catalogue: Catalogue, at: Sequence[str]) -> Iterator[str]:
    """Yield a message for each target and metric whose scores look like fractions, all or in part.

    Parameters
    ----------
    frame
        A transfer table whose index counts its rows from 0. Rows that were said to be per cent are not looked at, nor those
        that the training core computed (only they say what the tokenizer knew).
    at
        Where each row stands.
    """
    shares = frame["metric"].map({name: metric.is_share for name, metric in metrics().items()}).eq(True)
    doubtful = frame[frame["unknown_tokens"].isna() & (frame["flag"] != "percent") & shares]
    sizes = doubtful["score"].abs().groupby([doubtful["target"], doubtful["metric"]]).agg(["min", "max"])
    for target, metric in sizes.index[(sizes["min"] < 1) | (sizes["max"] <= 1)]:
        part = doubtful[(doubtful["target"] == target) & (doubtful["metric"] == metric)]
        size = part["score"].abs()
        if 0 < size.max() <= 1:
            yield (
                f"{at[size.idxmax()]}: the largest {metric} score of {target} is {size.max():g}, so they look like fractions; "
                f"percentages are expected (81.2, not 0.812): import them with --fractions, or with --scale {target}=fraction; "
                f"--scale {target}=percent says that they are per cent"
            )
        elif size.max() > 1 and size.min() < 1:
            guessed = metric == "accuracy" and (catalogue.chance(str(target)) or 0.0) >= _CHANCE
            mixed = part[(size > 0) & (size < 1)] if guessed else part.iloc[:0]
            yield from (
                _of_rows(mixed, at, str(target), str(metric), size.max())
                if len(mixed)
                else _of_parts(part, at, str(target), str(metric))
            )


def _of_rows(rows: pd.DataFrame, at: Sequence[str], target: str, metric: str, largest: float) -> Iterator[str]:
    for i, score in rows["score"].head(_SHOWN).items():
        yield (
            f"{at[i]}: {metric} {score:g} of {target} looks like a fraction beside {largest:g}; give one scale, or say that "
            f"it is per cent with --scale {target}=percent"
        )
    if len(rows) > _SHOWN:
        yield f"… and {len(rows) - _SHOWN} more like the last"


def _of_parts(part: pd.DataFrame, at: Sequence[str], target: str, metric: str) -> Iterator[str]:
    """Yield a message for the first kind of part of which one has nothing but fractions, and the others per cent.

    Fractions they are where, times 100, they lie where the others do: a run that failed may have scores below 1 too.
    """
    for column in _PARTS:
        found = False
        for name, rows in part.groupby(column, sort=True):
            others = part[part[column] != name]["score"].abs()
            rest = others[others > 1]
            ours = rows["score"].abs()
            if len(rows) < _FEWEST or len(rest) < _FEWEST or not 0 < ours.max() <= 1:
                continue
            if rest.min() - _BEYOND <= 100 * ours.median() <= rest.max() + _BEYOND:
                found = True
                shown = ", ".join(at[i] for i in rows.index[:3]) + (
                    f" and {len(rows) - 3} more" if len(rows) > 3 else ""
                )
                say = f"{target}/{name}" if column == "model" else target
                yield (
                    f"{shown}: the {metric} scores of {target} with {column} {name} are at most {ours.max():g}, beside "
                    f"{rest.median():g} of others, so they look like fractions; give one scale, or say what they are with "
                    f"--scale {say}={'fraction' if column == 'model' else 'percent'}"
                )
        if found:
            return
