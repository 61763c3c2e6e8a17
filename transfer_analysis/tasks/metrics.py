"""Metrics and the range of their scores."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict


class Metric(BaseModel):
    """A metric.

    Attributes
    ----------
    title
        What people call it, on the scale that a transfer table holds.
    low, high
        Ends of its range as it is published; None where it has none.
    scale
        `percent`: a share or a correlation, in per cent. `own`: anything else.
    better
        Which way is better. A transfer table holds the scores of those where `lower` is with their sign turned.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    low: float | None = None
    high: float | None = None
    scale: Literal["percent", "own"] = "percent"
    better: Literal["higher", "lower"] = "higher"

    @property
    def is_share(self) -> bool:
        """Whether its scores may be given as fractions of 1."""
        return self.scale == "percent"

    @property
    def range(self) -> tuple[float, float]:
        """The ends of its range in a transfer table.

        >>> metrics()["perplexity"].range
        (-inf, -1.0)
        """
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return (low, high) if self.better == "higher" else (-high, -low)


@cache
def metrics() -> dict[str, Metric]:
    """Return all metrics by name."""
    text = files("transfer_analysis.tasks").joinpath("metrics.yaml").read_text(encoding="utf-8")
    return {name: Metric(name=name, **fields) for name, fields in yaml.safe_load(text).items()}
