"""What mteb writes: a JSON file for each task, in a folder of its model and revision."""

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
    read_json,
)
from transfer_analysis.tasks import Catalogue

#: Its names of splits → ours.
_SPLITS = {"dev": "validation", "valid": "validation"}

#: Beside the tasks' files, what the model is.
_ABOUT = "model_meta.json"


def import_mteb(path: Path, asked: Asked | None = None, *, catalogue: Catalogue | None = None) -> Imported:
    """Read results that mteb has written, since its version 1.11: one task's file, or every one in a tree of folders.

    `main_score` is the metric `primary`; accuracy, F1 and correlations are read by their names. Scores of several languages
    together are left out; of pairs with English, the other language is kept.

    Raises
    ------
    InputError
        As `import_files`.
    """
    return import_files(ToolFiles("mteb", ("*.json",), _rows), path, asked, catalogue)


def _rows(file: Path, given: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Row]:
    scores = given.get("scores")
    if not isinstance(scores, dict) or "task_name" not in given:
        return
    model = _model(file)
    for split, entries in scores.items():
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, dict):
                continue
            languages = entry.get("languages") or []
            other = [code for code in languages if code != "eng-Latn"] or languages
            if len(other) != 1:
                continue
            row: Row = {"target": given["task_name"], "language": other[0], "split": _SPLITS.get(split, split)}
            if model:
                row["model"] = model
            # What is called as here comes before other spellings of it (`spearman` beside `cosine_spearman`).
            for name, value in sorted(entry.items(), key=lambda item: known_metric(item[0]) != item[0]):
                metric = "primary" if name == "main_score" else known_metric(name)
                if metric and is_score(value):
                    yield {**row, "metric": metric, "score": value}


def _model(file: Path) -> str:
    """Return the model's name, from the file that stands beside the tasks' or the folder that holds its revisions."""
    about = file.parent / _ABOUT
    if about.is_file():
        return str(read_json(about, "mteb").get("name", ""))
    return file.parent.parent.name.replace("__", "/") if "__" in file.parent.parent.name else ""
