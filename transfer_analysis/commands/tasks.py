"""Commands on the catalogue of tasks."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from transfer_analysis.commands.common import (
    AsJson,
    OwnTasks,
    group,
    print_table,
    read_catalogue,
)
from transfer_analysis.errors import InputError

app = group("The catalogue of tasks.")


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


@app.command("show", epilog="Example: transfer-analysis tasks show xquad")
def show_command(
    names: Annotated[list[str], typer.Argument(help="Tasks of the catalogue.")],
    own_tasks: OwnTasks = None,
    as_json: AsJson = False,
) -> None:
    """Show everything the catalogue says about tasks, and which of its tasks they overlap with."""
    catalogue = read_catalogue(own_tasks)
    chosen = [catalogue[name] for name in names]
    if as_json:
        typer.echo(json.dumps([task.model_dump(mode="json") for task in chosen], ensure_ascii=False, indent=2))
        return
    for task in chosen:
        fields = task.model_dump(mode="json", exclude={"name", "title"}, exclude_defaults=True)
        fields["splits"] = task.splits.model_dump(mode="json")
        fields["is training data of"] = [
            other.name
            for other in catalogue
            if "target" in other.roles and other.name != task.name and other.is_trained_on(task)
        ]
        print_table([task.name, task.title], [[key, _text(value)] for key, value in fields.items() if value])


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_text(inner)}" for key, inner in value.items() if inner)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
