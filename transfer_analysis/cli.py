"""The command line: nouns then verbs.

A room's commands are imported when the first of them is asked for, and nothing heavy before one runs, so that `--help`
answers at once.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperGroup
from typer.main import get_command

from transfer_analysis import __version__
from transfer_analysis.errors import InputError, nearest

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

#: Command → the module whose `app` it is, and what it is about.
_ROOMS = {
    "study": ("studies", "Studies: results, distances, join, tests, report."),
    "results": ("results", "Transfer tables: import, check, gains, join."),
    "fit": ("fit", "Tests and models of a table: a study's, or your own."),
    "distances": ("distances", "Distances between tasks and between languages."),
    "published": ("published", "Published results: the paper's number, and the right test."),
    "figures": ("drawing", "Draw one figure of a report, or of a file."),
    "power": ("power", "How many tasks, targets, languages and seeds you need."),
    "train": ("training", "The training core: grids of tasks, languages and seeds."),
    "tasks": ("tasks", "The catalogue of tasks."),
    "corpora": ("corpora", "Where examples come from: the hub, or a folder."),
    "encoders": ("encoders", "Encoders: short names, copies for offline machines."),
}


class _Rooms(TyperGroup):
    """The top of the command line, which imports a room when it is entered."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names of the rooms."""
        return list(_ROOMS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command:
        """Return a room's commands.

        Raises
        ------
        InputError
            For one that there is not, with the nearest.
        """
        if cmd_name not in _ROOMS:
            raise InputError(f"no command {cmd_name!r}{nearest(cmd_name, _ROOMS)}; there are {', '.join(_ROOMS)}")
        command = get_command(import_module(f"transfer_analysis.commands.{_ROOMS[cmd_name][0]}").app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write what each room is about, without entering it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _ROOMS.items()])


app = typer.Typer(
    name="transfer-analysis",
    cls=_Rooms,
    help="Transfer-correlation studies: does the distance between tasks, or languages, tell what transfers?",
    epilog="Example: transfer-analysis study run quickstart --out reports/quickstart",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def main_options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Print the version, or go on to the command."""
    if version:
        typer.echo(f"transfer-analysis {__version__}")
        raise typer.Exit


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


if __name__ == "__main__":
    main()
