"""A phase that was stopped or killed ends with the same bits; a damaged file is set aside."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transfer_analysis.tasks import Task
from transfer_analysis.training.computing.checkpoints import Checkpoint, StoppedError
from transfer_analysis.training.computing.tensors import read_tensors, write_tensors
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.loop import Development, train
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.reading.features import featurize
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.streams import Stream, mixed_in

WORDS = [f"w{i}" for i in range(30)]


def task(head, columns, labels=()):
    return Task(
        name=head, title="x", family="x", head=head, columns=columns, labels=labels, metric="accuracy", made_of=("x",)
    )


def phase():
    """A classifier with dropout, and language modelling mixed in: every kind of randomness there is."""
    shape = Shape(layers=1, hidden=16, heads=2, feed_forward=16, dropout=0.2)
    encoder = new_encoder("toy", WORDS, shape, seed=0)
    rng = np.random.default_rng(0)
    examples = [{"text": " ".join(rng.choice(WORDS, 8)), "label": int(rng.integers(2))} for _ in range(40)]
    classified = task("sequence-classification", {"text": "text", "label": "label"}, ("a", "b"))
    text = task("masked-lm", {"text": "text"})
    streams = [
        Stream(featurize(about, examples, encoder, 32, "x"), make_head(about, encoder, 0), 8, 3)
        for about in (classified, text)
    ]
    order = mixed_in(np.zeros(15, dtype=np.int64), [1], 0.25, seed=0)
    return encoder, streams, order


def weights(encoder, streams):
    modules = [encoder.model, *(stream.head for stream in streams)]
    return torch.cat([p.detach().flatten() for module in modules for p in module.parameters()])


def development():
    """Scores that rise, fall and are best in the middle, whatever the weights."""
    given = iter([1.0, 5.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    return Development(lambda: next(given), every=2, patience=4)


@pytest.fixture(scope="module")
def whole():
    encoder, streams, order = phase()
    train(encoder, streams, order, recipe("simulated", weight_decay=0.1), seed=5)
    return weights(encoder, streams)


@pytest.mark.parametrize("stopped_at", [1, 7, 18])
def test_a_stopped_phase_ends_with_the_same_bits(tmp_path, whole, stopped_at):
    chosen = recipe("simulated", weight_decay=0.1)
    calls = iter(range(1000))
    encoder, streams, order = phase()
    checkpoint = Checkpoint(tmp_path / "c.safetensors", every=1e9, stopping=lambda: next(calls) >= stopped_at)
    with pytest.raises(StoppedError):
        train(encoder, streams, order, chosen, seed=5, checkpoint=checkpoint)
    # A new process: other weights, another global random state.
    torch.manual_seed(99)
    encoder, streams, order = phase()
    steps = []
    train(
        encoder,
        streams,
        order,
        chosen,
        seed=5,
        checkpoint=Checkpoint(tmp_path / "c.safetensors", every=1e9),
        watch=lambda step, of, examples: steps.append(step),
    )
    assert steps[0] > 1
    assert steps[-1] == len(order)
    assert torch.equal(weights(encoder, streams), whole)


def test_checkpoints_at_every_step_change_nothing(tmp_path, whole):
    encoder, streams, order = phase()
    checkpoint = Checkpoint(tmp_path / "c.safetensors", every=0)
    train(encoder, streams, order, recipe("simulated", weight_decay=0.1), seed=5, checkpoint=checkpoint)
    assert torch.equal(weights(encoder, streams), whole)
    assert checkpoint.path.is_file()


def test_early_stopping_keeps_the_best_weights_across_a_stop(tmp_path):
    chosen = recipe("simulated")
    encoder, streams, order = phase()
    best = train(encoder, streams, order, chosen, seed=5, development=development())
    assert (best.score, best.step) == (5.0, 4)
    expected = weights(encoder, streams)
    # The same as ending there.
    encoder, streams, order = phase()
    seen = {}
    train(
        encoder,
        streams,
        order,
        chosen,
        seed=5,
        watch=lambda step, of, examples: seen.setdefault(step, weights(encoder, streams)),
    )
    assert torch.equal(seen[4], expected)
    assert not torch.equal(seen[len(order)], expected)
    # Stopped after the best score, and gone on with.
    calls = iter(range(1000))
    encoder, streams, order = phase()
    scores = development()
    checkpoint = Checkpoint(tmp_path / "c.safetensors", every=1e9, stopping=lambda: next(calls) >= 6)
    with pytest.raises(StoppedError):
        train(encoder, streams, order, chosen, seed=5, checkpoint=checkpoint, development=scores)
    encoder, streams, order = phase()
    checkpoint = Checkpoint(tmp_path / "c.safetensors", every=1e9)
    best = train(encoder, streams, order, chosen, seed=5, checkpoint=checkpoint, development=scores)
    assert (best.score, best.step) == (5.0, 4)
    assert torch.equal(weights(encoder, streams), expected)


def test_patience_ends_a_phase():
    encoder, streams, order = phase()
    steps = []
    scores = iter([9.0, *[1.0] * 20])
    train(
        encoder,
        streams,
        order,
        recipe("simulated"),
        seed=5,
        development=Development(lambda: next(scores), every=2, patience=3),
        watch=lambda step, of, examples: steps.append(step),
    )
    assert steps[-1] == 8  # best at 2, then three times nothing better


def test_a_loss_that_is_no_number_ends_the_phase():
    encoder, streams, order = phase()
    with torch.no_grad():
        encoder.model.get_input_embeddings().weight[7] = float("nan")
    with pytest.raises(FloatingPointError, match="was no number by step 20"):
        train(encoder, streams, order, recipe("simulated"), seed=5)


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-7], lambda b: b[:-7] + b"changed", lambda b: b"", lambda b: b"x" * 99]
)
def test_a_damaged_file_is_named_and_set_aside(tmp_path, caplog, damage):
    path = tmp_path / "c.safetensors"
    tensors = {"a": torch.arange(5.0), "n": torch.tensor(3), "half": torch.ones(2, dtype=torch.bfloat16)}
    write_tensors(path, tensors, {"step": 4})
    found, about = read_tensors(path)
    assert about == {"step": 4}
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())
    path.write_bytes(damage(path.read_bytes()))
    assert read_tensors(path) is None
    assert "c.safetensors" in caplog.text
    assert [p.name for p in tmp_path.iterdir()] == ["c.safetensors.damaged"]
    assert read_tensors(path) is None  # as where there never was one


def test_a_kill_when_patience_has_run_out_changes_nothing(tmp_path):
    def scores():
        given = iter([9.0, 1.0, 1.0, 1.0, 50.0, 1.0, 1.0, 1.0, 1.0, 1.0])
        return Development(lambda: next(given), every=2, patience=3)

    encoder, streams, order = phase()
    path = tmp_path / "c.safetensors"
    train(encoder, streams, order, recipe("simulated"), seed=5, development=scores(), checkpoint=Checkpoint(path, 0))
    expected = weights(encoder, streams)
    encoder, streams, order = phase()
    left = scores()
    for _ in range(3):  # looked at before the checkpoint was written
        left.score()
    best = train(encoder, streams, order, recipe("simulated"), seed=5, development=left, checkpoint=Checkpoint(path, 0))
    assert best.step == 2
    assert torch.equal(weights(encoder, streams), expected)


def test_a_checkpoint_at_the_last_step_saves_all_training(tmp_path, whole):
    encoder, streams, order = phase()
    chosen = recipe("simulated", weight_decay=0.1)
    train(encoder, streams, order, chosen, seed=5, checkpoint=Checkpoint(tmp_path / "c.safetensors", 0))
    encoder, streams, order = phase()
    steps = []
    train(
        encoder,
        streams,
        order,
        chosen,
        seed=5,
        checkpoint=Checkpoint(tmp_path / "c.safetensors", 0),
        watch=lambda step, of, examples: steps.append(step),
    )
    assert steps == []
    assert torch.equal(weights(encoder, streams), whole)


def test_a_loss_that_is_no_number_is_seen_before_the_score_is():
    encoder, streams, order = phase()
    with torch.no_grad():
        encoder.model.get_input_embeddings().weight[7] = float("nan")
    scores = Development(lambda: 1.0, every=2, patience=1)
    with pytest.raises(FloatingPointError, match="was no number by step 2"):
        train(encoder, streams, order, recipe("simulated"), seed=5, development=scores)


def test_an_update_that_ruins_the_weights_is_seen():
    encoder, streams, _ = phase()
    with pytest.raises(FloatingPointError, match="weights became NaN or infinite within 1 steps"):
        train(
            encoder, streams, np.zeros(1, dtype=np.int64), recipe("simulated", learning_rate=1e39, warmup=0.0), seed=5
        )
