"""What the report of a study says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from transfer_analysis import reporting
from transfer_analysis.statistics.outcome import number, p_text
from transfer_analysis.studies.analysed import Analysed
from transfer_analysis.studies.figures import Drawn
from transfer_analysis.studies.findings import Finding
from transfer_analysis.studies.study import Study
from transfer_analysis.studies.terms import terms_in


def page_of(
    analysed: Analysed,
    drawn: Sequence[Drawn],
    tables: dict[str, tuple[str, pd.DataFrame]],
    record: dict[str, Any],
    names: Sequence[str],
    svgs: dict[str, str],
) -> reporting.Page:
    """Return everything that a report says.

    Parameters
    ----------
    record
        As `outcomes.json` has it.
    names
        Files beside the report.
    svgs
        Name of a figure → its SVG.
    """
    study, findings = analysed.study, analysed.findings
    page = reporting.Page(
        title=study.title,
        question=study.question,
        note=study.scale.note() if study.scale is not None else "",
        answer=analysed.answer,
        verdicts=analysed.verdicts,
        hypotheses=[_shown(f) for f in findings if not f.exploratory],
        exploratory=[_shown(f) for f in findings if f.exploratory],
        figures=[
            reporting.Figure(d.name, svgs[d.name], d.caption, _alt(d, analysed.answer), wide=d.wide) for d in drawn
        ],
        sections=[reporting.Section(title, reporting.readable(frame)) for title, frame in tables.values()],
        limits=analysed.limits(),
        remarks=analysed.remarks,
        redo=_redo(analysed.study, record),
        files=names,
    )
    return replace(page, terms=terms_in(reporting.render_markdown(page)))


def _redo(study: Study, record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is needed to make the report again, as pairs of a term and its text."""
    seeds = f"tests {study.seed}"
    if study.scale is not None:
        world = study.scale.simulated
        seeds += f"; world and pretraining {world.get('seed')}" if world is not None else ""
        seeds += f"; runs {', '.join(map(str, study.scale.grid.seeds))}"
    given = "; ".join(f"{f['name']} (SHA-256 {f['sha256'][:16]}…)" for f in record["files"].values())
    encoders = dict.fromkeys(
        f"{d['parameters']['encoder']} ({d['parameters']['encoder_source']})"
        for d in record["distances"].values()
        if "encoder" in d["parameters"]
    )
    return [
        ("command", record["command"]),
        *([("files given", given)] if given else []),
        *([("sentence encoder", "; ".join(encoders))] if encoders else []),
        ("seeds", seeds),
        ("correction", f"Holm over {len(study.hypotheses)} declared hypotheses at α = {study.alpha:g}"),
        ("versions", ", ".join(f"{k} {v}" for k, v in record["versions"].items())),
    ]


def _shown(finding: Finding) -> dict[str, Any]:
    outcome = finding.outcome
    notes = [outcome.method]
    if outcome.interval_method:
        notes.append(f"interval: {outcome.interval_method}")
    if finding.adjusted_p is not None:
        notes.append(f"{p_text(finding.adjusted_p)} after Holm's correction")
    if outcome.attainable_p is not None:
        corrected = finding.attainable_adjusted_p
        after = "" if corrected is None else f" ({p_text(corrected)} after correction, given the other p-values)"
        notes.append(f"smallest attainable {p_text(outcome.attainable_p)}{after}")
    if outcome.detectable is not None:
        notes.append(f"effect detectable with 80% power {number(outcome.detectable)}")
    notes += list(outcome.warnings)
    return {
        "statement": finding.statement,
        "verdict": finding.verdict,
        "sentence": str(outcome),
        "notes": "; ".join(notes) + ".",
    }


def _alt(drawn: Drawn, answer: str) -> str:
    return f"{drawn.caption} {answer}"
