"""Pretraining on simulated text: what is read, first embeddings, the loss, and what is kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional
from transfer_analysis.corpora.simulated import Dials, World
from transfer_analysis.errors import InputError
from transfer_analysis.files import CACHE_VARIABLE
from transfer_analysis.languages import pretraining_size
from transfer_analysis.progress import silent
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.pretraining import kept
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.pretraining.cooccurrence import embeddings_from_cooccurrence, ppmi
from transfer_analysis.training.pretraining.kept import Wanted, pretrained
from transfer_analysis.training.pretraining.simulated import OwnWords, Pretraining
from transfer_analysis.training.pretraining.simulated_text import Text, read_text, volumes

TINY = Shape(layers=1, hidden=16, heads=2, feed_forward=16, max_length=32)


@pytest.fixture(scope="module")
def world():
    return World(("en", "de", "ja"), 1)


@pytest.fixture(scope="module")
def encoder(world):
    words = sorted({word for code in world.spoken for word in world.pieces(code)})
    return new_encoder("tiny", [".", *words], TINY, 0)


def test_volumes_follow_what_xlmr_read():
    languages = ("en", "ru", "sw", "yo", "ja+sw")
    found = dict(zip(languages, volumes(languages, 1_000), strict=True))
    assert found["en"] == 1_000
    assert found["sw"] == round(1_000 * (pretraining_size("sw") / pretraining_size("en")) ** 0.3)
    assert found["ja+sw"] == found["sw"]
    assert pretraining_size("yo") is None
    assert found["yo"] < found["sw"] < found["ru"]


def test_pairs_are_translations_and_single_documents_are_not(world, encoder):
    text = read_text(world, encoder, 40, silent)
    words = {number: word for word, number in encoder.tokenizer.get_vocab().items()}

    def written(document):
        return " ".join(words[int(i)] for i in document).replace(" -", "-").replace("= ", "=")

    assert len(text.pairs[0]) == 0
    source, other = text.pairs[2][0]
    offset = (2 * 2 + 1) * 40
    assert written(source) == world.text("en", 1, offset=offset)[0]
    assert written(other) == world.text("ja", 1, offset=offset)[0]
    everything = {written(d) for d in text.single[0]}
    assert not everything & {written(source) for pairs in text.pairs for source, _ in pairs}


def test_the_dial_of_aligned_text_leaves_fewer_pairs(encoder):
    few = read_text(World(("en", "de", "ja"), 1, Dials(aligned_text=0.5)), encoder, 40, silent)
    none = read_text(World(("en", "de", "ja"), 1, Dials(aligned_text=0.0)), encoder, 40, silent)
    whole = read_text(World(("en", "de", "ja"), 1), encoder, 40, silent)
    assert len(few.pairs[1]) == round(len(whole.pairs[1]) / 2)
    assert [len(pairs) for pairs in none.pairs] == [0, 0, 0]
    rows = [row for step in none.drawn(6, 8, 0.8, np.random.default_rng(0)) for row in step]
    assert all(len(row) == 1 for row in rows)


def test_steps_have_the_size_asked_for_and_rows_of_like_length():
    rng = np.random.default_rng(0)
    documents = [[np.full(int(n), 7) for n in rng.integers(5, 30, 200)] for _ in range(2)]
    text = Text(documents, [[], [(d, d) for d in documents[1]]], 5, 1.0)
    steps = list(text.drawn(50, 16, 0.5, rng))
    assert len(steps) == 50
    singles = [rows for rows in steps if len(rows[0]) == 1]
    assert {len(rows) for rows in singles} == {16}
    assert {len(rows) for rows in steps if len(rows[0]) == 2} == {8}
    assert 12 < len(singles) < 38
    spread = np.mean([np.ptp([len(row[0][0]) for row in rows]) for rows in singles])
    assert spread < 0.6 * 24


def test_a_word_is_predicted_among_the_words_of_its_language(world, encoder):
    """Against a softmax over the whole vocabulary with the words of other languages ruled out."""
    words = OwnWords.of(world, encoder)
    generator = torch.Generator().manual_seed(0)
    languages = torch.randint(0, 3, (40,), generator=generator)
    table = [torch.tensor(encoder.tokenizer.convert_tokens_to_ids(world.pieces(c))) for c in world.spoken]
    targets = torch.stack([table[int(k)][i] for i, k in enumerate(languages)])
    states = torch.randn(40, 16, generator=generator, requires_grad=True)
    embeddings = torch.randn(len(encoder.tokenizer), 16, generator=generator, requires_grad=True)
    bias = torch.randn(len(encoder.tokenizer), generator=generator, requires_grad=True)
    loss = words.loss(states, targets, languages, embeddings, bias)
    allowed = torch.zeros(3, len(encoder.tokenizer), dtype=torch.bool)
    for k, ids in enumerate(table):
        allowed[k, ids] = True
        allowed[k, encoder.tokenizer.convert_tokens_to_ids(".")] = True
    logits = (states @ embeddings.T + bias).masked_fill(~allowed[languages], -torch.inf)
    expected = functional.cross_entropy(logits, targets)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    ours = torch.autograd.grad(loss, (states, embeddings, bias))
    theirs = torch.autograd.grad(expected, (states, embeddings, bias))
    for one, two in zip(ours, theirs, strict=True):
        assert torch.allclose(one, two, atol=1e-6)


def test_ppmi_by_hand():
    from scipy.sparse import csr_matrix

    counts = np.array([[9.0, 4.0], [4.0, 9.0], [0.0, 2.0]])
    found = ppmi(csr_matrix(counts)).toarray()
    context = counts.sum(axis=0) ** 0.75 / (counts.sum(axis=0) ** 0.75).sum()
    joint, own = counts / counts.sum(), counts.sum(axis=1) / counts.sum()
    for i in range(3):
        for j in range(2):
            expected = max(0.0, np.log(joint[i, j] / (own[i] * context[j]))) if counts[i, j] else 0.0
            assert found[i, j] == pytest.approx(expected)


def test_translations_begin_near_each_other_only_with_aligned_text(encoder, world):
    def cosine(dials):
        text = read_text(World(world.spoken, world.seed, dials), encoder, 400, silent)
        vectors = embeddings_from_cooccurrence(text, len(encoder.tokenizer), 32, 0, silent)
        pairs = [
            (world.language("en").words[key], world.language("ja").words[key])
            for key in world.language("en").words
            if key[0] in ("person", "action", "thing")
        ]
        ids = np.array([encoder.tokenizer.convert_tokens_to_ids(list(pair)) for pair in pairs])
        one, two = vectors[ids[:, 0]], vectors[ids[:, 1]]
        return float(functional.cosine_similarity(one, two).mean())

    assert cosine(Dials()) > 0.5
    # The Japanese words of this world are read, but never beside their translations.
    assert cosine(Dials(aligned_text=0.0)) < 0.2


def test_an_encoder_is_made_once_and_the_number_of_processes_does_not_matter(tmp_path, monkeypatch, world):
    settings = Pretraining(steps=6, batch_size=8, documents=20)
    wanted = [Wanted(world, TINY, settings, 0), Wanted(world, TINY, settings, 1)]
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "two"))
    said: list[str] = []
    first = pretrained(wanted, 2, lambda what, share: said.append(what))
    assert any(what.startswith("pretraining: step 6 of 6") for what in said)
    assert [one.folder for one in wanted] == first  # as the processes that made them call them
    weights = [(folder / "model.safetensors").read_bytes() for folder in first]
    assert weights[0] != weights[1]
    assert load_encoder(str(first[0])).pooling == "mean"

    monkeypatch.setattr(kept, "_make", lambda *_: pytest.fail("it is kept"))
    assert pretrained(wanted, 2) == first
    monkeypatch.undo()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "one"))
    again = pretrained(wanted, 1)
    assert [(folder / "model.safetensors").read_bytes() for folder in again] == weights
    assert not [path for path in (tmp_path / "one").iterdir() if path.name.startswith(".")]


def test_another_world_is_another_encoder(world):
    settings = Pretraining(steps=6, batch_size=8, documents=20)
    one = Wanted(world, TINY, settings, 0)
    others = [
        Wanted(World(world.spoken, 2), TINY, settings, 0),
        Wanted(World(world.spoken, 1, Dials(cognates=0.0)), TINY, settings, 0),
        Wanted(world, TINY, settings.model_copy(update={"steps": 7}), 0),
        Wanted(world, TINY, settings, 1),
        Wanted(world, TINY.model_copy(update={"hidden": 32}), settings, 0),
    ]
    assert len({w.identity for w in (one, *others)}) == 6
    assert one.identity == Wanted(World(world.spoken, 1), TINY, settings, 0).identity


def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch, world):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match="name another folder with TRANSFER_ANALYSIS_CACHE"):
        pretrained([Wanted(world, TINY, Pretraining(steps=6, batch_size=8, documents=20), 0)], 1)
