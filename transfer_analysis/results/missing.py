"""What a transfer table lacks: baselines, languages, seeds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from transfer_analysis.results.table import TransferTable, own_metrics
from transfer_analysis.tasks import Catalogue
from transfer_analysis.tasks.conditions import NONE

#: Within what conditions are compared.
_SETTING = ["model", "adaptation", "initialisation", "target"]

#: Settings, and names, that are listed.
_SHOWN = 4


def missing(table: TransferTable, catalogue: Catalogue) -> list[str]:
    """Return a line for each kind of gap: no baseline, languages that some conditions have and others lack, fewer seeds.

    Rows of a target's own metric and of the test split count, where there are any.
    """
    frame = table.frame
    own = frame[(frame["metric"] == own_metrics(frame, catalogue)) & (frame["split"] == "test")]
    frame = own if len(own) else frame
    said = [_without_baselines(frame), _said("languages", _languages(frame)), _said("seeds", _seeds(frame))]
    return [line for line in said if line]


def _without_baselines(frame: pd.DataFrame) -> str:
    conditions = frame.groupby(_SETTING)["condition"].agg(set)
    lacking = [_name(where) for where, found in conditions.items() if NONE not in found]
    if not lacking:
        return ""
    return (
        f"{len(lacking)} of {len(conditions)} models × targets have no baseline (condition none), so no gains: "
        f"{_listed(lacking, '; ')}"
    )


def _languages(frame: pd.DataFrame) -> Iterator[str]:
    """Yield each setting in which a condition lacks languages that another has."""
    for where, rows in frame.groupby(_SETTING):
        by = rows.groupby("condition")["language"].agg(set)
        every = set().union(*by)
        for condition, found in by.items():
            if found != every:
                yield f"{_name(where)}: {condition} lacks {_listed(sorted(every - found), ', ')}"


def _seeds(frame: pd.DataFrame) -> Iterator[str]:
    """Yield each setting in which conditions differ in the number of seeds."""
    for where, rows in frame.groupby(_SETTING):
        counts = rows.groupby("condition")["seed"].nunique()
        most = int(counts.max())
        fewer = [f"{condition} has {count}" for condition, count in counts.items() if count < most]
        if fewer:
            yield f"{_name(where)}: {most} seeds at most, {_listed(fewer, ', ')}"


def _said(what: str, found: Iterator[str]) -> str:
    lines = list(found)
    return (
        f"{what} are missing in {len(lines)} place{'s' if len(lines) > 1 else ''}: {_listed(lines, '; ')}"
        if lines
        else ""
    )


def _name(where: Any) -> str:
    model, adaptation, initialisation, target = where
    extra = [name for name, usual in ((adaptation, "finetune"), (initialisation, "pretrained")) if name != usual]
    return " ".join([f"{model},", *extra, str(target)])


def _listed(names: list[str], between: str) -> str:
    return between.join(names[:_SHOWN]) + (f"{between}and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
