"""Commands on transfer tables: import, check, gains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from transfer_analysis.commands import importing
from transfer_analysis.commands.common import AsJson, Out, OwnTasks, group, pairs, print_table, read_catalogue
from transfer_analysis.commands.fitting import (
    Languages,
    OfInitialisation,
    OfModel,
    Targets,
    languages_of,
    write_csv,
)
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from transfer_analysis.results import TransferTable
    from transfer_analysis.tasks import Catalogue

app = group("Transfer tables: import, check, compute gains.")
app.add_typer(importing.app, name="import")


@app.command("check", epilog="Example: transfer-analysis results check results.parquet")
def check_command(
    path: Annotated[
        Path, typer.Argument(help="A transfer table, or a table in your own words: CSV, workbook, Parquet.")
    ],
    own_tasks: OwnTasks = None,
    as_json: AsJson = False,
) -> None:
    """Say what a table holds, what is missing, and everything that is wrong; exit code 2 if anything is.

    A table in your own words is read as `results import table` would read it, and what that would map is said.
    """
    from transfer_analysis.results.collapsed import collapsed_runs, said_of_collapsed
    from transfer_analysis.results.missing import missing

    catalogue = read_catalogue(own_tasks)
    try:
        table, notes = _checked(path, catalogue)
    except InputError as error:
        if as_json:
            typer.echo(json.dumps({"ok": False, "problems": error.problems}, ensure_ascii=False, indent=2))
            raise typer.Exit(2) from error
        raise
    notes += [*missing(table, catalogue), *said_of_collapsed(collapsed_runs(table, catalogue))]
    if as_json:
        about = {"ok": True, "rows": len(table), "holds": table.describe(), "notes": notes}
        typer.echo(json.dumps(about, ensure_ascii=False, indent=2))
        return
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{path}: {table.describe()}; nothing wrong")


def _checked(path: Path, catalogue: Catalogue) -> tuple[TransferTable, list[str]]:
    """Return a table, and what importing it would do where it is in its author's own words."""
    from transfer_analysis.results import read_table
    from transfer_analysis.results.importers import import_file

    try:
        return read_table(path, catalogue), []
    except InputError as error:
        try:
            found = import_file(path, catalogue=catalogue)
        except InputError as other:
            raise (other if path.suffix not in (".csv", ".parquet") else error) from other
        ignored = [f"columns not used: {', '.join(found.ignored)}"] if found.ignored else []
        return found.table, [f"import would read it so: {note}" for note in [*found.notes, *ignored]]


@app.command("gains", epilog="Example: transfer-analysis results gains taskweb.parquet -o gains.csv")
def gains_command(
    path: Annotated[Path, typer.Argument(help="A transfer table, Parquet or CSV.")],
    out: Out = Path("gains.csv"),
    without: Annotated[
        bool, typer.Option("--without-collapsed", help="Leave out runs that are at chance in every language.")
    ] = False,
    own_tasks: OwnTasks = None,
) -> None:
    """Write the gain of every score over its baseline (the same run without an intermediate task)."""
    from transfer_analysis.results import gains, read_table
    from transfer_analysis.results.collapsed import collapsed_runs, said_of_collapsed, without_collapsed
    from transfer_analysis.results.store import write_frame

    catalogue = read_catalogue(own_tasks)
    table = read_table(path, catalogue)
    collapsed = collapsed_runs(table, catalogue)
    if without:
        table = without_collapsed(table, collapsed)
    found = gains(table)
    if found.frame.empty:
        raise InputError(f"{path}: no score has a baseline (condition none): {found.describe()}")
    write_frame(found.frame, out)
    typer.echo(found.describe())
    for note in said_of_collapsed(collapsed):
        typer.echo(f"{'left out' if without else 'note'}: {note}", err=True)
    typer.echo(f"wrote {out}")


@app.command(
    "join",
    epilog="Example: transfer-analysis results join results.parquet --task-distance semantic=semantic.csv "
    "--languages syntactic,genetic -o rows.parquet",
)
def join_command(
    path: Annotated[Path, typer.Argument(help="A transfer table, or gains as `results gains` writes them.")],
    task_distance: Annotated[
        list[str] | None, typer.Option("--task-distance", help="NAME=FILE: a matrix of distances between tasks.")
    ] = None,
    language_distance: Annotated[
        list[str] | None,
        typer.Option("--language-distance", help="NAME=FILE: a matrix of distances between languages."),
    ] = None,
    languages: Annotated[
        str, typer.Option(help="Kinds of language distance to compute, such as syntactic,genetic.")
    ] = "",
    out: Out = Path("rows.parquet"),
    own_tasks: OwnTasks = None,
) -> None:
    """Join scores or gains with distances, by name: the rows that every `fit` command reads.

    Of a transfer table the gains are joined, where it has a baseline (condition none); else the scores.
    """
    from transfer_analysis.distances import DistanceMatrix, language_distances
    from transfer_analysis.observations import observe
    from transfer_analysis.results import gains, read_table
    from transfer_analysis.results.store import read_frame, write_frame

    catalogue = read_catalogue(own_tasks)
    rows = read_frame(path)
    said: list[str] = []
    if "gain" not in rows:
        table = read_table(path, catalogue)
        found = gains(table) if set(table.frame["condition"]) > {"none"} else None
        rows = table.frame if found is None else found.frame
        said += [] if found is None else [found.describe()]
    codes = sorted({*rows.get("source_language", ["en"]), *rows["language"]}) if "language" in rows else []
    of_languages = {
        name: DistanceMatrix.read(Path(file))
        for name, file in pairs(language_distance, "--language-distance", "NAME=FILE").items()
    }
    of_languages |= {kind: language_distances(codes, kind) for kind in languages.split(",") if kind}
    of_tasks = {
        name: DistanceMatrix.read(Path(file))
        for name, file in pairs(task_distance, "--task-distance", "NAME=FILE").items()
    }
    joined = observe(rows, task_distances=of_tasks, language_distances=of_languages, catalogue=catalogue)
    write_frame(joined.frame, out)
    for line in [*said, *joined.describe()]:
        typer.echo(f"  {line}")
    typer.echo(f"wrote {out}: {len(joined.frame):,} rows")


@app.command("averages", epilog="Example: transfer-analysis results averages results.parquet --benchmark xtreme")
def averages_command(
    path: Annotated[Path, typer.Argument(help="A transfer table, Parquet or CSV.")],
    name: Annotated[str, typer.Option("--benchmark", help="xtreme or xtreme-r.")] = "xtreme",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file to write, one row per run.")] = None,
    own_tasks: OwnTasks = None,
    as_json: AsJson = False,
) -> None:
    """Average test scores as a benchmark does, and say which tasks and languages were missing."""
    from transfer_analysis.files import write_text
    from transfer_analysis.results import benchmark_averages, read_table
    from transfer_analysis.tasks.benchmarks import benchmark

    catalogue, chosen = read_catalogue(own_tasks), benchmark(name)
    found = benchmark_averages(read_table(path, catalogue), chosen, catalogue)
    if out is not None:
        write_text(out, found.frame.to_csv(index=False, lineterminator="\n"))
    if as_json:
        typer.echo(found.frame.to_json(orient="records", force_ascii=False, indent=2))
        return
    there = [task for task in chosen.tasks() if found.frame[task].notna().any()]
    by = ["model", "initialisation", "condition"]
    mean = found.frame.groupby(by, sort=False)[[*there, "average"]].mean().reset_index()
    rows = [[*map(str, row[: len(by)]), *(f"{v:.1f}" for v in row[len(by) :])] for row in mean.itertuples(index=False)]
    print_table([*by, *there, "average"], rows)
    for remark in found.remarks():
        typer.echo(remark, err=True)


@app.command(
    "print",
    epilog="Example: transfer-analysis results print results.parquet --what effects --marks -o effects.tex",
)
def print_command(
    path: Annotated[Path, typer.Argument(help="A transfer table, Parquet or CSV.")],
    what: Annotated[str, typer.Option(help="scores, or effects beside condition none.")] = "scores",
    across: Annotated[str, typer.Option(help="Columns: target, or language (of one target).")] = "target",
    languages: Languages = "zero-shot",
    target: Targets = None,
    model: OfModel = None,
    initialisation: OfInitialisation = None,
    spread: Annotated[
        bool, typer.Option("--spread", help="Print the spread over seeds, or the interval of effects.")
    ] = False,
    marks: Annotated[
        bool, typer.Option("--marks", help="Mark effects whose p, corrected over the table, is below .05.")
    ] = False,
    labels: Annotated[
        list[str] | None, typer.Option(help="NAME=TEXT: what stands for a name. Several times, or commas between.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write: .tex, .md or .csv.")] = None,
    own_tasks: OwnTasks = None,
) -> None:
    """Print scores or effects as papers do: conditions × targets (or languages), the best in bold."""
    from transfer_analysis import reporting
    from transfer_analysis.analyses.crosstable import effect_table, score_table
    from transfer_analysis.analyses.scores import scores_of
    from transfer_analysis.files import write_text
    from transfer_analysis.results import read_table

    if what not in ("scores", "effects"):
        raise InputError(f"--what {what!r}: expected scores or effects")
    if marks and what == "scores":
        raise InputError("--marks: effects have p-values and scores have none; ask for --what effects")
    if out is not None and out.suffix not in (".tex", ".md", ".csv"):
        raise InputError(f"{out.name}: expected a name that ends in .tex, .md or .csv")
    catalogue = read_catalogue(own_tasks)
    scores = scores_of(read_table(path, catalogue), catalogue)
    table = (score_table if what == "scores" else effect_table)(
        scores,
        across=cast("Any", across),  # checked there
        languages=languages_of(languages),
        targets=target or (),
        model=model,
        initialisation=initialisation,
    )
    texts = [text for entry in labels or [] for text in entry.split(",")]
    with reporting.looking(labels=pairs(texts, "--labels", "NAME=TEXT")):
        text = reporting.crosstable_text(
            table.values, table.spread if spread else None, table.p_values if marks else None
        )
    caption = table.caption(spread=spread, marks=marks)
    if out is None:
        print_table(list(map(str, text.columns)), [[cell.replace("**", "") for cell in row] for row in text.to_numpy()])
        typer.echo(f"{caption}.")
    elif out.suffix == ".csv":
        write_csv(table.tidy(), out)
    elif out.suffix == ".md":
        write_text(out, reporting.crosstable_markdown(text, caption, marks))
    else:
        write_text(out, reporting.crosstable_latex(text, caption, f"tab:{what}", marks))
    for note in table.notes:
        typer.echo(f"note: {note}", err=True)
    if out is not None:
        typer.echo(f"wrote {out}")
