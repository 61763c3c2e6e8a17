"""Encoders: loaded with their tokenizer, from a folder or the hub."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from transfer_analysis.encoders import Located, locate
from transfer_analysis.encoders.known import Pooling
from transfer_analysis.errors import InputError, first_line
from transfer_analysis.files import folder_hash
from transfer_analysis.training.computing.dropout import RandomBits, replace_dropout

Initialisation = Literal["pretrained", "random"]

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


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
    identity
        What tells these weights from any others: the hub id with its commit, or a hash of the folder's files.
    language_head
        Weights of the masked language model's head where the file has them: `dense`, `norm` and `bias`.
    bits
        Where the model's dropout is drawn from; None where torch draws it, as on a GPU.

    Encoders built here restart positions, which lets a small model align the segments of a pair, and pool by the mean,
    because nothing trains the first subword's state in pretraining; their configuration says so.
    """

    name: str
    tokenizer: PreTrainedTokenizerFast
    model: PreTrainedModel
    restart_positions: bool = False
    pooling: Pooling = "first"
    identity: str = ""
    language_head: dict[str, torch.Tensor] = field(default_factory=dict)
    bits: RandomBits | None = None

    @cached_property
    def tokenizer_hash(self) -> str:
        """Hash of everything the tokenizer does."""
        return hashlib.sha256(self.tokenizer.backend_tokenizer.to_str().encode()).hexdigest()[:16]

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self.model.parameters()).device
        return device

    @property
    def dropout(self) -> float:
        """Share of a head's inputs that are dropped in training, as the encoder's configuration says."""
        config = self.model.config
        given = getattr(config, "classifier_dropout", None)
        return float(given if given is not None else getattr(config, "hidden_dropout_prob", 0.0) or 0.0)

    @property
    def layers(self) -> int:
        """Number of transformer layers."""
        return int(self.model.config.num_hidden_layers)

    @property
    def transformer_layers(self) -> list[torch.nn.Module]:
        """The layers themselves, first to last.

        Raises
        ------
        InputError
            Where the model does not hold them as one list.
        """
        for module in self.model.modules():
            if isinstance(module, torch.nn.ModuleList) and len(module) == self.layers:
                return list(module)
        raise InputError(f"encoder {self.name}: {type(self.model).__name__} has no list of its {self.layers} layers")

    @property
    def longest(self) -> int:
        """Most subwords that a row may have."""
        positions = int(getattr(self.model.config, "max_position_embeddings", 0) or 10**9)
        # RoBERTa and its kin begin to count after the number of their padding subword.
        reserved = self.pad_id + 1 if "roberta" in str(self.model.config.model_type) else 0
        return min(int(self.tokenizer.model_max_length), positions - reserved)

    @property
    def pad_id(self) -> int:
        """Number of the subword that fills rows up."""
        return int(self.tokenizer.pad_token_id or 0)

    @property
    def token_types(self) -> int:
        """How many token types the model tells apart; 0 where it reads none, or its tokenizer gives none (XLM-R's)."""
        return int(getattr(self.model.config, "type_vocab_size", 0) or 0) if self._gives_types else 0

    @cached_property
    def _gives_types(self) -> bool:
        """Whether the tokenizer marks the second text of a pair."""
        return max(self.tokenizer.backend_tokenizer.encode("a", "a").type_ids, default=0) > 0

    @property
    def hidden_size(self) -> int:
        """Width of the last hidden states."""
        return int(self.model.config.hidden_size)

    def hidden(self, batch: dict[str, torch.Tensor], layer: int | None = None) -> torch.Tensor:
        """Return hidden states, shape (examples, subwords, width), of the last layer or of another (0: embeddings)."""
        inputs = {k: batch[k] for k in ("input_ids", "attention_mask", "token_type_ids", "position_ids") if k in batch}
        if layer is None:
            states: torch.Tensor = self.model(**inputs).last_hidden_state
            return states
        of_all: tuple[torch.Tensor, ...] = self.model(**inputs, output_hidden_states=True).hidden_states
        return of_all[layer]


def pooled(states: torch.Tensor, attention_mask: torch.Tensor, pooling: Pooling) -> torch.Tensor:
    """Return what stands for each row, shape (rows, width): the mean of its states, special subwords included, or the first.

    Parameters
    ----------
    states
        Shape (rows, subwords, width).
    attention_mask
        Shape (rows, subwords), 1 on subwords that are no padding.
    """
    if pooling == "first":
        return states[:, 0]
    mask = attention_mask.unsqueeze(-1).to(states.dtype)
    return (states * mask).sum(dim=1) / mask.sum(dim=1)


def load_encoder(
    name: str, initialisation: Initialisation = "pretrained", seed: int = 0, device: str = "cpu"
) -> Encoder:
    """Load an encoder with safetensors and a fast tokenizer.

    Parameters
    ----------
    name
        A short name (`e5-small`, `auto`), a folder, or a hub id (`owner/name`, or `owner/name@revision`).
    initialisation
        `random` takes the architecture and the tokenizer only; the weights are drawn from `seed`.
    device
        `cpu`, `cuda`, `cuda:1`, `mps`.

    Raises
    ------
    InputError
        Where there is no such encoder, or not as safetensors with a fast tokenizer.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    _require_device(device)
    located = locate(name)
    folder = located.fetched()
    found: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}
    try:
        be_quiet()
        config = AutoConfig.from_pretrained(folder, **found)
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, **found)
        kind = AutoModel._model_mapping[type(config)]
        extra = {"add_pooling_layer": False} if "add_pooling_layer" in signature(kind.__init__).parameters else {}
        if initialisation == "random":
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                model = kind(config, **extra)
        else:
            # Some are stored in half precision; the optimiser needs more.
            model = AutoModel.from_pretrained(folder, use_safetensors=True, dtype=torch.float32, **extra, **found)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise InputError(f"encoder {name}: cannot be loaded: {first_line(error)}") from error
    if not tokenizer.is_fast:
        raise InputError(f"encoder {name}: has no fast tokenizer, which answers and tags need")
    bits = RandomBits() if device == "cpu" else None
    if bits is not None:
        replace_dropout(model, bits)
    return Encoder(
        located.name,
        tokenizer,
        model.to(device),
        restart_positions=bool(getattr(config, "restart_positions", False)),
        pooling=located.pooling or ("mean" if getattr(config, "sequence_pooling", "first") == "mean" else "first"),
        identity=located.identity or _identity(located, config, folder),
        language_head=_language_head(folder) if initialisation == "pretrained" else {},
        bits=bits,
    )


def _identity(located: Located, config: Any, folder: Path) -> str:
    """Return what tells these weights from any others: a hash of the folder's files, or the hub id with its commit."""
    if located.folder is None:
        return f"{located.repository}@{folder.name}"  # the hub's client calls a snapshot by its commit
    weights_from = getattr(config, "weights_from", "")
    return f"{weights_from} {folder_hash(folder)}" if weights_from else folder_hash(folder)


#: Names that BERT and RoBERTa give to the parts of their language-model head, and ours.
_LANGUAGE_HEADS = (
    {
        "cls.predictions.transform.dense.weight": "dense.weight",
        "cls.predictions.transform.dense.bias": "dense.bias",
        "cls.predictions.transform.LayerNorm.weight": "norm.weight",
        "cls.predictions.transform.LayerNorm.bias": "norm.bias",
        "cls.predictions.bias": "bias",
    },
    {
        "lm_head.dense.weight": "dense.weight",
        "lm_head.dense.bias": "dense.bias",
        "lm_head.layer_norm.weight": "norm.weight",
        "lm_head.layer_norm.bias": "norm.bias",
        "lm_head.bias": "bias",
    },
)


def _language_head(folder: Path) -> dict[str, torch.Tensor]:
    """Return the weights of a language-model head that lie beside the encoder's; nothing where there are none."""
    from safetensors import safe_open

    path = folder / "model.safetensors"
    if not path.is_file():  # weights in several files
        return {}
    with safe_open(path, framework="pt") as stream:
        there = set(stream.keys())
        for names in _LANGUAGE_HEADS:
            # Older files call a normalisation's weight and bias gamma and beta.
            legacy = {
                name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): ours
                for name, ours in names.items()
            }
            for given in (names, legacy):
                if set(given) <= there:
                    return {ours: stream.get_tensor(theirs).float() for theirs, ours in given.items()}
    return {}


def _require_device(device: str) -> None:
    kind = device.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(kind):
        has = ", ".join(name for name, found in there.items() if found)
        raise InputError(f"device {device!r}: not on this machine, or not in this build of torch; there is {has}")


def be_quiet() -> None:
    """Keep transformers from drawing bars and from reporting weights that are left out on purpose (the pooling layer)."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
