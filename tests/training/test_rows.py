"""An embedding of the rows that are read ends as the whole one does; a batch in parts as one at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from transfer_analysis.training import loop
from transfer_analysis.training.batches import collate, masked
from transfer_analysis.training.computing.checkpoints import Checkpoint, StoppedError
from transfer_analysis.training.computing.dropout import RandomBits, replace_dropout
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.computing.rows import embedding_of, read_rows
from transfer_analysis.training.computing.tensors import read_tensors
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.loop import Development, backward, parts_of, predict, train, without_padding
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.reading.features import featurize
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.streams import Stream, all_of

from tests.toys import WORDS, task

#: Subwords that no example has.
UNREAD = [f"unread{i}" for i in range(300)]

COLUMNS = {
    "sequence-classification": {"text": "text", "label": "label"},
    "sequence-regression": {"text": "text", "label": "label"},
    "multiple-choice": {"context": "context", "choices": "choices", "label": "label"},
    "token-classification": {"tokens": "tokens", "tags": "tags"},
    "dependency": {"tokens": "tokens", "heads": "heads", "relations": "relations"},
    "span-qa": {"question": "question", "context": "context", "answers": "answers"},
    "dual-encoder": {"text": "text", "pair": "pair", "key": "key"},
    "masked-lm": {"text": "text"},
}
METRICS = {"sequence-regression": "pearson", "dependency": "las", "span-qa": "f1", "dual-encoder": "map_at_20"}
HEADS = [head for head in COLUMNS if head != "masked-lm"]
FAMILIES = ["bert", "roberta", "xlm-roberta", "deberta-v2", "modernbert"]


def example(rng, number):
    words = [str(w) for w in rng.choice(WORDS[:7], rng.integers(3, 8))]
    return {
        "text": " ".join(words),
        "pair": " ".join(reversed(words)),
        "key": str(number),
        "context": " ".join(words),
        "choices": ["red cat", "blue dog"],
        "label": int(rng.integers(2)),
        "tokens": words,
        "tags": [str(rng.integers(2)) for _ in words],
        "heads": list(range(len(words))),
        "relations": [str(rng.integers(2)) for _ in words],
        "question": "who",
        "answers": {"text": [words[0]], "answer_start": [0]},
    }


def encoder_of(family="bert", seed=0, dropout=0.1):
    """A tiny encoder of an architecture, with the toy vocabulary."""
    from transformers import AutoConfig, AutoModel

    shape = Shape(layers=1, hidden=32, heads=2, feed_forward=32, max_length=64, dropout=dropout)
    toy = new_encoder("toy", [*WORDS, *UNREAD], shape, seed=seed)
    if family == "bert":
        return toy
    config = AutoConfig.for_model(
        family,
        vocab_size=len(toy.tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=80,
        pad_token_id=toy.pad_id,
        bos_token_id=toy.tokenizer.cls_token_id,
        eos_token_id=toy.tokenizer.sep_token_id,
        **({"cls_token_id": 2, "sep_token_id": 3} if family == "modernbert" else {"type_vocab_size": 1}),
    )
    torch.manual_seed(seed)
    model, bits = AutoModel.from_config(config), RandomBits()
    replace_dropout(model, bits)
    return replace(toy, model=model, bits=bits, restart_positions=False)


def stream(head, encoder, count=24, epochs=2, seed=0):
    labels = ("0", "1") if head in ("token-classification", "dependency", "sequence-classification") else ()
    about = task(head, COLUMNS[head], labels, METRICS.get(head, "accuracy"))
    rng = np.random.default_rng(seed)
    features = featurize(about, [example(rng, n) for n in range(count)], encoder, 32, "x")
    return Stream(features, make_head(about, encoder, 0), 8, epochs)


def trained(head, encoder, monkeypatch, whole=False, development=None, **overrides):
    """Train, with the whole embedding or with the rows that are read, and return all weights."""
    chosen = recipe("simulated", **{"weight_decay": 0.1, "learning_rate": 1e-3, **overrides})
    one = stream(head, encoder)
    with monkeypatch.context() as patch:
        if whole:
            patch.setattr(loop, "read_rows", lambda *_: None)
        train(encoder, [one], all_of([one]), chosen, 3, development=development)
    return state(encoder, one)


def state(encoder, one):
    return {**encoder.model.state_dict(), **{f"head.{k}": v for k, v in one.head.state_dict().items()}}


def assert_alike(found, expected, moved_from):
    """The same but for rounding, and all of it trained: AdamW's first steps follow the sign of a gradient, so that one
    near 0 may differ; it moves an element by a learning rate at most.
    """
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        off = (found[name] - tensor).abs()
        assert float(off.max()) < 2e-3, name
        assert float((off > 2e-5).float().mean()) < 0.01, name
    embedding = next(name for name in expected if "word_embeddings" in name or "tok_embeddings" in name)
    assert not torch.equal(expected[embedding], moved_from[embedding])


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_the_rows_that_are_read_end_as_the_whole_embedding_does(head, weight_decay, monkeypatch):
    start = {name: weight.clone() for name, weight in encoder_of().model.state_dict().items()}
    expected = trained(head, encoder_of(), monkeypatch, whole=True, weight_decay=weight_decay)
    found = trained(head, encoder_of(), monkeypatch, weight_decay=weight_decay)
    assert_alike(found, expected, start)
    # A row that nothing read has changed by its decay alone, and to rounding by the same.
    unread = "embeddings.word_embeddings.weight"
    assert torch.allclose(found[unread][-50:], expected[unread][-50:], rtol=1e-6, atol=0)
    assert torch.equal(found[unread][-50:], start[unread][-50:]) == (weight_decay == 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_encoders(family, monkeypatch):
    start = {name: weight.clone() for name, weight in encoder_of(family).model.state_dict().items()}
    expected = trained("token-classification", encoder_of(family), monkeypatch, whole=True)
    assert_alike(trained("token-classification", encoder_of(family), monkeypatch), expected, start)


def test_from_intermediate_to_target(monkeypatch):
    """The weights in between are whole: what the target reads and the intermediate task did not has its decay."""
    start = {name: weight.clone() for name, weight in encoder_of().model.state_dict().items()}
    found = []
    for whole in (True, False):
        encoder = encoder_of()
        trained("sequence-classification", encoder, monkeypatch, whole=whole)
        found.append(trained("token-classification", encoder, monkeypatch, whole=whole))
    assert_alike(found[1], found[0], start)


def test_the_best_weights_have_the_decay_of_their_step(monkeypatch):
    def development():
        given = iter([1.0, 5.0, 2.0, 3.0])
        return Development(lambda: next(given), every=1, patience=2)

    expected = trained("token-classification", encoder_of(), monkeypatch, whole=True, development=development())
    found = trained("token-classification", encoder_of(), monkeypatch, development=development())
    unread = "embeddings.word_embeddings.weight"
    assert torch.allclose(found[unread][-50:], expected[unread][-50:], rtol=1e-6, atol=0)


def test_evaluation_in_the_middle_knows_every_row(monkeypatch):
    """Development examples may have subwords that no training example has."""
    encoder = encoder_of(dropout=0.0)
    one = stream("sequence-classification", encoder)
    others = featurize(one.features.task, [{"text": "unread3 red unread7", "label": 1}], encoder, 32, "x")
    expected = predict(encoder, one.head, others)
    states = encoder.hidden({"input_ids": torch.tensor([[2, 17, 5, 3]]), "attention_mask": torch.ones(1, 4)})
    with embedding_of(read_rows(one.features.input_ids, encoder), encoder) as rows:
        assert rows.weight.shape[0] < 30
        encoder.model.eval()
        inside = encoder.hidden({"input_ids": torch.tensor([[2, 17, 5, 3]]), "attention_mask": torch.ones(1, 4)})
        assert predict(encoder, one.head, others) == expected
    assert torch.equal(states, inside)
    assert type(encoder.model.get_input_embeddings()) is torch.nn.Embedding


def test_language_modelling_reads_every_row(monkeypatch):
    """Its head computes with the whole embedding, so nothing is left out."""
    one = stream("masked-lm", encoder := encoder_of())
    with monkeypatch.context() as patch:
        patch.setattr(loop, "read_rows", None)  # would fail if it were asked
        train(encoder, [one], all_of([one]), recipe("simulated"), 3)


def test_a_stopped_phase_ends_with_the_same_bits_and_a_small_checkpoint(tmp_path):
    def phase(checkpoint=None):
        encoder = encoder_of()
        one = stream("token-classification", encoder)
        train(encoder, [one], all_of([one]), recipe("simulated", weight_decay=0.1), 3, checkpoint=checkpoint)
        return state(encoder, one)

    expected = phase()
    path, calls = tmp_path / "c.safetensors", iter(range(100))
    with pytest.raises(StoppedError):
        phase(Checkpoint(path, every=1e9, stopping=lambda: next(calls) >= 2))
    kept = read_tensors(path)[0]["module.0.embeddings.word_embeddings.weight"]
    assert len(kept) < 30  # of 315
    found = phase(Checkpoint(path, every=1e9))
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


@pytest.mark.parametrize("head", [*HEADS, "masked-lm"])
def test_a_batch_in_parts_has_the_same_gradients(head):
    """The same loss and the same gradients to rounding, dropout included."""
    found = []
    for rows_at_once in (0, 3):
        encoder = encoder_of()
        one = stream(head, encoder)
        batch = one.batch(0, 3, encoder)
        encoder.model.train()
        numerics = Numerics(attention="drawn")
        with numerics.applied(encoder):
            loss = backward(encoder, one.head.train(), batch, numerics, rows_at_once, (3, 1))
        parameters = [*encoder.model.parameters(), *one.head.parameters()]
        found.append((float(loss), torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])))
    (expected, gradients), (loss, in_parts) = found
    assert loss == pytest.approx(expected, rel=1e-5)
    assert float((in_parts - gradients).norm() / gradients.norm()) < 1e-5


@pytest.mark.parametrize("head", [*HEADS, "masked-lm"])
def test_a_batch_without_its_padding_has_the_same_gradients(head, monkeypatch):
    """Its shorter and its longer examples apart; without dropout, which is drawn by the shape."""
    found = []
    for part_costs in (10**9, 0):
        monkeypatch.setattr(loop, "_PART", part_costs)
        encoder = encoder_of(dropout=0.0)
        one = stream(head, encoder)
        batch = collate(one.features, np.arange(8), encoder)
        if head == "masked-lm":
            batch = masked(batch, encoder, 0.3, np.random.default_rng(0))
        parts = len(without_padding(batch, encoder))
        assert parts == (1 if part_costs else 2)
        encoder.model.train()
        with Numerics(attention="drawn").applied(encoder):
            loss = backward(encoder, one.head.eval(), batch, Numerics(), 0, (3, 1))
        parameters = [*encoder.model.parameters(), *one.head.parameters()]
        found.append((float(loss), torch.cat([p.grad.flatten() for p in parameters if p.grad is not None])))
    (expected, gradients), (loss, in_parts) = found
    assert loss == pytest.approx(expected, rel=1e-5)
    assert float((in_parts - gradients).norm() / gradients.norm()) < 1e-5


def test_padding_is_left_out_where_that_saves(monkeypatch):
    encoder = encoder_of()
    lengths = torch.tensor([3, 30, 4, 3])
    mask = (torch.arange(30) < lengths[:, None]).long()
    batch = {"input_ids": mask * torch.arange(4)[:, None], "attention_mask": mask, "targets": torch.arange(4)}
    monkeypatch.setattr(loop, "_PART", 10)
    short, long = without_padding(batch, encoder)
    assert (short["input_ids"].shape, short["targets"].tolist()) == ((3, 4), [0, 3, 2])
    assert (long["input_ids"].shape, long["targets"].tolist()) == ((1, 30), [1])
    assert long["input_ids"][0].tolist() == [1] * 30


def test_parts_hold_whole_items():
    batch = {
        "input_ids": torch.arange(12).reshape(6, 2),
        "attention_mask": torch.ones(6, 2),
        "targets": torch.tensor([0, 1, 2]),
    }
    found = list(parts_of(batch, 3))
    assert [first for first, _ in found] == [0, 2, 4]
    assert [part["input_ids"].tolist() for _, part in found] == [[[0, 1], [2, 3]], [[4, 5], [6, 7]], [[8, 9], [10, 11]]]
    assert [part["targets"].tolist() for _, part in found] == [[0], [1], [2]]
    assert [len(part["targets"]) for _, part in parts_of(batch, 0)] == [3]
    assert len(list(parts_of(batch, 1))) == 3
