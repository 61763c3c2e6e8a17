"""A folder of examples: `<task>/<language>/<split>.jsonl.gz`, `.jsonl` or `.parquet`."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from transfer_analysis.corpora.records import Record, Sample, drawn
from transfer_analysis.errors import InputError, MissingError, first_line, nearest
from transfer_analysis.languages import resolve
from transfer_analysis.tasks import Catalogue, load_catalogue

_SUFFIXES = (".jsonl.gz", ".jsonl", ".parquet")


@dataclass(frozen=True)
class FolderCorpus:
    """Examples in a folder, with the column names of the hub.

    Attributes
    ----------
    path
        The folder.
    catalogue
        Known tasks; a task's folder bears its name unless its entry says otherwise.
    """

    path: Path
    catalogue: Catalogue = field(default_factory=load_catalogue)

    def examples(self, task: str, language: str, split: str, count: int | None = None) -> list[Record]:
        """Return examples of a task, the first `count` or all.

        Raises
        ------
        InputError
            Naming the nearest folder or the splits there are, or the line that is no JSON object.
        """
        path = self._file(task, language, split)
        if path.suffix == ".parquet":
            return _parquet(path)[:count]
        records = []
        try:
            with (
                gzip.open(path, "rt", encoding="utf-8")
                if path.suffix == ".gz"
                else path.open(encoding="utf-8") as stream
            ):
                for number, line in enumerate(islice(stream, count), start=1):
                    records.append(_record(line, f"{path} line {number}"))
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            raise InputError(f"{path}: cannot be read: {error}") from error
        if not records:
            raise InputError(f"{path}: holds no examples")
        return records

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return a random sample of a split, in the split's order; all of it where it is smaller."""
        return drawn(self.catalogue[task], self.examples(task, language, split), count, seed)

    def languages(self, task: str) -> list[str]:
        """Return the languages that a task has a folder for, as canonical codes."""
        self._require_folder()
        folder = self._below(self.path, self.catalogue[task].folder or task, "task")
        found = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
        try:
            return sorted(resolve(path.name).code for path in found)
        except InputError as error:
            raise InputError(f"{folder}: {error}") from error

    def _file(self, task: str, language: str, split: str) -> Path:
        self._require_folder()
        name = self.catalogue[task].folder or task
        folder = self._below(self.path, name, "task")
        code = resolve(language).code
        folder = self._below(folder, code if (folder / code).is_dir() else language, "language")
        for suffix in _SUFFIXES:
            if (folder / f"{split}{suffix}").is_file():
                return folder / f"{split}{suffix}"
        there = sorted(p.name for p in folder.iterdir())
        raise MissingError(f"{folder}: no split {split!r}; the folder has {', '.join(there) or 'nothing'}")

    def _require_folder(self) -> None:
        if not self.path.is_dir():
            raise InputError(f"{self.path}: no such folder; expected one with <task>/<language>/<split>.jsonl.gz")

    @staticmethod
    def _below(folder: Path, name: str, what: str) -> Path:
        # Names come from catalogues that anybody may write; they must not lead out of the folder.
        if Path(name).name != name or name in ("", ".", ".."):
            raise InputError(f"{what} folder {name!r} is not a plain name")
        if not (folder / name).is_dir():
            there = sorted(p.name for p in folder.iterdir() if p.is_dir())
            raise MissingError(
                f"{folder}: no {what} {name!r}{nearest(name, there)}; it has {', '.join(there) or 'none'}"
            )
        return folder / name


def _parquet(path: Path) -> list[Record]:
    import pyarrow
    import pyarrow.parquet

    try:
        rows: list[Record] = pyarrow.parquet.read_table(path).to_pylist()
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path}: is not a Parquet file: {first_line(error)}") from error
    if not rows:
        raise InputError(f"{path}: holds no examples")
    return rows


def _record(line: str, where: str) -> Record:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}: not JSON: {line.strip()[:60]!r}") from error
    if not isinstance(record, dict):
        raise InputError(f"{where}: expected a JSON object, got {line.strip()[:60]!r}")
    return record
