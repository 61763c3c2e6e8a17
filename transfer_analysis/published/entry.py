"""One released table: where it lies, what the paper prints from it, and how both are computed."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator


class DataFile(BaseModel):
    """A file that the user must have, or a folder of many small ones.

    Attributes
    ----------
    name
        What it is called beside the others.
    path
        Where it stands in the repository; a folder ends in `/`.
    sha256
        Of the version that the numbers were read from; of a folder, over the names and hashes of its files.
    rows
        How many data rows a table has, or files a folder; 0 where neither is counted.
    repository, commit
        Where it stands, if not in the entry's repository.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    path: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    rows: int = Field(default=0, ge=0)
    repository: str = Field(default="", pattern=r"^([^/]+/[^/]+)?$")
    commit: str = Field(default="", pattern=r"^([0-9a-f]{12,40})?$")


class Finding(BaseModel):
    """A number that the paper prints, and how it is computed.

    Attributes
    ----------
    what
        What it measures.
    label
        What it is called in a figure, where that must be shorter.
    published
        The number with its printed digits; None where it could not be read anywhere.
    out_of
        The largest that it can be: 1 for a correlation, 100 for per cent.
    where
        Where it stands.
    statistic, options
        The paper's own statistic (see `statistics`), and what it is given.
    significant
        Whether the paper calls it significant; None where it makes no such claim.
    answer
        The outcome of the right test that speaks to it.
    note
        What is known of a number that is not reproduced.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    label: str = ""
    out_of: float = Field(default=1.0, gt=0)
    published: str | None = Field(default=None, pattern=r"^-?[0-9]*\.?[0-9]+$")
    where: str
    statistic: str
    options: dict[str, Any] = Field(default_factory=dict)
    significant: bool | None = None
    answer: str | None = None
    note: str = ""

    @property
    def decimals(self) -> int:
        """How many digits stand behind the point."""
        return len((self.published or "").partition(".")[2])

    @property
    def tolerance(self) -> float:
        """Half a unit of the last printed digit, or of the tenth one: further digits depend on the order of summation."""
        printed = 0.5 * 10.0**-self.decimals
        return max(printed, 5e-10 * abs(float(self.published or 0)))

    def reproduced(self, ours: float) -> bool:
        """Whether a number is the published one within the tolerance."""
        # Halves are rounded either way in print, and binary fractions are seldom halves.
        return self.published is not None and abs(ours - float(self.published)) <= self.tolerance * (1 + 1e-9) + 1e-12


class RightTest(BaseModel):
    """A test that is right for the data.

    Attributes
    ----------
    test, options
        Its name (see `answers`), and what it is given.
    label
        What stands before the names of its outcomes, where an entry has several tests.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: str
    options: dict[str, Any] = Field(default_factory=dict)
    label: str = ""


class Entry(BaseModel):
    """A released table. Other packages add theirs by the entry point `transfer_analysis.published`.

    Attributes
    ----------
    name
        What it is called on the command line.
    title, paper, url
        What it is, who published it, and where.
    question
        The paper's question, in a sentence.
    repository, commit, licence
        Where the files were read from, and under which licence.
    files
        What the user must have.
    reader, reading
        Function that reads them, `package.module:name`, from a folder and `reading` to one frame.
    unit
        What counts as one observation for the question.
    rules
        The table's oddities, each with how it is resolved.
    findings, tests
        What is printed, and what is right.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    title: str
    paper: str
    url: str
    question: str
    repository: str = Field(pattern=r"^[^/]+/[^/]+$")
    commit: str = Field(pattern=r"^[0-9a-f]{12,40}$")
    licence: str
    files: tuple[DataFile, ...]
    reader: str
    reading: dict[str, Any] = Field(default_factory=dict)
    unit: str
    rules: tuple[str, ...] = ()
    findings: tuple[Finding, ...]
    tests: tuple[RightTest, ...] = ()

    @field_validator("files")
    @classmethod
    def _has_files(cls, files: tuple[DataFile, ...]) -> tuple[DataFile, ...]:
        if not files:
            raise ValueError("name one file at least")
        return files
