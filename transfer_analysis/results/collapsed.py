"""Runs that have not learnt their task: as good as guessing in every language."""

from __future__ import annotations

import pandas as pd

from transfer_analysis.keys import RUN
from transfer_analysis.results.table import TransferTable, own_metrics
from transfer_analysis.tasks import Catalogue

#: Points from the score of guessing within which a run has collapsed.
_NEAR = 1.0

#: Runs that are named.
_SHOWN = 5

#: Fewest scores that a run is judged by.
_FEWEST = 2


def collapsed_runs(table: TransferTable, catalogue: Catalogue) -> pd.DataFrame:
    """Return the runs that are at chance in all languages while others of their target are not, one row each.

    A run has collapsed where each of its scores is within a point of chance (or, as the table says, not better than
    guessing and than its most frequent class), and another run of the same model and target is not. Where no run of a target
    is better, the target was not learnt, which is another matter.

    Returns
    -------
    pandas.DataFrame
        The columns of a run (model, condition, target, seed, …), with `scores` (how many) and `mean`.
    """
    frame = table.frame
    # Where guessing scores nothing, as of answers to questions, a low score is no sign of guessing.
    chance = frame["target"].map({name: catalogue.chance(name) or None for name in frame["target"].unique()})
    frame = frame.assign(at_chance=((frame["score"] - chance).abs() <= _NEAR) | frame["learnt"].eq("no"))
    frame = frame[(frame["metric"] == own_metrics(frame, catalogue)) & chance.notna()]
    keys = [column for column in RUN if column in frame]
    runs = frame.groupby(keys, as_index=False).agg(
        at_chance=("at_chance", "all"), scores=("score", "size"), mean=("score", "mean")
    )
    runs["others_learnt"] = ~runs.groupby(["model", "initialisation", "target"])["at_chance"].transform("all")
    found = runs[runs["at_chance"] & runs["others_learnt"] & (runs["scores"] >= _FEWEST)]
    return found.drop(columns=["at_chance", "others_learnt"]).reset_index(drop=True)


def said_of_collapsed(runs: pd.DataFrame) -> list[str]:
    """Name collapsed runs, a line each; of many, the first few and how many more."""
    said = [
        f"{run.model}, {run.condition} → {run.target}, seed {run.seed}: at chance in all of {run.scores} scores "
        f"(mean {run.mean:.1f}). This run did not learn its task, and it moves every mean and gain that includes it"
        for run in runs.head(_SHOWN).itertuples()
    ]
    return said + ([f"{len(runs) - _SHOWN} more runs are at chance in all scores"] if len(runs) > _SHOWN else [])


def without_collapsed(table: TransferTable, runs: pd.DataFrame) -> TransferTable:
    """Return a table without the scores of collapsed runs."""
    keys = [column for column in RUN if column in table.frame]
    gone = pd.MultiIndex.from_frame(runs[keys])
    kept = ~pd.MultiIndex.from_frame(table.frame[keys]).isin(gone)
    return TransferTable(table.frame[kept].reset_index(drop=True))
