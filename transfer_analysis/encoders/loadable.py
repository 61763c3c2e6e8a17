"""Whether an encoder of the hub can be loaded here: safetensors, and what its tokenizer needs."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from transfer_analysis.encoders.known import known_encoders, with_safetensors
from transfer_analysis.errors import InputError, UnavailableError
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


def require_tokenizer_library(folder: Path, name: str) -> None:
    """Raise an InputError where the tokenizer has to be made of a SentencePiece model, and the library is missing."""
    models = [path.name for path in folder.glob("*.model")]
    if models and not (folder / "tokenizer.json").is_file() and not has_sentencepiece():
        raise InputError(
            f"encoder {name!r}: its tokenizer ({models[0]}) needs sentencepiece and protobuf: "
            "pip install 'transfer-analysis[sentencepiece]'"
        )


def check_encoder(name: str) -> list[str]:
    """Ask the hub what would keep an encoder from being loaded, without fetching its weights.

    Returns
    -------
    list
        What could not be asked.

    Raises
    ------
    InputError
        Naming what is wrong.
    """
    from transfer_analysis.encoders.located import AUTO, DEFAULT
    from transfer_analysis.hub import hub_is_reachable, named, repository, require_access

    if Path(name).is_dir():
        return []
    known = known_encoders().get(DEFAULT if name == AUTO else name)
    if known is not None and not known.hub:
        return []
    identity, revision = (known.hub, known.revision) if known is not None else named(name, "encoder")
    if not hub_is_reachable():
        return [f"encoder {name}: not checked, as the hub cannot be reached"]
    try:
        found = repository("model", identity, revision)
        require_loadable(found)
        require_access(found)
        names = found.names()
    except InputError as error:
        if known is not None and known.package is not None:
            return [f"{error}. The copy in the package {known.package.project} is used"]
        if isinstance(error, UnavailableError):
            return error.problems
        raise
    if "tokenizer.json" not in names and any(name.endswith(".model") for name in names) and not has_sentencepiece():
        raise InputError(f"{found}: its tokenizer needs sentencepiece: pip install 'transfer-analysis[sentencepiece]'")
    return []


def has_sentencepiece() -> bool:
    """Whether a SentencePiece model can be read here."""
    return find_spec("sentencepiece") is not None and find_spec("google.protobuf") is not None
