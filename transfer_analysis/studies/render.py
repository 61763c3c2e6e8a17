"""From the findings of a study to its folder: report, figures, tables and every number as JSON."""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import yaml

from transfer_analysis import __version__, reporting
from transfer_analysis.results import TransferTable, write_table
from transfer_analysis.statistics import columnwise_correlations
from transfer_analysis.statistics.robustness import LEARNT
from transfer_analysis.studies.analyses import Material
from transfer_analysis.studies.analyses.cells import task_cells
from transfer_analysis.studies.figures import Drawn, draw_figures
from transfer_analysis.studies.given import DIVERSITY, LANGUAGES, TABLE, TASKS
from transfer_analysis.studies.hypotheses import Which
from transfer_analysis.studies.selected import what_was_learnt
from transfer_analysis.studies.study import Study

if TYPE_CHECKING:
    from transfer_analysis.studies.findings import Finding
    from transfer_analysis.studies.given import Given

_PACKAGES = (
    "numpy",
    "pandas",
    "scipy",
    "statsmodels",
    "matplotlib",
    "seaborn",
    "urielplus",
    "torch",
    "transformers",
    "sentence-transformers",
)


@dataclass(frozen=True)
class Origin:
    """Where a report comes from: the command, the files given with their hashes, and what was said while training."""

    command: str
    files: dict[str, dict[str, str]]
    training: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """All that a report is written from.

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


def write_report(written: Written, out: Path) -> Path:
    """Write the whole folder at once and return the path of the HTML report."""
    out.parent.mkdir(parents=True, exist_ok=True)
    study, material, findings = written.study, written.material, written.findings
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        folder = Path(name) / out.name
        folder.mkdir()
        drawn = draw_figures(material, findings)
        tables = _tables(material, findings)
        _write_figures(folder, drawn)
        _write_tables(folder, tables, study)
        _write_data(folder, written)
        record = _record(written)
        (folder / "outcomes.json").write_text(
            json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        svgs = {d.name: (folder / "figures" / f"{d.name}.svg").read_text(encoding="utf-8") for d in drawn}
        page = _page(study, findings, drawn, tables, written.remarks, record, names, svgs)
        for kind, render in (
            ("html", reporting.render_html),
            ("md", reporting.render_markdown),
            ("tex", reporting.render_latex),
        ):
            (folder / f"report.{kind}").write_text(render(page), encoding="utf-8", newline="\n")
        if out.exists():
            shutil.rmtree(out)
        folder.rename(out)
    return out / "report.html"


def _tables(material: Material, findings: Sequence[Finding]) -> dict[str, tuple[str, pd.DataFrame]]:
    """Return tables by file name, each with its title."""
    outcomes = {f.id: f.outcome for f in findings}
    tables = {"outcomes": ("All tests", reporting.outcome_table(outcomes, {f.id: f.adjusted_p for f in findings}))}
    scores = material.scores.frame
    learnt = what_was_learnt(material.selected, material.catalogue)
    if len(learnt):
        tables["learnt"] = ("What was learnt without intermediate training, and its floor", learnt)
    found = material.selected.effects
    if len(found):
        tables["effects"] = (
            "Effect of every condition beside none (exploratory; 95% intervals hold within a target)",
            _shown_effects(found),
        )
    if material.study.task_distances:
        tables["cells"] = ("Cells: mean score, gain and distance, overlapping ones too", _task_table(material))
        tables["per-target"] = ("Rank correlation of distance and gain within each target", _per_target(material))
    mean = scores.groupby(["target", "language"])["score"].mean().unstack("target").reset_index()
    tables["languages"] = ("Mean score per test language", mean.rename_axis(columns=None))
    return tables


def _shown_effects(found: pd.DataFrame) -> pd.DataFrame:
    """Put the columns of effects in reading order."""
    return found[["initialisation", "languages", "target", "condition", "effect", "low", "high", "p_value", "seeds"]]


def _task_table(material: Material) -> pd.DataFrame:
    """One row per intermediate × target: mean score and gain over runs and languages, distance, and overlap."""
    key = ["condition", "target"]
    named = [f"{distance.name}_distance" for distance in material.study.task_distances]
    columns = {"family": "first", **dict.fromkeys(named, "first"), "overlap": "first", "score": "mean"}
    scores = material.scores.frame.groupby(key).agg(columns)
    if material.gains is None:
        return scores.reset_index()
    gained = material.gains.frame.groupby(key).agg(
        gain=("gain", "mean"), share_improved=("gain", lambda g: float((g > 1e-6).mean()))
    )
    return scores.join(gained).reset_index()


def _per_target(material: Material) -> pd.DataFrame:
    which: Which = "gain" if material.gains is not None else "score"
    cells = task_cells(material, which, "all")
    names = [str(c) for c in cells.outcome.columns]
    table = columnwise_correlations(cells.observed, cells.outcome.to_numpy(), names)
    return table.rename(columns={"column": "target", "correlation": f"Spearman of distance and {which}"})


def _write_figures(folder: Path, drawn: Sequence[Drawn]) -> None:
    (folder / "figures").mkdir()
    for item in drawn:
        for kind in ("pdf", "png", "svg"):
            (folder / "figures" / f"{item.name}.{kind}").write_bytes(reporting.figure_bytes(item.figure, kind))


def _write_tables(folder: Path, tables: dict[str, tuple[str, pd.DataFrame]], study: Study) -> None:
    (folder / "tables").mkdir()
    for name, (title, frame) in tables.items():
        frame.to_csv(folder / "tables" / f"{name}.csv", index=False, lineterminator="\n")
        text = reporting.latex_table(frame, caption=f"{study.title}. {title}.", label=f"tab:{study.name}-{name}")
        (folder / "tables" / f"{name}.tex").write_text(text, encoding="utf-8")


def _write_data(folder: Path, written: Written) -> None:
    """Write the study and every intermediate product: results, distances, observations and what was dropped."""
    material, given = written.material, written.given
    fields = written.study.model_dump(mode="json", exclude_defaults=True)
    (folder / "study.yaml").write_text(
        yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8"
    )
    write_table(written.table, folder / "data" / TABLE)
    if len(material.selected.floors):
        material.selected.floors.to_csv(folder / "data" / "floors.csv", index=False, lineterminator="\n")
    if len(material.diversity):
        material.diversity.to_csv(folder / "data" / DIVERSITY, index=False, lineterminator="\n")
    for path, name in ((given.languages, LANGUAGES), (given.tasks, TASKS)):
        if path is not None:
            shutil.copyfile(path, folder / "data" / name)
    for name, matrix in material.distances.items():
        matrix.write(folder / "data" / f"distance-{name}.csv")
    if material.all_gains is not None and len(material.all_gains.left_out):
        left_out = material.all_gains.left_out
        left_out.to_csv(folder / "data" / "without-gain.csv", index=False, lineterminator="\n")
    for name, observations in (("gains", material.gains), ("scores", material.scores)):
        if observations is not None:
            observations.frame.to_parquet(folder / "data" / f"observations-{name}.parquet", index=False)
            if len(observations.dropped):
                observations.dropped.to_csv(folder / "data" / f"dropped-{name}.csv", index=False, lineterminator="\n")


def _record(written: Written) -> dict[str, Any]:
    """Return every number and everything it depends on, without a clock or the name of a machine."""
    study, material, findings = written.study, written.material, written.findings
    primary = next(f for f in findings if f.id == study.primary)
    record: dict[str, Any] = {
        "study": study.model_dump(mode="json"),
        "finding": primary.sentence(),
        "outcomes": [
            {
                "id": f.id,
                "statement": f.statement,
                "verdict": f.verdict,
                "adjusted_p": f.adjusted_p,
                **asdict(f.outcome),
            }
            for f in findings
        ],
        "data": list(written.remarks),
        "training": list(written.origin.training),
        "distances": {
            name: {"kind": m.kind, "parameters": m.parameters, "labels": len(m.rows), "missing": m.missing()}
            for name, m in material.distances.items()
        },
        "files": written.origin.files,
        "command": written.origin.command,
        "versions": {
            "transfer-analysis": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    }
    plain: dict[str, Any] = _plain(record)
    return plain


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it; numbers that are none become null."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _page(
    study: Study,
    findings: Sequence[Finding],
    drawn: Sequence[Drawn],
    tables: dict[str, tuple[str, pd.DataFrame]],
    remarks: Sequence[str],
    record: dict[str, Any],
    names: Sequence[str],
    svgs: dict[str, str],
) -> reporting.Page:
    seeds = f"tests {study.seed}"
    if study.scale is not None:
        world = study.scale.simulated
        seeds += f"; world and pretraining {world.get('seed')}" if world is not None else ""
        seeds += f"; runs {', '.join(map(str, study.scale.grid.seeds))}"
    given = "; ".join(f"{f['name']} (SHA-256 {f['sha256'][:16]}…)" for f in record["files"].values())
    encoders = [
        f"{d['parameters']['encoder']} ({d['parameters']['encoder_source']})"
        for d in record["distances"].values()
        if "encoder" in d["parameters"]
    ]
    redo = [
        ("command", record["command"]),
        ("seeds", seeds),
        ("correction", f"Holm over {len(study.hypotheses)} declared hypotheses at α = {study.alpha:g}"),
        ("versions", ", ".join(f"{k} {v}" for k, v in record["versions"].items())),
    ]
    if encoders:
        redo.insert(1, ("sentence encoder", "; ".join(encoders)))
    if given:
        redo.insert(1, ("files given", given))
    return reporting.Page(
        title=study.title,
        question=study.question,
        note=study.scale.note() if study.scale is not None else "",
        answer=record["finding"],
        hypotheses=[_shown(f) for f in findings if not f.exploratory],
        exploratory=[_shown(f) for f in findings if f.exploratory],
        figures=[reporting.Figure(d.name, svgs[d.name], d.caption, _alt(d, record), wide=d.wide) for d in drawn],
        sections=[reporting.Section(title, frame, name) for name, (title, frame) in tables.items()],
        limits=[*(limit for f in findings for limit in f.limits()), *_unlearnt(tables)],
        remarks=remarks,
        redo=redo,
        files=names,
    )


def _unlearnt(tables: dict[str, tuple[str, pd.DataFrame]]) -> list[str]:
    """Name the targets that were not learnt in the source language, of which nothing can be concluded."""
    if "learnt" not in tables:
        return []
    learnt = tables["learnt"][1].dropna(subset=["source", "chance"])
    failed = learnt[learnt["source"] - learnt["chance"] <= LEARNT * (100 - learnt["chance"])]
    return [
        f"{row.target} was not learnt from {row.initialisation} weights: {row.source:.1f} in the source language, where guessing "
        f"gives {row.chance:.1f}; nothing can be said about what transfers."
        for row in failed.itertuples()
    ]


def _shown(finding: Finding) -> dict[str, Any]:
    outcome = finding.outcome
    notes = [outcome.method]
    if finding.adjusted_p is not None:
        notes.append(f"p after Holm's correction {finding.adjusted_p:.3g}")
    if outcome.attainable_p is not None:
        notes.append(f"smallest attainable p {outcome.attainable_p:.2g}")
    if outcome.minimum_detectable is not None:
        notes.append(f"effect detectable with 80% power {outcome.minimum_detectable:.3g}")
    notes += list(outcome.warnings)
    return {
        "statement": finding.statement,
        "verdict": finding.verdict,
        "sentence": str(outcome),
        "notes": "; ".join(notes) + ".",
    }


def _alt(drawn: Drawn, record: dict[str, Any]) -> str:
    return f"{drawn.caption} {record['finding']}"
