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

#: Draws that lie between those of one call and those of the next.
_APART = 2**64


class RandomBits:
    """A source of random bits that begins anew at each step.

    The bits of an element are a function of the seed, the step, the number of the call within the step and the element's
    row, so that rows that are computed one after the other drop the same elements as at once.
    """

    def __init__(self) -> None:
        self.begin(0, 0)

    def begin(self, seed: int, step: int, part: int = 0, first_row: int = 0) -> None:
        """Begin the bits of a step; of a part of its batch, from one of the part's rows on."""
        self._source = np.random.PCG64([seed, step, 7, part])
        self._start = self._source.state
        self._first_row = first_row
        self._calls = 0

    def kept(self, shape: torch.Size, probability: float) -> torch.Tensor:
        """Return which elements are kept: each is dropped with a probability, to 1 in 65,536."""
        rows, size = shape[0], shape.numel() // shape[0]
        words = -(-size // 4)
        self._source.state = self._start
        self._source.advance(self._calls * _APART + self._first_row * words)
        self._calls += 1
        drawn = np.asarray(self._source.random_raw(rows * words)).view(np.uint16).reshape(rows, 4 * words)
        return torch.from_numpy(drawn[:, :size] >= round(probability * 2**16)).view(shape)


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


def replace_dropout(model: nn.Module, bits: RandomBits) -> None:
    """Replace every dropout module of a model by one that is drawn from the step."""
    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if type(child) is nn.Dropout:
                setattr(parent, name, Dropout(child.p, bits))


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
