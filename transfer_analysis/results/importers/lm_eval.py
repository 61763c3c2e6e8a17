"""What lm-evaluation-harness writes: `results_<time>.json`, the metrics of each task of a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from transfer_analysis.results.importers.asked import Asked, Imported
from transfer_analysis.results.importers.tool_files import (
    Row,
    ToolFiles,
    import_files,
    is_score,
    known_metric,
    task_and_language,
)
from transfer_analysis.tasks import Catalogue

#: Its names of tasks that mean another task here.
_NAMES = {"paws": "paws-x"}


def import_lm_eval(path: Path, asked: Asked | None = None, *, catalogue: Catalogue | None = None) -> Imported:
    """Read results that lm-evaluation-harness has written: one file, or every one in a tree of folders.

    Groups of tasks are means of their tasks, and are left out; of a metric that several filters give, the first is read.
    Where a folder has several files of one model, the newest score of each task is read.

    Raises
    ------
    InputError
        As `import_files`.
    """
    files = ToolFiles("lm-evaluation-harness", ("results*.json",), _rows, newer_stands=True)
    return import_files(files, path, asked, catalogue)


def _rows(file: Path, given: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Row]:
    results = given.get("results")
    if not isinstance(results, dict):
        return
    groups = {name for name, members in (given.get("group_subtasks") or {}).items() if members}
    groups |= set(given.get("groups") or {})
    model = _model(given)
    for name, found in results.items():
        of_task = task_and_language(name, catalogue, _NAMES)
        if name in groups or not of_task or not isinstance(found, dict):
            continue
        about = (given.get("configs") or {}).get(name) or {}
        row: Row = {**of_task, "split": "test" if about.get("test_split") or not about else "validation"}
        if model:
            row["model"] = model
        if (count := ((given.get("n-samples") or {}).get(name) or {}).get("effective")) is not None:
            row["n_examples"] = count
        seen = set()
        for key, value in found.items():
            metric = known_metric(key.split(",")[0])
            if metric and is_score(value) and metric not in seen:
                seen.add(metric)
                yield {**row, "metric": metric, "score": value}


def _model(given: Mapping[str, Any]) -> str:
    """Return the model's name: its own, or what was given as `pretrained`."""
    about = given.get("config")
    about = about if isinstance(about, dict) else {}
    arguments = about.get("model_args") or ""
    if isinstance(arguments, dict):
        return str(arguments.get("pretrained") or given.get("model_name") or "")
    matched = re.search(r"(?:^|,)pretrained=([^,]+)", str(arguments))
    return matched.group(1) if matched else str(given.get("model_name") or "")
