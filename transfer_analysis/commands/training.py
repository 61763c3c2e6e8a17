"""Commands of the training core."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from transfer_analysis.commands.common import (
    AsJson,
    Out,
    OwnTasks,
    progress,
    read_catalogue,
    store_table,
)
from transfer_analysis.errors import InputError

app = typer.Typer(no_args_is_help=True, help="The bundled training core: a grid of intermediate and target tasks.")


@app.command(
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
    from transfer_analysis.training.execute import run_grid
    from transfer_analysis.training.plan import load_plan

    loaded, catalogue = load_plan(plan), read_catalogue(own_tasks)
    corpus = HubCorpus(catalogue) if source == "hub" else FolderCorpus(Path(source), catalogue)
    with progress() as report:
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
    store_table(trained.table, out, [])
    for failure in trained.failures:
        typer.echo(f"failed: {failure}", err=True)
    if trained.failures:
        raise typer.Exit(1)


@app.command("status", epilog="Example: transfer-analysis train status runs/")
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
