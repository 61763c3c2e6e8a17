"""Masked and translation language modelling learn what the text tells, and nothing where it tells nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transfer_analysis.tasks import Task
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.loop import train
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.reading.features import IGNORED, featurize
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.streams import Stream, all_of

KINDS = 8
WORDS = [f"{language}{i}" for language in "ab" for i in range(KINDS)]


def examples(head, count, told, rng):
    """Return text; where nothing is to be told, every word is drawn by itself.

    Masked: words in their cyclic order from a random start. Translation: random words beside their translations.
    """
    rows = []
    for _ in range(count):
        start = int(rng.integers(KINDS))
        if head == "masked-lm":
            numbers = (start + np.arange(6)) % KINDS if told else rng.integers(KINDS, size=6)
            rows.append({"text": " ".join(f"a{n}" for n in numbers)})
        else:
            numbers = rng.integers(KINDS, size=4)
            other = numbers if told else rng.integers(KINDS, size=4)
            rows.append({"text": " ".join(f"a{n}" for n in numbers), "pair": " ".join(f"b{n}" for n in other)})
    return rows


def accuracy(encoder, stream):
    """Return the share of hidden words that are found."""
    encoder.model.eval()
    stream.head.eval()
    hits = []
    with torch.no_grad():
        for number in range(stream.steps):
            batch = stream.batch(number, 0, encoder)
            found = stream.head.predict(stream.head(encoder.hidden(batch), batch), batch)
            golds = [row[row != IGNORED].tolist() for row in batch["targets"]]
            hits += [f == g for row in zip(found, golds, strict=True) for f, g in zip(*row, strict=True)]
    return float(np.mean(hits))


@pytest.mark.parametrize("head", ["masked-lm", "translation-lm"])
@pytest.mark.parametrize("told", [True, False])
def test_what_the_text_tells_is_learnt(head, told):
    columns = {"text": "text"} if head == "masked-lm" else {"text": "text", "pair": "pair"}
    about = Task(name="t", title="T", family="x", head=head, columns=columns, metric="accuracy", made_of=("x",))
    rng = np.random.default_rng(0)
    shape = Shape(layers=2, hidden=32, heads=2, feed_forward=64)
    encoder = new_encoder("toy", WORDS, shape, 0)
    model = make_head(about, encoder, 0)
    chosen = recipe("simulated", learning_rate=5e-3)
    stream = Stream(featurize(about, examples(head, 800, told, rng), encoder, 32, "x"), model, 32, 20)
    train(encoder, [stream], all_of([stream]), chosen, seed=0)
    # One hidden word in a row: where its translation is hidden too, nothing could tell it.
    test = Stream(featurize(about, examples(head, 300, told, rng), encoder, 32, "x"), model, 1, 1, masked=1e-9)
    found = accuracy(encoder, test)
    if told:
        assert found > 0.97
    else:
        # Guessing among the words of one language: an eighth; five standard errors of 300 words.
        assert found < 1 / KINDS + 5 * np.sqrt(7 / 64 / 300)
