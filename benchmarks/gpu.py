"""How fast a card trains: shapes of XLM-R, and a grid of small runs, one process and several on the card. Under ten minutes.

    python benchmarks/gpu.py [--device cuda] [--out gpu.json] [--shapes base large] [--steps 30] [--no-grid]

For each shape, with random weights and the vocabulary of XLM-R: subwords a second (padding not counted) in float32 and bf16,
with the whole embedding and with the rows that are read, the share of the speed of a plain matrix product of the same
precision, and the peak of memory. Operations of a step are 6 a weight of the layers and subword, and those of attention.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from transfer_analysis.encoders import Size, known_encoders
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training import loop
from transfer_analysis.training.computing.dropout import RandomBits, replace_dropout
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.streams import Stream, all_of

SHAPES = {
    "tiny": Size(2, 32, 64, 500),
    "small": known_encoders()["e5-small"].size,
    "base": known_encoders()["xlm-r"].size,
    "large": known_encoders()["xlm-r-large"].size,
}
#: Share of the vocabulary that the examples read, and the mean of their lengths in subwords.
READ, LENGTH = 0.05, 96


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--out", type=Path, default=Path("gpu.json"))
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["base", "large"])
    parser.add_argument("--precisions", nargs="+", default=["float32", "bf16"])
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--no-grid", action="store_true")
    given = parser.parse_args()
    found = {"device": name_of(given.device), "torch": torch.__version__, "products": {}, "shapes": [], "grid": []}
    for precision in given.precisions:
        found["products"][precision] = product_tflops(given.device, precision)
    print(
        f"{found['device']}: products reach "
        + ", ".join(f"{t:.1f} TFLOP/s ({p})" for p, t in found["products"].items())
    )
    print(
        "\n| shape | precision | embedding | subwords/s | share of a product's speed | peak memory |\n|---|---|---|---|---|---|"
    )
    for shape in given.shapes:
        for precision in given.precisions:
            for whole in (True, False):
                row = measured(shape, precision, whole, given)
                row["share"] = row["tflops"] / found["products"][precision]
                found["shapes"].append(row)
                print(
                    f"| {shape} | {precision} | {'whole' if whole else 'read rows'} | {row['subwords']:,.0f} | "
                    f"{row['share']:.0%} | {row['memory'] / 2**30:.1f} GiB |",
                    flush=True,
                )
                given.out.write_text(json.dumps(found, indent=1) + "\n")
    if not given.no_grid:
        found["grid"] = [grid(workers, given.device) for workers in (1, 2, 4)]
        given.out.write_text(json.dumps(found, indent=1) + "\n")
        print("\n| processes on the card | runs a minute |\n|---|---|")
        for row in found["grid"]:
            print(f"| {row['workers']} | {row['runs'] / row['seconds'] * 60:.1f} |")


def name_of(device: str) -> str:
    return (
        torch.cuda.get_device_name(device)
        if device.startswith("cuda")
        else f"cpu {torch.backends.cpu.get_cpu_capability()}"
    )


def synchronize(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def product_tflops(device: str, precision: str) -> float:
    """Return the speed of a large plain product."""
    size = 8192 if device.startswith("cuda") else 512
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    left = torch.randn(size, size, device=device, dtype=kind)
    torch.set_float32_matmul_precision("high")  # TF32, as training has it at `medium`
    best = np.inf
    for _ in range(5):
        synchronize(device)
        start = time.perf_counter()
        left @ left
        synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e12


def encoder_of(size: Size, device: str) -> Encoder:
    """An XLM-R of a size with random weights, with a tokenizer that nothing is read by."""
    from transformers import XLMRobertaConfig, XLMRobertaModel

    toy = new_encoder("toy", ["a"], Shape(layers=1, hidden=8, heads=1, feed_forward=8, max_length=512), 0)
    config = XLMRobertaConfig(
        vocab_size=size.vocabulary,
        hidden_size=size.hidden,
        num_hidden_layers=size.layers,
        num_attention_heads=max(1, size.hidden // 64),
        intermediate_size=size.feed_forward,
        max_position_embeddings=514,
        type_vocab_size=1,
        pad_token_id=toy.pad_id,
    )
    torch.manual_seed(0)
    model, bits = XLMRobertaModel(config, add_pooling_layer=False), RandomBits() if device == "cpu" else None
    if bits is not None:
        replace_dropout(model, bits)
    return replace(toy, model=model.to(device), bits=bits, restart_positions=False)


def features_of(size: Size, count: int) -> Features:
    """Examples of random subwords, a few per cent of the vocabulary, of lengths as sentence pairs have them."""
    rng = np.random.default_rng(0)
    task = load_catalogue()["mnli"]
    rows = np.sort(rng.choice(np.arange(10, size.vocabulary), max(20, int(READ * size.vocabulary)), replace=False))
    lengths = np.clip(rng.gamma(4, LENGTH / 4, count).astype(int), 8, 256)
    ids = [rng.choice(rows, length) for length in lengths]
    golds = rng.integers(0, 3, count).tolist()
    return Features(task, ids, [np.zeros_like(row) for row in ids], golds, list(range(count)), golds)


def measured(shape: str, precision: str, whole: bool, given: argparse.Namespace) -> dict:
    """Train a shape for some steps, after a few that are not counted."""
    size, device = SHAPES[shape], given.device
    encoder = encoder_of(size, device)
    features = features_of(size, given.batch * given.steps)
    chosen = recipe("small", batch_size=given.batch, epochs=1, max_length=256, precision=precision)
    stream = Stream(features, make_head(features.task, encoder, 0), given.batch, 1)
    marks: list[float] = []

    def watch(step: int, steps: int, examples: int) -> None:
        synchronize(device)
        marks.append(time.perf_counter())

    real = loop.read_rows
    if whole:
        loop.read_rows = lambda *_: None
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
    try:
        loop.train(
            encoder, [stream], all_of([stream]), chosen, 0, numerics=Numerics("medium", "sdpa", precision), watch=watch
        )
    finally:
        loop.read_rows = real
    warm = max(1, given.steps // 5)
    seconds = marks[-1] - marks[warm - 1]
    items = [stream.items(number, 0) for number in range(warm, given.steps)]
    lengths = features.lengths()
    subwords = sum(int(lengths[part].sum()) for part in items)
    operations = sum(size.operations(1, int(lengths[i]), 6) for part in items for i in part)
    memory = torch.cuda.max_memory_allocated(device) if device.startswith("cuda") else float("nan")
    return {
        "shape": shape,
        "precision": precision,
        "embedding": "whole" if whole else "read rows",
        "subwords": subwords / seconds,
        "tflops": operations / seconds / 1e12,
        "memory": memory,
    }


def grid(workers: int, device: str) -> dict:
    """Train a grid of small runs with so many processes on the card."""
    from transfer_analysis.corpora.simulated import World
    from transfer_analysis.training.grid import Grid
    from transfer_analysis.training.pretraining.built import save_encoder
    from transfer_analysis.training.runs.execute import run_grid

    world = World(("en", "de", "tr"), seed=1)
    words = sorted({word for code in world.spoken for word in world.pieces(code)})
    shape = Shape(layers=6, hidden=384, heads=6, feed_forward=1536)
    sizes = {"intermediate_examples": 512, "target_examples": 1024, "test_examples": 200}
    targets, seeds = ("sim-pos", "sim-paraphrase"), (1, 2, 3, 4)
    with tempfile.TemporaryDirectory() as folder:
        save_encoder(new_encoder("small", [".", *words], shape, 0), Path(folder) / "small")
        start = time.perf_counter()
        run_grid(
            world,
            load_catalogue(),
            str(Path(folder) / "small"),
            Grid(conditions=(), targets=targets, seeds=seeds, **sizes),
            recipe("simulated"),
            Path(folder) / "runs",
            model="small",
            origin="simulated",
            workers=workers,
            device=device,
        )
        return {"workers": workers, "runs": len(targets) * len(seeds), "seconds": time.perf_counter() - start}


if __name__ == "__main__":
    main()
