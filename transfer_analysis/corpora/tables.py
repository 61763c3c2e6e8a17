"""Files of examples: JSON Lines, Parquet, CSV."""

from __future__ import annotations

import gzip
import json
import zlib
from itertools import islice
from pathlib import Path

from transfer_analysis.corpora.records import Record
from transfer_analysis.errors import InputError, first_line
from transfer_analysis.hub.splits import SUFFIXES, class_names


def read_examples_file(path: Path, count: int | None = None) -> list[Record]:
    """Return the examples of a file, the first `count` or all; none of an empty one.

    Raises
    ------
    InputError
        Naming the line that is no JSON object, or why the file cannot be read.
    """
    suffix = next((end for end in SUFFIXES if path.name.endswith(end)), "")
    if not suffix:
        raise InputError(f"{path}: is of a kind that is not read; expected {', '.join(SUFFIXES)}")
    if suffix == ".parquet":
        records = _parquet(path)[:count]
    elif suffix in (".csv", ".tsv"):
        records = _csv(path, "\t" if suffix == ".tsv" else ",")[:count]
    else:
        records = _json_lines(path, count)
    return records


def classes_in(path: Path) -> dict[str, list[str]]:
    """Return column → names of its classes in the order of their numbers, where a Parquet file says them."""
    import pyarrow.parquet

    described = (pyarrow.parquet.read_schema(path).metadata or {}).get(b"huggingface")
    return class_names(json.loads(described)["info"]["features"]) if described is not None else {}


def _json_lines(path: Path, count: int | None) -> list[Record]:
    records = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as stream:
            for number, line in enumerate(islice(stream, count), start=1):
                records.append(_record(line, f"{path} line {number}"))
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return records


def _parquet(path: Path) -> list[Record]:
    import pyarrow
    import pyarrow.parquet

    try:
        rows: list[Record] = pyarrow.parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: is not a Parquet file: {first_line(error)}") from error
    return rows


def _csv(path: Path, separator: str) -> list[Record]:
    import pandas as pd

    try:
        # Every word is text: a sentence that says "NA" is no missing value.
        frame = pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:
        raise InputError(f"{path}: is not a table: {first_line(error)}") from error
    records: list[Record] = frame.to_dict("records")
    return records


def _record(line: str, where: str) -> Record:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}: not JSON: {line.strip()[:60]!r}") from error
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected a JSON object, got {line.strip()[:60]!r}")
    return record
