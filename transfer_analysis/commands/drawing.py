"""The command that draws one figure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from transfer_analysis.commands.common import group, print_table
from transfer_analysis.commands.figures import figure_kind, write_figure
from transfer_analysis.errors import InputError

app = group()


@app.command(
    "figures", epilog="Example: transfer-analysis figures transfer-heatmap --from reports/quickstart -o heatmap.pdf"
)
def figures_command(
    name: Annotated[str | None, typer.Argument(help="The figure; without one, all figures are listed.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder of a study's report; or a file that suffices for the figure.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Figure to write: .pdf, .svg or .png.")] = None,
) -> None:
    """Draw one figure of a study from the folder of its report, or from a file: a matrix, a transfer table, a CSV."""
    from transfer_analysis.studies import figures

    if name is None:
        rows = [
            [
                kind.name,
                kind.title,
                " or ".join(
                    [*(["a report"] if kind.of_study else []), *([kind.of_file.expected] if kind.of_file else [])]
                ),
            ]
            for kind in figures.figures().values()
        ]
        print_table(["figure", "what it shows", "drawn from"], rows)
        return
    chosen = figures.figure_kind(name)
    if source is None or out is None:
        raise InputError("--from and --out: say what the figure is drawn from, and the file to write")
    kind = figure_kind(out)
    assert kind is not None
    if not source.is_dir():
        write_figure(figures.draw_file(name, source), out, kind)
        typer.echo(f"wrote {out}")
        return
    if chosen.of_study is None:
        raise InputError(
            f"{name}: is drawn from {chosen.of_file.expected if chosen.of_file else ''}, not from a folder"
        )
    from transfer_analysis.studies.run import read_report

    material, findings = read_report(source)
    drawn = figures.draw_study(name, material, findings)
    if not drawn:
        raise InputError(f"{source}: the study has nothing that {name} could be drawn of")
    write_figure(drawn[0].figure, out, kind)
    typer.echo(f"wrote {out}: {drawn[0].caption}")
