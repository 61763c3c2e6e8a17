"""Metrics and the range of their scores."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict


class Metric(BaseModel):
    """A metric's name for people and the range of its scores in a transfer table (percentages)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    low: float
    high: float


@cache
def metrics() -> dict[str, Metric]:
    """Return all metrics by name."""
    text = files("transfer_analysis.tasks").joinpath("metrics.yaml").read_text(encoding="utf-8")
    return {name: Metric(name=name, **fields) for name, fields in yaml.safe_load(text).items()}
