"""The bundled encoder: what it has learnt, beside what needs no learning, and how fast it trains.

python benchmarks/encoder.py data/encoders/verse-mini --corpora FOLDER [--speed]

Prints a row per language: passages read, loss on held-out passages, unknown subwords, and how often the sentence nearest to
one in English is its translation (Tatoeba) by the encoder, by its bare embeddings, and by TF-IDF vectors of the same
subwords, which know nothing but what is written alike. The layer is chosen on passages held out of the pretraining text.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.computing.numerics import Numerics, fastest
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.heads import MaskedLM, make_head
from transfer_analysis.training.loop import optimizer_for
from transfer_analysis.training.pretraining.passages import beside, read_passages, text_features
from transfer_analysis.training.pretraining.settings import Pretraining
from transfer_analysis.training.reading.features import featurize
from transfer_analysis.training.reading.tokens import texts
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.scoring.retrieval import nearest, vectors_of
from transfer_analysis.training.streams import Stream


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("encoder", type=Path)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--speed", action="store_true")
    given = parser.parse_args()
    encoder = load_encoder(str(given.encoder))
    corpus, catalogue = FolderCorpus(given.corpora), load_catalogue()
    about = json.loads((given.encoder / "pretraining.json").read_text())
    numerics, _ = fastest(encoder)
    if given.speed:
        show_speed(encoder, corpus, catalogue, numerics)
        return
    task = catalogue["tatoeba"]

    def accuracies(sources: list[str], targets: list[str]) -> list[float]:
        """Accuracy of each layer, the embeddings first, English asking."""
        found = []
        sides = [texts(side, None, encoder, encoder.longest) for side in (sources, targets)]
        for layer in range(encoder.layers + 1):
            ours, theirs = (vectors_of(task, side, encoder, numerics, layer) for side in sides)
            found.append(100 * float((nearest(theirs, ours) == np.arange(len(sources))).mean()))
        return found

    layers = np.mean([accuracies(*pair) for pair in held_out_pairs(corpus, catalogue, about["settings"])], axis=0)
    best = int(layers.argmax())
    print("held-out translations found, mean over languages, by layer:", ", ".join(f"{a:.1f}" for a in layers))
    print(f"layer {best} is taken\n")
    rows = []
    learnt = pd.DataFrame(about["languages"]).set_index("language")
    codes = sorted({*corpus.languages("tatoeba"), *learnt.index})
    for code in codes:
        row = {"language": code, **(learnt.loc[code].to_dict() if code in learnt.index else {})}
        if code in corpus.languages("tatoeba"):
            records = corpus.examples("tatoeba", code, "test")
            sides = [[str(r[task.columns[part]]) for r in records] for part in ("text", "pair")]
            of_layers = accuracies(*sides)
            row |= {"encoder": of_layers[best], "embeddings": of_layers[0], "subwords": subwords(encoder, *sides)}
            row["pairs"] = len(records)
        rows.append(row)
    table = pd.DataFrame(rows)
    shown = ["language", "passages", "held_out_loss", "unknown_tokens", "pairs", "encoder", "embeddings", "subwords"]
    print("| " + " | ".join(shown) + " |\n|" + "---|" * len(shown))
    formats = ("{}", "{:,.0f}", "{:.2f}", "{:.2f}", "{:,.0f}", "{:.1f}", "{:.1f}", "{:.1f}")
    for values in table[shown].itertuples(index=False):
        cells = ["" if value != value else text.format(value) for text, value in zip(formats, values, strict=True)]
        print("| " + " | ".join(cells) + " |")
    print("\nmeans:", table[["held_out_loss", "encoder", "embeddings", "subwords"]].mean().round(2).to_dict())
    above = (table["encoder"] > table["subwords"]).sum()
    print(f"the encoder is above TF-IDF in {above} of {table['encoder'].notna().sum()} languages")


def subwords(encoder, sources: list[str], targets: list[str]) -> float:
    """Accuracy of TF-IDF vectors of subwords, English asking, as for the encoder."""
    vectorizer = TfidfVectorizer(analyzer=encoder.tokenizer.tokenize).fit([*sources, *targets])
    cosines = vectorizer.transform(targets) @ vectorizer.transform(sources).T
    return 100 * float((np.asarray(cosines.argmax(axis=1)).ravel() == np.arange(len(sources))).mean())


def held_out_pairs(corpus, catalogue, settings: dict) -> list[tuple[list[str], list[str]]]:
    """Held-out passages of each language beside the English ones."""
    chosen = Pretraining.model_validate(settings)
    found: dict[str, tuple[list[str], list[str]]] = {}
    for name in chosen.aligned:
        text = read_passages(corpus, catalogue, chosen, name, "translation-lm")
        for code, (passage, english) in beside(text, text.held_out, "en"):
            sides = found.setdefault(code, ([], []))
            sides[0].append(passage)
            sides[1].append(english)
    return list(found.values())


def show_speed(encoder, corpus, catalogue, numerics: Numerics) -> None:
    """Tokens a second of pretraining and of fine-tuning, and the share of the rate of a matrix product, per thread count."""
    for threads in (1, 2):
        torch.set_num_threads(threads)
        rate = product_rate()
        print(f"{threads} thread(s): a product of 2048 x 2048 float32 matrices runs at {rate / 1e9:.0f} GFLOP/s")
        for what, stream in streams(encoder, corpus, catalogue).items():
            tokens, flops = step_rate(encoder, stream, numerics)
            print(
                f"  {what}: {tokens:,.0f} subwords/s, {flops / 1e9:.0f} GFLOP/s, {flops / rate:.0%} of the product's rate"
            )


def streams(encoder, corpus, catalogue) -> dict[str, Stream]:
    """A stream of masked language modelling and one of natural language inference."""
    ntrex = [
        {"text": str(r["text"])}
        for code in ("en", "de", "hi", "zh")
        for r in corpus.examples("ntrex", code, "train", 300)
    ]
    joined = [{"text": " ".join(r["text"] for r in ntrex[i : i + 3])} for i in range(0, len(ntrex), 3)]
    text = text_features(joined, "text", encoder)
    anli, chosen = catalogue["anli"], recipe("small")
    pairs = featurize(anli, corpus.examples("anli", "en", "train", 640), encoder, encoder.longest, "en/train")
    return {
        "pretraining": Stream(text, make_head(text.task, encoder, 0), 32, 1),
        "fine-tuning on ANLI": Stream(pairs, make_head(anli, encoder, 0), chosen.batch_size, 1),
    }


def step_rate(encoder, stream: Stream, numerics: Numerics) -> tuple[float, float]:
    """Subwords, and floating-point operations of matrix products, per second of whole training steps."""
    optimizer = optimizer_for([encoder.model, stream.head], recipe("small"))
    layers = sum(p.numel() for p in encoder.model.encoder.parameters() if p.ndim == 2)
    vocabulary, width = encoder.model.get_input_embeddings().weight.shape
    subwords, flops = 0, 0.0
    with numerics.applied(encoder):
        encoder.model.train()
        for number in range(stream.steps):
            if number == 1:
                start = time.perf_counter()  # the first step is a warm-up
                subwords, flops = 0, 0.0
            batch = stream.batch(number, 0, encoder)
            loss = stream.head.loss(stream.head(encoder.hidden(batch), batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            rows, length = batch["input_ids"].shape
            subwords += int(batch["attention_mask"].sum())
            # Two operations a weight forwards and four backwards; and attention's two products of length by length.
            flops += 6.0 * layers * rows * length + 12.0 * encoder.layers * rows * length**2 * width
            if isinstance(stream.head, MaskedLM):
                flops += 6.0 * vocabulary * width * int((batch["targets"] >= 0).sum())
    seconds = time.perf_counter() - start
    return subwords / seconds, flops / seconds


def product_rate(size: int = 2048, rounds: int = 8) -> float:
    """Floating-point operations per second of a matrix product."""
    one = torch.randn(size, size)
    torch.mm(one, one)
    start = time.perf_counter()
    for _ in range(rounds):
        torch.mm(one, one)
    return rounds * 2 * size**3 / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
