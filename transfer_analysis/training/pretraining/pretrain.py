"""Pretraining from nothing on real text: a tokenizer, then masked and translation language modelling."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from transfer_analysis.corpora.records import Corpus
from transfer_analysis.errors import InputError
from transfer_analysis.files import write_text
from transfer_analysis.progress import Report, silent
from transfer_analysis.tasks import Catalogue
from transfer_analysis.training.computing.checkpoints import Checkpoint, interrupts
from transfer_analysis.training.computing.numerics import Numerics, numerics_of
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.heads import MaskedLM, make_head
from transfer_analysis.training.loop import Watch, on_device, train, unwatched
from transfer_analysis.training.pretraining.built import fresh_encoder, save_pretrained, train_tokenizer
from transfer_analysis.training.pretraining.passages import (
    Passages,
    by_language,
    held_out_of,
    monolingual,
    read_passages,
    sentences,
    side_by_side,
    text_features,
)
from transfer_analysis.training.pretraining.sentence_ids import embeddings_from_sentences
from transfer_analysis.training.pretraining.settings import Pretraining
from transfer_analysis.training.reading.features import Features
from transfer_analysis.training.reading.tokens import fingerprint
from transfer_analysis.training.streams import Stream
from transfer_analysis.training.version import CORE

#: Passages per language that the held-out loss is computed on.
_HELD_OUT = 200


@dataclass(frozen=True)
class Pretrained:
    """A pretrained encoder's folder, and a row per language: passages, held-out loss (nats), unknown subwords (%)."""

    folder: Path
    languages: pd.DataFrame


def pretrain(
    corpus: Corpus,
    catalogue: Catalogue,
    settings: Pretraining,
    out: Path,
    *,
    device: str = "cpu",
    checkpoint_every: float = 600.0,
    report: Report = silent,
    watch: Watch = unwatched,
    stopping: Callable[[], bool] = lambda: False,
) -> Pretrained:
    """Train a tokenizer and an encoder, and write a folder that `AutoModel` and `AutoModelForMaskedLM` load.

    While it goes on, `<out>.partial` holds the tokenizer and a checkpoint; started again, it goes on from there and ends
    with the same weights.

    Parameters
    ----------
    watch, stopping
        Told of each step, and asked after each whether to stop with a checkpoint, as Ctrl-C does.

    Raises
    ------
    InputError
        Before any training, for text that is missing or wrong, or a folder that is there already.
    StoppedError
        Where Ctrl-C was pressed, or it was asked to stop; a checkpoint is written.
    """
    if out.exists():
        raise InputError(f"{out}: is there already; name another folder or remove it")
    texts, pairs = _texts(corpus, catalogue, settings, report)
    if not any(records for text in texts for records in text.held_out.values()):
        raise InputError(f"no passage is held out at held_out: {settings.held_out:g}; raise it, or give more text")
    partial = out.with_name(out.name + ".partial")
    _require_same(partial, _about(settings, [*texts, *pairs], device))
    tokenizer = train_tokenizer(by_language(texts), settings.pieces, settings.temperature, partial, report)
    encoder = fresh_encoder(settings.name, tokenizer, settings.encoder, settings.seed, device)
    checkpoint = partial / "checkpoint.safetensors"
    if settings.first_embeddings == "sentences" and not checkpoint.is_file():
        report("first embeddings from aligned sentences", 0.0)
        _begin_with(encoder, embeddings_from_sentences(sentences(pairs), encoder, settings.seed))
    report("tokenizing", 0.0)
    streams = _streams(settings, encoder, monolingual(texts, settings, encoder), side_by_side(pairs, settings, encoder))
    numerics = numerics_of(encoder, settings.recipe(), partial)
    rng = np.random.default_rng([settings.seed, 4])
    share = settings.aligned_share if len(streams) > 1 else 0.0
    shown = _watch(report)

    def told(step: int, steps: int, examples: int) -> None:
        shown(step, steps, examples)
        watch(step, steps, examples)

    with interrupts() as pressed:
        train(
            encoder,
            streams,
            (rng.random(settings.steps) < share).astype(np.int64),
            settings.recipe(),
            settings.seed,
            numerics=numerics,
            checkpoint=Checkpoint(checkpoint, checkpoint_every, lambda: pressed() or stopping()),
            watch=told,
        )
    head = streams[0].head
    assert isinstance(head, MaskedLM)
    languages = held_out_losses(encoder, head, texts, numerics, settings.masked, report)
    save_pretrained(encoder, head, partial / "encoder", settings.stored)
    about = {
        **_about(settings, [*texts, *pairs], device),
        "parameters": sum(p.numel() for p in encoder.model.parameters()),
        "numerics": str(numerics),
        "languages": languages.to_dict(orient="records"),
    }
    write_text(partial / "encoder" / "pretraining.json", json.dumps(about, indent=2, ensure_ascii=False) + "\n")
    (partial / "encoder").rename(out)
    shutil.rmtree(partial)
    return Pretrained(out, languages)


@torch.inference_mode()
def held_out_losses(
    encoder: Encoder,
    head: MaskedLM,
    texts: Sequence[Passages],
    numerics: Numerics,
    masked: float,
    report: Report = silent,
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
        records = held_out_of(texts, code, _HELD_OUT)
        row = {"language": code, "passages": sum(len(text.trained.get(code, [])) for text in texts)}
        if not records:
            rows.append({**row, "held_out_loss": nan, "unknown_tokens": nan})
            continue
        features = text_features(records, "text", encoder)
        loss = _mean_loss(Stream(features, head, 32, 1, masked), encoder, numerics)
        rows.append({**row, "held_out_loss": loss, "unknown_tokens": features.unknown_share()})
    return pd.DataFrame(rows)


def _mean_loss(stream: Stream, encoder: Encoder, numerics: Numerics) -> float:
    """Return the mean loss per hidden subword over a stream."""
    losses, hidden = 0.0, 0
    with numerics.applied(encoder):
        for number in range(stream.steps):
            batch = on_device(stream.batch(number, 0, encoder), encoder)
            with numerics.autocast(encoder):
                loss = stream.head.loss(stream.head(encoder.hidden(batch), batch), batch)
            count = int((batch["targets"] >= 0).sum())
            losses, hidden = losses + float(loss) * count, hidden + count
    return losses / hidden


def about_pretraining(corpus: Corpus, catalogue: Catalogue, settings: Pretraining, device: str) -> dict[str, Any]:
    """Return everything that can change the outcome of pretraining; all its text is read for that.

    Raises
    ------
    InputError
        For text that is missing or wrong.
    """
    texts, pairs = _texts(corpus, catalogue, settings, silent)
    return _about(settings, [*texts, *pairs], device)


def _texts(
    corpus: Corpus, catalogue: Catalogue, settings: Pretraining, report: Report
) -> tuple[list[Passages], list[Passages]]:
    """Return monolingual text and aligned passages."""
    texts = [read_passages(corpus, catalogue, settings, name, "masked-lm", report) for name in settings.text]
    pairs = [read_passages(corpus, catalogue, settings, name, "translation-lm", report) for name in settings.aligned]
    return texts, pairs


def _about(settings: Pretraining, texts: list[Passages], device: str) -> dict[str, Any]:
    """Return everything that can change the outcome: settings, versions, and hashes of all text by task and language."""
    read = {f"{t.task.name}/{code}": fingerprint(records) for t in texts for code, records in t.trained.items()}
    held_out = {f"{t.task.name}/{code}": fingerprint(records) for t in texts for code, records in t.held_out.items()}
    return {
        "core": CORE,
        "settings": settings.model_dump(mode="json"),
        "device": device,
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers", "scikit-learn")},
        "columns": {text.task.name: text.task.columns for text in texts},
        "text": read,
        "held_out": held_out,
    }


def _require_same(partial: Path, known: dict[str, Any]) -> None:
    """Note what is being done, or raise an InputError where something else was begun."""
    about = json.dumps(known, indent=2, ensure_ascii=False) + "\n"
    path = partial / "begun.json"
    if not path.is_file():
        write_text(path, about)
    elif path.read_text(encoding="utf-8") != about:
        raise InputError(
            f"{partial}: was begun with other settings or text (see {path.name}); go on with those, or remove the folder"
        )


def _begin_with(encoder: Encoder, embeddings: torch.Tensor) -> None:
    """Put first embeddings in place, but for special subwords."""
    special = torch.tensor(encoder.tokenizer.all_special_ids)
    weight = encoder.model.get_input_embeddings().weight
    with torch.no_grad():
        embeddings = embeddings.to(weight.device)
        embeddings[special] = weight[special]
        weight.copy_(embeddings)


def _streams(settings: Pretraining, encoder: Encoder, single: Features, aligned: Features | None) -> list[Stream]:
    head = make_head(single.task, encoder, settings.seed)
    streams = [Stream(single, head, settings.batch_size, 1, settings.masked)]
    if aligned is not None:
        streams.append(Stream(aligned, head, settings.aligned_batch_size, 1, settings.masked))
    return streams


def _watch(report: Report) -> Callable[[int, int, int], None]:
    def watch(step: int, steps: int, examples: int) -> None:
        if step % 20 == 0 or step == steps:
            report(f"pretraining: step {step:,} of {steps:,}, {examples:,} passages", step / steps)

    return watch
