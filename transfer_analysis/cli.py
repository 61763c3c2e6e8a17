"""The command line: nouns then verbs.

Nothing heavy is imported before a command runs, so `--help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from transfer_analysis import __version__
from transfer_analysis.commands import (
    cells,
    contrasts,
    corpora,
    distances,
    drawing,
    encoders,
    languages,
    matrices,
    models,
    pairs,
    power,
    results,
    studies,
    task_distances,
    tasks,
    training,
)
from transfer_analysis.errors import InputError

app = typer.Typer(
    name="transfer-analysis",
    help="Transfer-correlation studies: does the distance between tasks, or languages, tell what transfers?",
    epilog="Example: transfer-analysis study run quickstart --out reports/quickstart",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(studies.app, name="study")
app.add_typer(training.app, name="train")
app.add_typer(results.app, name="results")
distances.app.add_typer(task_distances.app)  # without a name of its own: its commands stand beside the others
app.add_typer(distances.app, name="distances")
fit = typer.Typer(
    no_args_is_help=True, help="Tests and models of a table on disk: observations of a study, or your own."
)
for part in (cells, pairs, languages, contrasts, matrices, models):
    fit.add_typer(part.app)
app.add_typer(fit, name="fit")
app.add_typer(power.app)
app.add_typer(drawing.app)
app.add_typer(tasks.app, name="tasks")
app.add_typer(corpora.app, name="corpora")
app.add_typer(encoders.app, name="encoders")


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
