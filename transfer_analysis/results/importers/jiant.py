"""What jiant (Phang et al. 2020) writes: `val_metrics.json`, the metrics of each task of a run."""

from __future__ import annotations

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


def import_jiant(path: Path, asked: Asked | None = None, *, catalogue: Catalogue | None = None) -> Imported:
    """Read metrics that jiant has written: one file, or every one in a tree of folders.

    Each task has `metrics: {major, minor: {name: value}}`; the minor ones are read by their names. `aggregated` is a mean
    over tasks, and is left out.

    Raises
    ------
    InputError
        As `import_files`.
    """
    return import_files(ToolFiles("jiant", ("val_metrics.json",), _rows), path, asked, catalogue)


def _rows(file: Path, given: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Row]:
    for name, found in given.items():
        metrics = found.get("metrics") if isinstance(found, dict) else None
        minor = metrics.get("minor") if isinstance(metrics, dict) else None
        of_task = task_and_language(name, catalogue)
        if not isinstance(minor, dict) or not of_task:
            continue
        for metric, value in minor.items():
            if is_score(value) and (ours := known_metric(metric)):
                yield {**of_task, "split": "validation", "metric": ours, "score": value}
