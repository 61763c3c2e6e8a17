"""Task distances: per-example Fisher gradients, LogME, and embeddings, each beside what it is to be measured against.

    python benchmarks/distances.py fisher --corpora FOLDER
    python benchmarks/distances.py logme --authors LogME.py        # from github.com/thuml/LogME; needs numba
    python benchmarks/distances.py embeddings --corpora FOLDER

The contestants take turns in one process after a warm-up; medians over rounds (minimum–maximum).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np


def timed(contestants, rounds):
    """Return, by name, the seconds of each round; in every round each takes its turn."""
    seconds = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, call in contestants.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def shown(seconds):
    return f"{statistics.median(seconds):.3g} s ({min(seconds):.3g}–{max(seconds):.3g})"


def fisher(options) -> None:
    import torch
    from torch.nn.functional import pad
    from transfer_analysis.corpora import FolderCorpus
    from transfer_analysis.distances.models.gradients import squared_gradients
    from transfer_analysis.tasks import load_catalogue
    from transfer_analysis.training.batches import by_length, collate
    from transfer_analysis.training.encoder import load_encoder
    from transfer_analysis.training.heads import make_head
    from transfer_analysis.training.reading.features import featurize

    catalogue = load_catalogue()
    corpus = FolderCorpus(options.corpora, catalogue)
    encoder = load_encoder("auto")
    task = catalogue["qqp"]
    features = featurize(task, corpus.sample("qqp", "en", "train", 256).records, encoder, 128, "en/train")
    head = make_head(task, encoder, 0)
    modules = (encoder.model, head)
    for module in modules:
        module.eval()

    def ordinary():
        for items in by_length(features.lengths(), 32):
            batch = collate(features, items, encoder)
            loss = head.loss(head(encoder.hidden(batch), batch), batch)
            for module in modules:
                module.zero_grad()
            loss.backward()

    def reference():
        """One example at a time, padded to 128, as the published scripts do."""
        sums = {name: torch.zeros_like(p) for name, p in encoder.model.named_parameters()}
        for item in range(len(features)):
            batch = collate(features, np.array([item]), encoder)
            for name in ("input_ids", "attention_mask", "token_type_ids"):
                batch[name] = pad(batch[name], (0, 128 - batch[name].shape[1]))
            encoder.model.zero_grad()
            head.loss(head(encoder.hidden(batch), batch), batch).backward()
            for name, parameter in encoder.model.named_parameters():
                if parameter.grad is not None:
                    sums[name] += parameter.grad.square()
        return sums

    def ours():
        return squared_gradients(encoder, head, features, range(len(features)))

    wanted, got = reference(), ours().parameters
    ordinary()
    largest = max(
        float((got[name] - value).norm() / value.norm())
        for name, value in wanted.items()
        if value.any() and not name.endswith("key.bias")  # nothing but rounding there
    )
    seconds = timed({"ordinary": ordinary, "per example": ours}, options.rounds)
    seconds |= timed({"reference": reference}, 1)
    base, fast = (statistics.median(seconds[name]) for name in ("ordinary", "per example"))
    print(
        f"all-MiniLM-L6-v2, 256 pairs of QQP of {features.lengths().mean():.1f} subwords, {torch.get_num_threads()} threads\n"
    )
    print("| what | time | ratio |\n|---|---|---|")
    print(f"| one batched forward and backward pass | {shown(seconds['ordinary'])} | 1.00 |")
    print(f"| squared gradients of every example | {shown(seconds['per example'])} | {fast / base:.2f} |")
    slow = statistics.median(seconds["reference"])
    print(f"| batch size 1, padded to 128 | {slow:.3g} s | {slow / base:.2f} ({slow / fast:.1f} times ours) |")
    print(f"\nLargest relative difference of a parameter's squared gradients (norms): {largest:.1e}")


def logme(options) -> None:
    from transfer_analysis.distances.models.logme import factorised, logme_of_classes

    spec = importlib.util.spec_from_file_location("authors", options.authors)
    authors = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(authors)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(50, 384))
    classes = rng.integers(0, 50, size=2000)
    states = rng.normal(size=(2000, 384)) + 0.3 * centres[classes]
    sets = [classes, *(rng.integers(0, 50, size=2000) for _ in range(19))]

    def theirs(count):
        return [authors.LogME().fit(states, labels) for labels in sets[:count]]

    def ours(count):
        fast = factorised(states)
        return [logme_of_classes(fast, labels) for labels in sets[:count]]

    difference = max(abs(a - b) for a, b in zip(theirs(20), ours(20), strict=True))
    print("n = 2,000, d = 384, 50 classes\n\n| label sets | authors' | ours | ratio |\n|---|---|---|---|")
    for count in (1, 20):
        seconds = timed({"theirs": lambda c=count: theirs(c), "ours": lambda c=count: ours(c)}, options.rounds)
        ratio = statistics.median(seconds["theirs"]) / statistics.median(seconds["ours"])
        print(f"| {count} | {shown(seconds['theirs'])} | {shown(seconds['ours'])} | {ratio:.1f} |")
    print(f"\nLargest difference of a score: {difference:.1e}")
    few = rng.normal(size=(200, 384))
    labels = rng.integers(0, 5, size=200)
    there, here = authors.LogME().fit(few, labels), logme_of_classes(factorised(few), labels)
    print(f"n = 200 < d = 384: authors' {there:.4f}, ours {here:.4f}")


def embeddings(options) -> None:
    from transfer_analysis.corpora import FolderCorpus
    from transfer_analysis.corpora.records import text_of
    from transfer_analysis.distances.embeddings.encoders import load_layer_encoder, load_sentence_encoder
    from transfer_analysis.tasks import load_catalogue

    catalogue = load_catalogue()
    corpus = FolderCorpus(options.corpora, catalogue)
    texts = [
        text_of(catalogue[n], r) for n in ("qqp", "squad", "stsb") for r in corpus.sample(n, "en", "train", 300).records
    ]
    os.environ["TRANSFER_ANALYSIS_CACHE"] = tempfile.mkdtemp()
    print(
        f"{len(texts)} texts of QQP, SQuAD and STS-B\n\n| encoder | first call | texts/s | second call, a new encoder |\n|---|---|---|---|"
    )
    for name, load in (
        ("sentence encoder", load_sentence_encoder),
        ("layer 4, mean", lambda: load_layer_encoder("auto", 4)),
    ):
        encoder = load()
        encoder.encode(["to load the model"])
        start = time.perf_counter()
        first = encoder.encode(texts)
        middle = time.perf_counter()
        again = load().encode(texts)
        end = time.perf_counter()
        assert (first == again).all()
        print(f"| {name} | {middle - start:.2f} s | {len(texts) / (middle - start):.0f} | {end - middle:.3f} s |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("fisher", "logme", "embeddings"))
    parser.add_argument("--corpora", type=Path, help="folder with <task>/<language>/<split>.jsonl.gz")
    parser.add_argument("--authors", type=Path, help="the authors' LogME.py")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    {"fisher": fisher, "logme": logme, "embeddings": embeddings}[options.part](options)


if __name__ == "__main__":
    main()
