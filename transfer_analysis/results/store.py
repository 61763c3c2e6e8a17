"""Transfer tables on disk: Parquet, or CSV with the schema's column names."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import atomic_path, read_text, require_file
from transfer_analysis.results.table import TransferTable
from transfer_analysis.tasks import Catalogue


def read_csv(path: Path, *, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a CSV file as text, so that `no` stays Norwegian and `nan` stays Min Nan.

    Returns
    -------
    DataFrame
        Its index is the line that each row stands on.

    Raises
    ------
    InputError
        Where the file is missing, empty or not a CSV file, a row has more or fewer fields than the header, the header
        repeats a name, or one of `columns` is missing.
    """
    reader = csv.reader(io.StringIO(read_text(path, "a CSV table"), newline=""), strict=True)
    lines: list[int] = []
    rows: list[list[str]] = []
    try:
        header = next(reader, [])
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise InputError(
                    f"{path.name} row {reader.line_num}: has {len(row)} fields, but the header has {len(header)}"
                )
            lines.append(reader.line_num)
            rows.append(row)
    except csv.Error as error:
        raise InputError(f"{path}: is not a CSV table: line {reader.line_num}: {error}") from error
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise InputError(f"{path.name}: the header gives {repeated[0]!r} {header.count(repeated[0])} times")
    missing = [
        f"{path.name}: column {name!r} is missing{nearest(name, header)}; the file has {', '.join(header)}"
        for name in columns or []
        if name not in header
    ]
    if missing:
        raise InputError(missing)
    return pd.DataFrame(rows, columns=header, index=pd.Index(lines, dtype="int64"), dtype=object)


def csv_rows(path: Path, frame: pd.DataFrame) -> list[str]:
    """Say where each row of a CSV file stands; its header is row 1."""
    return [f"{path.name} row {line}" for line in frame.index]


def read_parquet(path: Path) -> pd.DataFrame:
    """Read a Parquet file.

    Raises
    ------
    InputError
        Where the file is missing, empty or not Parquet.
    """
    import pyarrow

    require_file(path, "a Parquet table")
    try:
        return pd.read_parquet(path)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: is not a Parquet table ({reason}); a CSV table should end in .csv") from error


def read_frame(path: Path) -> pd.DataFrame:
    """Read a table of any columns, in whose text columns `no` and `nan` stay what they are.

    Raises
    ------
    InputError
        As `read_csv` and `read_parquet`.
    """
    if path.suffix == ".parquet":
        return read_parquet(path)
    text = read_csv(path)
    frame = {}
    for column in text.columns:
        numbers = pd.to_numeric(text[column].replace("", None), errors="coerce")
        empty = text[column] == ""
        frame[column] = (
            numbers if numbers.notna().any() and (numbers.notna() | empty).all() else text[column].mask(empty)
        )
    return pd.DataFrame(frame)


def require_table_path(path: Path) -> None:
    """Raise an InputError for a path that no transfer table can be written to."""
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise InputError(f"{path}: a table is written as .parquet or .csv")
    if path.is_dir() or not (path.parent.is_dir() or path.parent == Path()):
        raise InputError(f"{path}: {'is a folder' if path.is_dir() else 'its folder does not exist'}")


def read_table(path: Path, catalogue: Catalogue | None = None) -> TransferTable:
    """Read and check a transfer table.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    if path.suffix.lower() == ".csv":
        frame = read_csv(path)
        return TransferTable.from_frame(frame, where=path.name, catalogue=catalogue, locations=csv_rows(path, frame))
    return TransferTable.from_frame(read_parquet(path), where=path.name, catalogue=catalogue)


def write_table(table: TransferTable, path: Path) -> None:
    """Write a transfer table atomically; the suffix `.csv` gives CSV, any other Parquet."""
    write_frame(table.frame, path)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame atomically; the suffix `.csv` gives CSV, any other Parquet."""
    with atomic_path(path) as temporary:
        if path.suffix.lower() == ".csv":
            frame.to_csv(temporary, index=False, lineterminator="\n")
        else:
            frame.to_parquet(temporary, index=False)
