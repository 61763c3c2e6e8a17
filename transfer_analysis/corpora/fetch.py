"""Data sets of the hub as a folder, for machines without internet."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TypedDict

from transfer_analysis.corpora.folder import SOURCES
from transfer_analysis.corpora.needs import Need
from transfer_analysis.corpora.records import Corpus, Record, first_split
from transfer_analysis.errors import InputError, MissingError
from transfer_analysis.files import atomic_folder, sha256
from transfer_analysis.progress import Report, silent


class _Source(TypedDict):
    source: str
    sha256: dict[str, str]


def fetch(corpus: Corpus, wanted: Sequence[Need], out: Path, report: Report = silent) -> dict[str, int]:
    """Write whole splits as a folder of examples, with the data set, commit and hash of each in `sources.json`.

    Returns
    -------
    dict
        `task/language/split` → examples.

    Raises
    ------
    InputError
        For everything that cannot be had; nothing is written then.
    """
    if out.exists():
        raise InputError(f"{out}: is there already; name another folder or remove it")
    counts: dict[str, int] = {}
    sources: dict[str, _Source] = {}
    problems: list[str] = []
    with atomic_folder(out) as temporary:
        for i, want in enumerate(wanted):
            report(f"fetching: {want.task} {want.language}", i / len(wanted))
            try:
                read = partial(corpus.examples, want.task, want.language)
                split, records = first_split(want.splits, read, f"{want.task} {want.language}")
            except MissingError as error:
                problems += error.problems if want.required else []
                continue
            except InputError as error:
                problems += error.problems
                continue
            where = f"{want.task}/{want.language}/{split}"
            if where in counts:
                continue
            path = temporary / f"{where}.jsonl.gz"
            _write(path, records)
            counts[where] = len(records)
            at = f"{want.task}/{want.language}"
            sources.setdefault(at, {"source": corpus.revision(want.task, want.language), "sha256": {}})
            sources[at]["sha256"][split] = sha256(path)
        if problems:
            raise InputError(dict.fromkeys(problems))
        said = json.dumps(sources, ensure_ascii=False, indent=1, sort_keys=True)
        (temporary / SOURCES).write_text(said + "\n", encoding="utf-8")
    report("done", 1.0)
    return counts


def _write(path: Path, records: list[Record]) -> None:
    """Write examples, the same bytes for the same examples."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    path.write_bytes(gzip.compress(lines, mtime=0))
