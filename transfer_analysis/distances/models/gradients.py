"""Squared gradients of every parameter of an encoder, example by example, from one batched pass.

The weight of a linear layer has the gradient Gᵀ A for each example, A what goes in and G the gradient of what comes out
(both subwords × width); so per-example gradients cost the products that an ordinary backward pass makes, each example's
kept apart (Goodfellow 2015, arXiv 1510.01799). Nothing else of a backward pass is needed: parameters ask for no gradients
of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.hooks import RemovableHandle

from transfer_analysis.encoders.known import Pooling
from transfer_analysis.errors import InputError
from transfer_analysis.training.batches import by_length, collate
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads import Batch, Head
from transfer_analysis.training.loop import on_device
from transfer_analysis.training.reading.features import Features

#: Numbers of a chunk of per-example gradients: small enough to stay in a processor's cache while they are squared.
_CHUNK = 1 << 17


@dataclass
class SquaredGradients:
    """Sums over examples of squared per-example gradients.

    Attributes
    ----------
    parameters
        Name of a parameter → sum of squares, in its shape.
    layers
        Per layer, the sum over examples of the mean over subwords of the squared gradient of its output, shape (width).
    pooled
        The sum over examples of the squared gradient of the pooled state, shape (width); of several choices, summed over
        them. None where the head does not pool: its gradient would be nothing but rounding.
    examples
        How many examples were summed over.
    """

    parameters: dict[str, torch.Tensor] = field(default_factory=dict)
    layers: list[torch.Tensor] = field(default_factory=list)
    pooled: torch.Tensor | None = None
    examples: int = 0


def squared_gradients(
    encoder: Encoder, head: Head, features: Features, items: Sequence[int], batch_size: int = 32
) -> SquaredGradients:
    """Return the sums of squared gradients of each example's own loss.

    Parameters
    ----------
    items
        Which items of the features; an item is an example (all choices of a question, one window of a context).
    batch_size
        Items in a pass; the result does not depend on it.

    Returns
    -------
    SquaredGradients
        Dropout is off. What a parameter is not used for is 0.

    Raises
    ------
    InputError
        For an encoder with layers other than linear ones, embeddings and normalisations.
    """
    found = SquaredGradients()
    encoder.model.eval()
    head.eval()
    chosen = np.asarray(items, dtype=np.int64)
    lengths = features.lengths()[chosen]
    with _frozen([encoder.model, head]), _watching(encoder, head, features.rows_per_item, found) as watch:
        for part in by_length(lengths, batch_size):
            batch = on_device(collate(features, chosen[part], encoder), encoder)
            watch.begin(batch)
            states = encoder.hidden(batch)
            _losses(head, states, batch).backward()  # type: ignore[no-untyped-call]  # as below
            found.examples += len(part)
    return found


def _losses(head: Head, states: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the sum of the examples' losses, each the mean over its own targets."""
    logits = head(states, batch)
    kept = {name: batch[name] for name in ("targets", "context") if name in batch}
    each = [
        head.loss(logits[i : i + 1], {name: tensor[i : i + 1] for name, tensor in kept.items()})
        for i in range(len(batch["targets"]))
    ]
    return torch.stack(each).sum()


class _Watch:
    """Takes what goes into each module and the gradient of what comes out, and adds up squares."""

    def __init__(self, encoder: Encoder, head: Head, rows_per_item: int, found: SquaredGradients) -> None:
        self.rows_per_item = rows_per_item
        self.pooling: Pooling | None = getattr(head, "pooling", None)
        self.found = found
        self.mask = torch.zeros(0)
        self.rows = 0
        self.seen: set[str] = set()
        for name, parameter in encoder.model.named_parameters():
            found.parameters[name] = torch.zeros_like(parameter)

    def begin(self, batch: Batch) -> None:
        """Begin a pass."""
        self.mask = batch["attention_mask"]
        self.rows = len(self.mask)
        self.seen.clear()

    def embedding(self, name: str, given: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        """Watch an embedding. One that all rows share (of positions) is spread over them, each with its own gradient."""
        ids = given.expand(self.rows, -1)
        spread = out.expand(self.rows, -1, -1).detach().requires_grad_()
        _on_gradient(spread, lambda g: self._add_embedding(name, ids, g))
        return spread

    def linear(self, name: str, module: nn.Linear, given: torch.Tensor, out: torch.Tensor) -> None:
        """Watch a linear layer."""
        _on_gradient(out, lambda g: self._add_linear(name, module, given, g))

    def norm(self, name: str, module: nn.LayerNorm, given: torch.Tensor, out: torch.Tensor) -> None:
        """Watch a normalisation."""
        _on_gradient(out, lambda g: self._add_norm(name, module, given, g))

    def layer(self, number: int, last: bool, out: torch.Tensor) -> None:
        """Watch the output of a layer."""
        _on_gradient(out, lambda g: self._add_states(number, last, g))

    def once(self, name: str) -> None:
        """Refuse a module that is used twice in a pass: its gradient is a sum, whose square is not that of its parts."""
        if name in self.seen:
            raise InputError(f"the encoder uses {name} twice; per-example gradients are of parameters used once")
        self.seen.add(name)

    def _by_item(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return (rows, subwords, width) as (items, subwords of all rows, width)."""
        if tensor.ndim == 2:  # one state per row
            tensor = tensor.unsqueeze(1)
        return tensor.reshape(len(tensor) // self.rows_per_item, -1, tensor.shape[-1])

    def _add_embedding(self, name: str, ids: torch.Tensor, gradient: torch.Tensor) -> None:
        items = self._by_item(gradient)
        numbers = ids.reshape(len(items), -1)
        table = self.found.parameters[f"{name}.weight"]
        keys = numbers + len(table) * torch.arange(len(items), device=ids.device).unsqueeze(1)
        unique, place = torch.unique(keys.reshape(-1), return_inverse=True)
        sums = gradient.new_zeros(len(unique), items.shape[-1]).index_add_(0, place, items.reshape(-1, items.shape[-1]))
        table.index_add_(0, unique % len(table), sums.square_())

    def _add_linear(self, name: str, module: nn.Linear, given: torch.Tensor, gradient: torch.Tensor) -> None:
        inputs, gradients = self._by_item(given), self._by_item(gradient)
        total = self.found.parameters[f"{name}.weight"]
        size = max(1, _CHUNK // total.numel())
        for start in range(0, len(inputs), size):
            each = torch.bmm(gradients[start : start + size].transpose(1, 2), inputs[start : start + size])
            total.add_(each.square_().sum(dim=0) if len(each) > 1 else each.square_()[0])
        if module.bias is not None:
            self.found.parameters[f"{name}.bias"].add_(gradients.sum(dim=1).square_().sum(dim=0))

    def _add_norm(self, name: str, module: nn.LayerNorm, given: torch.Tensor, gradient: torch.Tensor) -> None:
        normal = functional.layer_norm(given, module.normalized_shape, None, None, module.eps)
        scale = self._by_item(gradient * normal).sum(dim=1)
        self.found.parameters[f"{name}.weight"].add_(scale.square_().sum(dim=0))
        if module.bias is not None:
            self.found.parameters[f"{name}.bias"].add_(self._by_item(gradient).sum(dim=1).square_().sum(dim=0))

    def _add_states(self, number: int, last: bool, gradient: torch.Tensor) -> None:
        items = self._by_item(gradient)
        subwords = self.mask.reshape(len(items), -1).sum(dim=1, keepdim=True)
        while len(self.found.layers) <= number:
            self.found.layers.append(gradient.new_zeros(gradient.shape[-1]))
        self.found.layers[number] += (items.square().sum(dim=1) / subwords).sum(dim=0)
        if last and self.pooling is not None:
            # The gradient of a mean over subwords is the sum of theirs; all but the first have none where that is pooled.
            of_rows = gradient[:, 0] if self.pooling == "first" else gradient.sum(dim=1)
            pooled = of_rows.square().sum(dim=0)
            self.found.pooled = pooled if self.found.pooled is None else self.found.pooled + pooled


def _on_gradient(out: torch.Tensor, add: Callable[[torch.Tensor], None]) -> None:
    """Have the gradient of a tensor given to `add` when it is known."""
    out.register_hook(add)  # type: ignore[no-untyped-call]  # torch does not type it


@contextmanager
def _watching(encoder: Encoder, head: Head, rows_per_item: int, found: SquaredGradients) -> Iterator[_Watch]:
    watch = _Watch(encoder, head, rows_per_item, found)
    handles: list[RemovableHandle] = []
    try:
        for name, module in encoder.model.named_modules():
            if list(module.parameters(recurse=False)):
                handles.append(module.register_forward_hook(_hook(watch, name, module)))
        layers = encoder.transformer_layers
        for number, module in enumerate(layers):
            handles.append(module.register_forward_hook(_states_hook(watch, number, number == len(layers) - 1)))
        yield watch
    finally:
        for handle in handles:
            handle.remove()


def _states_hook(watch: _Watch, number: int, last: bool) -> Any:
    def states(_: nn.Module, given: Any, out: Any) -> None:
        watch.layer(number, last, out[0] if isinstance(out, tuple) else out)

    return states


def _hook(watch: _Watch, name: str, module: nn.Module) -> Any:
    def embedding(_: nn.Module, given: Any, out: torch.Tensor) -> torch.Tensor:
        watch.once(name)
        return watch.embedding(name, given[0], out)

    def linear(module: nn.Linear, given: Any, out: torch.Tensor) -> None:
        watch.once(name)
        watch.linear(name, module, given[0].detach(), out)

    def norm(module: nn.LayerNorm, given: Any, out: torch.Tensor) -> None:
        watch.once(name)
        watch.norm(name, module, given[0].detach(), out)

    for kind, hook in ((nn.Embedding, embedding), (nn.Linear, linear), (nn.LayerNorm, norm)):
        if isinstance(module, kind):
            return hook
    raise InputError(
        f"per-example gradients know linear layers, embeddings and layer normalisation; {name} is {type(module).__name__}"
    )


@contextmanager
def _frozen(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Ask for no gradients of parameters within the block."""
    asked = [(p, p.requires_grad) for module in modules for p in module.parameters()]
    for parameter, _ in asked:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter, before in asked:
            parameter.requires_grad_(before)
