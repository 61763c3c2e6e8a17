"""What Hugging Face's Trainer and its example scripts write: JSON files of metrics in a tree of folders."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from transfer_analysis.errors import InputError
from transfer_analysis.results.importers.asked import Asked, Imported
from transfer_analysis.results.importers.tool_files import Row, ToolFiles, import_files, is_score, known_metric
from transfer_analysis.tasks import Catalogue

#: What stands before a metric's name → the split that it is of.
_SPLITS = {"predict": "test", "test": "test", "eval": "validation"}

#: A metric as it is written, with the number of examples beside it.
_KEY = re.compile(r"(predict|test|eval)_(.+)")

#: Folders of a run that hold its states on the way.
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")

#: The file of a run's state, whose last evaluation need not be that of the model that was kept.
_STATE = "trainer_state.json"


def import_trainer(path: Path, asked: Asked | None = None, *, catalogue: Catalogue | None = None) -> Imported:
    """Read metrics that Trainer has written: one file, or every one in a tree of folders.

    `all_results.json`, `predict_results.json` and their like have the metrics of a run; a file may hold `all_metrics` by
    language. `trainer_state.json` is read where a folder has nothing else, for its last evaluation. `predict_` and
    `test_` are the test split, `eval_` the development split.

    Raises
    ------
    InputError
        As `import_files`.
    """
    files = ToolFiles("Trainer", ("*_results.json", "per_language*.json", _STATE), _rows, _of_runs)
    return import_files(files, path, asked, catalogue)


def _of_runs(files: Sequence[Path]) -> Sequence[Path]:
    """Return the files of each run: its own, without states where there are others; else the state of its last checkpoint."""
    runs: dict[Path, list[Path]] = {}
    for file in files:
        within = _CHECKPOINT.fullmatch(file.parent.name)
        runs.setdefault(file.parent.parent if within else file.parent, []).append(file)
    chosen: list[Path] = []
    for folder, there in runs.items():
        own = [file for file in there if file.parent == folder]
        chosen += [file for file in own if file.name != _STATE] or own or [max(there, key=_step)]
    return chosen


def _step(file: Path) -> int:
    """Return the step of the checkpoint that a file stands in; -1 for a run's own."""
    matched = _CHECKPOINT.fullmatch(file.parent.name)
    return int(matched[1]) if matched else -1


def _rows(file: Path, given: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Row]:
    if isinstance(log := given.get("log_history"), list):
        evaluated = [entry for entry in log if isinstance(entry, dict) and any(_KEY.fullmatch(key) for key in entry)]
        yield from _metrics(evaluated[-1] if evaluated else {})
    elif isinstance(by_language := given.get("all_metrics"), dict):
        for language, found in by_language.items():
            if not isinstance(found, dict):
                raise InputError(
                    f"{file.name}: all_metrics gives {str(found)[:40]} for {language!r}; expected metrics by their names, such "
                    'as {"predict_accuracy": 0.7}'
                )
            for row in _metrics(found):
                yield {"language": language, **row}
    else:
        language = given.get("language")
        for row in _metrics(given):
            yield {"language": language, **row} if isinstance(language, str) else row


def _metrics(given: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the known metrics of a run, each with its split and how many examples it is of."""
    if is_score(given.get("perplexity")):  # which the scripts of language modelling write without a split
        yield {"split": "validation", "metric": "perplexity", "score": given["perplexity"]}
    for key, value in given.items():
        matched = _KEY.fullmatch(key)
        if matched is None or not is_score(value):
            continue
        before, name = matched.groups()
        if metric := known_metric(name):
            samples = given.get(f"{before}_samples")
            row = {"split": _SPLITS[before], "metric": metric, "score": value}
            yield {**row, **({"n_examples": samples} if samples is not None else {})}
