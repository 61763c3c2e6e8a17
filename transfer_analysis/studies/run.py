"""Run a study: results → distances → join → tests → report."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from transfer_analysis.errors import InputError
from transfer_analysis.progress import Report, silent
from transfer_analysis.results import TransferTable, read_table
from transfer_analysis.statistics import Outcome, holm
from transfer_analysis.studies.analysed import Analysed, Origin
from transfer_analysis.studies.analyses import Hypothesis
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.extent import absent, extent_of_grid, too_few
from transfer_analysis.studies.findings import Finding
from transfer_analysis.studies.given import Given
from transfer_analysis.studies.joined import material_of
from transfer_analysis.studies.render import write_report
from transfer_analysis.studies.study import Study, load_study
from transfer_analysis.tasks import Catalogue, load_catalogue


def run_study(study: Study, out: Path, given: Given | None = None, report: Report = silent) -> Analysed:
    """Run a study from its results to its report.

    Parameters
    ----------
    out
        Folder of the report; an earlier report of a study there is replaced, anything else refused.
    given
        Files that replace what the study would make itself.

    Raises
    ------
    InputError
        For anything given that cannot be used, before any training starts where that can be known; nothing is
        written then.
    """
    require_place(out)
    return _reported(analyse_study(study, given, report), out, report)


def analyse_study(study: Study, given: Given | None = None, report: Report = silent) -> Analysed:
    """Run a study from its results to its tests, and write nothing but runs that are trained.

    Raises
    ------
    InputError
        As `run_study`.
    """
    given = given or Given()
    study = study.at(given.scale)
    asked = given.command(study)
    given = given.opened(study)
    if problems := given.problems(study):
        raise InputError(problems)
    table, said = _results(study, given, load_catalogue(given.tasks), report)
    return _analysed(study, table, given, Origin(asked, given.files(), tuple(said)), report)


def report_again(folder: Path, out: Path, report: Report = silent) -> Analysed:
    """Make a report again from what its folder holds: the study, its results, distances and other tables.

    Raises
    ------
    InputError
        Where the folder is no report.
    """
    if out != folder:
        require_place(out)
    stored = _stored(folder)
    analysed = _analysed(stored.study, stored.table, stored.given, stored.origin, report)
    return _reported(analysed, out, report)


def read_report(folder: Path, report: Report = silent) -> tuple[Material, list[Finding]]:
    """Return what the tests of a report were of, and what they found.

    Raises
    ------
    InputError
        Where the folder is no report.
    """
    stored = _stored(folder)
    material, _ = material_of(stored.study, stored.table, stored.given, report)
    record = json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))
    return material, [Finding.from_record(outcome, stored.study.alpha) for outcome in record["outcomes"]]


@dataclass(frozen=True)
class _Stored:
    """What the folder of a report holds."""

    study: Study
    given: Given
    origin: Origin
    table: TransferTable


def _stored(folder: Path) -> _Stored:
    if not (folder / "outcomes.json").is_file() or not (folder / "study.yaml").is_file():
        raise InputError(f"{folder}: is not a study report; expected outcomes.json, study.yaml and data in it")
    record = json.loads((folder / "outcomes.json").read_text(encoding="utf-8"))
    study = load_study(str(folder / "study.yaml"))
    given = Given(results=folder / "data").opened(study)
    assert given.results is not None
    table = read_table(given.results, load_catalogue(given.tasks))
    return _Stored(study, given, Origin(record["command"], record["files"], tuple(record["training"])), table)


def _analysed(study: Study, table: TransferTable, given: Given, origin: Origin, report: Report) -> Analysed:
    """Join the results with distances, and test."""
    material, remarks = material_of(study, table, given, report)
    tested = _tested(material.study, material, report)
    said = [*origin.training, *remarks, *tested.said]
    return Analysed(study, material, tested.findings, tested.untested, table, said, origin, given, tested.stopped)


def _reported(analysed: Analysed, out: Path, report: Report) -> Analysed:
    report("writing the report", 0.9)
    path = write_report(analysed, out)
    report("done", 1.0)
    return replace(analysed, report=path)


def require_place(out: Path) -> None:
    """Refuse to write where something lies that is no report.

    Raises
    ------
    InputError
        Naming the folder.
    """
    if out.exists() and not (out / "outcomes.json").is_file() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out}: exists and is not a study report; choose another --out")


def _results(study: Study, given: Given, catalogue: Catalogue, report: Report) -> tuple[TransferTable, list[str]]:
    """Return the results: those given, or trained; and what was said of them."""
    if given.results is not None:
        report("reading results", 0.0)
        return read_table(given.results, catalogue), []
    extent = extent_of_grid(study, catalogue)
    declared = study.hypotheses
    if problems := [*absent(study, extent, declared), *too_few(study, extent, catalogue, declared)]:
        raise InputError(problems)
    # The training core takes seconds to load.
    from transfer_analysis.studies.trained import train

    return train(study, given, catalogue, report)


@dataclass(frozen=True)
class _Tested:
    """What came out of every hypothesis, why declared ones could not be tested, and what is to be remarked."""

    findings: list[Finding]
    untested: dict[str, str]
    said: list[str]
    stopped: bool


def _tested(study: Study, material: Material, report: Report) -> _Tested:
    """Test every hypothesis.

    A declared hypothesis that cannot be tested counts with p = 1 in the correction of the others. Who stops the tests keeps
    what is there: the rest counts as not tested.

    Raises
    ------
    InputError
        Where no declared one can be tested.
    """
    outcomes: list[tuple[Hypothesis, Outcome]] = []
    untested: dict[str, str] = {}
    said: list[str] = []
    stopped = False
    for i, hypothesis in enumerate(study.every):
        report(f"testing: {hypothesis.id}", i / len(study.every))
        lacking = set(hypothesis.adjusts_for) - set(material.covariates.columns)
        if lacking:
            said.append(
                f"{hypothesis.id} was not run: it adjusts for {', '.join(sorted(lacking))}, which --languages gives"
            )
            continue
        try:
            outcomes.append((hypothesis, hypothesis.run(material)))
        except KeyboardInterrupt:
            if not any(done in study.hypotheses for done, _ in outcomes):
                raise
            left = study.every[i:]
            untested |= {h.id: "stopped before it was tested" for h in left if h in study.hypotheses}
            said.append(f"stopped before {', '.join(h.id for h in left)}")
            stopped = True
            break
        except InputError as error:
            said.append(f"{hypothesis.id} was not run: {error.problems[0]}")
            if hypothesis in study.hypotheses:
                untested[hypothesis.id] = error.problems[0].rstrip(".")
    if len(untested) == len(study.hypotheses):
        raise InputError(f"{name}: {reason}" for name, reason in untested.items())
    declared = [outcome for hypothesis, outcome in outcomes if hypothesis in study.hypotheses]
    p_values = [*(1.0 if o.p_value is None else o.p_value for o in declared), *[1.0] * len(untested)]
    adjusted = holm(p_values)
    attainable = [_attainable(p_values, i, outcome) for i, outcome in enumerate(declared)]
    findings = [
        Finding(
            id=hypothesis.id,
            statement=hypothesis.statement,
            outcome=outcome,
            exploratory=i >= len(declared),
            adjusted_p=adjusted[i] if i < len(declared) else None,
            alpha=study.alpha,
            attainable_adjusted_p=attainable[i] if i < len(declared) else None,
        )
        for i, (hypothesis, outcome) in enumerate(outcomes)
    ]
    return _Tested(findings, untested, said, stopped)


def _attainable(p_values: list[float], i: int, outcome: Outcome) -> float | None:
    """Return the smallest p-value that a hypothesis could have had after Holm's correction, the others as they came out."""
    if outcome.attainable_p is None:
        return None
    return holm([*p_values[:i], outcome.attainable_p, *p_values[i + 1 :]])[i]
