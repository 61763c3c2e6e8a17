"""Which task each step trains, on which examples: pure functions of a seed."""

from __future__ import annotations

import numpy as np
import pytest
from transfer_analysis.tasks import Task
from transfer_analysis.training.batches import masked
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.reading.features import IGNORED, featurize
from transfer_analysis.training.streams import Stream, all_of, mixed, mixed_in

WORDS = [f"w{i}" for i in range(50)]


@pytest.fixture(scope="module")
def encoder():
    return new_encoder("toy", WORDS, Shape(layers=1, hidden=8, heads=1, feed_forward=8), seed=0)


def stream(encoder, count, batch_size=4, epochs=2):
    task = Task(
        name="text",
        title="Text",
        family="x",
        head="masked-lm",
        columns={"text": "text"},
        metric="accuracy",
        made_of=("x",),
    )
    rng = np.random.default_rng(count)
    examples = [{"text": " ".join(rng.choice(WORDS, int(rng.integers(3, 20))))} for _ in range(count)]
    return Stream(featurize(task, examples, encoder, 32, "x"), make_head(task, encoder, 0), batch_size, epochs)


def test_a_stream_reads_every_item_once_in_each_pass(encoder):
    one = stream(encoder, 21)
    assert (one.batches, one.steps) == (6, 12)
    for epoch in range(2):
        read = np.concatenate([one.items(6 * epoch + n, seed=3) for n in range(6)])
        assert sorted(read.tolist()) == list(range(21))
    # Whichever step was asked for before makes no difference.
    assert one.items(2, 3).tolist() == stream(encoder, 21).items(2, 3).tolist()
    orders = [[one.items(n, seed).tolist() for n in range(6)] for seed in (3, 4)]
    assert orders[0] != orders[1]


def test_streams_in_turn(encoder):
    assert all_of([stream(encoder, 8, epochs=1), stream(encoder, 5, epochs=1)]).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("sampling", "cap", "expected"),
    [
        ("proportional", 10**6, [400 / 500, 100 / 500]),
        ("proportional", 100, [0.5, 0.5]),
        ("temperature", 10**6, [20 / 30, 10 / 30]),  # square roots of 400 and 100
        ("uniform", 10**6, [0.5, 0.5]),
    ],
)
def test_shares_of_several_tasks(encoder, sampling, cap, expected):
    streams = [stream(encoder, 400, batch_size=1, epochs=10), stream(encoder, 100, batch_size=1, epochs=10)]
    order = mixed(streams, sampling, cap, 2.0, seed=0)
    assert len(order) == 10 * (min(400, cap) + min(100, cap))
    shares = np.bincount(order) / len(order)
    # Four standard errors of a share at the fewest steps.
    assert shares == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(2000))
    assert np.array_equal(order, mixed(streams, sampling, cap, 2.0, seed=0))
    assert not np.array_equal(order, mixed(streams, sampling, cap, 2.0, seed=1))


def test_language_modelling_is_mixed_in_at_its_rate():
    order = np.repeat([0, 1], 300)
    longer = mixed_in(order, others=[2, 3], rate=0.25, seed=0)
    assert len(longer) == 800
    assert longer[longer < 2].tolist() == order.tolist()
    assert np.bincount(longer).tolist() == [300, 300, 100, 100]
    # All along, not at one end.
    assert 60 < (longer[:400] >= 2).sum() < 140


def test_what_is_hidden(encoder):
    one = stream(encoder, 300, batch_size=300)
    from transfer_analysis.training.batches import collate

    plain = collate(one.features, np.arange(300), encoder)
    batch = masked(plain, encoder, 0.15, np.random.default_rng(0))
    hidden = (batch["targets"] != IGNORED).numpy()
    before, after = plain["input_ids"].numpy(), batch["input_ids"].numpy()
    real = (before >= 5) & (plain["attention_mask"].numpy() == 1)
    assert not hidden[~real].any()
    assert hidden.sum() / real.sum() == pytest.approx(0.15, abs=0.02)
    assert (batch["targets"].numpy()[hidden] == before[hidden]).all()
    assert (after[~hidden] == before[~hidden]).all()
    mask = encoder.tokenizer.mask_token_id
    assert (after[hidden] == mask).mean() == pytest.approx(0.8, abs=0.05)
    assert (after[hidden] == before[hidden]).mean() == pytest.approx(0.1, abs=0.04)
    # A batch in which the draw hides nothing still has a target.
    few = collate(one.features, np.array([0]), encoder)
    assert (masked(few, encoder, 1e-9, np.random.default_rng(0))["targets"] != IGNORED).sum() == 1


def test_masks_are_a_function_of_seed_and_step(encoder):
    one, again = stream(encoder, 21), stream(encoder, 21)
    batches = [s.batch(n, 3, encoder)["targets"].tolist() for s in (one, again) for n in (0, 1)]
    assert batches[:2] == batches[2:]
    assert batches[0] != batches[1]
