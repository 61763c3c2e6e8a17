"""Paragraphs for a paper: how a study's hypotheses were tested, and what came out."""

from __future__ import annotations

from collections.abc import Sequence

from transfer_analysis import __version__
from transfer_analysis.statistics.outcome import p_text
from transfer_analysis.studies.analysed import Analysed
from transfer_analysis.studies.findings import Finding


def methods_text(analysed: Analysed) -> str:
    """Return the methods: data, unit, null and correction, each procedure once."""
    study = analysed.study
    declared = [finding for finding in analysed.findings if not finding.exploratory]
    parts = [f"# Methods: {study.title}", _data(analysed)]
    said: dict[str, list[str]] = {}
    for finding in analysed.findings:
        said.setdefault(finding.outcome.sentence("methods"), []).append(finding.id)
    parts += [f"{sentence} *({', '.join(names)})*" for sentence, names in said.items()]
    counted = len(declared) + len(analysed.untested)
    if counted:
        untested = (
            f"; {len(analysed.untested)} of them could not be tested and count with p = 1" if analysed.untested else ""
        )
        parts.append(
            f"{counted} hypothes{'is was' if counted == 1 else 'es were'} declared before the analysis and corrected together by Holm’s "
            f"procedure at α = {study.alpha:g}{untested}. All other tests are exploratory, and their p-values are not corrected."
        )
    parts.append(f"Analyses were done with transfer_analysis {__version__}.")
    return "\n\n".join(parts) + "\n"


def results_text(analysed: Analysed) -> str:
    """Return the results: declared hypotheses with their verdicts, then what was explored."""
    declared = [finding for finding in analysed.findings if not finding.exploratory]
    explored = [finding for finding in analysed.findings if finding.exploratory]
    parts = [f"# Results: {analysed.study.title}"]
    parts += [_result(finding) for finding in declared]
    parts += [
        f"{statement_of(analysed, name)} This could not be tested: {why}." for name, why in analysed.untested.items()
    ]
    if explored:
        parts += ["## Exploratory", *(_result(finding) for finding in explored)]
    return "\n\n".join(parts) + "\n"


def statement_of(analysed: Analysed, name: str) -> str:
    """Return the statement of a hypothesis."""
    return next(f"{one.statement.rstrip('.')}." for one in analysed.study.every if one.id == name)


def _result(finding: Finding) -> str:
    corrected = (
        f" After Holm’s correction, {p_text(finding.adjusted_p)}: {finding.verdict}."
        if finding.adjusted_p is not None
        else ""
    )
    notes = "".join(f" Note: {text}." for text in finding.outcome.warnings)
    return f"*{finding.statement.rstrip('.')}.* {finding.outcome.sentence()}{corrected}{notes}"


def _data(analysed: Analysed) -> str:
    frame = analysed.material.selected.table.frame
    counts = {
        "intermediate condition": frame["condition"].nunique(),
        "target task": frame["target"].nunique(),
        "language": frame["language"].nunique(),
    }
    seeds = sorted(frame.groupby(["condition", "target"])["seed"].nunique())
    span = f"{seeds[0]}" if seeds[0] == seeds[-1] else f"{seeds[0]} to {seeds[-1]}"
    return (
        f"{analysed.study.question.rstrip('.?')}? The data are {len(frame):,} scores of {_joined(counts)}, with {span} "
        f"seed{'' if seeds[-1] == 1 else 's'} in a cell, of {_named(sorted(map(str, frame['model'].unique())))}."
    )


def _joined(counts: dict[str, int]) -> str:
    texts = [f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items()]
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def _named(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
