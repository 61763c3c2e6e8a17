from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from transfer_analysis.distances.embeddings.encoders import load_layer_encoder, load_sentence_encoder
from transfer_analysis.distances.embeddings.kept import kept_embeddings
from transfer_analysis.errors import InputError
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder

WORDS = ["red", "green", "blue", "cat", "dog", "sees"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TRANSFER_ANALYSIS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "embeddings"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    save_encoder(
        new_encoder("toy", WORDS, Shape(layers=2, hidden=16, heads=2, feed_forward=32, max_length=16), seed=0), folder
    )
    return folder


def lengths(seen):
    def compute(texts):
        seen.append(list(texts))
        return np.array([[len(text), 1.5] for text in texts])

    return compute


def test_each_text_is_embedded_once_ever(cache):
    seen: list[list[str]] = []
    first = kept_embeddings("one", ["a", "bbb", "a"], lengths(seen))
    assert first.tolist() == [[1, 1.5], [3, 1.5], [1, 1.5]]
    assert seen == [["bbb", "a"]]
    again = kept_embeddings("one", ["bbb", "cc", "a"], lengths(seen))
    assert again[:, 0].tolist() == [3, 2, 1]
    assert seen[1:] == [["cc"]]
    kept_embeddings("another encoder", ["a"], lengths(seen))
    assert seen[2:] == [["a"]]


def test_many_texts(cache):
    seen: list[list[str]] = []
    texts = [f"{i}" * (i % 7 + 1) for i in range(1300)]
    values = kept_embeddings("many", texts, lengths(seen))
    assert values[:, 0].tolist() == [len(t) for t in texts]
    assert len(seen) == 3  # written in parts, so that an interruption loses little
    kept_embeddings("many", texts[::-1], lengths(seen))
    assert len(seen) == 3


def test_a_damaged_file_is_set_aside(cache, caplog):
    kept_embeddings("one", ["a"], lengths([]))
    path = next(cache.glob("*.sqlite"))
    path.write_bytes(b"this is no database, and was never one" * 50)
    seen: list[list[str]] = []
    with caplog.at_level(logging.WARNING):
        assert kept_embeddings("one", ["a"], lengths(seen)).tolist() == [[1, 1.5]]
    assert seen == [["a"]]
    assert path.with_name(path.name + ".damaged").is_file()
    assert "damaged" in caplog.text


def test_a_cache_that_cannot_be_written_costs_a_warning_only(tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRANSFER_ANALYSIS_CACHE", str(tmp_path / "file"))
    with caplog.at_level(logging.WARNING):
        assert kept_embeddings("one", ["a", "bb"], lengths([])).shape == (2, 2)
    assert "not kept" in caplog.text


def test_an_interruption_keeps_what_is_done(cache):
    def fails(texts):
        if any(len(t) < 3 for t in texts):
            raise RuntimeError
        return np.array([[len(t)] for t in texts])

    texts = ["x" * (3 + i) for i in range(512)] + ["a"]
    with pytest.raises(RuntimeError):
        kept_embeddings("one", texts, fails)
    seen: list[list[str]] = []
    kept_embeddings("one", texts, lambda t: (seen.append(t), np.ones((len(t), 1)))[1])
    assert seen == [["a"]]


@pytest.mark.parametrize("layer", [0, 1, 2, None])
@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_states_of_a_layer(folder, cache, layer, pooling):
    loaded = load_layer_encoder(str(folder), layer, pooling)
    texts = ["red cat sees blue dog", "green", "dog sees"]
    got = loaded.encode(texts)
    encoder = load_encoder(str(folder))
    encoder.model.eval()
    for row, text in zip(got, texts, strict=True):
        batch = encoder.tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            states = encoder.hidden(dict(batch), 2 if layer is None else layer)[0]
        wanted = states.mean(dim=0) if pooling == "mean" else states[0]
        np.testing.assert_allclose(row, wanted.numpy(), atol=1e-5)
    assert loaded.provenance()["layer"] == (2 if layer is None else layer)
    assert loaded.provenance()["pooling"] == pooling


def test_kept_embeddings_need_no_model(folder, cache, monkeypatch):
    load_layer_encoder(str(folder), 1).encode(["red cat"])
    later = load_layer_encoder(str(folder), 1)
    monkeypatch.setattr("transfer_analysis.training.encoder.load_encoder", None)
    assert later.encode(["red cat"]).shape == (1, 16)
    with pytest.raises(TypeError):
        load_layer_encoder(str(folder), 2).encode(["red cat"])  # another layer is not kept


def test_a_layer_that_is_not_there(folder):
    with pytest.raises(InputError, match=r"has no layer 3; it has 0 .* to 2"):
        load_layer_encoder(str(folder), 3)
    with pytest.raises(InputError, match="no such folder"):
        load_layer_encoder("nowhere")


def test_an_encoder_that_cannot_be_reached(monkeypatch, tmp_path):
    from transfer_analysis.encoders import located

    monkeypatch.setattr(located, "hub_is_reachable", lambda: False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    for load in (load_sentence_encoder, load_layer_encoder):
        with pytest.raises(InputError, match="the hub cannot be reached, and it is not in the cache"):
            load("owner/model")
