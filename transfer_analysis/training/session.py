"""What all runs of one process share: the encoder as it was loaded, examples, tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from transfer_analysis.corpora.records import Corpus, Record
from transfer_analysis.errors import InputError, MissingError
from transfer_analysis.tasks import Catalogue, Task
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.encoder import Encoder, Initialisation, load_encoder
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.reading.data import (
    Examples,
    Source,
    development_examples,
    test_examples,
    text,
    training_examples,
    training_sources,
    tuning_split,
)
from transfer_analysis.training.reading.features import Features, featurize, joined
from transfer_analysis.training.reading.golds import labelled
from transfer_analysis.training.reading.tokens import TokenCache
from transfer_analysis.training.recipes import Recipe

#: Parts of an example that are to be found, not read.
_GIVEN = ("label", "tags", "answers", "heads", "relations", "key")

#: Rows of features that stay in memory; what is more is read again from the stored tokens.
_KEPT_ROWS = 200_000

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """Everything that the runs of a grid have in common; it travels to the worker processes.

    Attributes
    ----------
    encoder, model
        Folder or hub id, and the name in the transfer table.
    store
        Folder of finished runs.
    origin
        Where the examples come from, in the transfer table.
    device, numerics
        Where and how is computed.
    checkpoint_every
        Seconds between checkpoints inside a phase; 0 for one at every step.
    """

    corpus: Corpus
    catalogue: Catalogue
    encoder: str
    model: str
    grid: Grid
    recipe: Recipe
    store: Path
    origin: str
    device: str = "cpu"
    numerics: Numerics = field(default_factory=Numerics)
    checkpoint_every: float = 600.0


def _read_part(task: Task, record: Record) -> str:
    """Return what a head reads of an example, its label apart: the same in data sets that name other things besides."""
    return repr([str(record.get(column)) for part, column in sorted(task.columns.items()) if part not in _GIVEN])


def _without(examples: Examples, tested: set[str]) -> Examples:
    """Leave out the examples that are tested on."""
    kept = [i for i, record in enumerate(examples.records) if _read_part(examples.task, record) not in tested]
    return replace(examples, records=[examples.records[i] for i in kept], rows=[examples.rows[i] for i in kept])


@dataclass(frozen=True)
class Last:
    """The encoder and the head as a target left them that others are trained alike with, for the next of these."""

    key: str = ""
    encoder: dict[str, torch.Tensor] = field(default_factory=dict)
    head: dict[str, torch.Tensor] = field(default_factory=dict)
    checkpoint: str = "last"


class Session:
    """Reads and makes each thing once."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.tokens = TokenCache(setting.store / "tokens")
        self._made: dict[Any, Any] = {}
        self._features: dict[Any, Features] = {}
        self._kept = 0
        self._begun: tuple[str, dict[str, torch.Tensor]] = ("", {})
        self.last = Last()
        #: Task → why its examples could not be had now; what needs them is not trained, and the rest is.
        self.unavailable: dict[str, str] = {}

    @property
    def grid(self) -> Grid:
        """The grid."""
        return self.setting.grid

    def recipe(self, task: Task) -> Recipe:
        """Return the recipe of a task."""
        return self.setting.recipe.for_task(task)

    def numerics(self, recipe: Recipe) -> Numerics:
        """Return how is computed under a recipe."""
        return replace(self.setting.numerics, precision=recipe.computed_in)

    @property
    def encoder_identity(self) -> str:
        """What tells the encoder's weights from any others."""
        return self._base.identity

    @property
    def _base(self) -> Encoder:
        """The encoder, whatever its weights are now. There is one; its weights are overwritten."""
        return self.once("encoder", lambda: load_encoder(self.setting.encoder, device=self.setting.device))

    def encoder(self, initialisation: Initialisation, seed: int) -> Encoder:
        """Return the encoder as it was before any training."""
        name = f"random {seed}" if initialisation == "random" else initialisation
        return self._with(initialisation, name, lambda: self._first_weights(initialisation, seed))

    def encoder_after(
        self, initialisation: Initialisation, name: str, read: Callable[[], dict[str, torch.Tensor]]
    ) -> Encoder:
        """Return the encoder with the weights of a name, read unless they were the last."""
        return self._with(initialisation, name, read)

    def _with(self, initialisation: Initialisation, name: str, read: Callable[[], dict[str, torch.Tensor]]) -> Encoder:
        base = self._base
        if self._begun[0] != name:
            # Dropped before others are read: one set of weights beside the encoder's own is enough.
            self._begun = ("", {})
            self._begun = (name, read())
        base.model.load_state_dict(self._begun[1])
        # A head that was pretrained with other weights is of no use to random ones.
        return base if initialisation == "pretrained" else replace(base, language_head={})

    def _first_weights(self, initialisation: Initialisation, seed: int) -> dict[str, torch.Tensor]:
        key = seed if initialisation == "random" else 0
        fresh = load_encoder(self.setting.encoder, initialisation, key, self.setting.device)
        return {name: weight.detach() for name, weight in fresh.model.state_dict().items()}

    def training(self, name: str, count: int, language: str = "") -> list[list[Examples]]:
        """Return what a task is trained on: in turn, and in each turn the sources that are put together."""
        setting = self.setting
        count = setting.grid.trained(name, count)
        return [
            self._training(turn, language or setting.grid.source_language, count)
            for turn in training_sources(setting.grid, setting.catalogue, name)
        ]

    def development(self, name: str) -> list[Examples]:
        """Return the development examples of a task in the source language; none that it is tested on as a target."""
        return self.once(("development", name), lambda: self._development(name))

    def _development(self, name: str) -> list[Examples]:
        setting = self.setting
        last = training_sources(setting.grid, setting.catalogue, name)[-1]
        count = self.recipe(setting.catalogue[name]).development_examples
        language = setting.grid.source_language
        found = development_examples(setting.corpus, setting.catalogue, last, language, count, self._most_trained)
        if name in setting.grid.targets:
            tested = {_read_part(e.task, r) for e in self.tests(name) if e.language == language for r in e.records}
            found = [_without(part, tested) for part in found]
        return found if all(part.records for part in found) else []

    def _most_trained(self, source: Source) -> int:
        """Return the most examples of a source that any phase of the grid trains on, under whatever task's name."""
        grid, catalogue = self.grid, self.setting.catalogue
        phases = ((grid.targets, grid.target_examples), (grid.intermediate_tasks, grid.intermediate_examples))
        counts = [
            grid.trained(name, count)
            for names, count in phases
            for name in names
            if any(source in turn for turn in training_sources(grid, catalogue, name))
        ]
        return max(counts, default=0)

    def tuning(self, target: str) -> list[Examples]:
        """Return the examples that a retrieval target's threshold is tuned on, in each language it is tested in.

        Raises
        ------
        InputError
            Where a language has none.
        """
        setting, task = self.setting, self.setting.catalogue[target]
        split = tuning_split(task)
        if not split:
            return []

        def read() -> list[Examples]:
            found = []
            for language in (e.language for e in self.tests(target)):
                try:
                    sample = setting.corpus.sample(target, language, split, setting.grid.tests(target))
                except MissingError as error:
                    raise InputError(
                        f"{target} {language}: the threshold is tuned on the split {split!r}, which is missing"
                    ) from error
                found.append(Examples(task, language, split, sample.records, [str(row) for row in sample.rows]))
            return found

        return self.once(("tuning", target), read)

    def tests(self, target: str) -> list[Examples]:
        """Return the test examples of a target in each language."""
        setting = self.setting
        return self.once(
            ("tests", target), lambda: list(test_examples(setting.corpus, setting.catalogue, setting.grid, target))
        )

    def texts(self) -> list[Examples]:
        """Return the text of language modelling."""
        setting, wanted = self.setting, self.setting.grid.mlm
        if wanted is None:
            return []
        language = setting.grid.source_language
        return self.once(
            "texts", lambda: [text(setting.corpus, setting.catalogue, wanted, language, name) for name in wanted.tasks]
        )

    def task(self, name: str) -> Task:
        """Return a task with the labels its head tells apart: those of its examples where the catalogue names none."""
        about = self.setting.catalogue[name]
        if about.labels or not about.head_kind.of_words:
            return about
        count = max(self.grid.intermediate_examples, self.grid.target_examples)
        every = [part for turn in self.training(name, count) for part in turn] + self.development(name)
        return self.once(("labels", name), lambda: labelled(about, [r for part in every for r in part.records]))

    def features(self, examples: Examples, task: Task, encoder: Encoder) -> Features:
        """Return examples as features, with the labels of `task`."""
        own = examples.task
        if not own.labels and task.labels:
            own = own.model_copy(update={"labels": task.labels})
        length = self.recipe(task).max_length
        key = (own.name, task.name, examples.language, examples.split, examples.fingerprint, length)
        if key not in self._features:
            made = featurize(own, examples.records, encoder, length, examples.where, self.tokens, examples.rows)
            if self._kept + len(made.input_ids) > _KEPT_ROWS:
                return made
            self._kept += len(made.input_ids)
            self._features[key] = made
        return self._features[key]

    def joined_features(self, parts: Sequence[Examples], task: Task, encoder: Encoder) -> Features:
        """Return the features of several sources as those of one set."""
        return joined([self.features(part, task, encoder) for part in parts])

    def _training(self, sources: tuple[Source, ...], language: str, count: int) -> list[Examples]:
        setting = self.setting
        return self.once(
            ("training", sources, language, count),
            lambda: training_examples(setting.corpus, setting.catalogue, sources, language, count),
        )

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """Return what was made under a key, made now if it was not."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made
