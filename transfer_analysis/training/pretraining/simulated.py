"""Pretraining from nothing: masked and translation language modelling on simulated text.

A step reads either single documents (masked LM, Devlin et al. 2019) or a document in the source language beside the
same in another (translation LM, Conneau & Lample 2019). Words are predicted among those of their own language: with a
softmax over all languages a small encoder spends its capacity on telling languages apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch.nn import functional

from transfer_analysis.corpora.simulated import World
from transfer_analysis.progress import Report, silent
from transfer_analysis.training.batches import restarted_positions
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.loop import linear_schedule
from transfer_analysis.training.pretraining.built import Shape, new_encoder

#: Numbers below this are reserved for special tokens.
_SPECIAL = 5


class Pretraining(BaseModel):
    """Settings of pretraining.

    Attributes
    ----------
    steps, batch_size, learning_rate
        Steps of AdamW, documents in a step, and the peak rate.
    documents
        Documents per language, and pairs per language, that steps draw from.
    aligned
        Share of steps that read aligned pairs.
    masked
        Share of words that are hidden.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(gt=0)
    batch_size: int = Field(default=64, gt=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    documents: int = Field(default=3000, gt=0)
    aligned: float = Field(default=0.5, ge=0, le=1)
    masked: float = Field(default=0.25, gt=0, lt=1)


@dataclass(frozen=True)
class _Text:
    """Tokenized documents: single ones per language, and pairs of each language with the source language."""

    single: list[list[list[int]]]
    source: list[list[list[int]]]
    aligned: list[list[list[int]]]


def pretrain(world: World, shape: Shape, settings: Pretraining, seed: int, report: Report = silent) -> Encoder:
    """Return an encoder pretrained on the text of a simulated world."""
    vocabulary = sorted({word for code in world.spoken for word in world.vocabulary(code)})
    encoder = new_encoder("simulated", [".", *vocabulary], shape, seed)
    text = _read(world, encoder, settings.documents, report)
    words_of = _words_by_language(world, encoder)
    model = encoder.model
    embeddings = model.get_input_embeddings().weight
    bias = torch.nn.Parameter(torch.zeros(len(embeddings)))
    optimizer = torch.optim.AdamW(
        [*model.parameters(), bias], lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    schedule = linear_schedule(optimizer, settings.steps, warmup=0.08)
    rng = np.random.default_rng([seed, 1])
    model.train()
    for step in range(settings.steps):
        batch, languages = _drawn(text, encoder, settings, rng)
        ids = batch["input_ids"]
        hidden = torch.from_numpy(rng.random(ids.shape) < settings.masked) & (ids >= _SPECIAL)
        masked = {**batch, "input_ids": ids.masked_fill(hidden, int(encoder.tokenizer.mask_token_id or 0))}
        states = encoder.hidden(masked)[hidden]
        logits = (states @ embeddings.T + bias).masked_fill(~words_of[languages[hidden]], -1e4)
        loss = functional.cross_entropy(logits, ids[hidden])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 20 == 0 or step == settings.steps - 1:
            report(
                f"pretraining: step {step + 1:,} of {settings.steps:,}, loss {float(loss.detach()):.2f}",
                (step + 1) / settings.steps,
            )
    return encoder


def _read(world: World, encoder: Encoder, documents: int, report: Report) -> _Text:
    """Tokenize the world's text. Documents of different languages mean different things, but for the aligned pairs."""

    def ids(texts: list[str]) -> list[list[int]]:
        rows: list[list[int]] = encoder.tokenizer(texts, add_special_tokens=False)["input_ids"]
        return rows

    source = world.spoken[0]
    single, sources, aligned = [], [], []
    for i, code in enumerate(world.spoken):
        report(f"writing text: language {i + 1} of {len(world.spoken)}", (i + 1) / len(world.spoken))
        single.append(ids(world.text(code, documents, offset=(2 * i) * documents)))
        if code != source:
            sources.append(ids(world.text(source, documents, offset=(2 * i + 1) * documents)))
            aligned.append(ids(world.text(code, documents, offset=(2 * i + 1) * documents)))
    return _Text(single, sources, aligned)


def _words_by_language(world: World, encoder: Encoder) -> torch.Tensor:
    """Return which words each language has, shape (languages, vocabulary)."""
    table = torch.zeros(len(world.spoken), len(encoder.tokenizer), dtype=torch.bool)
    for i, code in enumerate(world.spoken):
        table[i, encoder.tokenizer.convert_tokens_to_ids([".", *world.vocabulary(code)])] = True
    return table


def _drawn(
    text: _Text, encoder: Encoder, settings: Pretraining, rng: np.random.Generator
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Return a batch and the language of each of its words, shape (documents, words)."""
    cls, sep = encoder.tokenizer.cls_token_id, encoder.tokenizer.sep_token_id
    rows: list[tuple[list[int], list[int], list[int]]] = []
    if text.aligned and rng.random() < settings.aligned:
        for _ in range(settings.batch_size // 2):
            language, number = int(rng.integers(len(text.aligned))), int(rng.integers(settings.documents))
            pair = [(text.source[language][number], 0), (text.aligned[language][number], language + 1)]
            if rng.random() < 0.5:
                pair.reverse()
            (first, one), (second, two) = pair
            ids = [cls, *first, sep, *second, sep]
            segments = [0] * (len(first) + 2) + [1] * (len(second) + 1)
            rows.append((ids, segments, [one] * (len(first) + 2) + [two] * (len(second) + 1)))
    else:
        for _ in range(settings.batch_size):
            language = int(rng.integers(len(text.single)))
            ids = [cls, *text.single[language][int(rng.integers(settings.documents))], sep]
            rows.append((ids, [0] * len(ids), [language] * len(ids)))
    width = max(len(ids) for ids, _, _ in rows)
    table = np.zeros((4, len(rows), width), dtype=np.int64)
    for i, (ids, segments, languages) in enumerate(rows):
        table[0, i, : len(ids)] = ids
        table[1, i, : len(ids)] = segments
        table[2, i, : len(ids)] = languages
        table[3, i, : len(ids)] = 1
    input_ids, segment, language_of, mask = torch.from_numpy(table).unbind()
    batch = {"input_ids": input_ids, "attention_mask": mask, "token_type_ids": segment}
    return {**batch, "position_ids": restarted_positions(segment, mask)}, language_of
