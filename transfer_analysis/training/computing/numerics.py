"""How a machine computes products: the fastest way whose error is that of float32, found by trying."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch

from transfer_analysis.files import write_text
from transfer_analysis.training.computing.dropout import register_attention
from transfer_analysis.training.computing.rows import embedding_of, read_rows
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.recipes import Recipe

Precision = Literal["float32", "bf16"]
Attention = Literal["sdpa", "eager", "drawn"]

#: Largest relative error, of hidden states and of gradients, at which a way of computing counts as float32.
TOLERANCE = 1e-5

#: Architectures whose attention is that of BERT.
_PLAIN = ("bert", "roberta", "xlm-roberta", "camembert", "electra")

#: Largest relative error at which `precision: fastest` takes bf16: what automatic mixed precision is used at everywhere.
BF16_TOLERANCE = 5e-2

#: A plainer way is taken unless it takes this many times as long as the fastest.
_GAIN = 1.03

#: Rows and subwords of the batch that is tried; how often each way is timed, and how slow one may be to be timed again.
_TRIED = (16, 48)
_TRIALS = 4
_TIMED_AGAIN = 1.25


@dataclass(frozen=True)
class Numerics:
    """A way of computing.

    Attributes
    ----------
    matmul
        What `torch.set_float32_matmul_precision` is set to. `medium` lets a CPU use its own library of products, whose
        error is about that of float32 on some CPUs and that of bfloat16 on others; hence the trial.
    attention
        Implementation of attention in transformers; `drawn` is its plain one with dropout drawn from the step.
    precision
        `float32`, or `bf16` for automatic mixed precision.
    """

    matmul: Literal["highest", "medium"] = "highest"
    attention: Attention = "sdpa"
    precision: Precision = "float32"

    def __str__(self) -> str:
        return f"{self.precision} matmul={self.matmul} attention={self.attention}"

    @contextmanager
    def applied(self, encoder: Encoder) -> Iterator[None]:
        """Compute this way within the block."""
        before = torch.get_float32_matmul_precision()
        attention = encoder.model.config._attn_implementation
        torch.set_float32_matmul_precision(self.matmul)
        register_attention()
        encoder.model.set_attn_implementation(self.attention)
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)
            encoder.model.set_attn_implementation(attention)

    def autocast(self, encoder: Encoder) -> torch.autocast:
        """Return the context of a forward pass."""
        return torch.autocast(encoder.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16")


@dataclass(frozen=True)
class Trial:
    """What one way of computing took (seconds a step) and how far it was from the most exact (relative)."""

    numerics: Numerics
    seconds: float
    error: float


@dataclass(frozen=True)
class Choice:
    """How to compute on this machine: the way in float32, all that was tried, and what bf16 takes where it was asked for."""

    numerics: Numerics
    trials: list[Trial] = field(default_factory=list)
    bf16: Trial | None = None

    @property
    def slowdown(self) -> float:
        """How many times as long a step takes in bf16 as in float32; 1 where that was not measured."""
        taken = [trial.seconds for trial in self.trials if trial.numerics == self.numerics]
        return self.bf16.seconds / taken[0] if self.bf16 is not None and taken else 1.0

    def precision(self, asked: Literal["float32", "bf16", "fastest"]) -> Precision:
        """Return the precision that is asked for, or of the two the one that is faster here."""
        if asked != "fastest":
            return asked
        faster = self.bf16 is not None and self.slowdown * _GAIN < 1 and self.bf16.error <= BF16_TOLERANCE
        return "bf16" if faster else "float32"

    def resolved(self, recipe: Recipe) -> Recipe:
        """Return a recipe with the precision that it is computed in."""
        tasks = {
            name: {**fields, "precision": self.precision(fields["precision"])} if "precision" in fields else fields
            for name, fields in recipe.tasks.items()
        }
        return recipe.model_copy(update={"precision": self.precision(recipe.precision), "tasks": tasks})


def fastest(encoder: Encoder) -> tuple[Numerics, list[Trial]]:
    """Return the fastest way of computing in float32 on this machine, and all that were tried.

    Every combination of products and attention runs forward and backward on one batch; of those that are not far behind
    the fastest the shortest of several times counts. One whose hidden states or gradients differ from those of exact
    float32 by more than `TOLERANCE` (relative, in the Euclidean norm) is out. Of ways about as fast as the fastest the
    plainest is taken, so that the choice does not hang on chance.
    """
    # Some architectures have no fused attention, or one of their own that nothing replaces.
    attentions: list[Attention] = ["sdpa"] if getattr(encoder.model, "_supports_sdpa", True) else []
    attentions += ["eager"]
    if encoder.bits is not None and encoder.model.config.model_type in _PLAIN:
        attentions += ["drawn"]
    matmuls: tuple[Literal["highest", "medium"], ...] = ("highest", "medium")
    ways = [Numerics(matmul, attention) for attention in attentions for matmul in matmuls]
    batch = _batch(encoder)
    exact = _result(encoder, Numerics("highest", "eager"), batch)
    errors = {way: _error(_result(encoder, way, batch), exact) for way in ways}
    with _read(batch, encoder):
        # Each has run once for its error, which is when whatever is compiled was compiled.
        seconds = {way: _seconds(encoder, way, batch) for way in ways}
        limit = _TIMED_AGAIN * min(seconds[way] for way in ways if errors[way] <= TOLERANCE)
        again = [way for way in ways if seconds[way] <= limit]
        for _ in range(_TRIALS - 1):
            for way in again:
                seconds[way] = min(seconds[way], _seconds(encoder, way, batch))
    trials = [Trial(way, seconds[way], errors[way]) for way in ways]
    exact_enough = [trial for trial in trials if trial.error <= TOLERANCE]
    limit = _GAIN * min(trial.seconds for trial in exact_enough)
    return next(trial for trial in exact_enough if trial.seconds <= limit).numerics, trials


def try_bf16(encoder: Encoder, way: Numerics) -> Trial:
    """Return what a step takes in automatic mixed precision, and how far it is from float32; two steps are run."""
    batch, mixed = _batch(encoder), replace(way, precision="bf16")
    error = _error(_result(encoder, mixed, batch), _result(encoder, way, batch))
    with _read(batch, encoder):
        return Trial(mixed, _seconds(encoder, mixed, batch), error)


def by_error(encoder: Encoder) -> Numerics:
    """Return a fast way of computing chosen by its error alone, so that every start on a machine chooses the same.

    It is `medium` with plain attention, which computes small products fastest on most CPUs, where its error is that of
    float32, and else the exact way.
    """
    way, exact, batch = Numerics("medium", "eager"), Numerics("highest", "eager"), _batch(encoder)
    error = _error(_result(encoder, way, batch), _result(encoder, exact, batch))
    return way if error <= TOLERANCE else exact


def choose(encoder: Encoder, recipe: Recipe, folder: Path) -> Choice:
    """Return how to compute for a recipe: the plain way, or the fastest; and what bf16 takes where the recipe has it.

    The choice is kept in `numerics.json` in the folder, by the encoder's shape, machine and version of torch, so that
    whatever is gone on with there is computed the same way.
    """
    asked = {recipe.precision, *(fields.get("precision", "float32") for fields in recipe.tasks.values())}
    if recipe.matmul == "exact" and "fastest" not in asked:
        return Choice(Numerics())
    path = folder / "numerics.json"
    shape = f"{encoder.model.config.model_type} {encoder.layers}x{encoder.hidden_size}"
    key = f"{shape}, {_machine(encoder.device)}, torch {torch.__version__}"
    choice = _chosen(path).get(key)
    if choice is None or (choice.bf16 is None and asked != {"float32"}):
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as in the workers
        try:
            choice = choice or Choice(*fastest(encoder))
            if asked != {"float32"}:
                choice = replace(choice, bf16=try_bf16(encoder, choice.numerics))
        finally:
            torch.set_num_threads(threads)
        # Another process may have chosen meanwhile: what it runs with stands.
        others = _chosen(path)
        if (there := others.get(key)) is not None:
            choice = replace(there, bf16=there.bf16 or choice.bf16)
        kept = {name: asdict(found) for name, found in {**others, key: choice}.items()}
        write_text(path, json.dumps(kept, indent=2) + "\n")
    return choice if recipe.matmul == "fastest" else replace(choice, numerics=Numerics())


def numerics_of(encoder: Encoder, recipe: Recipe, folder: Path) -> Numerics:
    """Return the way of computing of `choose`, with the precision that the recipe is computed in."""
    choice = choose(encoder, recipe, folder)
    return replace(choice.numerics, precision=choice.precision(recipe.precision))


def _chosen(path: Path) -> dict[str, Choice]:
    """Return the choices kept in a file; nothing where it cannot be read."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {key: _choice(record) for key, record in kept.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _choice(record: dict[str, Any]) -> Choice:
    bf16 = record["bf16"]
    trials = [_trial(trial) for trial in record["trials"]]
    return Choice(Numerics(**record["numerics"]), trials, None if bf16 is None else _trial(bf16))


def _trial(record: dict[str, Any]) -> Trial:
    return Trial(Numerics(**record["numerics"]), record["seconds"], record["error"])


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"


def _batch(encoder: Encoder) -> dict[str, torch.Tensor]:
    rows, width = _TRIED[0], min(_TRIED[1], encoder.longest)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, len(encoder.tokenizer), (rows, width), generator=generator)
    mask = torch.ones_like(ids)
    mask[rows // 2 :, width - width // 4 :] = 0  # padding takes another path through attention
    return {"input_ids": ids.to(encoder.device), "attention_mask": mask.to(encoder.device)}


def _read(batch: dict[str, torch.Tensor], encoder: Encoder) -> AbstractContextManager[Any]:
    """Leave out of the embedding what the batch does not read: its gradients would be most of the time of a step."""
    return embedding_of(read_rows([batch["input_ids"].cpu().numpy().reshape(-1)], encoder), encoder)


def _result(encoder: Encoder, way: Numerics, batch: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Return hidden states and the gradients of the layers' matrices, without dropout.

    Embeddings are left out: their gradients are sums, not products, and would be most of the memory.
    """
    encoder.model.eval()
    vocabulary = len(encoder.tokenizer)
    matrices = [p for p in encoder.model.parameters() if p.ndim == 2 and p.shape[0] < vocabulary]
    with way.applied(encoder):
        with way.autocast(encoder):
            states = encoder.hidden(batch)[batch["attention_mask"].bool()].float()
        # Not their squares: those add up to the same whatever the weights, as the last layer is normalised.
        weights = torch.randn(states.shape, generator=torch.Generator().manual_seed(1)).to(states.device)
        gradients = torch.autograd.grad((states * weights).sum(), matrices, allow_unused=True)
    return [states.detach(), *(g for g in gradients if g is not None)]


def _error(found: list[torch.Tensor], exact: list[torch.Tensor]) -> float:
    """Return the relative error of states or of all gradients together, whichever is larger."""

    def relative(ours: list[torch.Tensor], theirs: list[torch.Tensor]) -> float:
        off = sum(float((o - t).pow(2).sum()) for o, t in zip(ours, theirs, strict=True))
        return float((off / sum(float(t.pow(2).sum()) for t in theirs)) ** 0.5)

    return max(relative(found[:1], exact[:1]), relative(found[1:], exact[1:]))


def _seconds(encoder: Encoder, way: Numerics, batch: dict[str, torch.Tensor]) -> float:
    """Return the time of one step of training."""
    encoder.model.train()
    with way.applied(encoder), torch.random.fork_rng():
        start = time.perf_counter()
        with way.autocast(encoder):
            loss = encoder.hidden(batch).pow(2).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        if encoder.device.type == "cuda":
            torch.cuda.synchronize(encoder.device)
        taken = time.perf_counter() - start
        encoder.model.zero_grad(set_to_none=True)
    return taken
