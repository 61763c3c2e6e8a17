"""The loop: one phase of training, and prediction."""

from __future__ import annotations

import math
from typing import Any

import torch

from transfer_analysis.training.batches import collate, epoch_order, in_order
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.features import Features
from transfer_analysis.training.heads import Head
from transfer_analysis.training.recipes import Recipe


def train(encoder: Encoder, head: Head, features: Features, recipe: Recipe, seed: int) -> float:
    """Train encoder and head in place.

    Parameters
    ----------
    seed
        Decides the order of the examples (and dropout, where the encoder has any).

    Returns
    -------
    float
        Mean loss over the last epoch.

    Raises
    ------
    FloatingPointError
        Where the loss is no longer a number.
    """
    batches_per_epoch = math.ceil(len(features) / recipe.batch_size)
    steps = batches_per_epoch * recipe.epochs
    optimizer = optimizer_for([encoder.model, head], recipe)
    schedule = linear_schedule(optimizer, steps, recipe.warmup)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    lengths = features.lengths()
    losses: list[float] = []
    encoder.model.train()
    head.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for epoch in range(recipe.epochs):
            for indexes in epoch_order(lengths, recipe.batch_size, seed, epoch):
                batch = collate(features, indexes, encoder)
                loss = head.loss(head(encoder.hidden(batch), batch), batch)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
                torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
                optimizer.step()
                schedule.step()
                losses.append(float(loss.detach()))
            if not math.isfinite(losses[-1]):
                raise FloatingPointError(f"the loss of {features.task.name} became {losses[-1]} in epoch {epoch + 1}")
    last = losses[-batches_per_epoch:]
    return sum(last) / len(last)


@torch.inference_mode()
def predict(encoder: Encoder, head: Head, features: Features, batch_size: int = 32) -> list[Any]:
    """Return one prediction per item, in order."""
    encoder.model.eval()
    head.eval()
    predictions: list[Any] = []
    for indexes in in_order(len(features), batch_size):
        batch = collate(features, indexes, encoder)
        predictions += head.predict(head(encoder.hidden(batch), batch), batch)
    return predictions


def optimizer_for(modules: list[torch.nn.Module], recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW with weight decay on matrices only, not on biases and normalisation."""
    parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )


def linear_schedule(optimizer: torch.optim.Optimizer, steps: int, warmup: float) -> torch.optim.lr_scheduler.LambdaLR:
    """Return a linear rise over the first `warmup` share of the steps and a linear fall to 0."""
    rising = max(1, round(steps * warmup))

    def share(step: int) -> float:
        return min((step + 1) / rising, max(0.0, (steps - step) / max(1, steps - rising)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, share)
