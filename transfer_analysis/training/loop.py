"""The loop: one phase of training, and prediction."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from transfer_analysis.training.batches import by_length, collate
from transfer_analysis.training.computing.checkpoints import Best, Checkpoint
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.computing.rows import decay_left, embedding_of, read_rows
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads import Batch, Head
from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.reading.tokens import Ints
from transfer_analysis.training.recipes import Recipe
from transfer_analysis.training.streams import Stream

#: Called after each step with the step, the number of steps, and the examples read since the phase began.
Watch = Callable[[int, int, int], None]

#: What a second part of a batch costs, in subwords: calls that take their time however little they compute.
_PART = 48

#: Whether a loss is still a number is asked this often (steps), since asking waits for the device.
_CHECKED_EVERY = 20


@dataclass(frozen=True)
class Development:
    """What early stopping looks at: a score, how often (steps), and how many times it may fail to rise."""

    score: Callable[[], float]
    every: int
    patience: int


def unwatched(step: int, steps: int, examples: int) -> None:
    """Watch nothing."""


def train(
    encoder: Encoder,
    streams: Sequence[Stream],
    order: Ints,
    recipe: Recipe,
    seed: int,
    *,
    numerics: Numerics | None = None,
    checkpoint: Checkpoint | None = None,
    development: Development | None = None,
    watch: Watch = unwatched,
) -> Best:
    """Train an encoder and the heads of all streams in place.

    Parameters
    ----------
    order
        Stream of each step.
    seed
        Decides the order of the examples, what is hidden, and dropout.
    checkpoint
        Where the phase is kept while it runs; one that is there is gone on from.
    development
        Early stopping; the weights of the best score are the outcome then. Without it, the last ones.

    Returns
    -------
    Best
        The best development score and its step, where there is early stopping.

    Raises
    ------
    FloatingPointError
        Where the loss is no longer a number.
    StoppedError
        Where a person has asked to stop.
    """
    numerics = numerics or Numerics(precision=recipe.computed_in)
    heads = list(dict.fromkeys(stream.head for stream in streams))
    whole = any(head.reads_embedding for head in heads)
    rows = None if whole else read_rows([ids for stream in streams for ids in stream.features.input_ids], encoder)
    left = decay_left(
        (recipe.learning_rate * share for share in linear_shares(len(order), recipe.warmup)), recipe.weight_decay
    )
    with embedding_of(rows, encoder) as embedding, numerics.applied(encoder), seeded(seed, encoder.device):
        modules = [encoder.model, *heads]
        optimizer = optimizer_for(modules, recipe)
        schedule = linear_schedule(optimizer, len(order), recipe.warmup)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        # A stream's own step number: how often it has been drawn before.
        numbers = [0] * len(streams)
        best, failed, examples = Best(), 0, 0
        losses: list[torch.Tensor] = []
        done = checkpoint.restore(modules, optimizer, schedule, best) if checkpoint else 0
        for step, number in enumerate(order.tolist(), start=1):
            stream = streams[number]
            numbers[number] += 1
            if step <= done:
                continue
            for module in modules:
                module.train()
            batch = stream.batch(numbers[number] - 1, seed, encoder)
            optimizer.zero_grad(set_to_none=True)
            loss = backward(encoder, stream.head, batch, numerics, recipe.rows_at_once, (seed, step))
            torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
            optimizer.step()
            schedule.step()
            if embedding is not None:
                embedding.left = left[step]

            losses.append(loss)
            if step % _CHECKED_EVERY == 0 or step == len(order):
                _require_numbers(losses, stream, step)
                losses.clear()
            examples += len(batch["targets"])
            watch(step, len(order), examples)
            if development and (step % development.every == 0 or step == len(order)):
                _require_numbers(losses, stream, step)
                score = development.score()
                if score > best.score:
                    best = Best(score, step, {k: v.clone() for k, v in _weights(modules).items()})
                failed = round((step - best.step) / development.every)
            if development and failed >= development.patience:
                break
            if checkpoint and checkpoint.due():
                checkpoint.write(step, modules, optimizer, schedule, best)
        if not all(bool(torch.isfinite(p).all()) for p in parameters):  # the last update may be the one
            raise FloatingPointError(f"weights became NaN or infinite within {len(order):,} steps")
        if best.weights:
            for name, weight in _weights(modules).items():
                weight.copy_(best.weights[name])
            if embedding is not None:
                embedding.left = left[best.step]
    return best


def backward(
    encoder: Encoder, head: Head, batch: Batch, numerics: Numerics, rows_at_once: int, place: tuple[int, int]
) -> torch.Tensor:
    """Add the gradients of a batch's mean loss, computed in parts of so many rows (0: at once), and return the loss.

    Parameters
    ----------
    batch
        In the processor's memory, where it is counted and parted: asking a card what it holds waits for all it does.
    place
        Seed and step, which dropout is drawn from.
    """
    counted, loss = head.counted(batch), torch.zeros((), device=encoder.device)
    for number, tight in enumerate([batch] if head.compares_examples else without_padding(batch, encoder)):
        for first, part in parts_of(tight, 0 if head.compares_examples else rows_at_once):
            share = head.counted(part) / max(1, counted)
            if not share:
                continue
            part = on_device(part, encoder)
            begin_dropout(encoder, (*place, number, first))
            with numerics.autocast(encoder):
                of_part = head.loss(head(encoder.hidden(part), part), part) * share
            of_part.backward()  # type: ignore[no-untyped-call]
            loss = loss + of_part.detach()
    return loss


def begin_dropout(encoder: Encoder, place: tuple[int, int, int, int]) -> None:
    """Begin the random numbers of a pass: a function of seed, step, part and row, wherever they are drawn."""
    if encoder.bits is not None:
        encoder.bits.begin(*place)
    elif encoder.device.type == "cuda":
        drawn = int(np.random.SeedSequence(place).generate_state(1, np.uint64)[0])
        torch.cuda.default_generators[encoder.device.index or 0].manual_seed(drawn >> 1)


def without_padding(batch: Batch, encoder: Encoder) -> list[Batch]:
    """Return a batch as it is, or as two: its shorter and its longer examples, where that saves padding on a processor.

    One long example would have all others computed at its length. The gradients are the same but for rounding.
    """
    items, width = len(batch["targets"]), batch["input_ids"].shape[1]
    if encoder.device.type != "cpu" or items < 2:
        return [batch]
    per_item = len(batch["input_ids"]) // items
    lengths = batch["attention_mask"].sum(dim=1).view(items, per_item).amax(dim=1)
    order = torch.argsort(lengths, stable=True)
    shorter = torch.arange(1, items)
    computed = shorter * lengths[order[:-1]] + (items - shorter) * width + _PART / per_item
    best = int(computed.argmin())
    if float(computed[best]) >= items * width:
        return [batch]
    rows = torch.arange(items * per_item).view(items, per_item)
    return [
        _chosen(batch, chosen, rows[chosen].flatten(), int(lengths[chosen].max()))
        for chosen in (order[: best + 1], order[best + 1 :])
    ]


def _chosen(batch: Batch, items: torch.Tensor, rows: torch.Tensor, longest: int) -> Batch:
    """Return some items of a batch, as wide as the longest of them."""
    width, count = batch["input_ids"].shape[1], len(batch["input_ids"])
    found = {}
    for name, tensor in batch.items():
        part = tensor[rows if len(tensor) == count else items]
        found[name] = part[:, :longest] if part.ndim > 1 and part.shape[1] == width else part
    return found


def parts_of(batch: Batch, rows_at_once: int) -> Iterator[tuple[int, Batch]]:
    """Yield the parts of a batch, each with the row it begins with: whole items, of at most so many rows where that can be."""
    rows, items = len(batch["input_ids"]), len(batch["targets"])
    per_item = rows // items
    together = max(1, rows_at_once // per_item) if rows_at_once else items
    for first in range(0, items, together):
        of_rows = slice(first * per_item, (first + together) * per_item)
        of_items = slice(first, first + together)
        yield (
            first * per_item,
            {name: tensor[of_rows if len(tensor) == rows else of_items] for name, tensor in batch.items()},
        )


@torch.inference_mode()
def predict(
    encoder: Encoder, head: Head, features: Features, numerics: Numerics | None = None, batch_size: int = 0
) -> list[Any]:
    """Return one prediction per item, in order; computed so many items at once (0: as many as suits the device)."""
    numerics, batch_size = numerics or Numerics(), batch_size or items_at_once(encoder)
    encoder.model.eval()
    head.eval()
    predictions: list[Any] = [None] * len(features)
    with numerics.applied(encoder):
        for items in by_length(features.lengths(), batch_size):
            batch = on_device(collate(features, items, encoder), encoder)
            with numerics.autocast(encoder):
                logits = head(encoder.hidden(batch), batch)
            for item, prediction in zip(items, head.predict(logits.float(), batch), strict=True):
                predictions[item] = prediction
    return predictions


def items_at_once(encoder: Encoder) -> int:
    """Return how many items are computed at once where nothing is trained: a card is idle with few."""
    return 32 if encoder.device.type == "cpu" else 256


def on_device(batch: Batch, encoder: Encoder) -> Batch:
    """Return the batch where the encoder's weights are."""
    return {name: tensor.to(encoder.device, non_blocking=True) for name, tensor in batch.items()}


def optimizer_for(modules: Sequence[torch.nn.Module], recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW with weight decay on matrices only, not on biases and normalisation."""
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
        eps=recipe.epsilon,
        fused=True,
    )


def linear_shares(steps: int, warmup: float) -> list[float]:
    """Return the share of the peak rate that each step has: a rise over the first `warmup` of them, then a fall to 0."""
    rise = math.ceil(steps * warmup)
    return [
        step / max(1, rise) if step < rise else max(0.0, (steps - step) / max(1, steps - rise)) for step in range(steps)
    ]


def linear_schedule(optimizer: torch.optim.Optimizer, steps: int, warmup: float) -> torch.optim.lr_scheduler.LambdaLR:
    """Return the schedule of `linear_shares`."""
    shares = [*linear_shares(steps, warmup), 0.0]
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: shares[min(step, steps)])


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Draw random numbers from a seed within the block, and leave the generators as they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _weights(modules: Sequence[torch.nn.Module]) -> dict[str, torch.Tensor]:
    return {f"{i}.{name}": w.detach() for i, module in enumerate(modules) for name, w in module.state_dict().items()}


def _require_numbers(losses: list[torch.Tensor], stream: Stream, step: int) -> None:
    if losses and not bool(torch.isfinite(torch.stack(losses)).all()):
        raise FloatingPointError(f"the loss of {stream.features.task.name} was no number by step {step:,}")
