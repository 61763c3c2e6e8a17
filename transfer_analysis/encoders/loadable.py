"""Whether an encoder of the hub can be loaded here: safetensors, and what its tokenizer needs."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

from transfer_analysis.encoders.known import with_safetensors
from transfer_analysis.errors import InputError
from transfer_analysis.hub import Repository

#: Files of a repository that are fetched, and what is left there.
WANTED = ["*.json", "*.txt", "*.model", "*.safetensors", "*/config.json"]
UNWANTED = ["onnx/*", "openvino/*"]

_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")


def require_loadable(found: Repository) -> None:
    """Raise an InputError where a repository of the hub has no weights in safetensors, or is not open to this person."""
    names = found.names()
    if any("/" not in name and name.endswith(".safetensors") for name in names):
        return
    if not any(name in names for name in _PICKLED):
        raise InputError(
            f"{found}: has no weights at commit {found.commit[:12]}; it has {', '.join(names[:8]) or 'no files'}"
        )
    other = with_safetensors().get(found.id)
    way_out = f"its pull request has safetensors: {found.id}@{other}; or convert it: " if other else "convert it once: "
    raise InputError(
        f"{found}: has pickled weights only, which can run code when they are read; {way_out}"
        f"transfer-analysis encoders convert {found.id}@{found.commit} -o FOLDER"
    )


def require_tokenizer_library(names: Iterable[str], what: str) -> None:
    """Raise an InputError where a tokenizer has to be made of a SentencePiece model, and the library is missing.

    Parameters
    ----------
    names
        The files of the encoder.
    what
        The encoder, for the message.
    """
    there = [name for name in names if "/" not in name]
    models = [name for name in there if name.endswith(".model")]
    if models and "tokenizer.json" not in there and not has_sentencepiece():
        raise InputError(
            f"{what}: its tokenizer ({models[0]}) needs sentencepiece and protobuf: "
            "pip install 'transfer-analysis[sentencepiece]'"
        )


def has_sentencepiece() -> bool:
    """Whether a SentencePiece model can be read here."""
    return find_spec("sentencepiece") is not None and find_spec("google.protobuf") is not None
