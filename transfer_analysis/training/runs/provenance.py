"""What the runs of a store were made from, each thing said once."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from transfer_analysis.training.grid import INTERMEDIATE
from transfer_analysis.training.runs.store import Store

#: What is said of every run by its row of the transfer table.
_OF_RUNS = ("initialisation", "condition", "seed", "target", "what")


def provenance(store: Store, of: Collection[str] | None = None) -> dict[str, Any]:
    """Return the encoders, how was computed, and the training and test examples of each task of finished runs.

    Parameters
    ----------
    of
        The column `run` of a transfer table: only these runs; all of the store where not given.

    Returns
    -------
    dict
        `runs`: how many there are; `common`: what all share, each a list of the values there are; `intermediate`:
        condition → task → training (recipe, sources, hashes of examples); `targets`: target → the same, with the hash of
        the test examples of each language. Where runs of one condition or target were trained differently, it is a list.
    """
    common: dict[str, list[Any]] = {}
    conditions: dict[str, list[Any]] = {}
    targets: dict[str, list[Any]] = {}
    runs = 0
    names = None if of is None else {run.rpartition(" ")[2] for run in of}
    for name, record in store.named():
        if names is not None and name not in names:
            continue
        about = dict(record["about"])
        runs += 1
        if INTERMEDIATE in about:
            _note(conditions, about["condition"], about.pop(INTERMEDIATE))
        shared = {key: about.pop(key) for key in ("core", "encoder", "computed", "model", "origin") if key in about}
        for key, value in shared.items():
            _note(common, key, value)
        if about.get("what") == "target":
            _note(targets, about["target"], {k: v for k, v in about.items() if k not in _OF_RUNS})
    return {
        "runs": runs,
        "common": common,
        INTERMEDIATE: {name: _one_or_all(found) for name, found in sorted(conditions.items())},
        "targets": {name: _one_or_all(found) for name, found in sorted(targets.items())},
    }


def _note(found: dict[str, list[Any]], name: str, value: Any) -> None:
    there = found.setdefault(name, [])
    if json.dumps(value, sort_keys=True) not in {json.dumps(v, sort_keys=True) for v in there}:
        there.append(value)


def _one_or_all(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values
