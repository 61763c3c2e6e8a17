"""Encoders built here: their size, their vocabulary, their first weights, their files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator

from transfer_analysis.files import atomic_path
from transfer_analysis.progress import Report, silent
from transfer_analysis.training.computing.dropout import RandomBits, replace_dropout
from transfer_analysis.training.encoder import Encoder, be_quiet
from transfer_analysis.training.heads import MaskedLM

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import BertConfig, PreTrainedTokenizerFast

#: Subwords that stand for single bytes.
_BYTES = 256

_SPECIAL = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}


class Shape(BaseModel):
    """Size of a small encoder built from nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layers: int = Field(default=2, ge=1)
    hidden: int = Field(default=128, ge=1)
    heads: int = Field(default=4, ge=1)
    feed_forward: int = Field(default=256, ge=1)
    max_length: int = Field(default=64, ge=8)
    dropout: float = Field(default=0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Shape:
        if self.hidden % self.heads:
            raise ValueError(f"heads: {self.heads} do not divide the width {self.hidden}")
        return self


def balanced_counts(counts: Sequence[int], temperature: float) -> list[int]:
    """Return how many passages of each language are read in a pass that reads as many as there are in all.

    Shares are proportional to the number of passages to the power of 1 / `temperature` (Conneau et al. 2020).
    """
    sizes = np.array(counts, dtype=float)
    shares = sizes ** (1 / temperature)
    return [max(1, round(n)) for n in sizes.sum() * shares / shares.sum()]


def train_tokenizer(
    texts: dict[str, list[str]], pieces: int, temperature: float, folder: Path, report: Report = silent
) -> PreTrainedTokenizerFast:
    """Return a tokenizer of subwords trained on text of many languages; one that is in the folder already is read.

    Byte-pair encoding on text normalised by NFKC, spaces marked, digits apart. The most frequent characters are in the
    vocabulary, up to half of it; any other is read as its bytes. Languages weigh in as in training.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    path = folder / "tokenizer.json"
    if not path.is_file():
        report("training the tokenizer", 0.0)
        tokenizer = Tokenizer(models.BPE(unk_token=_SPECIAL["unk"]))
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation(), pre_tokenizers.Digits(individual_digits=True)]
        )
        tokenizer.decoder = decoders.Metaspace()
        trainer = trainers.BpeTrainer(
            vocab_size=pieces - _BYTES,
            special_tokens=list(_SPECIAL.values()),
            limit_alphabet=pieces // 2,
            show_progress=False,
            max_token_length=24,
        )
        counts = balanced_counts([len(t) for t in texts.values()], temperature)
        # Spread over all of a language's passages, as those of one text stand together.
        weighted = [
            t[i * len(t) // count] for t, count in zip(texts.values(), counts, strict=True) for i in range(count)
        ]
        tokenizer.train_from_iterator(weighted, trainer)
        tokenizer = _completed(tokenizer)
        ids = [(name, tokenizer.token_to_id(name)) for name in (_SPECIAL["cls"], _SPECIAL["sep"])]
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
        )
        with atomic_path(path) as temporary:
            tokenizer.save(str(temporary))
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(path)),
        **{f"{name}_token": token for name, token in _SPECIAL.items()},
    )


def _completed(tokenizer: Tokenizer) -> Tokenizer:
    """Return a tokenizer of byte pairs that reads characters which are not in its vocabulary as their bytes.

    As in XLM-R, the mask takes the space before it along: "the [MASK]" hides a word, and not the second half of one.
    """
    from tokenizers import Tokenizer, decoders

    state = json.loads(tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    vocabulary.update({f"<0x{byte:02X}>": len(vocabulary) + byte for byte in range(_BYTES)})
    state["model"]["byte_fallback"] = True
    for added in state["added_tokens"]:
        added["lstrip"] = added["content"] == _SPECIAL["mask"]
    made = Tokenizer.from_str(json.dumps(state))
    made.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    return made


def fresh_encoder(name: str, tokenizer: PreTrainedTokenizerFast, shape: Shape, seed: int, device: str) -> Encoder:
    """Return a BERT encoder with random weights that restarts positions and pools by the mean, as small ones need."""
    from transformers import BertModel

    tokenizer.model_max_length = shape.max_length
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertModel(bert_config(tokenizer, shape), add_pooling_layer=False)
    bits = RandomBits() if device == "cpu" else None
    if bits is not None:
        replace_dropout(model, bits)
    return Encoder(name, tokenizer, model.to(device), restart_positions=True, pooling="mean", bits=bits)


def save_pretrained(
    encoder: Encoder, head: MaskedLM, folder: Path, stored: Literal["float32", "float16"] = "float32"
) -> None:
    """Write encoder, language-model head and tokenizer as one model that `AutoModelForMaskedLM` loads too."""
    from transformers import BertForMaskedLM

    be_quiet()
    whole = BertForMaskedLM(encoder.model.config)
    whole.bert.load_state_dict(encoder.model.state_dict())
    transform = whole.cls.predictions.transform
    transform.dense.load_state_dict(head.dense.state_dict())
    transform.LayerNorm.load_state_dict(head.norm.state_dict())
    with torch.no_grad():
        whole.cls.predictions.decoder.bias.copy_(head.bias)
        whole.cls.predictions.bias.copy_(head.bias)
    whole.tie_weights()
    whole.to(getattr(torch, stored)).save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)


def new_encoder(name: str, vocabulary: list[str], shape: Shape, seed: int) -> Encoder:
    """Build a small encoder with random weights over a vocabulary of whole words.

    Parameters
    ----------
    vocabulary
        Words without special tokens; text is split at white space, before a hyphen and after an equals sign.
    """
    return fresh_encoder(name, word_tokenizer(vocabulary, shape.max_length), shape, seed, "cpu")


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Write weights as safetensors, configuration and tokenizer."""
    be_quiet()
    encoder.model.save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)


def word_tokenizer(vocabulary: list[str], max_length: int) -> PreTrainedTokenizerFast:
    """Return a tokenizer of whole words with BERT's special tokens."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Sequence as InTurn
    from tokenizers.pre_tokenizers import Split, WhitespaceSplit
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [*special, *vocabulary]
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    # Endings begin with a hyphen, and what leans on the next word ends with an equals sign.
    tokenizer.pre_tokenizer = InTurn(
        [WhitespaceSplit(), Split("-", "merged_with_next"), Split("=", "merged_with_previous")]
    )
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


def bert_config(tokenizer: PreTrainedTokenizerFast, shape: Shape) -> BertConfig:
    """Return the configuration of a BERT encoder that restarts positions and pools by the mean."""
    from transformers import BertConfig

    return BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.max_length,
        hidden_dropout_prob=shape.dropout,
        attention_probs_dropout_prob=shape.dropout,
        pad_token_id=tokenizer.pad_token_id,
        restart_positions=True,
        sequence_pooling="mean",
    )
