"""The loop beside Hugging Face Trainer: speed, memory, and development scores over seeds.

python benchmarks/trainer.py --corpora FOLDER [--encoder minilm] [--task stsb] [--rounds 3] [--seeds 5]; 0 leaves a part out

The same encoder, data (pairs of STS-B or of MultiNLI from the folder), epochs and batches of 16. Every measurement is a
process of its own; the contestants take turns in each round. Time is that of training alone, after a warm-up. Contestants
in bf16 are left out with --no-bf16: a processor without bf16 instructions takes minutes for a step.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

BATCH, LENGTH, RATE = 16, 128, 1e-4
#: Examples of the measurements of speed, and of those of scores (all there are); each for one epoch.
SPEED, TRAINED = 960, 5749

CONTESTANTS = (
    "Trainer, default",
    "Trainer, by length, medium",
    "Trainer, by length, bf16",
    "this loop, float32, whole embedding",
    "this loop, float32",
    "this loop, bf16",
)
#: Those whose scores are compared.
SCORED = ("Trainer, default", "this loop, float32")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--task", default="stsb", choices=("stsb", "mnli"))
    parser.add_argument("--no-bf16", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--one", nargs=4)
    given = parser.parse_args()
    if given.one:
        name, seed, count, epochs = given.one
        print(json.dumps(measure(name, int(seed), int(count), int(epochs), given)))
        return
    names = [name for name in CONTESTANTS if not (given.no_bf16 and "bf16" in name)]
    speed = {name: [] for name in names}
    memory = {name: [] for name in names}
    checkpoints = {}
    for number in range(given.rounds):
        for name in names:
            found = alone(name, number, SPEED, 1, given)
            speed[name].append(found["rate"])
            memory[name].append(found["memory"])
            checkpoints[name] = found.get("checkpoint")
            print(f"round {number + 1}: {name}: {found['rate']:.1f} examples/s", file=sys.stderr)
    if given.rounds:
        show_speed(speed, memory, found["length"])
        for name, size in checkpoints.items():
            if size is not None:
                print(f"checkpoint of {name}: {size:,.0f} MB")
    if given.seeds < 2:
        return
    names = SCORED
    runs = [(name, seed) for seed in range(1, given.seeds + 1) for name in names]
    with ThreadPoolExecutor(2) as pool:  # scores do not depend on what else runs
        found = list(pool.map(lambda run: alone(*run, TRAINED, 1, given, threads=1)["score"], runs))
    scores = {name: np.array([s for (n, _), s in zip(runs, found, strict=True) if n == name]) for name in names}
    metric = "Pearson × 100" if given.task == "stsb" else "accuracy"
    print(f"\n| what | development {metric}, {given.seeds} seeds |\n|---|---|")
    for name in names:
        print(f"| {name} | {scores[name].mean():.2f} (SD {scores[name].std(ddof=1):.2f}) |")
    # Of the same first weights and examples, so seed by seed.
    test = stats.ttest_rel(scores[names[1]], scores[names[0]])
    low, high = test.confidence_interval()
    print(
        f"\ndifference {scores[names[1]].mean() - scores[names[0]].mean():+.2f}, 95% interval {low:+.2f} to {high:+.2f}"
    )


def show_speed(speed: dict[str, list[float]], memory: dict[str, list[float]], length: float) -> None:
    base = np.median(speed[CONTESTANTS[0]])
    print(f"mean length {length:.1f} subwords\n")
    print("| what | examples/s, median (range) | ratio | peak memory |\n|---|---|---|---|")
    for name in speed:
        rates = speed[name]
        print(
            f"| {name} | {np.median(rates):.1f} ({min(rates):.1f}–{max(rates):.1f}) | {np.median(rates) / base:.2f} | "
            f"{np.median(memory[name]):,.0f} MB |"
        )


def alone(name: str, seed: int, count: int, epochs: int, given: Any, threads: int = 0) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--corpora", str(given.corpora), "--encoder", given.encoder]
    command += ["--task", given.task, "--one", name, str(seed), str(count), str(epochs)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)} if threads else None
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout.splitlines()[-1])
    print(name, seed, found, file=sys.stderr)
    return found


def measure(name: str, seed: int, count: int, epochs: int, given: Any) -> dict[str, float]:
    warnings.simplefilter("ignore")
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transfer_analysis.corpora import FolderCorpus
    from transfer_analysis.tasks import load_catalogue

    corpus, task = FolderCorpus(given.corpora), load_catalogue()[given.task]
    development = "validation" if given.task == "stsb" else task.splits.development
    examples = {
        "train": corpus.sample(given.task, "en", "train", count, 0).records,
        "validation": corpus.examples(given.task, "en", development),
    }
    run = trainer if name.startswith("Trainer") else this_loop
    found = run(name, task, examples, seed, epochs, given.encoder)
    return {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, **found}


def this_loop(name, task, examples, seed, epochs, encoder_name):
    from transfer_analysis.training import loop
    from transfer_analysis.training.computing.memory import settle_memory
    from transfer_analysis.training.computing.numerics import numerics_of
    from transfer_analysis.training.encoder import load_encoder
    from transfer_analysis.training.heads import make_head
    from transfer_analysis.training.loop import predict, train
    from transfer_analysis.training.reading.features import featurize
    from transfer_analysis.training.recipes import recipe
    from transfer_analysis.training.scoring.evaluate import evaluate, outputs
    from transfer_analysis.training.streams import Stream, all_of

    settle_memory()  # as every worker does
    if "whole" in name:
        loop.read_rows = lambda *_: None
    encoder = load_encoder(encoder_name)
    chosen = recipe(
        "small",
        batch_size=BATCH,
        epochs=epochs,
        learning_rate=RATE,
        warmup=0.0,
        weight_decay=0.0,
        max_length=LENGTH,
        precision="bf16" if "bf16" in name else "float32",
    )
    with tempfile.TemporaryDirectory() as folder:
        numerics = numerics_of(encoder, chosen, Path(folder))
    features = featurize(task, examples["train"], encoder, LENGTH, "en/train")
    head = make_head(task, encoder, seed)
    warm = Stream(featurize(task, examples["train"][: 4 * BATCH], encoder, LENGTH, "x"), head, BATCH, 1)
    state = {k: v.clone() for k, v in encoder.model.state_dict().items()}
    before = {k: v.clone() for k, v in head.state_dict().items()}
    train(encoder, [warm], all_of([warm]), chosen, seed, numerics=numerics)
    encoder.model.load_state_dict(state)
    head.load_state_dict(before)
    stream = Stream(features, head, BATCH, epochs)
    start = time.perf_counter()
    train(encoder, [stream], all_of([stream]), chosen, seed, numerics=numerics)
    taken = time.perf_counter() - start
    found = {"rate": epochs * len(features) / taken, "length": float(features.lengths().mean())}
    found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if len(examples["train"]) <= SPEED:
        found["checkpoint"] = checkpoint_size(encoder, stream, chosen)
    if len(examples["train"]) > SPEED:
        test = featurize(task, examples["validation"], encoder, LENGTH, "en/validation")
        found["score"] = evaluate(test, outputs(test, predict(encoder, head, test, numerics)))[
            "pearson" if task.name == "stsb" else "accuracy"
        ]
    return found


def checkpoint_size(encoder, stream, chosen):
    """Return the megabytes of a checkpoint in the middle of training."""
    from transfer_analysis.training.computing.checkpoints import Checkpoint, StoppedError
    from transfer_analysis.training.loop import train
    from transfer_analysis.training.streams import all_of

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.safetensors"
        try:
            train(encoder, [stream], all_of([stream]), chosen, 0, checkpoint=Checkpoint(path, 1e9, lambda: True))
        except StoppedError:
            return path.stat().st_size / 1e6


def trainer(name, task, examples, seed, epochs, encoder_name):
    import torch
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments, set_seed

    disable_progress_bars()
    if "medium" in name:
        torch.set_float32_matmul_precision("medium")
    set_seed(seed)
    from transfer_analysis.encoders import locate

    path = str(locate(encoder_name).fetched())
    tokenizer = AutoTokenizer.from_pretrained(path)
    first, second, label = task.columns["text"], task.columns["pair"], task.columns["label"]
    if len(examples["train"]) > SPEED:  # scores: the very same model, so that only the loop differs
        model = same_model(task, seed, encoder_name)
    elif task.name == "stsb":
        model = AutoModelForSequenceClassification.from_pretrained(path, num_labels=1, problem_type="regression")
    else:
        model = AutoModelForSequenceClassification.from_pretrained(path, num_labels=len(task.labels))

    def tokenized(rows):
        made = tokenizer([r[first] for r in rows], [r[second] for r in rows], truncation=True, max_length=LENGTH)
        kind = float if task.name == "stsb" else int
        return Dataset.from_dict({**made, "labels": [kind(r[label]) for r in rows]})

    def arguments(folder, epochs):
        return TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=BATCH,
            num_train_epochs=epochs,
            learning_rate=RATE,
            seed=seed,
            use_cpu=True,
            report_to=[],
            save_strategy="no",
            logging_strategy="no",
            disable_tqdm=True,
            train_sampling_strategy="group_by_length" if "by length" in name else "random",
            bf16="bf16" in name,
        )

    data = tokenized(examples["train"])
    with tempfile.TemporaryDirectory() as folder:
        state = {k: v.clone() for k, v in model.state_dict().items()}
        Trainer(
            model, arguments(folder, 1), train_dataset=data.select(range(4 * BATCH)), processing_class=tokenizer
        ).train()
        model.load_state_dict(state)
        made = Trainer(model, arguments(folder, epochs), train_dataset=data, processing_class=tokenizer)
        start = time.perf_counter()
        made.train()
        taken = time.perf_counter() - start
        found = {"rate": epochs * len(data) / taken, "length": float(np.mean([len(row) for row in data["input_ids"]]))}
        if len(examples["train"]) > SPEED:
            test = tokenized(examples["validation"])
            given = made.predict(test).predictions
            if task.name == "stsb":
                found["score"] = 100 * float(stats.pearsonr(given.squeeze(-1), test["labels"]).statistic)
            else:
                found["score"] = 100 * float(np.mean(given.argmax(axis=-1) == np.array(test["labels"])))
    return found


def same_model(task, seed, encoder_name):
    """Return this package's encoder and head as a model that Trainer takes."""
    import torch
    from transfer_analysis.training.encoder import load_encoder
    from transfer_analysis.training.heads import make_head

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.held = [load_encoder(encoder_name)]
            self.encoder = self.held[0].model
            self.head = make_head(task, self.held[0], seed)

        def forward(self, input_ids, attention_mask, token_type_ids=None, labels=None):
            batch = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
            logits = self.head(self.held[0].hidden(batch), batch)
            targets = labels.float() if labels is not None and task.name == "stsb" else labels
            loss = self.head.loss(logits, {"targets": targets}) if labels is not None else None
            return {"loss": loss, "logits": logits}

    return Model()


if __name__ == "__main__":
    main()
