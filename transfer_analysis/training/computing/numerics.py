"""How a machine computes products: the fastest way whose error is that of float32, found by trying."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch

from transfer_analysis.files import write_text
from transfer_analysis.training.computing.dropout import register_attention
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.recipes import Recipe

Precision = Literal["float32", "bf16"]
Attention = Literal["sdpa", "eager", "drawn"]

#: Largest relative error, of hidden states and of gradients, at which a way of computing counts as float32.
TOLERANCE = 1e-5

#: Architectures whose attention is that of BERT.
_PLAIN = ("bert", "roberta", "xlm-roberta", "camembert", "electra")

#: A plainer way is taken unless it takes this many times as long as the fastest.
_GAIN = 1.03

#: Rows and subwords of the batch that is tried, and how often each way is.
_TRIED = (16, 48)
_TRIALS = 5


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


def fastest(encoder: Encoder, precision: Precision = "float32") -> tuple[Numerics, list[Trial]]:
    """Return the fastest way of computing on this machine, and all that were tried.

    Every combination of products and attention runs forward and backward on one batch in turn; the shortest of several
    times counts. One whose hidden states or gradients differ from those of exact float32 by more than `TOLERANCE`
    (relative, in the Euclidean norm) is out. Both are computed in float32; with `bf16` the same choice then serves
    what automatic mixed precision leaves in float32. Of ways about as fast as the fastest the plainest is taken, so that
    the choice does not hang on chance.
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
    errors = [_error(_result(encoder, way, batch), exact) for way in ways]
    seconds = [min(times) for times in zip(*([_seconds(encoder, way, batch) for way in ways] for _ in range(_TRIALS)))]  # noqa: B905
    trials = [Trial(*found) for found in zip(ways, seconds, errors, strict=True)]
    exact_enough = [trial for trial in trials if trial.error <= TOLERANCE]
    limit = _GAIN * min(trial.seconds for trial in exact_enough)
    first = next(trial for trial in exact_enough if trial.seconds <= limit)
    return replace(first.numerics, precision=precision), trials


def by_error(encoder: Encoder) -> Numerics:
    """Return a fast way of computing chosen by its error alone, so that every start on a machine chooses the same.

    It is `medium` with plain attention, which computes small products fastest on most CPUs, where its error is that of
    float32, and else the exact way.
    """
    way, exact, batch = Numerics("medium", "eager"), Numerics("highest", "eager"), _batch(encoder)
    error = _error(_result(encoder, way, batch), _result(encoder, exact, batch))
    return way if error <= TOLERANCE else exact


def numerics_of(encoder: Encoder, recipe: Recipe, folder: Path) -> Numerics:
    """Return how to compute for a recipe: the plain way, or the fastest.

    The choice is kept in `numerics.json` in the folder, by the encoder's shape, machine and version of torch, so that
    whatever is gone on with there is computed the same way.
    """
    if recipe.matmul == "exact":
        return Numerics(precision=recipe.precision)
    path = folder / "numerics.json"
    chosen = _chosen(path)
    shape = f"{encoder.model.config.model_type} {encoder.layers}x{encoder.hidden_size}"
    key = f"{shape}, {_machine(encoder.device)}, torch {torch.__version__}"
    if key not in chosen:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as in the workers
        try:
            found = as_record(*fastest(encoder))
        finally:
            torch.set_num_threads(threads)
        # Another process may have chosen meanwhile.
        chosen = {key: found, **_chosen(path)}
        write_text(path, json.dumps(chosen, indent=2) + "\n")
    return replace(from_record(chosen[key]), precision=recipe.precision)


def _chosen(path: Path) -> dict[str, Any]:
    """Return the choices kept in a file; nothing where it cannot be read."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"


def as_record(chosen: Numerics, trials: list[Trial]) -> dict[str, Any]:
    """Return a choice and its trials as they are stored."""
    return {"chosen": asdict(chosen), "trials": [asdict(trial) for trial in trials]}


def from_record(record: dict[str, Any]) -> Numerics:
    """Return a stored choice."""
    return Numerics(**record["chosen"])


def _batch(encoder: Encoder) -> dict[str, torch.Tensor]:
    rows, width = _TRIED[0], min(_TRIED[1], encoder.longest)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(0, len(encoder.tokenizer), (rows, width), generator=generator)
    mask = torch.ones_like(ids)
    mask[rows // 2 :, width - width // 4 :] = 0  # padding takes another path through attention
    return {"input_ids": ids.to(encoder.device), "attention_mask": mask.to(encoder.device)}


def _result(encoder: Encoder, way: Numerics, batch: dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """Return hidden states and the gradients of the layers' matrices, without dropout.

    Embeddings are left out: their gradients are sums, not products, and would be most of the memory.
    """
    encoder.model.eval()
    vocabulary = len(encoder.tokenizer)
    matrices = [p for p in encoder.model.parameters() if p.ndim == 2 and p.shape[0] < vocabulary]
    with way.applied(encoder):
        states = encoder.hidden(batch)[batch["attention_mask"].bool()]
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
    """Return the time of one step of training, its second run."""
    encoder.model.train()
    taken = 0.0
    with way.applied(encoder), torch.random.fork_rng():
        for _ in range(2):
            start = time.perf_counter()
            encoder.hidden(batch).pow(2).mean().backward()  # type: ignore[no-untyped-call]
            if encoder.device.type == "cuda":
                torch.cuda.synchronize(encoder.device)
            taken = time.perf_counter() - start
            encoder.model.zero_grad(set_to_none=True)
    return taken
