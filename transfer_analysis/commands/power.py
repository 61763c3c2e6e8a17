"""The command that plans a study: how large must it be?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from transfer_analysis.commands.common import AsJson, group, print_table, progress
from transfer_analysis.commands.figures import figure_kind, write_figure
from transfer_analysis.commands.fitting import OutCsv, Seed, records, write_csv
from transfer_analysis.errors import InputError

app = group()

_DEFAULTS = "what is not given is 9 intermediate tasks, 6 targets, 30 languages and 3 seeds"


@app.command(
    "power",
    epilog="Example: transfer-analysis power task-association --effect -1 --conditions 6,9,12,15 --targets 4,8 --figure power.pdf",
)
def power_command(
    question: Annotated[str, typer.Argument(help="task-association, task-selection, language-slope or interaction.")],
    effect: Annotated[
        float, typer.Option(help="Points per standard deviation of the distance; negative: nearer is better.")
    ],
    conditions: Annotated[str, typer.Option(help=f"Numbers of intermediate tasks: 6,9,12; {_DEFAULTS}.")] = "",
    targets: Annotated[str, typer.Option(help="Numbers of targets.")] = "",
    languages: Annotated[str, typer.Option(help="Numbers of languages.")] = "",
    seeds: Annotated[str, typer.Option(help="Numbers of seeds.")] = "",
    condition_sd: Annotated[float, typer.Option(help="Spread between intermediate tasks, in points.", min=0)] = 1.5,
    cell_sd: Annotated[float, typer.Option(help="Spread between cells, in points.", min=0)] = 1.5,
    run_sd: Annotated[float, typer.Option(help="Spread between seeds, in points.", min=0)] = 1.0,
    language_sd: Annotated[float, typer.Option(help="Spread between languages of a family, in points.", min=0)] = 4.0,
    replications: Annotated[int, typer.Option(help="Studies drawn for each size.", min=20)] = 400,
    figure: Annotated[Path | None, typer.Option(help="Figure of the curve: .pdf, .svg or .png.")] = None,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """How many tasks, targets, languages and seeds give 80% power? By simulation of whole studies."""
    from transfer_analysis.statistics import power_grid
    from transfer_analysis.statistics.simulate import Planted

    given = {"conditions": conditions, "targets": targets, "languages": languages, "seeds": seeds}
    sizes = {name: _numbers(name, text) for name, text in given.items() if text}
    kind = figure_kind(figure)
    planted = Planted(condition=condition_sd, cell=cell_sd, run=run_sd, language=language_sd)
    with progress() as report:
        table = power_grid(
            question, effect, sizes, planted=planted, replications=replications, seed=seed, report=report
        )
    write_csv(table, out)
    if figure is not None and kind is not None:
        from transfer_analysis.reporting import power_plot

        write_figure(power_plot(table), figure, kind)
    if as_json:
        typer.echo(json.dumps(records(table), indent=2))
        return
    rows: list[list[str]] = [_row(row) for row in table.itertuples(index=False)]
    print_table(["intermediate tasks", "targets", "languages", "seeds", "power", "95% interval"], rows)
    enough = table[table["power"] >= 0.8]
    if enough.empty:
        typer.echo("no size that was tried reaches 80% power")
        return
    trained = 0 if question == "language-slope" else enough["conditions"]
    runs = (trained + 1) * enough["targets"] * enough["seeds"]  # the baseline is a condition too
    best = enough.loc[(runs * 1000 + enough["languages"]).idxmin()]
    of_tasks = "" if question == "language-slope" else f"{best.conditions:.0f} intermediate tasks and none × "
    typer.echo(
        f"fewest runs of those tried with 80% power: {of_tasks}{best.targets:.0f} targets × {best.seeds:.0f} seeds, tested in "
        f"{best.languages:.0f} languages: {best.power:.0%} ({best.low:.0%} to {best.high:.0%})"
    )


def _numbers(name: str, text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"--{name} {text!r}: expected whole numbers joined by commas") from error


def _row(row: Any) -> list[str]:
    sizes = [str(n) for n in (row.conditions, row.targets, row.languages, row.seeds)]
    return [*sizes, f"{row.power:.0%}", f"{row.low:.0%} to {row.high:.0%}"]
