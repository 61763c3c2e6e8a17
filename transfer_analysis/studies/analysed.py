"""A study with its tests done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from transfer_analysis import reporting
from transfer_analysis.results import TransferTable
from transfer_analysis.studies.analyses import Material
from transfer_analysis.studies.findings import Finding
from transfer_analysis.studies.given import Given
from transfer_analysis.studies.selected import unlearnt
from transfer_analysis.studies.study import Study


@dataclass(frozen=True)
class Origin:
    """Where a report comes from: the command, the files given with their hashes, and what was said while training."""

    command: str
    files: dict[str, dict[str, str]]
    training: tuple[str, ...] = ()


@dataclass(frozen=True)
class Analysed:
    """A study with its tests done: all that a report is written from.

    Attributes
    ----------
    study
        As it was run, at its scale.
    table
        The whole table of results.
    remarks
        What happened to the data on the way.
    """

    study: Study
    material: Material
    findings: Sequence[Finding]
    table: TransferTable
    remarks: Sequence[str]
    origin: Origin
    given: Given

    @property
    def primary(self) -> Finding:
        """What came out of the hypothesis that the study is about."""
        return next(finding for finding in self.findings if finding.id == self.study.primary)

    @property
    def answer(self) -> str:
        """The answer in two sentences."""
        return self.primary.sentence()

    @property
    def verdicts(self) -> str:
        """How many of the declared hypotheses are supported, and which, in a sentence; empty where only one is declared."""
        declared = [finding for finding in self.findings if not finding.exploratory]
        if len(declared) < 2:
            return ""
        supported = [finding.id for finding in declared if finding.verdict.startswith("supported")]
        which = f": {', '.join(supported)}" if supported else ""
        return f"Of {len(declared)} declared hypotheses {len(supported) or 'none'} {'are' if len(supported) > 1 else 'is'} supported after Holm's correction{which}."

    def limits(self) -> list[str]:
        """Say what could not be concluded, and why."""
        of_tests = [limit for finding in self.findings for limit in finding.limits()]
        return [*of_tests, *unlearnt(self.study, self.material.selected, self.material.catalogue)]

    def outcome_table(self) -> pd.DataFrame:
        """Return all tests as text, one row each."""
        outcomes = {finding.id: finding.outcome for finding in self.findings}
        return reporting.outcome_table(outcomes, {finding.id: finding.adjusted_p for finding in self.findings})
