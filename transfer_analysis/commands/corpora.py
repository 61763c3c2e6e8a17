"""Commands on corpora."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from transfer_analysis.commands.common import (
    OwnTasks,
    progress,
    read_catalogue,
)

app = typer.Typer(no_args_is_help=True, help="Where examples come from.")


@app.command("show", epilog="Example: transfer-analysis corpora show simulated --task sim-qa --language ja")
def show_command(
    source: Annotated[
        str, typer.Argument(help="`simulated`, `hub`, or a folder with <task>/<language>/<split>.jsonl.gz.")
    ] = "simulated",
    task: Annotated[str, typer.Option(help="A name from the catalogue.")] = "sim-paraphrase",
    language: Annotated[
        str, typer.Option(help="Code of the language; in the simulated world ja+de has the grammar of ja, words of de.")
    ] = "tr",
    split: Annotated[str, typer.Option(help="Split to read.")] = "train",
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many examples.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulated world.")] = 0,
    own_tasks: OwnTasks = None,
) -> None:
    """Print a few examples; those of the simulated world with glosses."""
    if source == "simulated":
        from transfer_analysis.corpora.simulated import World
        from transfer_analysis.languages import resolve

        code = resolve(language).code
        world = World(tuple(dict.fromkeys(("en", code))), seed)
        examples = world.examples(task, code, split, count)
        glosses = world.glossed(task, code, split, count)
    else:
        from transfer_analysis.corpora import corpus_from

        catalogue = read_catalogue(own_tasks)
        about = catalogue[task]
        examples = corpus_from(source, catalogue).examples(about.name, language, split, count)
        glosses = [{} for _ in examples]
    for example, gloss in zip(examples, glosses, strict=True):
        for key, value in example.items():
            typer.echo(f"{key:>18}  {_shown(value)}")
            if gloss.get(key, value) != value:
                typer.echo(f"{'':>18}  {_shown(gloss[key])}")
        typer.echo("")


def _shown(value: object) -> str:
    """Write a value on one line; words of a sentence parted by spaces."""
    if isinstance(value, list) and all(isinstance(item, str) and " " not in item for item in value):
        return " ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


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
    from transfer_analysis.corpora import corpus_from
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
