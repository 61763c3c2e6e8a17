"""Benchmarks as data: which tasks, languages and metrics they average over."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.tasks.catalogue import Catalogue


class Benchmark(BaseModel):
    """One benchmark.

    Attributes
    ----------
    groups
        Group → its tasks.
    without
        Task → languages that the catalogue lists but the benchmark does not have.
    scored_by
        Task → metrics whose mean is its score; its own metric where not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    groups: dict[str, tuple[str, ...]]
    without: dict[str, tuple[str, ...]]
    scored_by: dict[str, tuple[str, ...]]

    def tasks(self) -> list[str]:
        """Return all tasks, in the order of the groups."""
        return [task for group in self.groups.values() for task in group]

    def languages(self, task: str, catalogue: Catalogue) -> list[str]:
        """Return the languages that a task has in this benchmark."""
        return [code for code in catalogue[task].languages if code not in self.without.get(task, ())]

    def metrics(self, task: str, catalogue: Catalogue) -> tuple[str, ...]:
        """Return the metrics whose mean is a task's score."""
        return self.scored_by.get(task, (catalogue[task].metric,))


@cache
def benchmarks() -> dict[str, Benchmark]:
    """Return all benchmarks by name."""
    text = files("transfer_analysis.tasks").joinpath("benchmarks.yaml").read_text(encoding="utf-8")
    return {name: Benchmark(name=name, **fields) for name, fields in yaml.safe_load(text).items()}


def benchmark(name: str) -> Benchmark:
    """Return a benchmark.

    Raises
    ------
    InputError
        For an unknown name.
    """
    if name not in benchmarks():
        known = ", ".join(benchmarks())
        raise InputError(f"unknown benchmark {name!r}{nearest(name, benchmarks())}; expected one of {known}")
    return benchmarks()[name]
