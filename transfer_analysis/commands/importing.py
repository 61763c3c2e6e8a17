"""The commands `results import …`, made from the table of importers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command_from_info
from typer.models import CommandInfo

from transfer_analysis.commands.common import Out, OwnTasks, pairs, progress, store_table

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

    from transfer_analysis.results.importers import Importer


#: Bytes from which reading a file takes seconds, so that progress is shown.
_LARGE = 20_000_000


@dataclass(frozen=True)
class Choice:
    """An option of importers.

    Attributes
    ----------
    field
        The field of `Asked` that it fills.
    kind
        Its type, with what typer shows of it.
    default
        Its value where it is not given.
    read
        From what typer gives to what the field holds.
    """

    field: str
    kind: Any
    default: Any = None
    read: Callable[[Any], Any] = lambda given: given


def _pairs(option: str, form: str) -> Callable[[Any], dict[str, str]]:
    return lambda given: pairs(given, option, form)


def _list(about: str, option: str, metavar: str) -> Any:
    return Annotated[list[str] | None, typer.Option(option, metavar=metavar, help=about)]


def _fields(given: str | None) -> tuple[str, ...]:
    from transfer_analysis.results.importers.asked import fields_of

    return fields_of(given)


def _renamed(given: list[str] | None) -> dict[str, str]:
    """Return names of tasks as they are given, one by one or in files."""
    from transfer_analysis.documents import parse_yaml
    from transfer_analysis.files import read_text

    files = [text for text in given or () if "=" not in text and text.endswith((".yaml", ".yml"))]
    found: dict[str, str] = {}
    for name in files:
        expected = "from your names of tasks to the catalogue's"
        found |= {
            str(a): str(b)
            for a, b in parse_yaml(read_text(Path(name), "names of tasks in YAML"), name, expected).items()
        }
    return found | pairs([text for text in given or () if text not in files], "--rename", "YOURS=TASK, or a YAML file")


#: Name → the option.
CHOICES = {
    "map": Choice(
        "mapping",
        _list("Your column is this field.", "--map", "COLUMN=FIELD"),
        read=_pairs("--map", "COLUMN=FIELD"),
    ),
    "leave-out": Choice(
        "left_out",
        _list("A column that is not read; several times for several.", "--leave-out", "COLUMN"),
        read=lambda given: tuple(given or ()),
    ),
    "set": Choice(
        "constants",
        _list("One value for all rows.", "--set", "FIELD=VALUE"),
        read=_pairs("--set", "FIELD=VALUE"),
    ),
    "wide": Choice(
        "wide",
        Annotated[
            str | None,
            typer.Option(
                metavar="FIELD[,FIELD]",
                help="There is a column of scores for each language, metric or target; two fields for a header of two rows.",
            ),
        ],
        read=_fields,
    ),
    "baseline": Choice(
        "baseline",
        Annotated[
            str | None, typer.Option(help="What you call the condition without intermediate task; it becomes none.")
        ],
    ),
    "rename": Choice(
        "renamed",
        _list(
            "Your name of a task, as target or condition; several times for several, or a YAML file of them.",
            "--rename",
            "YOURS=TASK|FILE.yaml",
        ),
        read=_renamed,
    ),
    "scale": Choice(
        "scales",
        _list(
            "What the scores of a target are, or of one model on it; several times for several.",
            "--scale",
            "TARGET[/MODEL]=fraction|percent",
        ),
        read=_pairs("--scale", "TARGET=fraction or TARGET=percent"),
    ),
    "skip-missing": Choice(
        "skip_missing",
        Annotated[bool, typer.Option("--skip-missing", help="Leave out rows whose score is empty, -, NA or n/a.")],
        False,
    ),
    "fractions": Choice(
        "fractions", Annotated[bool, typer.Option("--fractions", help="Scores are fractions: multiply by 100.")], False
    ),
    "sheet": Choice("sheet", Annotated[str | None, typer.Option(help="Sheet of a workbook  [default: the only one]")]),
    "codes": Choice(
        "codes", Annotated[str, typer.Option(help="Whose codes languages have: iso, or wikipedia (WikiANN).")], "iso"
    ),
    "encoding": Choice(
        "encoding",
        Annotated[str | None, typer.Option(help="Of text, such as latin-1  [default: UTF-8, or as marked]")],
    ),
    "pattern": Choice(
        "pattern",
        Annotated[
            str | None,
            typer.Option(help="What a run's folders are called, fields in braces: '{condition}/{target}/seed{seed}'."),
        ],
    ),
}


#: What else a command may be called.
_OTHER_NAMES = {"csv": "table"}


#: A task that the catalogue does not have, for importers of somebody's own runs.
_OF_MINE = _list(
    "A task of yours, with its metric and the score of guessing, such as belebele:accuracy:25; several times for several.",
    "--task-of-mine",
    "NAME[:METRIC[:CHANCE]]",
)


class _Importers(TyperGroup):
    """The group of importers, whose table is read when it is entered."""

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names of the importers."""
        from transfer_analysis.results.importers import importers

        return list(importers())

    def get_command(self, ctx: Context, cmd_name: str) -> Command:
        """Return the command of an importer.

        Raises
        ------
        InputError
            For one that there is not, with the nearest.
        """
        from transfer_analysis.results.importers import importer_named

        return command_of(importer_named(_OTHER_NAMES.get(cmd_name, cmd_name)))

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write what each importer reads, in a whole sentence."""
        from transfer_analysis.results.importers import importers

        with formatter.section("Commands"):
            formatter.write_dl([(name, one.about.partition("\n")[0]) for name, one in importers().items()])


app = typer.Typer(
    cls=_Importers,
    no_args_is_help=True,
    help="Import published results or your own into a transfer table.",
    rich_markup_mode=None,
    add_completion=False,
)


@app.callback()
def _importers() -> None:
    """Import published results or your own into a transfer table."""


def command_of(importer: Importer) -> Command:
    """Return the command that an importer is: its path, where to write, its options and its switches."""
    chosen = {name.replace("-", "_"): CHOICES[name] for name in importer.options}
    switches = {name.replace("-", "_"): name for name in importer.flags}

    def run(path: Path, out: Path, own_tasks: Path | None, task_of_mine: list[str] | None = None, **given: Any) -> None:
        from transfer_analysis.results.importers import Asked
        from transfer_analysis.tasks import load_catalogue
        from transfer_analysis.tasks.own import task_of_mine as declared
        from transfer_analysis.tasks.own import write_tasks

        fields = {choice.field: choice.read(given[name]) for name, choice in chosen.items()}
        flags = frozenset(switch for name, switch in switches.items() if given[name])
        mine = [declared(text) for text in task_of_mine or ()]
        asked, catalogue = Asked(**fields, flags=flags), load_catalogue(own_tasks, mine)
        if path.is_file() and path.stat().st_size > _LARGE:
            with progress() as report:
                report(f"reading and checking {path.name} ({path.stat().st_size / 1e6:,.0f} MB)", 0.1)
                found = importer.read(path, asked, catalogue)
                report(f"read {len(found.table):,} scores", 1.0)
        else:
            found = importer.read(path, asked, catalogue)
        unused = [f"columns not used: {', '.join(found.ignored)}"] if found.ignored else []
        store_table(found.table, out, [*found.notes, *unused])
        if mine:
            beside = out.with_suffix(".tasks.yaml")
            write_tasks(beside, mine)
            typer.echo(f"wrote {beside}: your tasks, which commands on this table read with --tasks {beside}")

    named = {
        "path": (Annotated[Path, typer.Argument(help=importer.path)], Parameter.empty),
        "out": (Out, Path(f"{'results' if 'set' in importer.options else importer.name}.parquet")),
        **{name: (choice.kind, choice.default) for name, choice in chosen.items()},
        **{
            name: (Annotated[bool, typer.Option(f"--{switch}", help=importer.flags[switch])], False)
            for name, switch in switches.items()
        },
        "own_tasks": (OwnTasks, None),
        **({"task_of_mine": (_OF_MINE, None)} if "set" in importer.options else {}),
    }
    run.__signature__ = Signature(  # type: ignore[attr-defined]  # typer reads it
        [
            Parameter(name, Parameter.KEYWORD_ONLY, annotation=kind, default=default)
            for name, (kind, default) in named.items()
        ]
    )
    example = f"Example: transfer-analysis results import {importer.example}"
    info = CommandInfo(importer.name, help=importer.about, epilog=example, callback=run)
    return get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)
