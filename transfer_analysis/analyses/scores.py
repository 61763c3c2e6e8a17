"""The scores of a transfer table that count: one split, one checkpoint, and each target's own metric."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable
from transfer_analysis.results.table import own_metrics
from transfer_analysis.tasks import Catalogue

#: A step that leaves rows out.
Narrow = Callable[[pd.DataFrame], pd.DataFrame]


def scores_of(
    table: TransferTable,
    catalogue: Catalogue,
    metric: str | None = None,
    split: str = "test",
    checkpoint: str = "last",
) -> pd.DataFrame:
    """Return the scores of one metric, or of each target's own, in one split and of one checkpoint.

    Raises
    ------
    InputError
        Where there are none, naming what the results have.
    """
    return narrowed(table.frame, steps_to_scores(catalogue, metric, split, checkpoint))[0].reset_index(drop=True)


def steps_to_scores(catalogue: Catalogue, metric: str | None, split: str, checkpoint: str) -> dict[str, Narrow]:
    """Return the steps to the scores of one metric, or of each target's own, in one split and of one checkpoint.

    By the reason why a row is left out.
    """

    def of_metric(frame: pd.DataFrame) -> pd.DataFrame:
        wanted = frame[frame["metric"] == (metric or own_metrics(frame, catalogue))]
        if wanted.empty:
            raise InputError(
                f"the results have no {metric or 'target metric'} scores in split {split!r}; "
                f"they have {', '.join(sorted(frame['metric'].unique()))}"
            )
        return wanted

    return {
        "other split": lambda frame: only(frame, "split", split),
        "other checkpoint": lambda frame: only(frame, "checkpoint", checkpoint),
        "other metric": of_metric,
    }


def narrowed(frame: pd.DataFrame, steps: Mapping[str, Narrow]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows that are left after some steps, and how many each has left out, by its reason."""
    counts: dict[str, int] = {}
    for reason, narrow in steps.items():
        kept = narrow(frame)
        if len(kept) < len(frame):
            counts[reason] = len(frame) - len(kept)
        frame = kept
    return frame, counts


def only(frame: pd.DataFrame, column: str, wanted: str) -> pd.DataFrame:
    """Return the rows with one value of a column.

    Raises
    ------
    InputError
        Where there is none, naming what the results have.
    """
    kept = frame[frame[column] == wanted]
    if kept.empty:
        there = ", ".join(sorted(frame[column].unique()))
        raise InputError(f"the results have no {column} {wanted!r}; they have {there}")
    return kept
