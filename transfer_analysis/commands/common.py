"""What several commands share: options, reading the catalogue, writing a table, drawing progress."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

    from transfer_analysis.progress import Report
    from transfer_analysis.results import TransferTable
    from transfer_analysis.tasks import Catalogue

Out = Annotated[Path, typer.Option("--out", "-o", help="File to write: .parquet or .csv.")]
OwnTasks = Annotated[Path | None, typer.Option("--tasks", help="YAML file with tasks the catalogue does not have.")]
_FROM = "`hub`, or a folder with <task>/<language>/<split>.jsonl.gz. Several: the first that has a task serves it."
From = Annotated[list[str], typer.Option("--from", help=_FROM)]
FromIfAny = Annotated[list[str] | None, typer.Option("--from", help=_FROM)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]


def group(about: str = "") -> typer.Typer:
    """Return an empty group of commands; help is plain text, which appears at once and can be searched."""
    return typer.Typer(
        cls=_Listed, no_args_is_help=True, help=about or None, rich_markup_mode=None, add_completion=False
    )


class _Listed(TyperGroup):
    """A group of commands that says of each what it asks, in a whole sentence."""

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands with the first sentence of each."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(1_000)) for name, command in found if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def read_catalogue(own: Path | None) -> Catalogue:
    """Return the catalogue with a person's own tasks."""
    from transfer_analysis.tasks import load_catalogue

    return load_catalogue(own)


def store_table(table: TransferTable, out: Path, remarks: Iterable[str]) -> None:
    """Write a transfer table, and say what it holds."""
    from transfer_analysis.results import write_table

    write_table(table, out)
    for remark in remarks:
        typer.echo(f"  {remark}")
    typer.echo(f"wrote {out}: {table.describe()}")


def pairs(given: list[str] | None, option: str, form: str) -> dict[str, str]:
    """Return options of the form KEY=VALUE as a mapping; a key that is given twice is refused."""
    found = key_values(given, option, form)
    keys = [key for key, _ in found]
    repeated = [f"{option} {key}=...: given twice" for key in dict.fromkeys(keys) if keys.count(key) > 1]
    if repeated:
        raise InputError(repeated)
    return dict(found)


def key_values(given: list[str] | None, option: str, form: str) -> list[tuple[str, str]]:
    """Return options of the form KEY=VALUE as pairs."""
    split = [entry.partition("=") for entry in given or []]
    wrong = [f"{option} {''.join(pair)}: expected {form}" for pair in split if not (pair[0] and pair[1] and pair[2])]
    if wrong:
        raise InputError(wrong)
    return [(key, value) for key, _, value in split]


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """Print a table, as wide as it needs where nobody watches."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console() if sys.stdout.isatty() else Console(width=160)
    table = Table(*header, box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*row)
    console.print(table)


@contextmanager
def progress() -> Iterator[Report]:
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
