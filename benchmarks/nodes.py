"""What it costs to schedule: a grid of a thousand tiny nodes with two workers, by each engine, beside the work alone.

    python benchmarks/nodes.py [--nodes 1000] [--engines local ray]

The work alone is training, scoring and writing the results, in two processes that know nothing of each other, without claims or
schedule. Time is counted from the first node that is finished to the last, so that starting processes is not part of it.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from transfer_analysis.corpora.simulated import World
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.computing.memory import settle_memory
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs.execute import prepared, run_grid
from transfer_analysis.training.runs.run import Control, _Run
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.session import Session, Setting

TARGETS = ("sim-pos", "sim-paraphrase")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--engines", nargs="+", default=["local", "ray"])
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(("en", "de", "tr"), seed=1)
        words = sorted({word for code in world.spoken for word in world.pieces(code)})
        shape = Shape(layers=2, hidden=64, heads=2, feed_forward=128)
        save_encoder(new_encoder("tiny", [".", *words], shape, 0), folder / "tiny")
        with ProcessPoolExecutor(2, get_context("spawn")) as pool:
            alone = sum(pool.map(work_alone, [folder / "a", folder / "b"], [60, 60])) / 2
        print(f"the work alone, in each of two processes: {1000 * alone:.1f} ms a node\n")
        print("| engine | nodes | seconds | a node and worker, ms | besides the work |\n|---|---|---|---|---|")
        for engine in given.engines:
            seconds, counted = timed(folder, world, engine, given.nodes)
            each = 2 * seconds / counted
            print(f"| {engine} | {counted} | {seconds:.1f} | {1000 * each:.1f} | {1 - alone / each:.1%} |", flush=True)


def grid(seeds: int) -> Grid:
    sizes = {"intermediate_examples": 32, "target_examples": 64, "test_examples": 8}
    return Grid(conditions=(), targets=TARGETS, seeds=tuple(range(1, seeds + 1)), **sizes)


def work_alone(store: Path, count: int) -> float:
    """Return seconds that a node takes in this process, in a store of its own."""
    import torch

    settle_memory()
    torch.set_num_threads(1)
    world = World(("en", "de", "tr"), seed=1)
    encoder = str(store.parent / "tiny")
    setting = Setting(world, load_catalogue(), encoder, "tiny", grid(count // 2), recipe("simulated"), store, "test")
    nodes, setting, _, _ = prepared(setting)
    session, start = Session(setting), 0.0
    for number, node in enumerate(nodes):
        if number == 4:  # texts are read and tokenized by the first ones
            start = time.perf_counter()
        _Run(session, node, Control(), Store(setting.store)).ending()
    return (time.perf_counter() - start) / (len(nodes) - 4)


def timed(folder: Path, world: World, engine: str, count: int) -> tuple[float, int]:
    """Return the seconds from the first node that was finished to the last, and how many were finished between."""
    ended: list[float] = []

    def watch(progress) -> None:
        done = progress.count("finished")
        if done > len(ended):
            ended.append(time.perf_counter())

    run_grid(
        world,
        load_catalogue(),
        str(folder / "tiny"),
        grid(count // len(TARGETS)),
        recipe("simulated"),
        folder / engine,
        model="tiny",
        origin="test",
        workers=2,
        engine=engine,
        watch=watch,
    )
    skip = 20  # until both workers have read everything
    return ended[-1] - ended[skip], len(ended) - skip - 1


if __name__ == "__main__":
    main()
