"""The command that draws one figure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from transfer_analysis.commands.figures import figure_kind, write_figure
from transfer_analysis.errors import InputError, nearest

app = typer.Typer()


@app.command(
    "figures", epilog="Example: transfer-analysis figures transfer-heatmap --from reports/quickstart -o heatmap.pdf"
)
def figures_command(
    name: Annotated[
        str,
        typer.Argument(
            help="transfer-heatmap, distance-gain, robustness-slopes, forest, selection-curve, task-map, language-tree, "
            "specification-curve, task-distances, language-distances, scores-by-language, power-curve, calibration …"
        ),
    ],
    source: Annotated[
        Path, typer.Option("--from", help="Folder of a study's report; or a file that suffices for the figure.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Figure to write: .pdf, .svg or .png.")],
) -> None:
    """Draw one figure of a study from the folder of its report, or from a file: a matrix, a transfer table, a CSV."""
    kind = figure_kind(out)
    assert kind is not None
    from transfer_analysis.studies.figures import FIGURES
    from transfer_analysis.studies.figures.files import FROM_FILES, draw_file

    if name not in FIGURES and name not in FROM_FILES:
        known = list(dict.fromkeys([*FIGURES, *FROM_FILES]))
        raise InputError(f"unknown figure {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    if not source.is_dir():
        write_figure(draw_file(name, source), out, kind)
        typer.echo(f"wrote {out}")
        return
    if name not in FIGURES:
        raise InputError(f"{name}: is drawn from {FROM_FILES[name][0]}, not from a folder")
    from transfer_analysis.studies.run import read_report

    material, findings = read_report(source)
    drawn = FIGURES[name](material, findings)
    if not drawn:
        raise InputError(f"{source}: the study has nothing that {name} could be drawn of")
    write_figure(drawn[0].figure, out, kind)
    typer.echo(f"wrote {out}: {drawn[0].caption}")
