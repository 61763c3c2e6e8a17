"""Files of tensors: safetensors with a checksum, written whole or not at all; a damaged one is set aside."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import torch

from transfer_analysis.files import atomic_path

_log = logging.getLogger(__name__)


def write_tensors(path: Path, tensors: dict[str, torch.Tensor], about: dict[str, Any] | None = None) -> None:
    """Write tensors, and what is known about them, as one safetensors file with a checksum over both."""
    from safetensors.torch import save_file

    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(about or {}, sort_keys=True)
    with atomic_path(path) as temporary:
        # One entry, as several are written in no fixed order.
        save_file(whole, temporary, metadata={"about": json.dumps([_checksum(whole, text), text])})


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
    """Return tensors and what is known about them, or None where there is no such file or it is damaged.

    A file that was cut short or altered is set aside under a name ending in `.damaged`, and a warning logged.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as stream:
            checksum, text = json.loads((stream.metadata() or {}).get("about", "null"))
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118  # not a mapping
        if checksum == _checksum(tensors, text):
            return tensors, json.loads(text)
    except (SafetensorError, OSError, ValueError, TypeError):
        pass
    set_aside(path)
    return None


def set_aside(path: Path) -> None:
    """Rename a damaged file, and say so."""
    try:
        path.replace(path.with_name(path.name + ".damaged"))
    except FileNotFoundError:  # another process was quicker
        return
    _log.warning("%s: does not match its checksum; set aside as %s.damaged and made again", path, path.name)


def apart(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return tensors that share no memory, which safetensors refuses (tied weights)."""
    seen: set[int] = set()
    found = {}
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        found[name] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return found


def _checksum(tensors: dict[str, torch.Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
