"""Encoders with a short name, as data: `known.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

Pooling = Literal["mean", "first"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Size:
    """Size of an encoder: its layers, their width, that of the feed-forward part, and the vocabulary."""

    layers: int
    hidden: int
    feed_forward: int
    vocabulary: int

    @property
    def in_layers(self) -> int:
        """Weights of matrix products in the layers."""
        return self.layers * (4 * self.hidden**2 + 2 * self.hidden * self.feed_forward)

    @property
    def weights(self) -> int:
        """All weights, but for what is small."""
        return self.in_layers + self.vocabulary * self.hidden

    def operations(self, rows: int, length: int, per_weight: int) -> float:
        """Return floating-point operations of rows of so many subwords, products and attention."""
        return per_weight * rows * length * (self.in_layers + 2.0 * self.layers * self.hidden * length)


class Packaged(_Model):
    """A copy of an encoder inside a Python package.

    Attributes
    ----------
    kind
        `folder` of a model as the hub has it, or one file of `4-bit` weights.
    module, file
        The package as it is imported, and what of it.
    project, version, extra
        How it is installed: its name in the registry, the version (any where empty), and our extra that names it.
    sha256
        Of the file; a folder's weights are those of the hub.
    """

    kind: Literal["folder", "4-bit"]
    module: str
    file: str
    project: str
    version: str = ""
    extra: str
    sha256: str = ""


class KnownEncoder(_Model):
    """An encoder with a short name.

    Attributes
    ----------
    title
        What it is, for people.
    hub, revision
        Repository and the commit that is read; empty for one that is part of this project.
    bundled
        Its folder in a checkout of this project.
    model
        Its name in results.
    sha256
        Of `model.safetensors` at that commit, where it is checked.
    pooling
        What stands for a whole sequence: the `first` subword's state, or the `mean` over subwords.
    prefix
        What is written before every text that is compared with others.
    package
        A copy for when the hub cannot be reached.
    size
        For estimates before anything is read.
    read
        Labelled data that it was tuned on before: contamination, where these are conditions or targets.
    """

    title: str
    hub: str = ""
    revision: str = ""
    bundled: str = ""
    model: str
    sha256: str = ""
    pooling: Pooling = "first"
    prefix: str = ""
    package: Packaged | None = None
    size: Size | None = None
    read: tuple[str, ...] = Field(default=())


@cache
def known_encoders() -> Mapping[str, KnownEncoder]:
    """Return the encoders that have a short name."""
    text = files("transfer_analysis.encoders").joinpath("known.yaml").read_text(encoding="utf-8")
    return {name: KnownEncoder.model_validate(fields) for name, fields in yaml.safe_load(text).items()}


@cache
def with_safetensors() -> Mapping[str, str]:
    """Return hub id → the revision of a pull request with safetensors, of encoders whose main branch has none."""
    text = files("transfer_analysis.encoders").joinpath("safetensors.yaml").read_text(encoding="utf-8")
    found: dict[str, str] = yaml.safe_load(text)
    return found
