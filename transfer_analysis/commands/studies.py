"""Commands on studies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transfer_analysis.commands.common import AsJson, FromIfAny, OwnTasks, group, print_table, progress
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from transfer_analysis.studies import Analysed, Given, Study

app = group("Studies: results, distances, join, tests, report.")

Named = Annotated[str, typer.Argument(help="A bundled study (see `study list`), or a path to your own .yaml.")]
Results = Annotated[
    Path | None, typer.Option("--results", help="A transfer table, or a folder with one, in place of training.")
]
Examples = Annotated[Path | None, typer.Option(help="Examples of the tasks: JSON Lines with task and text.")]
Properties = Annotated[
    Path | None, typer.Option("--languages", help="Properties of languages for covariates: CSV with a column language.")
]
TaskDistances = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[NAME=]FILE",
        help="A task distance as CSV with labels, in place of computing it; NAME where the study has several.",
    ),
]
LanguageDistances = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=FILE", help="A language distance as CSV with labels, in place of the one that the study declares."
    ),
]
Diversity = Annotated[Path | None, typer.Option(help="Diversity of the tasks, as `distances diversity` writes it.")]
ScaleName = Annotated[
    str | None,
    typer.Option(
        "--scale", help="quick (simulated world), folder or full  [default: quick; with --results, names as written]"
    ),
]


@app.command("list", epilog="Example: transfer-analysis study list --json")
def studies_command(as_json: AsJson = False) -> None:
    """List the bundled studies."""
    from transfer_analysis.studies import bundled_studies

    found = bundled_studies()
    if as_json:
        typer.echo(json.dumps([study.model_dump(mode="json") for study in found], ensure_ascii=False, indent=2))
        return
    rows = [[study.name, ", ".join(study.scales) or "given results", study.question] for study in found]
    print_table(["study", "scales", "question"], rows)


@app.command("show", epilog="Example: transfer-analysis study show quickstart")
def show_command(study: Named, as_json: AsJson = False) -> None:
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
        ("targets", list(loaded.targets)),
        ("task distances", [f"{d.name} ({d.kind})" for d in loaded.task_distances]),
        ("language distances", list(loaded.language_distance_names)),
        ("covariates of languages", [f"{n} ({c.column})" for n, c in loaded.covariates.items()]),
    ):
        if kinds:
            typer.echo(f"{name}: {', '.join(kinds)}")
    _show_scales(loaded)


@app.command("fields", epilog="Example: transfer-analysis study fields task-association")
def fields_command(
    name: Annotated[str | None, typer.Argument(help="An analysis; without one, the study file itself.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what a study file may say: its fields, or those of one analysis, with defaults and an example."""
    from dataclasses import asdict

    from transfer_analysis.studies.fields import example_of, fields_of, summaries

    fields = fields_of(name)
    if as_json:
        typer.echo(json.dumps([asdict(field) for field in fields], ensure_ascii=False, indent=2))
        return
    rows = [[field.name, field.kind, field.default or "must be given", field.text] for field in fields]
    print_table(["field", "is", "default", "what it says"], rows)
    if name is not None:
        typer.echo(f"example:\n\n{example_of(name)}")
        return
    print_table(["analysis", "what it asks"], [[analysis, asked] for analysis, asked in summaries().items()])


@app.command("new", epilog="Example: transfer-analysis study new my-question")
def new_command(
    name: Annotated[str, typer.Argument(help="Name of the study: small letters, digits and hyphens.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write  [default: NAME.yaml]")] = None,
) -> None:
    """Write a study file to fill in: a first hypothesis, and every field with its documentation."""
    from transfer_analysis.files import write_text
    from transfer_analysis.studies.fields import new_study

    path = out or Path(f"{name}.yaml")
    text = new_study(name)
    if path.exists():
        raise InputError(f"{path}: exists; choose another --out")
    write_text(path, text)
    typer.echo(f"wrote {path}: check it with `transfer-analysis study check {path} --results results.parquet`")


def _show_scales(study: Study) -> None:
    if not study.scales:
        typer.echo("results: given with --results")
    for name, scale in study.scales.items():
        grid = scale.grid
        typer.echo(f"\nscale {name}: {', '.join(scale.models())} × seeds {', '.join(map(str, grid.seeds))}")
        typer.echo(f"  conditions: {', '.join(grid.conditions)}")
        typer.echo(f"  targets: {', '.join(grid.targets)}")
        for written, stands in scale.stand_ins.items():
            typer.echo(f"  {stands} stands for {written}")


@app.command("check", epilog="Example: transfer-analysis study check mine.yaml --scale folder --from corpora/")
def check_command(
    study: Named,
    results_path: Results = None,
    examples: Examples = None,
    languages: Properties = None,
    own_tasks: OwnTasks = None,
    task_distances: TaskDistances = None,
    language_distances: LanguageDistances = None,
    diversity: Diversity = None,
    source: FromIfAny = None,
    scale: ScaleName = None,
) -> None:
    """Find every mistake before anything is trained: in the study file, its scale, and what is given; each with its line."""
    from transfer_analysis.studies import load_study
    from transfer_analysis.studies.check import check_study

    given = _given(
        study,
        load_study(study),
        scale,
        results_path,
        task_distances,
        language_distances,
        examples=examples,
        languages=languages,
        tasks=own_tasks,
        diversity=diversity,
        corpora=tuple(source or ()),
    )
    with progress() as report:
        remarks = check_study(study, given, report)
    for remark in remarks:
        typer.echo(f"  {remark}")
    typer.echo(f"{study}: no mistakes found" + (f" at scale {given.scale}" if given.scale else ""))


@app.command(
    "plan", epilog="Example: transfer-analysis study plan semantic-similarity-xtreme-r --scale full --tflops 100"
)
def plan_command(
    study: Named,
    scale: ScaleName = None,
    tflops: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Rate that training sustains, in 10¹² operations per second  [default: 0.05, a CPU; full: 60, a GPU]",
        ),
    ] = None,
    effect: Annotated[
        float,
        typer.Option(help="For power: points per standard deviation of the distance; negative: nearer is better."),
    ] = -1.0,
    replications: Annotated[int, typer.Option(min=20, help="Studies drawn for the power.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Say what a scale costs: runs, hours, disk; and the power that it has."""
    from transfer_analysis.studies import load_study
    from transfer_analysis.studies.plan import plan_study

    loaded = load_study(study)
    at = loaded.at(scale or loaded.first_scale)
    with progress() as report:
        planned = plan_study(at, tflops, effect, replications, report)
    if as_json:
        typer.echo(json.dumps(planned.as_dict(), indent=2, ensure_ascii=False))
        return
    rows = [
        [
            r.model,
            r.initialisation,
            f"{r.runs:,}",
            f"{r.examples:,}",
            _amount(r.hours, "h"),
            _amount(r.gigabytes, "GB"),
            _amount(r.memory, "GiB"),
        ]
        for r in planned.costs.itertuples()
    ]
    print_table(["model", "weights", "runs", "training examples", "hours, about", "disk", "memory of a run"], rows)
    total = planned.costs[["runs", "hours", "gigabytes"]].sum(skipna=False)
    typer.echo(
        f"in all {total['runs']:,.0f} runs, about {_amount(total['hours'], 'h')} at {planned.tflops:g} TFLOP/s, "
        f"{_amount(total['gigabytes'], 'GB')}"
    )
    for line in [*planned.power, *planned.remarks]:
        typer.echo(line)


@app.command(
    "run", epilog="Example: transfer-analysis study run pos-typology --results xpos.parquet --out reports/pos-typology"
)
def run_command(
    study: Named,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the report  [default: reports/STUDY]")
    ] = None,
    results_path: Results = None,
    examples: Examples = None,
    languages: Properties = None,
    encoder: Annotated[str, typer.Option(help="Sentence encoder: auto, a folder, or a hub id.")] = "auto",
    own_tasks: OwnTasks = None,
    task_distances: TaskDistances = None,
    language_distances: LanguageDistances = None,
    diversity: Diversity = None,
    source: FromIfAny = None,
    scale: ScaleName = None,
    store: Annotated[
        Path | None, typer.Option(help="Folder of finished runs  [default: runs; simulated, in the user's cache]")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes for training.")] = 2,
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps.")] = "cpu",
    as_json: AsJson = False,
) -> None:
    """Run a study: results, distances, join, tests, report.

    Training goes on where it was stopped: run the same command again.
    """
    from transfer_analysis.studies import load_study, run_study

    loaded = load_study(study)
    given = _given(
        study,
        loaded,
        scale,
        results_path,
        task_distances,
        language_distances,
        examples=examples,
        languages=languages,
        encoder=encoder,
        tasks=own_tasks,
        diversity=diversity,
        corpora=tuple(source or ()),
        store=store,
        workers=workers,
        device=device,
    )
    try:
        with progress() as report:
            finished = run_study(loaded, out or Path("reports") / loaded.name, given, report)
    except KeyboardInterrupt:
        typer.echo(_kept(given, loaded), err=True)
        raise typer.Exit(130) from None
    _say(finished, as_json)
    if finished.stopped:
        typer.echo(
            f"stopped: the report has the {len(finished.findings)} tests that were made, and says which were not. Run the same "
            "command again for all of them.",
            err=True,
        )
        raise typer.Exit(130)


@app.command("report", epilog="Example: transfer-analysis study report reports/quickstart")
def report_command(
    folder: Annotated[Path, typer.Argument(help="Folder that `study run` wrote.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Another folder  [default: the same]")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a report again from what its folder holds: results, distances and the study; nothing is trained or embedded."""
    from transfer_analysis.studies.run import report_again

    with progress() as report:
        finished = report_again(folder, out or folder, report)
    _say(finished, as_json)


def _kept(given: Given, study: Study) -> str:
    """Say what is there of a study that was stopped before a test was made."""
    if given.results is not None:
        return "stopped before a test was made; nothing is written. Run the same command again."
    store = given.runs(study.at(given.scale))
    return (
        f"stopped; the runs that are finished are kept in {store}. Run the same command again to go on, or "
        f"`transfer-analysis train collect {store} -o results.parquet` for a table of them."
    )


def _say(finished: Analysed, as_json: bool) -> None:
    if as_json:
        assert finished.report is not None
        typer.echo((finished.report.parent / "outcomes.json").read_text(encoding="utf-8"), nl=False)
        return
    for remark in finished.remarks:
        typer.echo(f"  {remark}", err=True)
    typer.echo(f"\n{finished.answer}\n\nReport: {finished.report}")


def _given(
    named: str,
    study: Study,
    scale: str | None,
    results: Path | None,
    task_distances: list[str] | None,
    language_distances: list[str] | None,
    **others: Any,
) -> Given:
    """Return what is given; the scale is the first of the study where nothing is said, and none where results are given."""
    from transfer_analysis.studies import Given

    return Given(
        results=results,
        scale=scale or (None if results is not None else study.first_scale),
        task_distances=_named_files(task_distances, "--task-distances"),
        language_distances=_language_files(language_distances),
        study=Path(named).name,
        beside=Path(named).parent,
        **others,
    )


def _amount(value: float, unit: str) -> str:
    return "unknown" if value != value else f"{value:,.1f} {unit}"


def _language_files(given: list[str] | None) -> dict[str, Path]:
    """Return options of the form NAME=FILE by their names."""
    found = _named_files(given, "--language-distances")
    if "" in found:
        raise InputError(f"--language-distances {found['']}: expected NAME=FILE")
    return found


def _named_files(given: list[str] | None, option: str) -> dict[str, Path]:
    """Return options of the form NAME=FILE or FILE by their names, empty where there is none."""
    found: dict[str, Path] = {}
    for entry in given or []:
        name, _, path = entry.rpartition("=")
        if name in found:
            raise InputError(f"{option} {entry}: given twice")
        found[name] = Path(path)
    return found
