"""Pretraining from nothing on text in a folder: the outcome is loaded by transformers, and by a grid."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.computing.checkpoints import StoppedError
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.heads import make_head
from transfer_analysis.training.pretraining.built import balanced_counts
from transfer_analysis.training.pretraining.passages import read_passages
from transfer_analysis.training.pretraining.pretrain import pretrain
from transfer_analysis.training.pretraining.settings import Pretraining, load_pretraining

SETTINGS = Pretraining(
    name="little",
    text=("bible-nt",),
    aligned=("bible-nt-aligned",),
    held_out=0.2,
    pieces=600,
    encoder={"layers": 1, "hidden": 32, "heads": 2, "feed_forward": 32, "max_length": 64},
    steps=1200,
    batch_size=16,
    learning_rate=5e-3,
    matmul="exact",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Verses of two languages in two scripts: the same ten words in the same order."""
    path = tmp_path_factory.mktemp("text")
    rng = np.random.default_rng(0)
    words = {
        "en": [f"{a}{b}" for a in "kmnpt" for b in ("ai", "oe")],
        "el": [f"{a}{b}" for a in "κμνπτ" for b in ("αι", "οε")],
    }
    verses = rng.integers(10, size=(200, 6))
    for code, there in words.items():
        for number, verse in enumerate(verses[: 200 if code == "en" else 120]):
            file = path / "bible_nt" / code / "train.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a") as stream:
                row = {"verse_id": f"MAT.1.{number}", "text": " ".join(there[w] for w in np.sort(verse))}
                stream.write(json.dumps(row) + "\n")
    return path


@pytest.fixture(scope="module")
def made(folder):
    return pretrain(FolderCorpus(folder), load_catalogue(), SETTINGS, folder / "little")


def test_the_outcome_is_loaded_by_transformers(folder, made):
    from transformers import AutoModel, AutoModelForMaskedLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(made.folder)
    whole = AutoModelForMaskedLM.from_pretrained(made.folder).eval()
    plain = AutoModel.from_pretrained(made.folder, add_pooling_layer=False).eval()
    row = tokenizer("kai moe [MASK]", return_tensors="pt")
    with torch.no_grad():
        states = plain(**row).last_hidden_state
        assert torch.allclose(states, whole.bert(**row).last_hidden_state)
    assert not list(made.folder.glob("*.bin"))
    assert not (folder / "little.partial").exists()
    about = json.loads((made.folder / "pretraining.json").read_text())
    assert about["settings"]["steps"] == 1200
    assert set(about["text"]) == {"bible-nt/en", "bible-nt/el", "bible-nt-aligned/en", "bible-nt-aligned/el"}


def test_the_language_head_travels_with_the_encoder(made):
    """What our head predicts is what transformers' own model predicts."""
    from transformers import AutoModelForMaskedLM

    encoder = load_encoder(str(made.folder))
    assert set(encoder.language_head) == {"dense.weight", "dense.bias", "norm.weight", "norm.bias", "bias"}
    about = load_catalogue()["bible-nt"]
    head = make_head(about, encoder, 0).eval()
    row = encoder.tokenizer("kai moe [MASK] pai", return_tensors="pt")
    row["position_ids"] = torch.arange(row["input_ids"].shape[1])[None]
    targets = torch.where(row["input_ids"] == encoder.tokenizer.mask_token_id, 7, -100)
    whole = AutoModelForMaskedLM.from_pretrained(made.folder).eval()
    with torch.no_grad():
        ours = head(encoder.hidden(row), {"targets": targets})
        theirs = whole(**row).logits[targets != -100]
    assert torch.allclose(ours, theirs, atol=1e-5)


def test_a_mask_hides_a_whole_word(made):
    tokenizer = load_encoder(str(made.folder)).tokenizer
    assert "▁" not in tokenizer.tokenize("kai [MASK] moe")


def test_characters_of_no_training_text_are_read_as_bytes(made):
    tokenizer = load_encoder(str(made.folder)).tokenizer
    ids = tokenizer("kai ж 語", add_special_tokens=False)["input_ids"]
    assert tokenizer.unk_token_id not in ids
    assert tokenizer.decode(ids) == "kai ж 語"


def test_it_learns_more_than_frequencies(made):
    found = made.languages.set_index("language")
    assert set(found.index) == {"en", "el"}
    assert (found["unknown_tokens"] == 0).all()
    # Ten words, each about as frequent as the others: guessing costs log 10.
    assert (found["held_out_loss"] < 0.8 * np.log(10)).all()
    assert found.loc["en", "passages"] > found.loc["el", "passages"]


def test_the_same_verse_is_held_out_in_every_language(folder):
    texts = [
        read_passages(FolderCorpus(folder), load_catalogue(), SETTINGS, name, head)
        for name, head in (("bible-nt", "masked-lm"), ("bible-nt-aligned", "translation-lm"))
    ]
    out = [{r["verse_id"] for r in text.held_out[code]} for text in texts for code in ("en", "el")]
    assert out[0] == out[2]
    assert out[1] == out[3]
    assert out[1] <= out[0]
    trained = {r["verse_id"] for text in texts for records in text.trained.values() for r in records}
    assert not trained & out[0]
    assert 20 < len(out[0]) < 60


def test_a_stopped_pretraining_goes_on_to_the_same_bytes(folder, made, monkeypatch):
    from transfer_analysis.training.pretraining import pretrain as pretraining

    real = pretraining.Checkpoint
    calls = iter(range(10**6))
    monkeypatch.setattr(
        pretraining, "Checkpoint", lambda path, every, stopping: real(path, every, lambda: next(calls) > 25)
    )
    out = folder / "again" / "little"
    with pytest.raises(StoppedError):
        pretrain(FolderCorpus(folder), load_catalogue(), SETTINGS, out)
    assert (folder / "again" / "little.partial" / "checkpoint.safetensors").is_file()
    monkeypatch.setattr(pretraining, "Checkpoint", real)
    with pytest.raises(InputError, match="little.partial: was begun with other settings or text"):
        pretrain(FolderCorpus(folder), load_catalogue(), SETTINGS.model_copy(update={"seed": 1}), out)
    pretrain(FolderCorpus(folder), load_catalogue(), SETTINGS, out)
    for name in ("model.safetensors", "tokenizer.json"):
        assert (out / name).read_bytes() == (made.folder / name).read_bytes()


def test_small_languages_are_read_more_often():
    assert balanced_counts([900, 100], 1.0) == [900, 100]
    assert balanced_counts([900, 100], 2.0) == [750, 250]
    assert sum(balanced_counts([500, 300, 7], 3.0)) == pytest.approx(807, abs=2)


def test_mistakes_are_named(folder, made, tmp_path):
    corpus, catalogue = FolderCorpus(folder), load_catalogue()
    with pytest.raises(InputError, match="is there already"):
        pretrain(corpus, catalogue, SETTINGS, made.folder)
    wrong = SETTINGS.model_copy(update={"text": ("xnli",)})
    with pytest.raises(InputError, match="xnli: has the head sequence-classification; expected text"):
        pretrain(corpus, catalogue, wrong, tmp_path / "x")
    with pytest.raises(InputError, match="bible-nt: has none of the languages fi; it has el, en"):
        pretrain(corpus, catalogue, SETTINGS.model_copy(update={"languages": ("fi",)}), tmp_path / "x")
    path = tmp_path / "p.yaml"
    path.write_text("name: a b\ntext: []\nsteps: 0\n")
    with pytest.raises(InputError) as caught:
        load_pretraining(path)
    assert len(caught.value.problems) == 3
