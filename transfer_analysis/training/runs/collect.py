"""The transfer table of whatever a store holds: runs of one grid or several, of one machine or several."""

from __future__ import annotations

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable
from transfer_analysis.tasks import Catalogue
from transfer_analysis.training.runs.store import Store


def collected(store: Store, catalogue: Catalogue) -> TransferTable:
    """Return the rows of every finished run.

    Raises
    ------
    InputError
        Where no run is finished, or two of them give the same score: they were trained by different recipes or on
        different examples, and belong in tables of their own.
    """
    rows, locations = [], []
    for name, record in store.named():
        rows += record["rows"]
        locations += [f"{name}.json"] * len(record["rows"])
    if not rows:
        raise InputError(f"{store.path}: no run is finished; `transfer-analysis train status {store.path}` says more")
    return TransferTable.from_frame(pd.DataFrame(rows), where=str(store.path), catalogue=catalogue, locations=locations)
