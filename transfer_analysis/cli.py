"""The command line: one thin function per command, nouns then verbs.

Nothing heavy is imported before a command runs, so `--help` answers at once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transfer_analysis import __version__
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from transfer_analysis.progress import Report
    from transfer_analysis.results import TransferTable
    from transfer_analysis.tasks import Catalogue

app = typer.Typer(
    name="transfer-analysis",
    help="Transfer-correlation studies: does the distance between tasks, or languages, tell what transfers?",
    epilog="Example: transfer-analysis study run quickstart --out reports/quickstart",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
results = typer.Typer(no_args_is_help=True, help="Transfer tables: import, check, compute gains.")
importers = typer.Typer(no_args_is_help=True, help="Import published results or your own into a transfer table.")
tasks = typer.Typer(no_args_is_help=True, help="The catalogue of tasks.")
distances = typer.Typer(no_args_is_help=True, help="Distances between tasks and between languages.")
corpora = typer.Typer(no_args_is_help=True, help="Where examples come from.")
studies = typer.Typer(no_args_is_help=True, help="Studies: results, distances, join, tests, report.")
training = typer.Typer(no_args_is_help=True, help="The bundled training core: a grid of intermediate and target tasks.")
app.add_typer(studies, name="study")
app.add_typer(training, name="train")
app.add_typer(results, name="results")
results.add_typer(importers, name="import")
app.add_typer(distances, name="distances")
app.add_typer(tasks, name="tasks")
app.add_typer(corpora, name="corpora")

Out = Annotated[Path, typer.Option("--out", "-o", help="File to write: .parquet or .csv.")]
OwnTasks = Annotated[Path | None, typer.Option("--tasks", help="YAML file with tasks the catalogue does not have.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


@app.callback(invoke_without_command=True)
def main_options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Print the version, or go on to the command."""
    if version:
        typer.echo(f"transfer-analysis {__version__}")
        raise typer.Exit


@importers.command("taskweb", epilog="Example: transfer-analysis results import taskweb published/ -o taskweb.parquet")
def import_taskweb_command(
    path: Annotated[
        Path, typer.Argument(help="Folder with taskweb.csv and taskweb_baselines.csv, or the first of them.")
    ],
    out: Out = Path("taskweb.parquet"),
    keep_off_config: Annotated[
        bool, typer.Option(help="Keep runs off the repository's own configuration, under an adaptation of their own.")
    ] = False,
) -> None:
    """Import TaskWeb (Kim et al. 2023): 22 source × 21 target tasks, several models, eight seeds."""
    from transfer_analysis.results.importers import import_taskweb

    imported = import_taskweb(path, keep_off_config=keep_off_config)
    _store(imported.table, out, imported.remarks)


@importers.command("xpos", epilog="Example: transfer-analysis results import xpos published/ -o xpos.parquet")
def import_xpos_command(
    path: Annotated[Path, typer.Argument(help="xpos.csv, or the folder that holds it.")],
    out: Out = Path("xpos.parquet"),
) -> None:
    """Import xpos (de Vries et al. 2022): part-of-speech tagging, 65 source × 105 target languages."""
    from transfer_analysis.results.importers import import_xpos

    _store(import_xpos(path), out, [])


@importers.command(
    "csv",
    epilog="Example: transfer-analysis results import csv table2.csv --map lang=language --map acc=score "
    "--set model=xlm-roberta-large --set target=xnli -o table2.parquet",
)
def import_csv_command(
    path: Annotated[Path, typer.Argument(help="A CSV file with one score per row.")],
    out: Out = Path("results.parquet"),
    mapping: Annotated[
        list[str] | None, typer.Option("--map", metavar="COLUMN=FIELD", help="Your column is this field.")
    ] = None,
    constants: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="One value for all rows.")
    ] = None,
    fractions: Annotated[bool, typer.Option(help="Scores are fractions: multiply by 100.")] = False,
    own_tasks: OwnTasks = None,
) -> None:
    """Import anybody's table of scores.

    Fields: model, target and score are needed; condition (the intermediate task, or none), language, source_language,
    seed, metric, split, adaptation, initialisation and checkpoint have defaults.
    """
    from transfer_analysis.results.importers import import_csv

    table, ignored = import_csv(
        path,
        mapping=_pairs(mapping, "--map", "COLUMN=FIELD"),
        constants=_pairs(constants, "--set", "FIELD=VALUE"),
        fractions=fractions,
        catalogue=_catalogue(own_tasks),
    )
    _store(table, out, [f"columns not used: {', '.join(ignored)}"] if ignored else [])


@results.command("check", epilog="Example: transfer-analysis results check results.parquet")
def check_command(
    path: Annotated[Path, typer.Argument(help="A transfer table, Parquet or CSV.")],
    own_tasks: OwnTasks = None,
    as_json: AsJson = False,
) -> None:
    """Say everything that is wrong with a transfer table at once; exit code 2 if anything is."""
    from transfer_analysis.results import read_table

    try:
        table = read_table(path, _catalogue(own_tasks))
    except InputError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "problems": error.problems}, ensure_ascii=False, indent=2))
            raise typer.Exit(2) from error
        raise
    if as_json:
        typer.echo(
            json.dumps({"ok": True, "rows": len(table), "holds": table.describe()}, ensure_ascii=False, indent=2)
        )
    else:
        typer.echo(f"{path}: {table.describe()}; nothing wrong")


@results.command("gains", epilog="Example: transfer-analysis results gains taskweb.parquet -o gains.csv")
def gains_command(
    path: Annotated[Path, typer.Argument(help="A transfer table, Parquet or CSV.")],
    out: Out = Path("gains.csv"),
    own_tasks: OwnTasks = None,
) -> None:
    """Write the gain of every score over its baseline (the same run without an intermediate task)."""
    from transfer_analysis.files import atomic_path
    from transfer_analysis.results import gains, read_table

    found = gains(read_table(path, _catalogue(own_tasks)))
    with atomic_path(out) as temporary:
        if out.suffix == ".csv":
            found.frame.to_csv(temporary, index=False, lineterminator="\n")
        else:
            found.frame.to_parquet(temporary, index=False)
    typer.echo(found.describe())
    typer.echo(f"wrote {out}")


@tasks.command("list", epilog="Example: transfer-analysis tasks list --family nli")
def tasks_command(
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    own_tasks: OwnTasks = None,
    as_json: AsJson = False,
) -> None:
    """List the catalogue of tasks."""
    chosen = [task for task in _catalogue(own_tasks) if family is None or task.family == family]
    if not chosen:
        known = sorted({task.family for task in _catalogue(own_tasks)})
        raise InputError(f"no task has the family {family!r}; families are {', '.join(known)}")
    if as_json:
        typer.echo(json.dumps([task.model_dump(mode="json") for task in chosen], ensure_ascii=False, indent=2))
        return
    _print_table(
        ["task", "title", "family", "head", "metric", "languages"],
        [[t.name, t.title, t.family, t.head, t.metric, str(len(t.languages))] for t in chosen],
    )


@distances.command(
    "languages", epilog="Example: transfer-analysis distances languages de fr sw zh --kind syntactic --from en"
)
def language_distances_command(
    languages: Annotated[list[str], typer.Argument(help="Language codes or names.")],
    kind: Annotated[str, typer.Option(help="syntactic, phonological, inventory, featural or genetic.")] = "syntactic",
    source: Annotated[str | None, typer.Option("--from", help="Only the distances from this language.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file to write.")] = None,
) -> None:
    """Compute distances between languages from URIEL+."""
    from transfer_analysis.distances import language_distances

    codes = list(dict.fromkeys([*([source] if source else []), *languages]))
    matrix = language_distances(codes, kind)
    if out is not None:
        matrix.write(out)
        typer.echo(f"wrote {out}")
        return
    rows = [source] if source else codes
    _print_table(
        [kind, *codes], [[row, *(f"{v:.3f}" if v == v else "–" for v in matrix.array([row], codes)[0])] for row in rows]
    )


@distances.command("tasks", epilog="Example: transfer-analysis distances tasks examples.jsonl -o distances.csv")
def task_distances_command(
    examples: Annotated[Path, typer.Argument(help="JSON Lines with the fields task and text.")],
    encoder: Annotated[
        str, typer.Option(help="Sentence encoder: auto, a folder, or a hub id (owner/name@revision).")
    ] = "auto",
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write.")] = Path("task-distances.csv"),
) -> None:
    """Compute the semantic distance between tasks from the text of their examples."""
    from transfer_analysis.distances import mean_embedding_distances
    from transfer_analysis.distances.encoders import load_sentence_encoder
    from transfer_analysis.distances.semantic import read_examples

    texts = read_examples(examples)
    with _progress() as report:
        report("loading the sentence encoder", 0.1)
        loaded = load_sentence_encoder(encoder)
        report(f"embedding {sum(map(len, texts.values())):,} examples of {len(texts)} tasks", 0.3)
        matrix = mean_embedding_distances(texts, loaded)
        report("done", 1.0)
    matrix.write(out)
    typer.echo(f"wrote {out}: {len(texts)} tasks, encoder from {loaded.source}")


@corpora.command("show", epilog="Example: transfer-analysis corpora show --task sim-qa --language ja")
def corpora_command(
    task: Annotated[str, typer.Option(help="A task of the simulated world.")] = "sim-paraphrase",
    language: Annotated[str, typer.Option(help="Code of a real language.")] = "tr",
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many examples.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the world.")] = 0,
) -> None:
    """Print a few examples of the simulated world, with glosses."""
    from transfer_analysis.corpora.simulated import World

    world = World((language,), seed)
    glossed = world.glossed(task, language, count)
    for example, gloss in zip(world.examples(task, language, "train", count), glossed, strict=True):
        for key, value in example.items():
            typer.echo(f"{key:>18}  {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
            if isinstance(value, str):
                typer.echo(f"{'':>18}  {gloss[key]}")
        typer.echo("")


@corpora.command(
    "export", epilog="Example: transfer-analysis corpora export xnli squad qqp --from corpora/ -o examples.jsonl"
)
def export_command(
    task_names: Annotated[list[str], typer.Argument(metavar="TASKS...", help="Names from the catalogue.")],
    source: Annotated[
        str, typer.Option("--from", help="`hub`, or a folder with <task>/<language>/<split>.jsonl.gz.")
    ] = "hub",
    language: Annotated[str, typer.Option(help="Code of the language.")] = "en",
    splits: Annotated[str, typer.Option(help="Splits to try, in this order.")] = "train validation test",
    count: Annotated[int, typer.Option(min=1, help="How many examples of each task.")] = 128,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample.")] = 0,
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON Lines file to write.")] = Path("examples.jsonl"),
    own_tasks: OwnTasks = None,
) -> None:
    """Write the texts of tasks' examples, for distances between tasks and for studies."""
    from transfer_analysis.corpora import FolderCorpus, HubCorpus
    from transfer_analysis.corpora.export import export_examples

    catalogue = _catalogue(own_tasks)
    corpus = HubCorpus(catalogue) if source == "hub" else FolderCorpus(Path(source), catalogue)
    with _progress() as report:
        written = export_examples(
            corpus, [catalogue[name] for name in task_names], out, language, splits.split(), count, seed, report
        )
    for name, split in written.items():
        typer.echo(f"{name}: {split}")
    typer.echo(f"wrote {out}")


@training.command(
    "grid", epilog="Example: transfer-analysis train grid plan.yaml --from corpora/ --store runs/ -o results.parquet"
)
def train_command(
    plan: Annotated[Path, typer.Argument(help="Encoder, recipe and grid in YAML; see README.md.")],
    source: Annotated[str, typer.Option("--from", help="`hub`, or a folder with <task>/<language>/<split>.jsonl.gz.")],
    store: Annotated[Path, typer.Option(help="Folder of finished runs: what is there is not done again.")] = Path(
        "runs"
    ),
    out: Out = Path("results.parquet"),
    workers: Annotated[int, typer.Option(min=1, help="Processes of one thread each.")] = 2,
    own_tasks: OwnTasks = None,
) -> None:
    """Train and score a grid, or what is left of it; results do not depend on interruptions or workers.

    Everything is read and checked before training starts. A run that fails is noted with its reason and the rest goes
    on; the exit code is then 1. Stop at any time and run the same command again to go on.
    """
    from transfer_analysis.corpora import FolderCorpus, HubCorpus
    from transfer_analysis.training.grid import run_grid
    from transfer_analysis.training.plan import load_plan

    loaded, catalogue = load_plan(plan), _catalogue(own_tasks)
    corpus = HubCorpus(catalogue) if source == "hub" else FolderCorpus(Path(source), catalogue)
    with _progress() as report:
        trained = run_grid(
            corpus,
            catalogue,
            loaded.encoder,
            loaded.grid,
            loaded.chosen_recipe(),
            store,
            model=loaded.model_name(),
            origin="hub" if source == "hub" else f"folder {Path(source).name}",
            workers=workers,
            report=report,
        )
    _store(trained.table, out, [])
    for failure in trained.failures:
        typer.echo(f"failed: {failure}", err=True)
    if trained.failures:
        raise typer.Exit(1)


@training.command("status", epilog="Example: transfer-analysis train status runs/")
def train_status_command(
    store: Annotated[Path, typer.Argument(help="Folder of finished runs.")], as_json: AsJson = False
) -> None:
    """Say which runs of a store are finished and which failed, with the reason."""
    from transfer_analysis.training.store import Store

    if not store.is_dir():
        raise InputError(f"{store}: no such folder; expected one that `train grid --store` wrote")
    finished = [record["about"] for record in Store(store).finished()]
    failed = list(Store(store).failed())
    if as_json:
        typer.echo(json.dumps({"finished": finished, "failed": failed}, ensure_ascii=False, indent=2))
        return
    for record in failed:
        typer.echo(f"failed: {record['reason']}")
    typer.echo(f"{len(finished)} runs finished, {len(failed)} failed")


@studies.command("list", epilog="Example: transfer-analysis study list --json")
def studies_command(as_json: AsJson = False) -> None:
    """List the bundled studies."""
    from transfer_analysis.studies import bundled_studies

    found = bundled_studies()
    if as_json:
        typer.echo(json.dumps([study.model_dump(mode="json") for study in found], ensure_ascii=False, indent=2))
        return
    _print_table(["study", "question"], [[study.name, study.question] for study in found])


@studies.command(
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
        Path | None, typer.Option(help="Task distances as CSV with labels, in place of computing them.")
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
        task_distances=task_distances,
        workers=workers,
        study=Path(study).name,
    )
    with _progress() as report:
        finished = run_study(loaded, out or Path("reports") / loaded.name, given, report)
    if as_json:
        typer.echo((finished.report.parent / "outcomes.json").read_text(encoding="utf-8"), nl=False)
        return
    for remark in finished.joined:
        typer.echo(f"  {remark}", err=True)
    typer.echo(f"\n{finished.finding}\n\nReport: {finished.report}")


def main() -> None:
    """Run the command line; bad input ends with one clear message and exit code 2."""
    try:
        app()
    except InputError as error:
        for problem in error.problems:
            typer.echo(f"error: {problem}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("stopped; run the same command again (finished training runs in --store are kept)", err=True)
        sys.exit(130)


def _catalogue(own: Path | None) -> Catalogue:
    from transfer_analysis.tasks import load_catalogue

    return load_catalogue(own)


def _store(table: TransferTable, out: Path, remarks: list[str]) -> None:
    from transfer_analysis.results import write_table

    write_table(table, out)
    for remark in remarks:
        typer.echo(f"  {remark}")
    typer.echo(f"wrote {out}: {table.describe()}")


def _pairs(given: list[str] | None, option: str, form: str) -> dict[str, str]:
    pairs = [entry.partition("=") for entry in given or []]
    wrong = [f"{option} {''.join(pair)}: expected {form}" for pair in pairs if not (pair[0] and pair[1] and pair[2])]
    if wrong:
        raise InputError(wrong)
    return {key: value for key, _, value in pairs}


def _print_table(header: list[str], rows: list[list[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console() if sys.stdout.isatty() else Console(width=160)
    table = Table(*header, box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*row)
    console.print(table)


@contextmanager
def _progress() -> Iterator[Report]:
    """Draw a bar on a terminal; elsewhere print a line for each new stage and each tenth of it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if console.is_terminal:
        columns: list[Any] = [BarColumn(20), TimeElapsedColumn(), TextColumn("{task.description}")]
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task("starting", total=1.0)
            yield lambda what, share: bar.update(task, description=what, completed=share)
        return
    said: dict[str, int] = {}

    def report(what: str, share: float) -> None:
        stage = what.partition(":")[0]
        tenth = int(share * 10)
        if said.get(stage, -1) < tenth:
            said[stage] = tenth
            typer.echo(f"{what} ({share:.0%})", err=True)

    yield report


if __name__ == "__main__":
    main()
