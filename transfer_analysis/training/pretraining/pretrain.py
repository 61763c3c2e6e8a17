"""Pretraining from nothing on real text: a tokenizer, then masked and translation language modelling."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
import transformers
from pydantic import BaseModel, ConfigDict, Field

from transfer_analysis.corpora.records import Corpus, Record, require_columns
from transfer_analysis.documents import parse_yaml, validated
from transfer_analysis.errors import InputError
from transfer_analysis.files import read_text, write_text
from transfer_analysis.progress import Report, silent
from transfer_analysis.tasks import Catalogue, Task
from transfer_analysis.training.computing.checkpoints import Checkpoint, interrupts
from transfer_analysis.training.computing.numerics import Numerics, numerics_of
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads import MaskedLM, make_head
from transfer_analysis.training.loop import on_device, train
from transfer_analysis.training.pretraining.built import (
    Shape,
    balanced_counts,
    fresh_encoder,
    save_pretrained,
    train_tokenizer,
)
from transfer_analysis.training.reading.features import Features, featurize
from transfer_analysis.training.reading.tokens import fingerprint
from transfer_analysis.training.recipes import Recipe
from transfer_analysis.training.streams import Stream
from transfer_analysis.training.version import CORE

#: Passages per language that the held-out loss is computed on.
_HELD_OUT = 200


class Pretraining(BaseModel):
    """What an encoder is pretrained on, and how.

    Attributes
    ----------
    name
        Of the encoder.
    text, aligned
        Text of the catalogue: monolingual (head `masked-lm`), and passages with their counterparts in the source language
        (`translation-lm`).
    languages, source_language
        Languages of the text, all that there are where empty; and the one that aligned passages are paired with.
    examples
        Passages of a text in a language, at most.
    held_out
        Share of passages that are not trained on in any language, for the held-out loss.
    pieces
        Size of the vocabulary.
    temperature
        Languages are read in proportion to their number of passages to the power of 1 / `temperature`.
    encoder
        Size of the model.
    steps, batch_size, learning_rate, warmup, weight_decay, clip, precision, matmul
        Of training, as in a recipe.
    aligned_share
        Share of steps on aligned passages.
    masked
        Share of subwords that are hidden.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    text: tuple[str, ...] = Field(min_length=1)
    aligned: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    source_language: str = "en"
    examples: int = Field(default=100_000, gt=0)
    held_out: float = Field(default=0.01, gt=0, lt=0.5)
    pieces: int = Field(default=16_000, ge=200)
    temperature: float = Field(default=2.0, ge=1)
    encoder: Shape = Shape()
    steps: int = Field(gt=0)
    batch_size: int = Field(default=64, gt=0)
    learning_rate: float = Field(default=1e-3, gt=0)
    warmup: float = Field(default=0.06, ge=0, le=1)
    weight_decay: float = Field(default=0.01, ge=0)
    clip: float = Field(default=1.0, gt=0)
    precision: Literal["float32", "bf16"] = "float32"
    matmul: Literal["fastest", "exact"] = "fastest"
    aligned_share: float = Field(default=0.5, gt=0, lt=1)
    masked: float = Field(default=0.15, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)

    def recipe(self) -> Recipe:
        """Return how the loop is to train."""
        return Recipe.model_validate(
            {
                "name": "pretraining",
                "epochs": 1,
                "max_length": self.encoder.max_length,
                **self.model_dump(include=set(Recipe.model_fields) - {"name"}),
            }
        )


@dataclass(frozen=True)
class Pretrained:
    """A pretrained encoder's folder, and a row per language: passages, held-out loss (nats), unknown subwords (%)."""

    folder: Path
    languages: pd.DataFrame


@dataclass(frozen=True)
class _Text:
    """Passages of a text by language, apart from those held out."""

    task: Task
    trained: dict[str, list[Record]]
    held_out: dict[str, list[Record]]


def load_pretraining(path: Path) -> Pretraining:
    """Read settings of pretraining.

    Raises
    ------
    InputError
        Naming every field that is wrong.
    """
    fields = parse_yaml(read_text(path, "settings of pretraining in YAML"), path.name, "with name, text and steps")
    return validated(Pretraining, fields, path.name)


def pretrain(
    corpus: Corpus,
    catalogue: Catalogue,
    settings: Pretraining,
    out: Path,
    *,
    device: str = "cpu",
    checkpoint_every: float = 600.0,
    report: Report = silent,
) -> Pretrained:
    """Train a tokenizer and an encoder, and write a folder that `AutoModel` and `AutoModelForMaskedLM` load.

    While it goes on, `<out>.partial` holds the tokenizer and a checkpoint; started again, it goes on from there and ends
    with the same weights.

    Raises
    ------
    InputError
        Before any training, for text that is missing or wrong, or a folder that is there already.
    StoppedError
        Where Ctrl-C was pressed; a checkpoint is written.
    """
    if out.exists():
        raise InputError(f"{out}: is there already; name another folder or remove it")
    texts = [_read(corpus, catalogue, settings, name, "masked-lm", report) for name in settings.text]
    pairs = [_read(corpus, catalogue, settings, name, "translation-lm", report) for name in settings.aligned]
    if not any(records for text in texts for records in text.held_out.values()):
        raise InputError(f"no passage is held out at held_out: {settings.held_out:g}; raise it, or give more text")
    partial = out.with_name(out.name + ".partial")
    _require_same(partial, settings, [*texts, *pairs])
    tokenizer = train_tokenizer(texts_by_language(texts), settings.pieces, settings.temperature, partial, report)
    encoder = fresh_encoder(settings.name, tokenizer, settings.encoder, settings.seed, device)
    report("tokenizing", 0.0)
    single = _features(_balanced(texts, settings), "text", encoder)
    streams = _streams(settings, encoder, single, _aligned(pairs, settings, encoder))
    numerics = numerics_of(encoder, settings.recipe(), partial)
    rng = np.random.default_rng([settings.seed, 4])
    share = settings.aligned_share if len(streams) > 1 else 0.0
    order = (rng.random(settings.steps) < share).astype(np.int64)
    with interrupts() as stopping:
        train(
            encoder,
            streams,
            order,
            settings.recipe(),
            settings.seed,
            numerics=numerics,
            checkpoint=Checkpoint(partial / "checkpoint.safetensors", checkpoint_every, stopping),
            watch=_watch(report),
        )
    head = streams[0].head
    assert isinstance(head, MaskedLM)
    languages = held_out_losses(encoder, head, texts, numerics, settings.masked, report)
    save_pretrained(encoder, head, partial / "encoder")
    about = {
        **_about(settings, [*texts, *pairs]),
        "parameters": sum(p.numel() for p in encoder.model.parameters()),
        "numerics": str(numerics),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "languages": languages.to_dict(orient="records"),
    }
    write_text(partial / "encoder" / "pretraining.json", json.dumps(about, indent=2, ensure_ascii=False) + "\n")
    (partial / "encoder").rename(out)
    shutil.rmtree(partial)
    return Pretrained(out, languages)


def _about(settings: Pretraining, texts: list[_Text]) -> dict[str, Any]:
    """Return everything that can change the outcome."""
    read = {f"{t.task.name}/{code}": fingerprint(records) for t in texts for code, records in t.trained.items()}
    return {"core": CORE, "settings": settings.model_dump(mode="json"), "text": read}


def _require_same(partial: Path, settings: Pretraining, texts: list[_Text]) -> None:
    """Note what is being done, or raise an InputError where something else was begun."""
    about = json.dumps(_about(settings, texts), indent=2, ensure_ascii=False) + "\n"
    path = partial / "begun.json"
    if not path.is_file():
        write_text(path, about)
    elif path.read_text(encoding="utf-8") != about:
        raise InputError(
            f"{partial}: was begun with other settings or text (see {path.name}); go on with those, or remove the folder"
        )


def texts_by_language(texts: list[_Text]) -> dict[str, list[str]]:
    """Return all passages of each language."""
    found: dict[str, list[str]] = {}
    for text in texts:
        for code, records in text.trained.items():
            found.setdefault(code, []).extend(str(record[text.task.columns["text"]]) for record in records)
    return found


@torch.inference_mode()
def held_out_losses(
    encoder: Encoder, head: MaskedLM, texts: list[_Text], numerics: Numerics, masked: float, report: Report = silent
) -> pd.DataFrame:
    """Return, per language, passages trained on, the mean loss per hidden subword of held-out ones, and unknown subwords.

    What is hidden is drawn from a fixed seed.
    """
    encoder.model.eval()
    head.eval()
    rows = []
    codes = sorted({code for text in texts for code in text.held_out})
    for i, code in enumerate(codes):
        report(f"held-out loss: {code}", i / len(codes))
        records = [r for text in texts for r in _renamed(text.task, text.held_out.get(code, []))][:_HELD_OUT]
        trained = sum(len(text.trained.get(code, [])) for text in texts)
        if not records:
            rows.append({"language": code, "passages": trained, "held_out_loss": nan, "unknown_tokens": nan})
            continue
        features = _features(records, "text", encoder)
        stream = Stream(features, head, 32, 1, masked)
        losses, hidden = 0.0, 0
        with numerics.applied(encoder):
            for number in range(stream.steps):
                batch = on_device(stream.batch(number, 0, encoder), encoder)
                with numerics.autocast(encoder):
                    loss = head.loss(head(encoder.hidden(batch), batch), batch)
                count = int((batch["targets"] >= 0).sum())
                losses, hidden = losses + float(loss) * count, hidden + count
        rows.append(
            {
                "language": code,
                "passages": trained,
                "held_out_loss": losses / hidden,
                "unknown_tokens": features.unknown_share(),
            }
        )
    return pd.DataFrame(rows)


def _read(corpus: Corpus, catalogue: Catalogue, settings: Pretraining, name: str, head: str, report: Report) -> _Text:
    about = catalogue[name]
    if about.head != head:
        raise InputError(f"{name}: has the head {about.head}; expected text with the head {head}")
    there = corpus.languages(name)
    languages = [code for code in there if not settings.languages or code in settings.languages]
    if not languages:
        raise InputError(
            f"{name}: has none of the languages {', '.join(settings.languages)}; it has {', '.join(there)}"
        )
    if head == "translation-lm" and settings.source_language not in languages:
        raise InputError(f"{name}: has no passages in the source language {settings.source_language!r}")
    trained, held_out = {}, {}
    for i, code in enumerate(languages):
        report(f"reading {name}: {code}", i / len(languages))
        records = corpus.sample(name, code, about.splits.train, settings.examples, settings.seed).records
        require_columns(records, list(about.columns.values()), f"{name} {code}/{about.splits.train}")
        kept = [_is_held_out(about, number, record, settings.held_out) for number, record in enumerate(records)]
        trained[code] = [r for r, out in zip(records, kept, strict=True) if not out]
        held_out[code] = [r for r, out in zip(records, kept, strict=True) if out]
    return _Text(about, trained, held_out)


def _is_held_out(task: Task, number: int, record: Record, share: float) -> bool:
    """Whether a passage is held out: the same passage in every language and text, so that none sees it translated."""
    key = record[task.columns["key"]] if "key" in task.columns else number
    return zlib.crc32(f"{task.folder or task.name}/{key}".encode()) % 10_000 < 10_000 * share


def _renamed(task: Task, records: list[Record]) -> list[Record]:
    return [{"text": str(record[task.columns["text"]])} for record in records]


def _balanced(texts: list[_Text], settings: Pretraining) -> list[Record]:
    """Return all passages, those of small languages several times."""
    by_language: dict[str, list[Record]] = {}
    for text in texts:
        for code, records in text.trained.items():
            by_language.setdefault(code, []).extend(_renamed(text.task, records))
    counts = balanced_counts([len(records) for records in by_language.values()], settings.temperature)
    rng = np.random.default_rng([settings.seed, 5])
    chosen = []
    for records, count in zip(by_language.values(), counts, strict=True):
        numbers = np.concatenate([rng.permutation(len(records)) for _ in range(-(-count // len(records)))])[:count]
        chosen += [records[n] for n in numbers]
    return chosen


def _aligned(pairs: list[_Text], settings: Pretraining, encoder: Encoder) -> Features | None:
    """Return passages beside their counterparts in the source language, in either order."""
    rng = np.random.default_rng([settings.seed, 6])
    records = []
    for text in pairs:
        column, key = text.task.columns["text"], text.task.columns["key"]
        counterpart = {record[key]: str(record[column]) for record in text.trained[settings.source_language]}
        for code, found in text.trained.items():
            for record in found if code != settings.source_language else []:
                if record[key] in counterpart:
                    both = [str(record[column]), counterpart[record[key]]]
                    first = int(rng.integers(2))
                    records.append({"text": both[first], "pair": both[1 - first]})
    return _features(records, "text pair", encoder) if records else None


def _features(records: list[Record], columns: str, encoder: Encoder) -> Features:
    task = Task(
        name="pretraining",
        title="Pretraining",
        family="language modelling",
        head="masked-lm" if columns == "text" else "translation-lm",
        columns={column: column for column in columns.split()},
        metric="accuracy",
        made_of=("pretraining",),
    )
    return featurize(task, records, encoder, encoder.longest, "text")


def _streams(settings: Pretraining, encoder: Encoder, single: Features, aligned: Features | None) -> list[Stream]:
    head = make_head(single.task, encoder, settings.seed)
    streams = [Stream(single, head, settings.batch_size, 1, settings.masked)]
    if aligned is not None:
        streams.append(Stream(aligned, head, max(1, settings.batch_size // 2), 1, settings.masked))
    return streams


def _watch(report: Report) -> Callable[[int, int, int], None]:
    def watch(step: int, steps: int, examples: int) -> None:
        if step % 20 == 0 or step == steps:
            report(f"pretraining: step {step:,} of {steps:,}, {examples:,} passages", step / steps)

    return watch
