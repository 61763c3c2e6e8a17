"""Transfer tables on disk: Parquet, or CSV with the schema's column names."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.files import atomic_path, require_file
from transfer_analysis.results.table import TransferTable
from transfer_analysis.tasks import Catalogue


def read_csv(path: Path, *, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a CSV file as text, so that `no` stays Norwegian and `nan` stays Min Nan.

    Raises
    ------
    InputError
        Where the file is missing, empty, not a CSV file, or lacks one of `columns`.
    """
    require_file(path, "a CSV table")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text (byte {error.start}); expected a CSV table in UTF-8") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: is not a CSV table: {error}") from error
    missing = [c for c in columns or [] if c not in frame]
    if missing:
        raise InputError(
            f"{path}: column {', '.join(map(repr, missing))} is missing; the file has {', '.join(frame.columns)}"
        )
    return frame


def csv_rows(path: Path, count: int) -> list[str]:
    """Say where each data row of a CSV file stands; its header is row 1."""
    return [f"{path.name} row {i + 2}" for i in range(count)]


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


def read_table(path: Path, catalogue: Catalogue | None = None) -> TransferTable:
    """Read and check a transfer table.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    if path.suffix == ".csv":
        frame = read_csv(path)
        return TransferTable.from_frame(
            frame, where=path.name, catalogue=catalogue, locations=csv_rows(path, len(frame))
        )
    return TransferTable.from_frame(read_parquet(path), where=path.name, catalogue=catalogue)


def write_table(table: TransferTable, path: Path) -> None:
    """Write a transfer table atomically; the suffix `.csv` gives CSV, any other Parquet."""
    with atomic_path(path) as temporary:
        if path.suffix == ".csv":
            table.frame.to_csv(temporary, index=False, lineterminator="\n")
        else:
            table.frame.to_parquet(temporary, index=False)
