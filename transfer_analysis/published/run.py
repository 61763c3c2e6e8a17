"""From the files of an entry to the published number beside ours, and to the right test's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.extensions import loaded
from transfer_analysis.files import folder_sha256, sha256
from transfer_analysis.published.answers import answered
from transfer_analysis.published.entry import DataFile, Entry, Finding
from transfer_analysis.published.statistics import bounds, computed
from transfer_analysis.statistics import Outcome

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class Found:
    """A published number beside ours.

    Attributes
    ----------
    finding
        What the paper prints.
    ours
        The paper's statistic on the files that are there.
    reproduced
        Whether it is the published number to its last printed digit; None where none could be read.
    between
        Where the statistic depends on the order of equal values: its least and its most.
    outcome
        What the right test says.
    """

    finding: Finding
    ours: float
    reproduced: bool | None
    outcome: Outcome | None
    between: tuple[float, float] | None = None

    @property
    def verdict(self) -> Literal["yes", "by order of ties", "no", "not readable"]:
        """Whether the published number comes out, or would by some order of equal values, which decides it alone."""
        if self.reproduced is None:
            return "not readable"
        if self.reproduced:
            return "yes"
        if self.between is not None:
            published, slack = float(self.finding.published or "nan"), self.finding.tolerance
            if self.between[0] - slack <= published <= self.between[1] + slack:
                return "by order of ties"
        return "no"

    @property
    def stands(self) -> bool | None:
        """Whether an effect is significant at 5% by the right test; None where there is none."""
        if self.outcome is None or self.outcome.p_value is None:
            return None
        return self.outcome.p_value <= 0.05


@dataclass(frozen=True)
class Reproduction:
    """What an entry's files say.

    Attributes
    ----------
    entry
        The entry.
    found
        One for each finding.
    outcomes
        All outcomes of the right tests.
    hashes
        File → its SHA-256.
    remarks
        What is known of the files: another version, another number of rows.
    rows
        How many rows were read.
    """

    entry: Entry
    found: tuple[Found, ...]
    outcomes: Mapping[str, Outcome]
    hashes: Mapping[str, str]
    remarks: tuple[str, ...]
    rows: int

    def tidy(self) -> pd.DataFrame:
        """Return one row for each finding: the published number, ours, and the right test's answer."""
        rows = []
        for one in self.found:
            outcome = one.outcome
            rows.append(
                {
                    "entry": self.entry.name,
                    "finding": one.finding.what,
                    "published": one.finding.published,
                    "where": one.finding.where,
                    "ours": one.ours,
                    "reproduced": one.verdict,
                    "ties_low": one.between[0] if one.between else None,
                    "ties_high": one.between[1] if one.between else None,
                    "significant_in_paper": one.finding.significant,
                    "right_test": outcome.statistic if outcome else None,
                    "estimate": outcome.estimate if outcome else None,
                    "low": outcome.low if outcome else None,
                    "high": outcome.high if outcome else None,
                    "p_value": outcome.p_value if outcome else None,
                    "n": outcome.n if outcome else None,
                    "unit": outcome.unit if outcome else None,
                    "null": outcome.null if outcome else None,
                    "note": one.finding.note,
                }
            )
        return pd.DataFrame(rows)


def reproduce(entry: Entry, path: Path, report: Report = lambda _text, _share: None) -> Reproduction:
    """Answer an entry's question from its files: by the paper's statistic, and by the test that is right.

    Parameters
    ----------
    path
        Folder with the files, named as in the entry or as in its repository; or the file itself where there is one.

    Raises
    ------
    InputError
        Where a file is missing, or is not what the entry reads.
    """
    report("reading", 0.0)
    places = {file.name: _place(entry, file, path) for file in entry.files}
    hashes = {name: folder_sha256(place) if place.is_dir() else sha256(place) for name, place in places.items()}
    frame = loaded(entry.reader)(places, **entry.reading)
    remarks = [text for file in entry.files if (text := _other_version(file, places[file.name], hashes[file.name]))]
    outcomes: dict[str, Outcome] = {}
    for number, test in enumerate(entry.tests):
        report(f"testing {test.label or test.test}", (number + 1) / (len(entry.tests) + 1))
        found = answered(test.test, frame, test.options)
        outcomes |= {f"{test.label}: {key}" if test.label else key: one for key, one in found.items()}
    unknown = [f.answer for f in entry.findings if f.answer is not None and f.answer not in outcomes]
    if unknown:
        raise InputError(f"{entry.name}: no outcome {unknown[0]!r}; the tests give {', '.join(outcomes)}")
    return Reproduction(
        entry,
        tuple(_found(finding, frame, outcomes) for finding in entry.findings),
        outcomes,
        hashes,
        tuple(remarks),
        len(frame),
    )


def _found(finding: Finding, frame: pd.DataFrame, outcomes: Mapping[str, Outcome]) -> Found:
    ours = computed(finding.statistic, frame, finding.options)
    reproduced = None if finding.published is None else finding.reproduced(ours)
    between = bounds(finding.statistic, frame, finding.options)
    if between is not None and between[1] - between[0] <= finding.tolerance:
        between = None  # no order of equal values changes a printed digit
    return Found(finding, ours, reproduced, outcomes[finding.answer] if finding.answer else None, between)


def _place(entry: Entry, file: DataFile, path: Path) -> Path:
    """Return where a file is: under its name, its path in the repository, or its last name."""
    if not path.exists():
        raise InputError(f"{path}: there is nothing; expected the files of {entry.name} ({entry.repository})")
    if path.is_file():
        if len(entry.files) > 1:
            raise InputError(f"{path}: is a file; {entry.name} has {len(entry.files)}: give the folder that holds them")
        return path
    for place in (path / file.name, path / PurePosixPath(file.path), path / PurePosixPath(file.path).name):
        if place.is_dir() if file.path.endswith("/") else place.is_file():
            return place
    raise InputError(
        f"{path}: holds no {file.name}; it is {file.path} of {file.repository or entry.repository} at commit "
        f"{(file.commit or entry.commit)[:12]} "
        f"(transfer-analysis published show {entry.name} lists all files)"
    )


def _other_version(file: DataFile, place: Path, found: str) -> str:
    """Say of a file that is not the entry's how it differs."""
    if found == file.sha256:
        return ""
    text = f"{file.name}: is another version than the entry's (SHA-256 {found[:12]}…, not {file.sha256[:12]}…)"
    if not file.rows or not (place.is_dir() or place.suffix in (".csv", ".tsv")):
        return text
    rows, noun = _counted(place)
    if rows < file.rows:
        return f"{text}; it has {rows:,} {noun} and the entry's {file.rows:,}: perhaps a partial download"
    return text


def _counted(place: Path) -> tuple[int, str]:
    if place.is_dir():
        return sum(1 for path in place.rglob("*") if path.is_file()), "files"
    with place.open(encoding="utf-8", errors="replace") as lines:
        return sum(1 for line in lines if line.strip()) - 1, "rows"
