"""Commands on distances."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from transfer_analysis.commands.common import (
    print_table,
    progress,
)

app = typer.Typer(no_args_is_help=True, help="Distances between tasks and between languages.")


@app.command(
    "languages", epilog="Example: transfer-analysis distances languages de fr sw zh --kind syntactic --from en"
)
def language_distances_command(
    languages: Annotated[list[str], typer.Argument(help="Language codes or names.")],
    kind: Annotated[str, typer.Option(help="syntactic, phonological, inventory, featural or genetic.")] = "syntactic",
    source: Annotated[str | None, typer.Option("--from", help="Only the distances from this language.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file to write.")] = None,
) -> None:
    """Compute distances between languages from URIEL+."""
    from transfer_analysis.distances import language_distances

    codes = list(dict.fromkeys([*([source] if source else []), *languages]))
    matrix = language_distances(codes, kind)
    if out is not None:
        matrix.write(out)
        typer.echo(f"wrote {out}")
        return
    rows = [source] if source else codes
    print_table(
        [kind, *codes], [[row, *(f"{v:.3f}" if v == v else "–" for v in matrix.array([row], codes)[0])] for row in rows]
    )


@app.command("tasks", epilog="Example: transfer-analysis distances tasks examples.jsonl -o distances.csv")
def task_distances_command(
    examples: Annotated[Path, typer.Argument(help="JSON Lines with the fields task and text.")],
    encoder: Annotated[
        str, typer.Option(help="Sentence encoder: auto, a folder, or a hub id (owner/name@revision).")
    ] = "auto",
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV file to write.")] = Path("task-distances.csv"),
) -> None:
    """Compute the semantic distance between tasks from the text of their examples."""
    from transfer_analysis.distances import mean_embedding_distances
    from transfer_analysis.distances.encoders import load_sentence_encoder
    from transfer_analysis.distances.semantic import read_examples

    texts = read_examples(examples)
    with progress() as report:
        report("loading the sentence encoder", 0.1)
        loaded = load_sentence_encoder(encoder)
        report(f"embedding {sum(map(len, texts.values())):,} examples of {len(texts)} tasks", 0.3)
        matrix = mean_embedding_distances(texts, loaded)
        report("done", 1.0)
    matrix.write(out)
    typer.echo(f"wrote {out}: {len(texts)} tasks, encoder from {loaded.source}")
