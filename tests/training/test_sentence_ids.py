"""First embeddings from aligned sentences, and which passages are read: by hand on two small languages."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.pretraining.built import Shape, fresh_encoder, word_tokenizer
from transfer_analysis.training.pretraining.passages import monolingual, read_passages, side_by_side
from transfer_analysis.training.pretraining.pretrain import pretrain
from transfer_analysis.training.pretraining.sentence_ids import embeddings_from_sentences, sentence_counts
from transfer_analysis.training.pretraining.settings import Pretraining

WORDS = [f"a{i}" for i in range(12)], [f"b{i}" for i in range(12)]


@pytest.fixture(scope="module")
def encoder():
    tokenizer = word_tokenizer([*WORDS[0], *WORDS[1], "never"], 32)
    return fresh_encoder("toy", tokenizer, Shape(layers=1, hidden=24, heads=2, feed_forward=8, max_length=32), 0, "cpu")


def sentences(count=300):
    rng = np.random.default_rng(0)
    for number in range(count):
        drawn = rng.choice(12, size=3, replace=False)
        for words in WORDS:
            yield str(number), " ".join(words[i] for i in rng.permutation(drawn))


def test_counts_are_of_sentences_in_languages(encoder):
    counts = sentence_counts([("x", "a1 a1 b2"), ("x", "a1"), ("y", "b2")], encoder).toarray()
    number = encoder.tokenizer.convert_tokens_to_ids
    assert counts[number("a1")].tolist() == [2, 0]
    assert counts[number("b2")].tolist() == [1, 1]
    assert counts.sum() == 4


def test_translations_begin_near_each_other(encoder):
    found = embeddings_from_sentences(sentences(), encoder, seed=0)
    assert found.shape == (len(encoder.tokenizer), 24)
    ours, theirs = (found[encoder.tokenizer.convert_tokens_to_ids(words)] for words in WORDS)
    cosines = torch.nn.functional.normalize(ours, dim=1) @ torch.nn.functional.normalize(theirs, dim=1).T
    assert cosines.argmax(dim=1).tolist() == list(range(12))
    assert float(cosines.diagonal().mean()) > 0.95
    never = found[encoder.tokenizer.convert_tokens_to_ids("never")]
    assert float(never.norm()) > 0
    assert torch.equal(found, embeddings_from_sentences(sentences(), encoder, seed=0))
    # Fewer sentences than dimensions: the rest of each vector begins at random.
    few = embeddings_from_sentences(list(sentences(5)), encoder, seed=0)
    assert bool((few[encoder.tokenizer.convert_tokens_to_ids("a1"), 5:] != 0).all())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("aligned")
    for code, words in (("en", WORDS[0]), ("de", WORDS[1]), ("fi", WORDS[1])):
        file = path / "bible_nt" / code / "train.jsonl"
        file.parent.mkdir(parents=True)
        rng = np.random.default_rng(0)
        rows = [
            {"verse_id": f"MAT.1.{n}", "text": " ".join(words[i] for i in rng.choice(12, size=3, replace=False))}
            for n in range(90 if code == "en" else 60)
        ]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


SETTINGS = Pretraining(
    name="little",
    text=("bible-nt",),
    aligned=("bible-nt-aligned",),
    without={"bible-nt": ("fi",), "bible-nt-aligned": ("fi",)},
    held_out=0.1,
    joined=3,
    pieces=600,
    encoder={"layers": 1, "hidden": 16, "heads": 2, "feed_forward": 16, "max_length": 32},
    first_embeddings="sentences",
    steps=3,
    batch_size=8,
    matmul="exact",
    stored="float16",
)


def test_passages_are_joined_balanced_and_left_out(folder, encoder):
    catalogue = load_catalogue()
    text = read_passages(FolderCorpus(folder), catalogue, SETTINGS, "bible-nt", "masked-lm")
    assert set(text.trained) == {"en", "de"}
    single = monolingual([text], SETTINGS, encoder)
    counts = {code: -(-len(records) // 3) for code, records in text.trained.items()}
    assert len(single) == pytest.approx(sum(counts.values()), abs=1)
    assert max(len(row) for row in single.input_ids) == 2 + 9
    pairs = read_passages(FolderCorpus(folder), catalogue, SETTINGS, "bible-nt-aligned", "translation-lm")
    aligned = side_by_side([pairs], SETTINGS, encoder)
    assert len(aligned) == len(pairs.trained["de"])
    english = set(encoder.tokenizer.convert_tokens_to_ids(WORDS[0]))
    for ids, segments in zip(aligned.input_ids, aligned.segments, strict=True):
        ours = [i in english for i in ids[1:4]], [i in english for i in ids[5:8]]
        assert all(ours[0]) != all(ours[1])
        assert segments.tolist() == [0] * 5 + [1] * 4
    assert SETTINGS.aligned_batch_size == 12


def test_an_encoder_is_stored_at_half_precision_and_read_at_full(folder):
    made = pretrain(FolderCorpus(folder), load_catalogue(), SETTINGS, folder / "little")
    stored = load_file(made.folder / "model.safetensors")
    assert {w.dtype for w in stored.values()} == {torch.float16}
    encoder = load_encoder(str(made.folder))
    assert {p.dtype for p in encoder.model.parameters()} == {torch.float32}
    assert set(json.loads((made.folder / "pretraining.json").read_text())["text"]) == {
        f"{name}/{code}" for name in ("bible-nt", "bible-nt-aligned") for code in ("en", "de")
    }


def test_settings_that_cannot_be(folder):
    with pytest.raises(ValidationError, match="without: 'bible' is not read .did you mean 'bible-nt'"):
        Pretraining.model_validate({**SETTINGS.model_dump(), "without": {"bible": ("fi",)}})
    with pytest.raises(ValidationError, match="sentences need aligned text"):
        Pretraining.model_validate({**SETTINGS.model_dump(), "aligned": (), "without": {}})
    wrong = SETTINGS.model_copy(update={"without": {"bible-nt": ("sv",)}})
    with pytest.raises(InputError, match="without: bible-nt has no 'sv'"):
        read_passages(FolderCorpus(folder), load_catalogue(), wrong, "bible-nt", "masked-lm")
