"""Settings of pretraining on real text."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from transfer_analysis.documents import read_document
from transfer_analysis.errors import nearest
from transfer_analysis.files import read_text
from transfer_analysis.training.pretraining.built import Shape
from transfer_analysis.training.recipes import Recipe


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
    without
        Text → languages of it that are not read, because of their rights, say.
    examples
        Passages of a text in a language, at most.
    joined
        Passages of monolingual text that follow each other and are read as one.
    held_out
        Share of passages that are not trained on in any language, for the held-out loss.
    pieces
        Size of the vocabulary.
    temperature
        Languages are read in proportion to their number of passages to the power of 1 / `temperature`.
    encoder
        Size of the model.
    first_embeddings
        `random`, or `sentences`: from the aligned passages that a subword occurs in.
    steps, batch_size, learning_rate, warmup, weight_decay, clip, precision, matmul
        Of training, as in a recipe; `batch_size` counts rows of monolingual text.
    aligned_share
        Share of steps on aligned passages.
    masked
        Share of subwords that are hidden.
    stored
        Precision of the weights in the file.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    text: tuple[str, ...] = Field(min_length=1)
    aligned: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    without: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    source_language: str = "en"
    examples: int = Field(default=100_000, gt=0)
    joined: int = Field(default=1, gt=0)
    held_out: float = Field(default=0.01, gt=0, lt=0.5)
    pieces: int = Field(default=16_000, ge=600)
    temperature: float = Field(default=2.0, ge=1)
    encoder: Shape = Shape()
    first_embeddings: Literal["random", "sentences"] = "random"
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
    stored: Literal["float32", "float16"] = "float32"
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> Pretraining:
        for name in self.without:
            if name not in (*self.text, *self.aligned):
                raise ValueError(f"without: {name!r} is not read{nearest(name, [*self.text, *self.aligned])}")
        if self.first_embeddings == "sentences" and not self.aligned:
            raise ValueError("first_embeddings: sentences need aligned text; name some under aligned")
        return self

    @property
    def aligned_batch_size(self) -> int:
        """Pairs in a step that reads about as many subwords as one of monolingual text."""
        return max(1, self.batch_size * self.joined // 2)

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


def is_to_be_pretrained(encoder: str) -> bool:
    """Whether an encoder is given as settings of pretraining."""
    return Path(encoder).suffix in (".yaml", ".yml")


def load_pretraining(path: Path) -> Pretraining:
    """Read settings of pretraining.

    Raises
    ------
    InputError
        Naming every field that is wrong.
    """
    text = read_text(path, "settings of pretraining in YAML")
    return read_document(Pretraining, text, path.name, "with name, text and steps")
