"""From the findings of a study to its folder: report, figures, tables and every number as JSON."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import yaml

from transfer_analysis import reporting
from transfer_analysis.results import write_table
from transfer_analysis.studies.analysed import Analysed
from transfer_analysis.studies.figures import Drawn, draw_figures
from transfer_analysis.studies.given import DIVERSITY, LANGUAGES, TABLE, TASKS
from transfer_analysis.studies.page import page_of
from transfer_analysis.studies.record import record_of
from transfer_analysis.studies.study import Study
from transfer_analysis.studies.tables import tables_of
from transfer_analysis.studies.words import methods_text, results_text


def write_report(analysed: Analysed, out: Path) -> Path:
    """Write the whole folder at once and return the path of the HTML report."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as name:
        folder = Path(name) / out.name
        folder.mkdir()
        drawn = draw_figures(analysed.material, analysed.findings)
        tables = tables_of(analysed)
        _write_figures(folder, drawn)
        _write_tables(folder, tables, analysed.study)
        _write_data(folder, analysed)
        record = record_of(analysed)
        (folder / "outcomes.json").write_text(
            json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
        )
        (folder / "methods.md").write_text(methods_text(analysed), encoding="utf-8", newline="\n")
        (folder / "results.md").write_text(results_text(analysed), encoding="utf-8", newline="\n")
        names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
        svgs = {d.name: (folder / "figures" / f"{d.name}.svg").read_text(encoding="utf-8") for d in drawn}
        page = page_of(analysed, drawn, tables, record, names, svgs)
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


def _write_figures(folder: Path, drawn: Sequence[Drawn]) -> None:
    (folder / "figures").mkdir()
    for item in drawn:
        for kind in ("pdf", "png", "svg"):
            (folder / "figures" / f"{item.name}.{kind}").write_bytes(reporting.figure_bytes(item.figure, kind))


def _write_tables(folder: Path, tables: dict[str, tuple[str, pd.DataFrame]], study: Study) -> None:
    (folder / "tables").mkdir()
    for name, (title, frame) in tables.items():
        frame.to_csv(folder / "tables" / f"{name}.csv", index=False, lineterminator="\n")
        text = reporting.latex_table(
            reporting.readable(frame), caption=f"{study.title}. {title}.", label=f"tab:{study.name}-{name}"
        )
        (folder / "tables" / f"{name}.tex").write_text(text, encoding="utf-8")


def _write_data(folder: Path, analysed: Analysed) -> None:
    """Write the study and every intermediate product: results, distances, observations and what was dropped."""
    material, given = analysed.material, analysed.given
    fields = analysed.study.model_dump(mode="json", exclude_defaults=True)
    (folder / "study.yaml").write_text(
        yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8"
    )
    write_table(analysed.table, folder / "data" / TABLE)
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
    material.comparable.to_parquet(folder / "data" / "observations-conditions.parquet", index=False)
    for name, observations in (("gains", material.gains), ("scores", material.scores)):
        if observations is not None:
            observations.frame.to_parquet(folder / "data" / f"observations-{name}.parquet", index=False)
            if len(observations.dropped):
                observations.dropped.to_csv(folder / "data" / f"dropped-{name}.csv", index=False, lineterminator="\n")
