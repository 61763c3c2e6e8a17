"""Pickled weights as safetensors: read by torch's restricted unpickler, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from transfer_analysis.encoders.loadable import UNWANTED, WANTED
from transfer_analysis.errors import InputError
from transfer_analysis.files import atomic_folder
from transfer_analysis.hub import named, repository

_WEIGHTS = "pytorch_model.bin"


def convert(name: str, out: Path) -> str:
    """Write an encoder of the hub, or a folder, with its weights as safetensors.

    Parameters
    ----------
    name
        Hub id (`owner/name@revision`), or a folder with `pytorch_model.bin`.

    Returns
    -------
    str
        What was converted: hub id and commit, or the folder.

    Raises
    ------
    InputError
        Where there are no such weights, or they hold anything but tensors; nothing is written then.
    """
    if out.exists():
        raise InputError(f"{out}: is there already; name another folder or remove it")
    identity, revision = named(name, "encoder")
    if Path(name).is_dir():
        folder, source = Path(name), name
    else:
        found = repository("model", identity, revision)
        folder, source = found.snapshot([*WANTED, "pytorch_model*"], UNWANTED), found.source
    files = weight_files(folder)
    with atomic_folder(out) as temporary:
        for path in folder.iterdir():
            if path.is_file() and path.suffix in (".json", ".txt", ".model") and not path.name.startswith(_WEIGHTS):
                (temporary / path.name).write_bytes(path.read_bytes())
        done = subprocess.run(  # noqa: S603  # our own module, on files just fetched
            [sys.executable, "-m", __name__, *map(str, files), str(temporary / "model.safetensors")],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = done.stderr.strip().splitlines()[-1:] or ["the process was ended"]
            raise InputError(f"{source}: cannot be converted: {reason[0]}")
    return source


def weight_files(folder: Path) -> list[Path]:
    """Return the files of pickled weights, all parts where there are several.

    Raises
    ------
    InputError
        Where there are none.
    """
    index = folder / f"{_WEIGHTS}.index.json"
    if index.is_file():
        parts = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        return [folder / Path(part).name for part in parts]
    if not (folder / _WEIGHTS).is_file():
        raise InputError(f"{folder.name}: has no {_WEIGHTS}, so that there is nothing to convert")
    return [folder / _WEIGHTS]


def _write(files: list[str], out: str) -> None:
    import torch
    from safetensors.torch import save_file

    tensors: dict[str, torch.Tensor] = {}
    for file in files:
        read = torch.load(file, map_location="cpu", weights_only=True)
        # Tied weights share memory, which safetensors refuses; the model ties them again.
        tensors |= {key: value.clone().contiguous() for key, value in read.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ValueError("no tensors in it")
    save_file(tensors, out, metadata={"format": "pt"})


if __name__ == "__main__":
    _write(sys.argv[1:-1], sys.argv[-1])
