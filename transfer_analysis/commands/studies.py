"""Commands on studies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from transfer_analysis.commands.common import (
    AsJson,
    OwnTasks,
    print_table,
    progress,
)
from transfer_analysis.errors import InputError

app = typer.Typer(no_args_is_help=True, help="Studies: results, distances, join, tests, report.")


@app.command("list", epilog="Example: transfer-analysis study list --json")
def studies_command(as_json: AsJson = False) -> None:
    """List the bundled studies."""
    from transfer_analysis.studies import bundled_studies

    found = bundled_studies()
    if as_json:
        typer.echo(json.dumps([study.model_dump(mode="json") for study in found], ensure_ascii=False, indent=2))
        return
    print_table(["study", "question"], [[study.name, study.question] for study in found])


@app.command("show", epilog="Example: transfer-analysis study show quickstart")
def show_command(
    study: Annotated[str, typer.Argument(help="A bundled study (see `study list`), or a path to your own .yaml.")],
    as_json: AsJson = False,
) -> None:
    """Show what a study asks, what it declares beforehand, and what it needs."""
    from transfer_analysis.studies import load_study

    loaded = load_study(study)
    if as_json:
        typer.echo(json.dumps(loaded.model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    typer.echo(f"{loaded.title}\n\n{loaded.question}\n")
    rows = [
        [h.id, kind, h.statement, h.analysis, getattr(h, "alternative", "")]
        for kind, tests in (("declared", loaded.hypotheses), ("exploratory", loaded.exploratory))
        for h in tests
    ]
    print_table(["test", "", "statement", "analysis", "direction"], rows)
    typer.echo(
        f"α {loaded.alpha:g}, Holm's correction over {len(loaded.hypotheses)} declared; primary: {loaded.primary}"
    )
    for name, members in loaded.groups.items():
        typer.echo(f"group {name}: {', '.join(members)}")
    for name, kinds in (
        ("task distances", [f"{d.name} ({d.kind}, examples {d.examples})" for d in loaded.task_distances]),
        ("language distances", list(loaded.language_distances)),
        ("covariates of languages", [f"{n} ({c.column})" for n, c in loaded.covariates.items()]),
    ):
        if kinds:
            typer.echo(f"{name}: {', '.join(kinds)}")
    if loaded.simulated is None:
        typer.echo("results: given with --results")
        return
    grid = loaded.simulated["grid"]
    for part in ("conditions", "targets", "seeds"):
        typer.echo(f"{part}, simulated: {', '.join(map(str, grid[part]))}")


@app.command(
    "run", epilog="Example: transfer-analysis study run pos-typology --results xpos.parquet --out reports/pos-typology"
)
def run_command(
    study: Annotated[str, typer.Argument(help="A bundled study (see `study list`), or a path to your own .yaml.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the report  [default: reports/STUDY]")
    ] = None,
    results_path: Annotated[
        Path | None, typer.Option("--results", help="A transfer table, in place of training.")
    ] = None,
    examples: Annotated[Path | None, typer.Option(help="Examples of the tasks: JSON Lines with task and text.")] = None,
    languages: Annotated[
        Path | None, typer.Option(help="Properties of languages for covariates: CSV with a column language.")
    ] = None,
    encoder: Annotated[str, typer.Option(help="Sentence encoder: auto, a folder, or a hub id.")] = "auto",
    own_tasks: OwnTasks = None,
    task_distances: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]FILE",
            help="A task distance as CSV with labels, in place of computing it; NAME where the study has several.",
        ),
    ] = None,
    diversity: Annotated[
        Path | None, typer.Option(help="Diversity of the tasks, as `distances diversity` writes it.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes for training.")] = 2,
    as_json: AsJson = False,
) -> None:
    """Run a study: results, distances, join, tests, report."""
    from transfer_analysis.studies import Given, load_study, run_study

    loaded = load_study(study)
    given = Given(
        results=results_path,
        examples=examples,
        languages=languages,
        encoder=encoder,
        tasks=own_tasks,
        task_distances=_named_files(task_distances),
        diversity=diversity,
        workers=workers,
        study=Path(study).name,
    )
    with progress() as report:
        finished = run_study(loaded, out or Path("reports") / loaded.name, given, report)
    if as_json:
        typer.echo((finished.report.parent / "outcomes.json").read_text(encoding="utf-8"), nl=False)
        return
    for remark in finished.joined:
        typer.echo(f"  {remark}", err=True)
    typer.echo(f"\n{finished.finding}\n\nReport: {finished.report}")


def _named_files(given: list[str] | None) -> dict[str, Path]:
    """Return options of the form NAME=FILE or FILE by their names, empty where there is none."""
    found: dict[str, Path] = {}
    for entry in given or []:
        name, _, path = entry.rpartition("=")
        if name in found:
            raise InputError(f"--task-distances {entry}: given twice")
        found[name] = Path(path)
    return found
