"""Dropout on a CPU, drawn from the step.

torch draws one number after the other from a single generator, which took 15% of the time of a step of a small encoder in
float32 and 19% in bf16. Here 16 random bits per element come in one block from numpy. The bits of a step are a function of
the seed and the step, so that there is no state to keep.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from torch import nn


class RandomBits:
    """A source of random bits that begins anew at each step."""

    def __init__(self) -> None:
        self._rng = np.random.default_rng(0)

    def begin(self, seed: int, step: int) -> None:
        """Begin the bits of a step."""
        self._rng = np.random.default_rng([seed, step, 7])

    def kept(self, shape: torch.Size, probability: float) -> torch.Tensor:
        """Return which elements are kept: each is dropped with a probability, to 1 in 65,536."""
        count = shape.numel()
        words = self._rng.integers(0, 2**64, size=-(-count // 4), dtype=np.uint64)
        return torch.from_numpy(words.view(np.uint16)[:count] >= round(probability * 2**16)).view(shape)


class Dropout(nn.Dropout):
    """As `torch.nn.Dropout`, from a source of bits."""

    def __init__(self, probability: float, bits: RandomBits) -> None:
        super().__init__(probability)
        self.bits = bits

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """Return states with some elements zero and the others scaled up; in evaluation, as they are."""
        if not self.training or self.p == 0:
            return states
        kept = self.bits.kept(states.shape, self.p)
        return states * kept.to(states.dtype).mul_(1 / (1 - self.p))


def replace_dropout(model: nn.Module) -> RandomBits:
    """Replace every dropout module of a model by one that is drawn from the step, and return the source they share."""
    bits = RandomBits()
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, Dropout(child.p, bits))
    return bits


#: Name of the attention below among transformers' implementations.
DRAWN = "drawn"


@cache
def register_attention() -> None:
    """Make `drawn_attention` known to transformers, with the additive mask that its plain attention has."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    AttentionInterface.register(DRAWN, drawn_attention)
    AttentionMaskInterface.register(DRAWN, eager_mask)


def drawn_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention whose weights pass through the module's own dropout.

    Parameters
    ----------
    query, key, value
        Shape (examples, heads, subwords, width of a head).
    attention_mask
        Added to the products; very negative where a subword is padding.

    Returns
    -------
    tuple
        Outputs, shape (examples, subwords, heads, width of a head), and weights.
    """
    products = query @ key.transpose(2, 3) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    if attention_mask is not None:
        products = products + attention_mask
    weights: torch.Tensor = module.dropout(products.softmax(dim=-1))  # type: ignore[operator]  # a module
    return (weights @ value).transpose(1, 2).contiguous(), weights
