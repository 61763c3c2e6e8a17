"""The command that draws one figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transfer_analysis.commands.common import group, pairs, print_table
from transfer_analysis.commands.figures import figure_kind, write_figure
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

app = group()


Name = Annotated[str | None, typer.Argument(help="The figure; without one, all figures are listed.")]


@app.command(
    "figures",
    epilog="Example: transfer-analysis figures distance-gain --from rows.parquet --distance semantic --width column "
    "--labels mnli=MNLI --palette colorblind -o gain.pdf",
)
def figures_command(
    name: Name = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Folder of a study's report; or a file that suffices for the figure.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Figure to write: .pdf, .svg or .png.")] = None,
    width: Annotated[str | None, typer.Option(help="column, page, slide, or inches.")] = None,
    height: Annotated[float | None, typer.Option(help="Inches.")] = None,
    font: Annotated[str | None, typer.Option(help="Family of the letters.")] = None,
    font_size: Annotated[float | None, typer.Option(help="Size of the letters, in points.")] = None,
    palette: Annotated[
        str | None, typer.Option(help="A palette of seaborn's (colorblind, Set2, …), or colours: '#0072B2,#D55E00'.")
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option(help="NAME=TEXT: what stands for a name. Several times, or commas between.")
    ] = None,
    order: Annotated[str | None, typer.Option(help="Names that come first, commas between.")] = None,
    only: Annotated[str | None, typer.Option(help="Names that are shown alone, commas between.")] = None,
    title: Annotated[str, typer.Option(help="What stands above.")] = "",
    distance: Annotated[str, typer.Option(help="Of joined rows: the distance that is drawn.")] = "",
    language_distance: Annotated[str, typer.Option(help="Of joined rows: the other distance, for interaction.")] = "",
    outcome: Annotated[str, typer.Option(help="Of joined rows: gain or score.")] = "",
    hue: Annotated[str, typer.Option(help="Of joined rows: family, target, or a column.")] = "family",
    source_language: Annotated[str, typer.Option(help="Of joined rows: the language trained on.")] = "en",
    target: Annotated[
        list[str] | None, typer.Option(help="Of joined rows: a target that counts; once for each.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Of joined rows: the model that counts.")] = None,
    initialisation: Annotated[str | None, typer.Option(help="Of joined rows: pretrained or random.")] = None,
) -> None:
    """Draw one figure of a study from the folder of its report, or from a file: a matrix, a transfer table, joined rows."""
    from transfer_analysis.reporting import looking
    from transfer_analysis.studies import figures

    if name is None:
        _list()
        return
    figures.figure_kind(name)
    if source is None or out is None:
        raise InputError("--from and --out: say what the figure is drawn from, and the file to write")
    kind = figure_kind(out)
    assert kind is not None
    with looking(
        width=width,
        height=height,
        font=font,
        font_size=font_size,
        palette=palette.split(",") if palette and ("," in palette or palette.startswith("#")) else palette,
        labels=pairs([text for entry in labels or [] for text in entry.split(",")], "--labels", "NAME=TEXT"),
        order=_listed(order),
        only=_listed(only),
        title=title,
    ):
        if source.is_dir():
            figure, caption = _of_report(name, source)
        else:
            wanted = figures.Wanted(
                distance, language_distance, outcome, hue, source_language, tuple(target or ()), model, initialisation
            )
            figure, caption = figures.draw_file(name, source, wanted), ""
        write_figure(figure, out, kind)
    typer.echo(f"wrote {out}{': ' if caption else ''}{caption}")


def _listed(text: str | None) -> list[str]:
    return [] if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _list() -> None:
    from transfer_analysis.studies.figures import figures

    rows = []
    for kind in figures().values():
        sources = [*(["a report"] if kind.of_study else []), *([kind.of_file.expected] if kind.of_file else [])]
        rows.append([kind.name, kind.title, " or ".join(sources)])
    print_table(["figure", "what it shows", "drawn from"], rows)


def _of_report(name: str, folder: Path) -> tuple[Figure, str]:
    from transfer_analysis.studies import figures
    from transfer_analysis.studies.run import read_report

    kind = figures.figure_kind(name)
    if kind.of_study is None:
        raise InputError(f"{name}: is drawn from {kind.of_file.expected if kind.of_file else ''}, not from a folder")
    drawn = figures.draw_study(name, *read_report(folder))
    if not drawn:
        raise InputError(f"{folder}: the study has nothing that {name} could be drawn of")
    return drawn[0].figure, drawn[0].caption
