"""What Hugging Face's Trainer and its example scripts write: JSON files of metrics in a tree of folders."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from transfer_analysis.errors import InputError, first_line, nearest
from transfer_analysis.keys import KEY
from transfer_analysis.results import schema
from transfer_analysis.results.importers.generic import Asked, Imported, import_raw
from transfer_analysis.results.importers.reading import Raw
from transfer_analysis.tasks import Catalogue, metrics
from transfer_analysis.tasks.aliases import known_as

#: What stands before a metric's name → the split that it is of.
_SPLITS = {"predict": "test", "test": "test", "eval": "validation"}

#: A metric as it is written, with the number of examples beside it.
_KEY = re.compile(r"(predict|test|eval)_(.+)")

#: Files that are looked for in a folder.
_FILES = ("all_results.json", "*_results.json", "per_language*.json", "trainer_state.json")


def import_trainer(
    path: Path, pattern: str | None = None, asked: Asked | None = None, *, catalogue: Catalogue | None = None
) -> Imported:
    """Read metrics that Trainer has written: one file, or every one in a tree of folders.

    `all_results.json` and `predict_results.json` have the metrics of a run, `trainer_state.json` those of its last evaluation;
    a file may hold `all_metrics` by language. `predict_` and `test_` are the test split, `eval_` the development split.

    Parameters
    ----------
    pattern
        What the folders of a run are called, with fields of the transfer table in braces: `{condition}/{target}/seed{seed}`.
    asked
        Further as for any table: constants, names, the baseline.

    Raises
    ------
    InputError
        For a folder without such files, paths that do not follow the pattern, and as `import_file`.
    """
    asked = asked or Asked()
    files = [path] if path.is_file() else _found(path)
    root = path.parent if path.is_file() else path
    reads = None if pattern is None else _compiled(pattern)
    rows: list[dict[str, Any]] = []
    at: list[str] = []
    for file in files:
        of_path = {} if reads is None else _of_path(file, root, reads, pattern or "")
        for row in _rows(file):
            rows.append({**of_path, **row})
            at.append(str(file.relative_to(root)))
    if not rows:
        known = ", ".join(metrics())
        raise InputError(f"{path}: no file has a metric such as predict_accuracy or eval_f1; known metrics are {known}")
    frame = pd.DataFrame(rows)
    frame, notes = _as_percentages(frame)
    found = import_raw(Raw(frame, at, {}), path.name, asked, catalogue=catalogue)
    return replace(found, notes=(f"{len(files)} files read", *notes, *found.notes))


def _found(folder: Path) -> list[Path]:
    """Return the files of a tree, one for each folder where several say the same."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such file or folder; expected what Trainer has written")
    found: dict[Path, Path] = {}
    for name in reversed(_FILES):  # all_results.json says most, and comes last
        for file in sorted(folder.rglob(name)):
            found[file.parent] = file
    if not found:
        raise InputError(f"{folder}: has no {', '.join(_FILES)} in it")
    return sorted(found.values())


def _compiled(pattern: str) -> re.Pattern[str]:
    fields = re.findall(r"\{(\w*)\}", pattern)
    wrong = [name for name in fields if name not in schema.COLUMNS]
    if wrong or not fields or len(set(fields)) < len(fields):
        known = [name for name in KEY if name != "metric"]
        what = wrong[0] if wrong else pattern
        raise InputError(
            f"--pattern {pattern}: {what!r}{nearest(what, known)}: expected fields in braces: {', '.join(known)}"
        )
    text = re.escape(pattern.strip("/"))
    for name in fields:
        text = text.replace(re.escape(f"{{{name}}}"), rf"(?P<{name}>[^/]+?)")
    return re.compile(rf"(?:.*/)?{text}(?:/.*)?")


def _of_path(file: Path, root: Path, reads: re.Pattern[str], pattern: str) -> Mapping[str, str]:
    folder = file.parent.relative_to(root).as_posix()
    matched = reads.fullmatch(folder)
    if matched is None:
        raise InputError(f"{file.relative_to(root)}: its folder does not follow --pattern {pattern}")
    return matched.groupdict()


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise InputError(f"{file.name}: is not JSON: {first_line(error)}") from error
    if not isinstance(given, dict):
        raise InputError(f"{file.name}: expected an object of metrics, as Trainer writes it")
    if isinstance(log := given.get("log_history"), list):
        evaluated = [entry for entry in log if isinstance(entry, dict) and any(_KEY.fullmatch(key) for key in entry)]
        yield from _metrics(evaluated[-1] if evaluated else {})
    elif isinstance(by_language := given.get("all_metrics"), dict):
        for language, found in by_language.items():
            for row in _metrics(found):
                yield {"language": language, **row}
    else:
        yield from _metrics(given)


def _metrics(given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the known metrics of a run, each with its split and how many examples it is of."""
    for key, value in given.items():
        matched = _KEY.fullmatch(key)
        if matched is None or isinstance(value, bool) or not isinstance(value, int | float):
            continue
        before, name = matched.groups()
        metric = name if name in metrics() else known_as([name], metrics(), "metrics").get(name)
        if metric is not None:
            samples = given.get(f"{before}_samples")
            row = {"split": _SPLITS[before], "metric": metric, "score": value}
            yield {**row, **({"n_examples": samples} if samples is not None else {})}


def _as_percentages(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return scores as per cent: a metric of which no score of a target is above 1 is given as fractions."""
    keys = [column for column in ("target", "metric") if column in frame]
    largest = frame["score"].abs().groupby([frame[key] for key in keys]).transform("max")
    fractions = largest <= 1
    named = sorted(set(frame.loc[fractions, "metric"]))
    notes = [f"read as fractions, times 100: {', '.join(named)}"] if named else []
    return frame.assign(score=frame["score"].where(~fractions, (frame["score"] * 100).round(10))), notes
