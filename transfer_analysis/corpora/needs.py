"""What is needed of a corpus, and whether it is there, before anything large is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from transfer_analysis.corpora import hub_part
from transfer_analysis.corpora.records import Corpus, first_split
from transfer_analysis.errors import InputError, MissingError, UnavailableError
from transfer_analysis.progress import Report, silent


@dataclass(frozen=True)
class Need:
    """The first there is of some splits of a task in a language.

    Attributes
    ----------
    part
        What it is for: a grid cannot do without what it trains on, goes on without a language to test in, and takes
        development examples from elsewhere.
    """

    task: str
    language: str
    splits: tuple[str, ...]
    part: Literal["training", "development", "test"] = "training"

    @property
    def required(self) -> bool:
        """Whether nothing can be done without it."""
        return self.part == "training"


@dataclass(frozen=True)
class Answers:
    """What was found of what is needed.

    Attributes
    ----------
    unasked
        What could not be asked, as the hub was out of reach or busy.
    untested
        Languages that cannot be tested in.
    """

    unasked: list[str] = field(default_factory=list)
    untested: list[str] = field(default_factory=list)


def require_there(corpus: Corpus, needs: Sequence[Need], report: Report = silent) -> Answers:
    """Ask whether everything that is needed is there, without fetching data from the hub.

    Raises
    ------
    InputError
        Naming everything that is not there.
    """
    problems: list[str] = []
    found = Answers()
    busy: set[str] = set()
    for i, need in enumerate(needs):
        report(f"checking data sets: {need.task} {need.language}", i / len(needs))
        if need.task in busy:
            continue
        try:
            _require(corpus, need)
        except UnavailableError as error:
            busy.add(need.task)  # each question waits long enough
            found.unasked.extend(error.problems)
        except MissingError as error:
            problems += error.problems if need.required else []
            found.untested.extend(error.problems if need.part == "test" else [])
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))
    return found


def _require(corpus: Corpus, need: Need) -> None:
    hub = hub_part(corpus, need.task)
    if hub is not None:
        hub.require(need.task, need.language, need.splits)
    else:
        read = partial(corpus.examples, need.task, need.language, count=1)
        first_split(need.splits, read, f"{need.task} {need.language}")
