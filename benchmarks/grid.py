"""A grid with a tiny encoder beside a shell loop of scripts: one process for each cell.

python benchmarks/grid.py [--workers 2]

8 intermediate tasks and none × 4 targets × 2 seeds, on examples of the simulated world in a folder. The loop of scripts
trains each intermediate task once in a process that saves its weights, then each cell in a process that loads them, as many
processes at a time as the grid has workers, one thread each. The scripts use this package's own functions, so that only
the arrangement differs. Both score the same tests.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CONDITIONS = (
    "sim-entailment",
    "sim-duplicates",
    "sim-similarity",
    "sim-reading",
    "sim-supertags",
    "sim-topic",
    "sim-inference",
    "sim-pos",
)
TARGETS = ("sim-paraphrase", "sim-qa", "sim-inference", "sim-pos")
LANGUAGES = ("en", "de", "tr")
SEEDS = (1, 2)
INTERMEDIATE, TARGET, TEST = 128, 64, 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cell", nargs=5)
    options = parser.parse_args()
    if options.cell:
        cell(*options.cell)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        print("| round | one grid | a process per cell | ratio |\n|---|---|---|---|")
        for number in range(1, options.rounds + 1):
            grid = timed(lambda n=number: run_plan(folder, f"runs{n}", options.workers))
            loop = timed(lambda n=number: run_cells(folder, f"cells{n}", options.workers))
            print(f"| {number} | {grid:.1f} s | {loop:.1f} s | {loop / grid:.1f} |", flush=True)


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def prepare(folder: Path) -> None:
    from transfer_analysis.corpora.simulated import World
    from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder

    world = World(LANGUAGES, 0)
    words = sorted({word for code in LANGUAGES for word in world.pieces(code)})
    save_encoder(
        new_encoder("tiny", [".", *words], Shape(layers=1, hidden=32, heads=2, feed_forward=64), 0), folder / "tiny"
    )
    for task in {*CONDITIONS, *TARGETS}:
        for code, split, count in (
            ("en", "train", INTERMEDIATE),
            ("en", "validation", TEST),
            *((c, "test", TEST) for c in LANGUAGES),
        ):
            path = folder / "corpora" / task / code / f"{split}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            rows = world.examples(task, code, split, count)
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    plan = {
        "encoder": str(folder / "tiny"),
        "recipe": {"name": "simulated", "epochs": 1},
        "grid": {
            "conditions": CONDITIONS,
            "targets": TARGETS,
            "seeds": SEEDS,
            "intermediate_examples": INTERMEDIATE,
            "target_examples": TARGET,
            "test_examples": TEST,
        },
    }
    (folder / "plan.yaml").write_text(json.dumps(plan))


def run_plan(folder: Path, store: str, workers: int) -> None:
    command = [sys.executable, "-m", "transfer_analysis.cli", "train", "grid", str(folder / "plan.yaml")]
    command += [
        "--from",
        str(folder / "corpora"),
        "--store",
        str(folder / store),
        "-o",
        str(folder / f"{store}.parquet"),
    ]
    subprocess.run([*command, "--workers", str(workers)], check=True, capture_output=True)


def run_cells(folder: Path, store: str, workers: int) -> None:
    (folder / store).mkdir()
    intermediate = [(condition, "-", str(seed)) for seed in SEEDS for condition in CONDITIONS]
    cells = [
        (condition, target, str(seed)) for seed in SEEDS for condition in ("none", *CONDITIONS) for target in TARGETS
    ]

    def run(given: tuple[str, str, str]) -> None:
        command = [sys.executable, __file__, "--cell", str(folder), store, *given]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(run, intermediate))
        list(pool.map(run, cells))


def cell(name: str, store: str, condition: str, target: str, seed: str) -> None:
    """What a script of one cell does."""
    from safetensors.torch import load_file, save_file
    from transfer_analysis.corpora import FolderCorpus
    from transfer_analysis.tasks import load_catalogue
    from transfer_analysis.training.encoder import load_encoder
    from transfer_analysis.training.heads import make_head
    from transfer_analysis.training.loop import predict, train
    from transfer_analysis.training.reading.features import featurize
    from transfer_analysis.training.recipes import recipe
    from transfer_analysis.training.scoring.evaluate import evaluate, outputs
    from transfer_analysis.training.streams import Stream, all_of

    folder = Path(name)
    corpus, chosen = FolderCorpus(folder / "corpora"), recipe("simulated", epochs=1)
    encoder = load_encoder(str(folder / "tiny"))
    weights = folder / store / f"{condition}-{seed}.safetensors"
    task = load_catalogue()[condition if target == "-" else target]
    count = INTERMEDIATE if target == "-" else TARGET
    if condition != "none" and target != "-":
        encoder.model.load_state_dict(load_file(weights))
    head = make_head(task, encoder, int(seed))
    examples = corpus.examples(task.name, "en", "train", count)
    stream = Stream(featurize(task, examples, encoder, chosen.max_length, "en/train"), head, chosen.batch_size, 1)
    train(encoder, [stream], all_of([stream]), chosen, int(seed))
    tests = [("en", "validation")] if target == "-" else [("en", "validation"), *((code, "test") for code in LANGUAGES)]
    scores = {}
    for code, split in tests:
        test = featurize(task, corpus.examples(task.name, code, split), encoder, chosen.max_length, f"{code}/{split}")
        scores[f"{code}/{split}"] = evaluate(test, outputs(test, predict(encoder, head, test)), code)
    if target == "-":
        save_file({k: v.contiguous() for k, v in encoder.model.state_dict().items()}, weights)
    (folder / store / f"{condition}-{target}-{seed}.json").write_text(json.dumps(scores))


if __name__ == "__main__":
    main()
