"""A folder of examples: `<task>/<language>/<split>.jsonl.gz`, `.jsonl` or `.parquet`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from transfer_analysis.corpora.records import Record, Sample, drawn
from transfer_analysis.corpora.tables import read_examples_file
from transfer_analysis.errors import InputError, MissingError, nearest
from transfer_analysis.files import read_text, sha256
from transfer_analysis.languages import resolve
from transfer_analysis.tasks import Catalogue, load_catalogue

#: The file of a folder that says where what was fetched comes from.
SOURCES = "sources.json"

_SUFFIXES = (".jsonl.gz", ".jsonl", ".parquet")


@dataclass(frozen=True)
class FolderCorpus:
    """Examples in a folder, with the column names of the hub.

    Attributes
    ----------
    path
        The folder.
    catalogue
        Known tasks; a task's folder bears its name, or the one that its entry says.
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
        found = read_examples_file(path, count)
        if not found:
            raise InputError(f"{path}: holds no examples")
        return found

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return a random sample of a split, in the split's order; all of it where it is smaller."""
        return drawn(self.catalogue[task], self.examples(task, language, split), count, seed)

    def has(self, task: str) -> bool:
        """Whether there is a folder for a task."""
        if sources := _sources(self.path):  # what was fetched is what is there, whatever folders are called
            return any(where.startswith(f"{task}/") for where in sources)
        return (self.path / self._name(task)).is_dir()

    def revision(self, task: str, language: str) -> str:
        """Return data set and commit of what was fetched from the hub; else nothing: examples are known by their hash."""
        code = resolve(language).code
        about = _sources(self.path).get(f"{task}/{code}")
        if about is None:
            return ""
        changed = [split for split, digest in about["sha256"].items() if _hash(self._file(task, code, split)) != digest]
        if changed:
            raise InputError(
                f"{self.path}: {task}/{code}/{changed[0]} has changed since it was fetched from {about['source']}; fetch it again, "
                f"or remove {SOURCES} to use it as your own data"
            )
        return str(about["source"])

    def languages(self, task: str) -> list[str]:
        """Return the languages that a task has a folder for, as canonical codes."""
        self._require_folder()
        folder = self._below(self.path, self._name(task), "task")
        return sorted(self._by_code(folder))

    def _file(self, task: str, language: str, split: str) -> Path:
        self._require_folder()
        folder = self._below(self.path, self._name(task), "task")
        code = resolve(language).code
        called = self._by_code(folder).get(code)
        folder = folder / called if called is not None else self._below(folder, language, "language")
        for suffix in _SUFFIXES:
            if (folder / f"{split}{suffix}").is_file():
                return folder / f"{split}{suffix}"
        there = sorted(p.name for p in folder.iterdir())
        raise MissingError(f"{folder}: no split {split!r}; the folder has {', '.join(there) or 'nothing'}")

    @staticmethod
    def _by_code(folder: Path) -> dict[str, str]:
        """Return canonical code → the folder of that language, whatever code or name the folder bears.

        Raises
        ------
        InputError
            For a folder that is of no language, or two that are of one.
        """
        found: dict[str, str] = {}
        for path in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
            try:
                code = resolve(path.name).code
            except InputError as error:
                raise InputError(f"{folder}: {error}") from error
            if code in found:
                raise InputError(f"{folder}: {found[code]} and {path.name} are one language ({code}); keep one folder")
            found[code] = path.name
        return found

    def _name(self, task: str) -> str:
        """Return the name of a task's folder: its own where there is one, as tasks may share what their entries name."""
        about = self.catalogue[task]
        return task if (self.path / task).is_dir() else about.folder or task

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


@cache
def _sources(folder: Path) -> dict[str, dict[str, Any]]:
    """Return task and language → data set and commit, and the hash of each split, of a folder fetched from the hub."""
    path = folder / SOURCES
    if not path.is_file():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(read_text(path, "sources"))
    return found


#: The hash of a file, computed once: it is asked for with every split of its language.
_hash = cache(sha256)
