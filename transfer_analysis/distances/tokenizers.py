"""Tokenizers alone, without an encoder: what distances need that only look at subwords."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transfer_analysis.encoders.loadable import UNWANTED, require_tokenizer_library
from transfer_analysis.errors import InputError, first_line
from transfer_analysis.hub import named, repository

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


@dataclass(frozen=True)
class Tokenizer:
    """A tokenizer and what tells it from others."""

    name: str
    model: PreTrainedTokenizerFast
    identity: str

    @property
    def unknown_id(self) -> int | None:
        """Number of the subword that stands for what is not known, or None where everything is."""
        found = self.model.unk_token_id
        return None if found is None else int(found)

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the subwords of each text, without the special ones of a sequence."""
        if not texts:
            return []
        found: list[list[int]] = self.model(list(texts), add_special_tokens=False, verbose=False)["input_ids"]
        return found

    def word_ids(self, words: Sequence[str]) -> list[list[int]]:
        """Return the subwords of each word as it is cut inside a sentence.

        A tokenizer of bytes, as GPT's and RoBERTa's, takes the space before a word for a part of it.
        """
        of_bytes = "ByteLevel" in str(self.model.backend_tokenizer.pre_tokenizer)
        return self.ids([f" {word}" for word in words] if of_bytes else words)

    def known_ids(self, texts: Sequence[str]) -> list[int]:
        """Return the subwords of all texts in order, those that are special or unknown left out."""
        special = set(self.model.all_special_ids)
        return [one for row in self.ids(texts) for one in row if one not in special]

    def provenance(self) -> dict[str, Any]:
        """Return what identifies the tokenizer in a result."""
        return {"tokenizer": self.name, "tokenizer_sha256": self.identity}


def load_tokenizer(name: str) -> Tokenizer:
    """Load a fast tokenizer from a folder or the hub (`owner/name`, or `owner/name@revision`).

    Raises
    ------
    InputError
        Where there is none.
    """
    from transformers import AutoTokenizer

    identity, revision = named(name, "tokenizer")
    folder = Path(name)
    if not folder.is_dir():
        folder = repository("model", identity, revision).snapshot(["*.json", "*.txt", "*.model"], UNWANTED)
    require_tokenizer_library((path.name for path in folder.iterdir()), f"tokenizer {name!r}")
    try:
        model = AutoTokenizer.from_pretrained(folder, use_fast=True, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise InputError(f"tokenizer {name}: cannot be loaded: {first_line(error)}") from error
    if not model.is_fast:
        raise InputError(f"tokenizer {name}: is not a fast tokenizer; choose one with a tokenizer.json")
    about = model.backend_tokenizer.to_str().encode()
    return Tokenizer(Path(name).name if Path(name).is_dir() else name, model, hashlib.sha256(about).hexdigest()[:16])
