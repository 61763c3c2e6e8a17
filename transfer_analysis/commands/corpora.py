"""Commands on corpora."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from transfer_analysis.commands.common import (
    FromIfAny,
    OwnTasks,
    group,
    progress,
    read_catalogue,
)

app = group("Where examples come from.")


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
        examples = corpus_from([source], catalogue).examples(about.name, language, split, count)
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
    source: FromIfAny = None,
    language: Annotated[str, typer.Option(help="Code of the language.")] = "en",
    splits: Annotated[str, typer.Option(help="Splits to try, in this order.")] = "train validation test",
    count: Annotated[int, typer.Option(min=1, help="How many examples of each task.")] = 128,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the sample.")] = 0,
    out: Annotated[Path, typer.Option("--out", "-o", help="JSON Lines file to write.")] = Path("examples.jsonl"),
    own_tasks: OwnTasks = None,
) -> None:
    """Write the texts of tasks' examples, for distances between tasks and for studies."""
    from transfer_analysis.corpora import HUB, corpus_from
    from transfer_analysis.corpora.export import export_examples

    catalogue = read_catalogue(own_tasks)
    corpus = corpus_from(source or [HUB], catalogue)
    with progress() as report:
        written = export_examples(
            corpus, [catalogue[name] for name in task_names], out, language, splits.split(), count, seed, report
        )
    for name, split in written.items():
        typer.echo(f"{name}: {split}")
    typer.echo(f"wrote {out}")


@app.command(
    "fetch",
    epilog="Examples: transfer-analysis corpora fetch plan.yaml -o corpora/; "
    "transfer-analysis corpora fetch semantic-distance-xtreme -o corpora/; transfer-analysis corpora fetch xnli mnli -o corpora/",
)
def fetch_command(
    what: Annotated[
        list[str],
        typer.Argument(metavar="WHAT...", help="A plan (.yaml), a study (a name or .yaml), or names of tasks."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
    source: FromIfAny = None,
    scale: Annotated[str, typer.Option(help="For a study: its scale.")] = "full",
    languages: Annotated[str, typer.Option(help="For tasks: codes, such as 'en de sw'  [default: all]")] = "",
    own_tasks: OwnTasks = None,
) -> None:
    """Write the data sets that a plan, a study or tasks need as a folder, for machines without internet.

    Give the folder with --from there. Whole splits are written, so that samples are the same as from the hub, with the
    commit and the hash of each in sources.json.
    """
    from transfer_analysis.commands.wanted import wanted
    from transfer_analysis.corpora import HUB, corpus_from
    from transfer_analysis.corpora.fetch import fetch

    catalogue = read_catalogue(own_tasks)
    corpus = corpus_from(source or [HUB], catalogue)
    with progress() as report:
        written = fetch(corpus, wanted(what, corpus, catalogue, scale, languages.split()), out, report)
    typer.echo(f"wrote {out}: {len(written)} splits, {sum(written.values()):,} examples")
