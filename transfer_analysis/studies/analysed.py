"""A study with its tests done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from transfer_analysis import reporting
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.results import TransferTable
from transfer_analysis.results.collapsed import collapsed_runs, said_of_collapsed
from transfer_analysis.statistics import Outcome
from transfer_analysis.studies.analyses import Hypothesis
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


#: Names that a sentence has room for.
_NAMED = 6

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
    stopped
        Whether a person stopped the tests before the last.
    report
        The HTML report, once it is written.
    """

    study: Study
    material: Material
    findings: Sequence[Finding]
    untested: Mapping[str, str]
    table: TransferTable
    remarks: Sequence[str]
    origin: Origin
    given: Given
    stopped: bool = False
    report: Path | None = None

    def outcome(self, name: str) -> Outcome:
        """Return the outcome of a hypothesis.

        Raises
        ------
        InputError
            For one that the study does not have, or that could not be tested.
        """
        found = {finding.id: finding.outcome for finding in self.findings}
        if name not in found:
            raise InputError(f"no outcome of {name!r}{nearest(name, found)}; there are those of {', '.join(found)}")
        return found[name]

    @property
    def answer(self) -> str:
        """The answer in three sentences: of the hypothesis that the study is about, and what it was tested on."""
        primary = next(h for h in self.study.hypotheses if h.id == self.study.primary)
        if primary.id in self.untested:
            return (
                f"Not tested: {primary.statement.rstrip('.')}. {self.untested[primary.id]}. {self._tested_on(primary)}"
            )
        finding = next(finding for finding in self.findings if finding.id == primary.id)
        return f"{finding.sentence()} {self._tested_on(primary)}"

    def _tested_on(self, hypothesis: Hypothesis) -> str:
        """Name the models, the targets, how many languages, and the scale that a hypothesis was tested on."""
        frame = self.material.selected.table.frame
        model = getattr(hypothesis, "model", None)
        frame = frame[frame["model"].eq(model)] if model else frame
        if hypothesis.on_targets:
            frame = frame[frame["target"].isin(hypothesis.on_targets)]
        models, targets = (sorted(map(str, frame[column].unique())) for column in ("model", "target"))
        scale = f", scale {self.scale}" if self.scale else ""
        return f"Tested on {' and '.join(models)}: {_listed(targets)}, {frame['language'].nunique()} languages{scale}."

    @property
    def scale(self) -> str:
        """The name of the scale that the results were trained at; empty where they were given."""
        return next(iter(self.study.scales), "")

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


def _listed(names: Sequence[str]) -> str:
    """Return names with commas, and how many more there are where there are many."""
    shown = ", ".join(names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
