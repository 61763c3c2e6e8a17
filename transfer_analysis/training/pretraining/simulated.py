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
from transfer_analysis.training.computing.numerics import by_error
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.loop import linear_schedule
from transfer_analysis.training.pretraining.built import Shape, new_encoder
from transfer_analysis.training.pretraining.cooccurrence import embeddings_from_cooccurrence
from transfer_analysis.training.pretraining.simulated_text import Row, Text, read_text

#: Numbers below this are reserved for special tokens.
_SPECIAL = 5


class Pretraining(BaseModel):
    """Settings of pretraining.

    Attributes
    ----------
    steps, batch_size, learning_rate
        Steps of AdamW, documents in a step, and the peak rate.
    documents
        Documents of the language that has most text, and pairs of it with the source language; the others have fewer,
        as they have in the text of XLM-R.
    aligned
        Share of steps that read aligned pairs, where the world's dial `aligned_text` is 1.
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


def pretrain(world: World, shape: Shape, settings: Pretraining, seed: int, report: Report = silent) -> Encoder:
    """Return an encoder pretrained on the text of a simulated world."""
    vocabulary = sorted({word for code in world.spoken for word in world.pieces(code)})
    encoder = new_encoder("simulated", [".", *vocabulary], shape, seed)
    text = read_text(world, encoder, settings.documents, report)
    embeddings = encoder.model.get_input_embeddings().weight
    first = embeddings_from_cooccurrence(text, len(embeddings), shape.hidden, seed, report)
    with torch.no_grad():
        embeddings[_SPECIAL:] = first[_SPECIAL:]
    with by_error(encoder).applied(encoder):
        _train(encoder, text, OwnWords.of(world, encoder), settings, seed, report)
    return encoder


def _train(encoder: Encoder, text: Text, words: OwnWords, settings: Pretraining, seed: int, report: Report) -> None:
    model = encoder.model
    embeddings = model.get_input_embeddings().weight
    bias = torch.nn.Parameter(torch.zeros(len(embeddings)))
    optimizer = torch.optim.AdamW(
        [*model.parameters(), bias], lr=settings.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
    )
    schedule = linear_schedule(optimizer, settings.steps, warmup=0.08)
    rng = np.random.default_rng([seed, 1])
    aligned = settings.aligned * text.aligned
    model.train()
    for step, rows in enumerate(text.drawn(settings.steps, settings.batch_size, aligned, rng)):
        batch, languages = _collated(rows, encoder)
        ids = batch["input_ids"]
        hidden = torch.from_numpy(rng.random(ids.shape) < settings.masked) & (ids >= _SPECIAL)
        masked = {**batch, "input_ids": ids.masked_fill(hidden, int(encoder.tokenizer.mask_token_id or 0))}
        loss = words.loss(encoder.hidden(masked)[hidden], ids[hidden], languages[hidden], embeddings, bias)
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


@dataclass(frozen=True)
class OwnWords:
    """Which words each language has: their numbers, shape (languages, words), ascending and filled up with the last."""

    ids: torch.Tensor
    counts: torch.Tensor

    @classmethod
    def of(cls, world: World, encoder: Encoder) -> OwnWords:
        """Return the words of a world's languages."""
        lists = [encoder.tokenizer.convert_tokens_to_ids([".", *world.pieces(code)]) for code in world.spoken]
        width = max(len(ids) for ids in lists)
        table = torch.tensor([ids + [ids[-1]] * (width - len(ids)) for ids in lists])
        return cls(table, torch.tensor([len(ids) for ids in lists]))

    def loss(
        self,
        states: torch.Tensor,
        targets: torch.Tensor,
        languages: torch.Tensor,
        embeddings: torch.Tensor,
        bias: torch.Tensor,
    ) -> torch.Tensor:
        """Return the mean cross-entropy of hidden words, each among the words of its own language.

        Parameters
        ----------
        states, targets, languages
            Hidden states, shape (words, width), the words that are hidden, and their languages.
        embeddings, bias
            Of the whole vocabulary.
        """
        # One product for all languages: their hidden words stand in rows that are filled up to the longest.
        counts = torch.bincount(languages, minlength=len(self.ids))
        order = torch.argsort(languages, stable=True)
        place = torch.arange(len(order)) - torch.repeat_interleave(counts.cumsum(0) - counts, counts)
        rows = languages[order]
        padded = states.new_zeros(len(self.ids), int(counts.max()), states.shape[1])
        padded = padded.index_put((rows, place), states[order])
        own = functional.embedding(self.ids, embeddings)
        logits = torch.baddbmm(
            functional.embedding(self.ids, bias[:, None]).transpose(1, 2), padded, own.transpose(1, 2)
        )
        beyond = torch.arange(self.ids.shape[1]) >= self.counts[:, None]
        logits = logits.masked_fill(beyond[:, None, :], -1e9)[rows, place]
        gold = torch.searchsorted(self.ids[rows], targets[order, None]).squeeze(1)
        return functional.cross_entropy(logits, gold)


def _collated(rows: list[Row], encoder: Encoder) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """Return rows as a batch, and the language of each of its words, shape (rows, words)."""
    cls, sep = encoder.tokenizer.cls_token_id, encoder.tokenizer.sep_token_id
    width = max(2 + sum(len(ids) + 1 for ids, _ in row) - 1 for row in rows)
    table = np.zeros((4, len(rows), width), dtype=np.int64)
    for i, row in enumerate(rows):
        place = 1
        table[0, i, 0] = cls
        for segment, (ids, language) in enumerate(row):
            end = place + len(ids)
            table[0, i, place:end] = ids
            table[0, i, end] = sep
            table[1, i, place : end + 1] = segment
            table[2, i, place : end + 1] = language
            place = end + 1
        table[3, i, :place] = 1
    input_ids, segments, languages, mask = torch.from_numpy(table).unbind()
    batch = {"input_ids": input_ids, "attention_mask": mask, "token_type_ids": segments}
    return {**batch, "position_ids": restarted_positions(segments, mask)}, languages
