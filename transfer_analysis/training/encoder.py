"""Encoders: loaded with their tokenizer, or built small; saved so that `AutoModel` loads them."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator

from transfer_analysis.errors import InputError, first_line
from transfer_analysis.hub import hub_is_reachable, network_errors

Pooling = Literal["first", "mean"]
Initialisation = Literal["pretrained", "random"]

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class Shape(BaseModel):
    """Size of a small encoder built from nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: int = Field(default=2, ge=1)
    hidden: int = Field(default=128, ge=1)
    heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=256, ge=1)
    max_length: int = Field(default=64, ge=8)

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Shape:
        if self.hidden % self.heads:
            raise ValueError(f"heads: {self.heads} do not divide the width {self.hidden}")
        return self


@dataclass(frozen=True)
class Encoder:
    """A transformer encoder and its tokenizer.

    Attributes
    ----------
    name
        Hub id or name of the folder.
    restart_positions
        Whether positions are counted anew from the second segment of a pair on.
    pooling
        What stands for a whole sequence: the `first` subword's state, or the `mean` over subwords.

    Encoders built here restart positions, which lets a small model align the segments of a pair, and pool by the mean,
    because nothing trains the first subword's state in pretraining; their configuration says so.
    """

    name: str
    tokenizer: PreTrainedTokenizerFast
    model: PreTrainedModel
    restart_positions: bool = False
    pooling: Pooling = "first"

    @property
    def pad_id(self) -> int:
        """Number of the subword that fills rows up."""
        return int(self.tokenizer.pad_token_id or 0)

    @property
    def token_types(self) -> int:
        """How many token types the model tells apart; 0 where it reads none."""
        return int(getattr(self.model.config, "type_vocab_size", 0) or 0)

    @property
    def hidden_size(self) -> int:
        """Width of the last hidden states."""
        return int(self.model.config.hidden_size)

    def hidden(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return the last hidden states, shape (examples, subwords, width)."""
        inputs = {k: batch[k] for k in ("input_ids", "attention_mask", "token_type_ids", "position_ids") if k in batch}
        states: torch.Tensor = self.model(**inputs).last_hidden_state
        return states


def load_encoder(name: str, initialisation: Initialisation = "pretrained", seed: int = 0) -> Encoder:
    """Load an encoder with safetensors and a fast tokenizer.

    Parameters
    ----------
    name
        A folder, or a hub id (`owner/name`, or `owner/name@revision`).
    initialisation
        `random` takes the architecture and the tokenizer only; the weights are drawn from `seed`.

    Raises
    ------
    InputError
        Where there is no such encoder, or not as safetensors with a fast tokenizer.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    folder = Path(name)
    repository, _, revision = (str(folder), "", "") if folder.is_dir() else name.partition("@")
    if not folder.is_dir() and repository.count("/") != 1:
        raise InputError(f"encoder {name!r}: no such folder, and not a hub id of the form owner/name")
    found: dict[str, Any] = {"trust_remote_code": False, "revision": revision or None}
    if folder.is_dir() or not hub_is_reachable():  # a copy in the cache may still serve
        found["local_files_only"] = True
    unloadable: tuple[type[Exception], ...] = (*network_errors(), KeyError)
    try:
        _be_quiet()
        config = AutoConfig.from_pretrained(repository, **found)
        tokenizer = AutoTokenizer.from_pretrained(repository, use_fast=True, **found)
        kind = AutoModel._model_mapping[type(config)]
        extra = {"add_pooling_layer": False} if "add_pooling_layer" in signature(kind.__init__).parameters else {}
        if initialisation == "random":
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                model = kind(config, **extra)
        else:
            model = AutoModel.from_pretrained(repository, use_safetensors=True, **extra, **found)
    except unloadable as error:
        raise InputError(f"encoder {name}: cannot be loaded: {first_line(error)}") from error
    if not tokenizer.is_fast:
        raise InputError(f"encoder {name}: has no fast tokenizer, which answers and tags need")
    return Encoder(
        folder.name if folder.is_dir() else name,
        tokenizer,
        model,
        restart_positions=bool(getattr(config, "restart_positions", False)),
        pooling="mean" if getattr(config, "sequence_pooling", "first") == "mean" else "first",
    )


def _be_quiet() -> None:
    """Keep transformers from drawing bars and from reporting weights that are left out on purpose (the pooling layer)."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def new_encoder(name: str, vocabulary: list[str], shape: Shape, seed: int) -> Encoder:
    """Build a small BERT encoder with random weights over a vocabulary of whole words.

    Parameters
    ----------
    vocabulary
        Words without special tokens; text is split at white space.
    """
    from transformers import BertConfig, BertModel

    tokenizer = word_tokenizer(vocabulary, shape.max_length)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.max_length,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=tokenizer.pad_token_id,
        restart_positions=True,
        sequence_pooling="mean",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertModel(config, add_pooling_layer=False)
    return Encoder(name, tokenizer, model, restart_positions=True, pooling="mean")


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Write weights as safetensors, configuration and tokenizer."""
    _be_quiet()
    encoder.model.save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)


def word_tokenizer(vocabulary: list[str], max_length: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer of whole words with BERT's special tokens."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [*special, *vocabulary]
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        model_max_length=max_length,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
