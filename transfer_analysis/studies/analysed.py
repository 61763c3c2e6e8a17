"""A study with its tests done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from transfer_analysis import reporting
from transfer_analysis.results import TransferTable
from transfer_analysis.results.collapsed import collapsed_runs, said_of_collapsed
from transfer_analysis.studies.analyses.material import Material
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


#: Share of the scores from which it is said beside the verdicts that they were left out.
_TENTH = 0.1


@dataclass(frozen=True)
class Analysed:
    """A study with its tests done: all that a report is written from.

    Attributes
    ----------
    study
        As it was run, at its scale.
    table
        The whole table of results.
    untested
        Declared hypothesis → why it could not be tested; each counts with p = 1 in the correction of the others.
    remarks
        What happened to the data on the way.
    """

    study: Study
    material: Material
    findings: Sequence[Finding]
    untested: Mapping[str, str]
    table: TransferTable
    remarks: Sequence[str]
    origin: Origin
    given: Given

    @property
    def answer(self) -> str:
        """The answer in two sentences: of the hypothesis that the study is about."""
        if self.study.primary in self.untested:
            statement = next(h.statement for h in self.study.hypotheses if h.id == self.study.primary)
            return f"Not tested: {statement.rstrip('.')}. {self.untested[self.study.primary]}."
        return next(finding for finding in self.findings if finding.id == self.study.primary).sentence()

    @property
    def verdicts(self) -> str:
        """How many of the declared hypotheses are supported, and which, in a sentence; empty where only one is declared."""
        declared = [finding for finding in self.findings if not finding.exploratory]
        if len(declared) + len(self.untested) < 2:
            return ""
        supported = [finding.id for finding in declared if finding.verdict.startswith("supported")]
        which = f": {', '.join(supported)}" if supported else ""
        missing = f"; not tested: {', '.join(self.untested)}" if self.untested else ""
        of = len(declared) + len(self.untested)
        verb = "are" if len(supported) > 1 else "is"
        return f"Of {of} declared hypotheses {len(supported) or 'none'} {verb} supported after Holm's correction{which}{missing}."

    def limits(self) -> list[str]:
        """Say what could not be concluded, and why."""
        of_tests = [limit for finding in self.findings for limit in finding.limits()]
        missing = [f"{name}: could not be tested: {reason}." for name, reason in self.untested.items()]
        table, catalogue = self.material.selected.comparable, self.material.catalogue
        collapsed = [f"{said}." for said in said_of_collapsed(collapsed_runs(table, catalogue))]
        return [
            *self._thin(),
            *missing,
            *of_tests,
            *collapsed,
            *unlearnt(self.study, self.material.selected, self.material.catalogue),
        ]

    def _thin(self) -> list[str]:
        """Say that the verdicts rest on part of the scores, where more than a tenth was left out."""
        selected = self.material.selected
        kept, gone = len(selected.comparable), sum(selected.excluded.values())
        if gone <= _TENTH * (kept + gone):
            return []
        return [f"The verdicts rest on {kept / (kept + gone):.0%} of the scores: {selected.said_of_excluded()[0]}."]

    def outcome_table(self) -> pd.DataFrame:
        """Return all tests as text, one row each."""
        outcomes = {finding.id: finding.outcome for finding in self.findings}
        return reporting.outcome_table(outcomes, {finding.id: finding.adjusted_p for finding in self.findings})
