"""Commands on the catalogue of tasks."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from transfer_analysis.commands.common import (
    AsJson,
    OwnTasks,
    print_table,
    read_catalogue,
)
from transfer_analysis.errors import InputError

app = typer.Typer(no_args_is_help=True, help="The catalogue of tasks.")


@app.callback()
def nouns() -> None:
    """The catalogue of tasks."""


@app.command("list", epilog="Example: transfer-analysis tasks list --family nli")
def tasks_command(
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    own_tasks: OwnTasks = None,
    as_json: AsJson = False,
) -> None:
    """List the catalogue of tasks."""
    chosen = [task for task in read_catalogue(own_tasks) if family is None or task.family == family]
    if not chosen:
        known = sorted({task.family for task in read_catalogue(own_tasks)})
        raise InputError(f"no task has the family {family!r}; families are {', '.join(known)}")
    if as_json:
        typer.echo(json.dumps([task.model_dump(mode="json") for task in chosen], ensure_ascii=False, indent=2))
        return
    print_table(
        ["task", "title", "family", "head", "metric", "languages"],
        [[t.name, t.title, t.family, t.head, t.metric, str(len(t.languages))] for t in chosen],
    )
