"""Encoders of texts, whose embeddings are kept.

A model is loaded when its first embedding is computed, so that kept embeddings cost nothing. Weights are safetensors, and
no remote code runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from transfer_analysis.distances.embeddings.kept import kept_embeddings
from transfer_analysis.encoders import locate
from transfer_analysis.errors import InputError, first_line
from transfer_analysis.files import folder_hash, sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats = npt.NDArray[np.float64]

Pooling = Literal["mean", "first"]


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
        A short name (`auto` is `minilm`, all-MiniLM-L6-v2), a folder, or a hub id (`owner/name`, or
        `owner/name@revision`); as for `encoders.locate`.

    Raises
    ------
    InputError
        Where the encoder cannot be had, or the default's weights do not have the expected hash.
    """
    found = locate(name)
    settings = {"prefix": found.prefix} if found.prefix else {}
    return KeptEncoder(
        found.name, found.source, found.fetched(), partial(_sentence_model, name, prefix=found.prefix), settings
    )


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
    found = locate(name)
    folder = found.fetched()
    layers = _layers(folder)
    if layer is not None and not 0 <= layer <= layers:
        raise InputError(f"encoder {name!r} has no layer {layer}; it has 0 (its embeddings) to {layers}")
    chosen = layers if layer is None else layer
    settings = {"layer": chosen, "pooling": pooling}
    return KeptEncoder(found.name, found.source, folder, partial(_layer_model, layer=chosen, pooling=pooling), settings)


def _layers(folder: Path) -> int:
    from transformers import AutoConfig

    try:
        return int(AutoConfig.from_pretrained(folder, trust_remote_code=False).num_hidden_layers)
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise InputError(f"encoder {folder.name}: is not a transformer with layers: {first_line(error)}") from error


def _sentence_model(name: str, folder: Path, *, prefix: str = "") -> Callable[[list[str]], Floats]:
    """Return the model's own pooling as a function, with a prefix before every text; it sorts texts by length itself."""
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
        vectors = model.encode(
            [prefix + text for text in texts], batch_size=32, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors, dtype=np.float64)

    return compute


def _layer_model(folder: Path, *, layer: int, pooling: Pooling) -> Callable[[list[str]], Floats]:
    from transfer_analysis.distances.embeddings.layers import pooled_states
    from transfer_analysis.training.encoder import load_encoder

    encoder = load_encoder(str(folder))
    return lambda texts: pooled_states(encoder, texts, layer, pooling)
