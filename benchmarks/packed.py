"""Examples that are drawn once and carried along: what a grid reads of a corpus, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from transfer_analysis.corpora.records import Corpus, Record, Sample
from transfer_analysis.errors import MissingError
from transfer_analysis.tasks import Catalogue

#: A split of a folder: folder, language, split.
Where = tuple[str, str, str]


@dataclass
class Recorder:
    """A corpus that notes what is read of another one."""

    corpus: Corpus
    catalogue: Catalogue
    answers: dict[str, Any] = field(default_factory=dict)
    records: dict[Where, dict[int, Record]] = field(default_factory=dict)

    def examples(self, task: str, language: str, split: str, count: int | None = None) -> list[Record]:
        """Return examples, and note them."""
        found = self.corpus.examples(task, language, split, count)
        self._note(task, language, split, list(range(1, len(found) + 1)), found)
        self.answers[_key("examples", task, language, split, count)] = len(found)
        return found

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return a sample, and note it."""
        key = _key("sample", task, language, split, count, seed)
        try:
            found = self.corpus.sample(task, language, split, count, seed)
        except MissingError as error:
            self.answers[key] = str(error)
            raise
        self._note(task, language, split, found.rows, found.records)
        self.answers[key] = [found.rows, found.total]
        return found

    def languages(self, task: str) -> list[str]:
        """Return the languages of a task, and note them."""
        found = self.corpus.languages(task)
        self.answers[_key("languages", task)] = found
        return found

    def revision(self, task: str, language: str) -> str:
        """Return data set and commit of a task's examples, where they have one."""
        return self.corpus.revision(task, language)

    def write(self, folder: Path) -> None:
        """Write what was noted."""
        folder.mkdir(parents=True, exist_ok=True)
        for where, records in self.records.items():
            lines = (json.dumps([row, records[row]], ensure_ascii=False) for row in sorted(records))
            (folder / _file(where)).write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "answers.json").write_text(json.dumps(self.answers), encoding="utf-8")

    def _note(self, task: str, language: str, split: str, rows: list[int], records: list[Record]) -> None:
        where = (self.catalogue[task].folder or task, language, split)
        self.records.setdefault(where, {}).update(zip(rows, records, strict=True))


@dataclass(frozen=True)
class PackedCorpus:
    """A corpus that answers as the recorded one did, and knows nothing else."""

    folder: Path
    catalogue: Catalogue

    def examples(self, task: str, language: str, split: str, count: int | None = None) -> list[Record]:
        """Return what was read of a split."""
        number = _answers(self.folder)[_key("examples", task, language, split, count)]
        records = self._records(task, language, split)
        return [records[row] for row in range(1, number + 1)]

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return the sample that was drawn."""
        answer = _answers(self.folder)[_key("sample", task, language, split, count, seed)]
        if isinstance(answer, str):
            raise MissingError(answer)
        rows, total = answer
        records = self._records(task, language, split)
        return Sample([records[row] for row in rows], rows, total)

    def languages(self, task: str) -> list[str]:
        """Return the languages of a task."""
        found: list[str] = _answers(self.folder)[_key("languages", task)]
        return found

    def revision(self, task: str, language: str) -> str:
        """Return nothing: what is packed is known by its hash."""
        return ""

    def _records(self, task: str, language: str, split: str) -> dict[int, Record]:
        return _read(self.folder / _file((self.catalogue[task].folder or task, language, split)))


def _key(*parts: Any) -> str:
    return " ".join(map(str, parts))


def _file(where: Where) -> str:
    return ".".join(part.replace("/", "-") for part in where) + ".jsonl"


@cache
def _answers(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return found


@cache
def _read(path: Path) -> dict[int, Record]:
    with path.open(encoding="utf-8") as stream:
        return dict(map(json.loads, stream))
