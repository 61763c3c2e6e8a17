"""Files that a tool writes, one run after another, in a tree of folders: found, named by their folders, put together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from transfer_analysis.errors import InputError, first_line, nearest
from transfer_analysis.keys import KEY
from transfer_analysis.languages import find, known_languages
from transfer_analysis.results import schema
from transfer_analysis.results.importers.asked import Asked, Imported
from transfer_analysis.results.importers.generic import import_raw
from transfer_analysis.results.importers.reading import Raw
from transfer_analysis.results.importers.scores import are_shares, times_100
from transfer_analysis.tasks import Catalogue, load_catalogue, metrics
from transfer_analysis.tasks.aliases import named

Row = dict[str, Any]

#: How far scores of one thing may differ by rounding.
_ALIKE = 1e-6


@dataclass(frozen=True)
class ToolFiles:
    """What a tool writes.

    Attributes
    ----------
    tool
        Its name, in messages.
    names
        Patterns of its files' names in a folder.
    rows
        From a file's path, what it holds, and the catalogue to one row per score. Fields that it does not know are left out.
    chosen
        From the files of a tree to those that are read, in order.
    newer_stands
        Whether a score that several files of a folder give is that of the last; else they may not differ.
    """

    tool: str
    names: tuple[str, ...]
    rows: Callable[[Path, Mapping[str, Any], Catalogue], Iterator[Row]]
    chosen: Callable[[Sequence[Path]], Sequence[Path]] = lambda files: files
    newer_stands: bool = False


def import_files(files: ToolFiles, path: Path, asked: Asked | None, catalogue: Catalogue | None) -> Imported:
    """Read what a tool has written: one file, or every one in a tree of folders.

    Raises
    ------
    InputError
        For a folder without such files, paths that do not follow the pattern, files that contradict each other, and as
        `import_file`.
    """
    asked, catalogue = asked or Asked(), catalogue or load_catalogue()
    there = [path] if path.is_file() else _found(files, path)
    root = path.parent if path.is_file() else path
    reads = None if asked.pattern is None else _compiled(asked.pattern)
    found: dict[tuple[Any, ...], tuple[Row, str]] = {}
    left_out = 0
    for file in there:
        name = str(file.relative_to(root))
        of_path = {} if reads is None else _of_path(file, root, reads, asked.pattern or "")
        for row in files.rows(file, read_json(file, files.tool), catalogue):
            left_out += _add(found, {**row, **of_path}, name, file.parent, files.newer_stands)
    if not found:
        raise InputError(
            f"{path}: no file of {files.tool} has a known metric in it; known metrics are {', '.join(metrics())}"
        )
    rows = pd.DataFrame([row for row, _ in found.values()])
    rows = rows.fillna({field: value for field, value in schema.DEFAULTS.items() if field in rows})
    frame, notes = _as_percentages(rows)
    # What the path or the file says stands; a constant is for what neither says.
    constants = {field: value for field, value in asked.constants.items() if field not in frame}
    kept = [f"--set {field}=…: the files say it themselves" for field in asked.constants if field in frame]
    raw = Raw(frame, [at for _, at in found.values()], {})
    read = import_raw(raw, path.name, replace(asked, constants=constants), catalogue=catalogue)
    count = f"{len(there)} file{'s' if len(there) != 1 else ''} read"
    if left_out:
        notes.append(
            f"{left_out} scores left out: the same file gives another of the same task, language and metric before"
        )
    return replace(read, notes=(count, *kept, *notes, *read.notes))


def read_json(file: Path, tool: str) -> dict[str, Any]:
    """Return the object that a JSON file holds.

    Raises
    ------
    InputError
        For a file that is not JSON, or holds anything else.
    """
    try:
        given = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, OSError) as error:
        raise InputError(f"{file.name}: is not JSON: {first_line(error)}") from error
    if not isinstance(given, dict):
        raise InputError(f"{file.name}: expected an object, as {tool} writes it")
    return given


def known_metric(name: str) -> str:
    """Return a metric by the name that this toolkit has for it; nothing for one that it does not know, and for the loss.

    Tools write the loss of every task beside its scores.
    """
    ours = named(name, metrics(), "metrics")
    return "" if ours == "loss" else ours


def is_score(value: Any) -> bool:
    """Whether a value of a JSON file is a number that may be a score."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def task_and_language(name: str, catalogue: Catalogue, others: Mapping[str, str] | None = None) -> Row:
    """Return the target and the language that a tool's name of a task stands for (`xnli_de`, `belebele_deu_Latn`).

    Parameters
    ----------
    others
        The tool's names of tasks that mean something else here.

    Returns
    -------
    dict
        `target`, and `language` where the name says one. Nothing for a pair of two languages (`mlqa_de_ar`).
    """
    tasks = [task.name for task in catalogue]

    def known(given: str) -> str:
        return named((others or {}).get(given, given), tasks, "tasks")

    if target := known(name):
        return {"target": target}
    parts = name.split("_")
    pair, before = parts[-2:], "_".join(parts[:-2])
    if known(before) and all(map(_is_language, pair)):
        return {"target": known(before), "language": pair[0]} if pair[0] == pair[1] else {}
    for start, code in (("_".join(parts[:-1]), parts[-1]), (before, "-".join(pair))):  # `de`, or `deu_Latn`
        if start and _is_language(code):
            return {"target": known(start) or start, "language": code}
    return {"target": name}


def _is_language(code: str) -> bool:
    """Whether a part of a task's name is a language: one of those that are tested on, or any with its script (`pro` is no Provençal)."""
    found = find(code)
    return found is not None and len(code.split("-")[0]) <= 3 and ("-" in code or found.code in known_languages())


def _found(files: ToolFiles, folder: Path) -> list[Path]:
    """Return the files of a tree."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such file or folder; expected what {files.tool} has written")
    there = sorted({file for name in files.names for file in folder.rglob(name)})
    if not there:
        raise InputError(f"{folder}: has no {', '.join(files.names)} in it, as {files.tool} writes them")
    return list(files.chosen(there))


def _add(found: dict[tuple[Any, ...], tuple[Row, str]], row: Row, name: str, folder: Path, newer_stands: bool) -> bool:
    """Add a row, and return whether it was left out.

    What several files of a folder say alike stands once; what they say differently is refused, or the newer stands. Of
    what one file says twice, of two subsets, the first stands.
    """
    key = (folder, *(row.get(field) for field in KEY))
    if key not in found or (newer_stands and found[key][1] != name):
        found[key] = row, name
        return False
    before, at = found[key]
    if at == name:
        return bool(abs(before["score"] - row["score"]) > _ALIKE)
    if abs(before["score"] - row["score"]) > _ALIKE:
        what = ", ".join(str(row[field]) for field in ("target", "language", "split", "metric") if field in row)
        raise InputError(f"{at} and {name} give different scores of {what}: {before['score']:g} and {row['score']:g}")
    found[key] = {**row, **before}, at
    return False


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
    return re.compile(rf"{text}(?:/.*)?")


def _of_path(file: Path, root: Path, reads: re.Pattern[str], pattern: str) -> Mapping[str, str]:
    folder = file.parent.relative_to(root).as_posix()
    # From the top of the tree, or else from any folder below.
    parts = folder.split("/")
    starts = ("/".join(parts[i:]) for i in range(len(parts)))
    matched = next((found for start in starts if (found := reads.fullmatch(start))), None)
    if matched is None:
        raise InputError(f"{file.relative_to(root)}: its folder does not follow --pattern {pattern}")
    return matched.groupdict()


def _as_percentages(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return scores as per cent: a metric of which no score of a target is above 1 is given as fractions."""
    keys = [column for column in ("target", "metric") if column in frame]
    largest = frame["score"].abs().groupby([frame[key] for key in keys], dropna=False).transform("max")
    fractions = (largest <= 1) & are_shares(frame)
    of_metrics = sorted(set(frame.loc[fractions, "metric"]))
    notes = [f"read as fractions, times 100: {', '.join(of_metrics)}"] if of_metrics else []
    return times_100(frame, fractions), notes
