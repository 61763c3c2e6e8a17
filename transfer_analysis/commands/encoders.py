"""Commands on encoders: which have a short name, and a copy of one as a folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from transfer_analysis.commands.common import AsJson, group, print_table
from transfer_analysis.errors import InputError

app = group("Encoders: short names, and copies for machines without internet.")


@app.command("list", epilog="Example: transfer-analysis encoders list")
def list_command(as_json: AsJson = False) -> None:
    """List the encoders that have a short name, where each is read from, and what it was tuned on before."""
    from transfer_analysis.encoders import known_encoders

    known = known_encoders()
    if as_json:
        shown = {name: about.model_dump(mode="json") for name, about in known.items()}
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    rows = []
    for name, about in known.items():
        places = [f"{about.hub} at {about.revision[:12]}" if about.hub else about.bundled]
        if about.package is not None:
            how = " (4-bit)" if about.package.kind == "4-bit" else ""
            places.append(f"package {about.package.project}{how}")
        millions = f"{about.size.weights / 1e6:,.0f} million" if about.size is not None else "–"
        rows.append([name, about.title, millions, "; or ".join(places), ", ".join(about.read) or "–"])
    print_table(["name", "encoder", "weights", "read from", "tuned before on"], rows)


@app.command("get", epilog="Example: transfer-analysis encoders get e5-small -o encoders/e5-small")
def get_command(
    name: Annotated[str, typer.Argument(help="Short name, or hub id (owner/name@revision).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
) -> None:
    """Copy an encoder to a folder, for machines without internet: give the folder as `encoder` in a plan there."""
    from transfer_analysis.encoders import locate
    from transfer_analysis.files import atomic_folder

    if out.exists():
        raise InputError(f"{out}: is there already; name another folder or remove it")
    located = locate(name)
    folder = located.fetched()
    with atomic_folder(out) as temporary:
        shutil.copytree(folder, temporary, dirs_exist_ok=True)
    typer.echo(f"wrote {out}: {located.name}, from {located.source}")


@app.command("convert", epilog="Example: transfer-analysis encoders convert jhu-clsp/mmBERT-base -o encoders/mmbert")
def convert_command(
    name: Annotated[str, typer.Argument(help="Hub id (owner/name@revision), or a folder with pytorch_model.bin.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
) -> None:
    """Write an encoder that has pickled weights only as safetensors; give the folder as `encoder` in a plan.

    The weights are read by torch's restricted unpickler, which takes tensors and nothing that runs, in a process of its own.
    """
    from transfer_analysis.encoders.convert import convert

    source = convert(name, out)
    typer.echo(f"wrote {out}, from {source}")
