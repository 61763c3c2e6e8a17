"""Commands on corpora."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from transfer_analysis.commands.common import (
    OwnTasks,
    corpus_from,
    progress,
    read_catalogue,
)

app = typer.Typer(no_args_is_help=True, help="Where examples come from.")


@app.command("show", epilog="Example: transfer-analysis corpora show --task sim-qa --language ja")
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


@app.command(
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
    from transfer_analysis.corpora.export import export_examples

    catalogue = read_catalogue(own_tasks)
    corpus = corpus_from(source, catalogue)
    with progress() as report:
        written = export_examples(
            corpus, [catalogue[name] for name in task_names], out, language, splits.split(), count, seed, report
        )
    for name, split in written.items():
        typer.echo(f"{name}: {split}")
    typer.echo(f"wrote {out}")
