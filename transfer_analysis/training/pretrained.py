"""The parts of an encoder that is pretrained here: its vocabulary, its first weights, its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from transfer_analysis.files import atomic_path
from transfer_analysis.progress import Report, silent
from transfer_analysis.training.dropout import replace_dropout
from transfer_analysis.training.encoder import Encoder, Shape
from transfer_analysis.training.heads import MaskedLM

if TYPE_CHECKING:
    from transformers import BertConfig, PreTrainedTokenizerFast

_SPECIAL = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}


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

    Byte-pair encoding on text normalised by NFKC, spaces marked, digits apart. Every character that occurs is in the
    vocabulary as far as there is room. Languages weigh in as in training.
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
            vocab_size=pieces,
            special_tokens=list(_SPECIAL.values()),
            limit_alphabet=pieces // 2,
            show_progress=False,
            max_token_length=24,
        )
        counts = balanced_counts([len(t) for t in texts.values()], temperature)
        weighted = [t[i % len(t)] for t, count in zip(texts.values(), counts, strict=True) for i in range(count)]
        tokenizer.train_from_iterator(weighted, trainer)
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


def fresh_encoder(name: str, tokenizer: PreTrainedTokenizerFast, shape: Shape, seed: int, device: str) -> Encoder:
    """Return a BERT encoder with random weights that restarts positions and pools by the mean, as small ones need."""
    from transformers import BertModel

    tokenizer.model_max_length = shape.max_length
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertModel(_config(tokenizer, shape), add_pooling_layer=False)
    bits = replace_dropout(model) if device == "cpu" else None
    return Encoder(name, tokenizer, model.to(device), restart_positions=True, pooling="mean", bits=bits)


def save_pretrained(encoder: Encoder, head: MaskedLM, folder: Path) -> None:
    """Write encoder, language-model head and tokenizer as one model that `AutoModelForMaskedLM` loads too."""
    from transformers import BertForMaskedLM

    whole = BertForMaskedLM(encoder.model.config)
    whole.bert.load_state_dict(encoder.model.state_dict())
    transform = whole.cls.predictions.transform
    transform.dense.load_state_dict(head.dense.state_dict())
    transform.LayerNorm.load_state_dict(head.norm.state_dict())
    with torch.no_grad():
        whole.cls.predictions.decoder.bias.copy_(head.bias)
        whole.cls.predictions.bias.copy_(head.bias)
    whole.tie_weights()
    whole.save_pretrained(folder)
    encoder.tokenizer.save_pretrained(folder)


def _config(tokenizer: PreTrainedTokenizerFast, shape: Shape) -> BertConfig:
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
