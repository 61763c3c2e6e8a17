"""Numbers that were released inside notebooks and scripts: read as text, never run."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.published.readers.tables import read_frame


def literal_columns(places: Mapping[str, Path], *, names: list[str], labels: list[str]) -> pd.DataFrame:
    """Read lists of numbers that a script gives as `name = np.array([...])`, also where the line is a comment.

    Returns
    -------
    DataFrame
        `label` and a column for each name: of several lists of a name the first.
    """
    (path,) = places.values()
    text = path.read_text(encoding="utf-8")
    columns = {}
    for name in names:
        found = re.search(rf"^(?:#\s*)?{re.escape(name)} = np\.array\((\[[^\]]*\])\)", text, re.MULTILINE)
        if found is None:
            raise InputError(f"{path.name}: no line `{name} = np.array([...])`")
        columns[name] = ast.literal_eval(found.group(1))
        if len(columns[name]) != len(labels):
            raise InputError(f"{path.name}: {name} has {len(columns[name])} numbers; expected {len(labels)}")
    return pd.DataFrame({"label": labels, **columns})


def transferability(places: Mapping[str, Path], *, scores: str, script: str) -> pd.DataFrame:
    """Read transferability scores of models, and the accuracy of each after fine-tuning, which stands in a script.

    Returns
    -------
    DataFrame
        The table of scores with `accuracy`.
    """
    table = read_frame(places[scores], ("Dataset", "Model"))
    text = places[script].read_text(encoding="utf-8")
    tuned: dict[str, list[float]] = {}
    for name, numbers in re.findall(r"'(\w+)': \{\s*'Finetuning': torch\.tensor\((\[[^\]]*\])\)", text):
        tuned.setdefault(name, ast.literal_eval(numbers))  # later tables are of other sets of models
    parts = []
    for name, part in table.groupby("Dataset", sort=False):
        if name not in tuned or len(tuned[name]) != len(part):
            raise InputError(f"{places[script].name}: no accuracies of the {len(part)} models on {name}")
        parts.append(part.assign(accuracy=tuned[name]))
    return pd.concat(parts, ignore_index=True)


def model_choice(places: Mapping[str, Path], *, folder: str, notebook: str, methods: list[str]) -> pd.DataFrame:
    """Read scores of language models by several methods, and their GLUE scores, which stand in a notebook.

    Returns
    -------
    DataFrame
        `task`, `method`, `dimension`, `seed`, `model`, `estimate` and `score`.
    """
    cell = _source(places[notebook], 1)
    tuned = _assigned(cell, "TUNED_RESULTS", notebook)
    names = _assigned(cell, "PLMS", notebook)
    frame = pd.DataFrame(_estimates(places[folder], methods, tuned))
    if frame.empty:
        raise InputError(f"{places[folder]}: holds no scores of {', '.join(methods)}")
    known = {(task, model): score for task, scores in tuned.items() for model, score in zip(names, scores, strict=True)}
    frame["score"] = [known.get(key) for key in zip(frame["task"], frame["model"], strict=True)]
    return frame.dropna(subset=["score"]).reset_index(drop=True)


#: Estimates on the whole training set, by method and dimension.
_ESTIMATES = re.compile(r"(.+)_100%_(\d+)_first\.jsonl$")


def _estimates(folder: Path, methods: list[str], tasks: Iterable[str]) -> Iterator[dict[str, Any]]:
    for task in tasks:
        for path in sorted((folder / task / "model_selection_results").glob("*.jsonl")):
            named = _ESTIMATES.match(path.name)
            if named is None or named[1] not in methods:
                continue
            try:
                rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
                about = {"task": task, "method": named[1], "dimension": int(named[2])}
                for row in rows:
                    for seed, estimate in enumerate(row["all_scores"]):
                        yield {**about, "model": row["model"], "seed": seed, "estimate": estimate}
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{task}/{path.name}: is no list of scores, or only a part of one: {error}") from error


def tokenizers(places: Mapping[str, Path], *, cell: int) -> pd.DataFrame:
    """Read a frame that notebooks print in full: a row per language and tokenizer, values as differences within languages.

    Returns
    -------
    DataFrame
        `set` (the notebook), `language`, `tokenizer`, and the printed columns.
    """
    parts = [_printed_frame(_output(path, cell), path.name).assign(set=name) for name, path in places.items()]
    return pd.concat(parts, ignore_index=True)


def _printed_frame(text: str, where: str) -> pd.DataFrame:
    """Return a printed frame whose columns are broken into blocks."""
    blocks = []
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.strip()]
        if not lines or lines[0].startswith("["):
            continue
        header = [one for one in lines[0].replace("Avg. Rank", "Avg._Rank").split() if one not in ("metric", "\\")]
        rows = [line.split() for line in lines[1:] if line.split()[0].isdigit()]
        if any(len(row) != len(header) + 1 for row in rows):
            raise InputError(f"{where}: a printed row has not {len(header)} values")
        blocks.append(pd.DataFrame([row[1:] for row in rows], index=[int(row[0]) for row in rows], columns=header))
    if not blocks:
        raise InputError(f"{where}: no printed table")
    frame = pd.concat(blocks, axis=1).rename(columns={"Avg._Rank": "Avg. Rank"})
    numbers = [column for column in frame if column not in ("language", "tokenizer")]
    return frame.assign(**{column: pd.to_numeric(frame[column], errors="coerce") for column in numbers})


def _cells(path: Path) -> list[dict[str, Any]]:
    try:
        cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path.name}: is no notebook: {error}") from error
    return cells


def _cell(path: Path, number: int) -> dict[str, Any]:
    cells = _cells(path)
    if number >= len(cells):
        raise InputError(f"{path.name}: has {len(cells)} cells; expected a cell {number}")
    return cells[number]


def _source(path: Path, number: int) -> str:
    return "".join(_cell(path, number).get("source", []))


def _output(path: Path, number: int) -> str:
    """Return the first text that a cell printed."""
    for output in _cell(path, number).get("outputs", []):
        text = "".join(output.get("text", []) or output.get("data", {}).get("text/plain", []))
        if text and not text.startswith("<"):
            return text
    raise InputError(f"{path.name}: cell {number} has no stored text")


def _assigned(source: str, name: str, where: str) -> Any:
    """Return the literal that is assigned to a name; nothing else of the source is looked at."""
    try:
        for statement in ast.parse(source).body:
            if isinstance(statement, ast.Assign) and [getattr(t, "id", "") for t in statement.targets] == [name]:
                return ast.literal_eval(statement.value)
    except (SyntaxError, ValueError) as error:
        raise InputError(f"{where}: {name} is no literal: {error}") from error
    raise InputError(f"{where}: no `{name} = ...`")
