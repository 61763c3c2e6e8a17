"""One job of the grid: intermediate training, then each target from there, scored in every language."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from transfer_analysis.corpora.records import Record
from transfer_analysis.files import sha256
from transfer_analysis.training.data import test_examples, training_examples, training_tasks, validation_examples
from transfer_analysis.training.encoder import Encoder, load_encoder
from transfer_analysis.training.evaluate import evaluate, outputs
from transfer_analysis.training.features import featurize
from transfer_analysis.training.grid import CORE, Job, Row, fingerprint
from transfer_analysis.training.heads import Head, make_head
from transfer_analysis.training.loop import predict, train
from transfer_analysis.training.store import Store, identity

#: What may go wrong in one run and leave the others unharmed: a loss that is no number, memory, a full disk.
_FAILURES = (FloatingPointError, MemoryError, OSError, RuntimeError)


class Runner:
    """Runs a job: `run` reads top to bottom, the rest are its steps."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.store = Store(job.store)
        self._encoder: Encoder | None = None
        self._trained: dict[str, list[Record]] = {}
        self._tested: dict[str, list[tuple[str, str, list[Record]]]] = {}
        self._start: dict[str, Any] = {}

    def run(self) -> tuple[list[Row], list[str]]:
        """Return the rows of all runs of the job, finished now or earlier, and a sentence for each that failed."""
        job = self.job
        rows: list[Row] = []
        failures: list[str] = []
        before = self._about_intermediate()
        if job.condition != "none":
            found, failure = self._once({**before, "what": "intermediate"}, lambda: self._intermediate(before))
            rows += found
            if failure:
                return rows, [failure]
        for target in job.grid.targets:
            about = {**before, "what": "target", "target": target, **self._about_target(target)}
            found, failure = self._once(about, lambda t=target: self._target(t, before))
            rows += found
            failures += [failure] if failure else []
        return rows, failures

    def _once(self, about: dict[str, Any], work: Any) -> tuple[list[Row], str]:
        """Return the stored rows of a run, or do the work and store it; a failure is stored with its reason."""
        name = identity(**about)
        stored = self.store.rows(name)
        if stored is not None:
            return stored, ""
        try:
            rows, predictions = work()
            self.store.write(name, rows, about, predictions)
        except _FAILURES as error:
            what = f"{self.job}, {about.get('target', 'intermediate training')}"
            reason = (
                f"{what}: {type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
            )
            with suppress(OSError):  # a full disk has no room for this either
                self.store.write_failure(name, reason, about)
            return [], reason
        return rows, ""

    def _about_intermediate(self) -> dict[str, Any]:
        """Return everything that can change the encoder that targets start from."""
        job = self.job
        weights = Path(job.encoder) / "model.safetensors"
        about: dict[str, Any] = {
            "core": CORE,
            "encoder": sha256(weights) if weights.is_file() else job.encoder,
            "model": job.model,
            "origin": job.origin,
            "initialisation": job.initialisation,
            "condition": job.condition,
            "seed": job.seed,
        }
        if job.condition != "none":
            task = job.catalogue[job.condition]
            examples = training_examples(job.corpus, job.grid, job.condition, job.grid.intermediate_examples)
            about["intermediate_recipe"] = job.recipe.for_task(task).describe()
            about["intermediate_data"] = fingerprint(examples)
        return about

    def _about_target(self, target: str) -> dict[str, Any]:
        job = self.job
        return {
            "recipe": job.recipe.for_task(job.catalogue[target]).describe(),
            "trained_on": {
                task: fingerprint(self._training(task)) for task in training_tasks(job.grid, job.catalogue, target)
            },
            "tested_on": {
                f"{language}/{split}": fingerprint(examples) for language, split, examples in self._tests(target)
            },
        }

    def _tests(self, target: str) -> list[tuple[str, str, list[Record]]]:
        """Return language, split and examples of a target's tests, read once."""
        if target not in self._tested:
            self._tested[target] = list(test_examples(self.job.corpus, self.job.grid, target))
        return self._tested[target]

    def _training(self, task: str) -> list[Record]:
        """Return a task's training examples for targets, read once."""
        if task not in self._trained:
            grid = self.job.grid
            self._trained[task] = training_examples(self.job.corpus, grid, task, grid.target_examples)
        return self._trained[task]

    def _encoder_at_start(self, before: dict[str, Any]) -> Encoder:
        """Return the encoder that targets start from, loading it and its intermediate weights once."""
        job = self.job
        if self._encoder is None:
            self._encoder = load_encoder(job.encoder, job.initialisation, job.seed)
            stored = self.store.weights(self._weights_name(before)) if job.condition != "none" else None
            if stored is not None:
                self._encoder.model.load_state_dict(stored)
            elif job.condition != "none":
                self._train_intermediate(before)
            self._start = {name: w.clone() for name, w in self._encoder.model.state_dict().items()}
        self._encoder.model.load_state_dict(self._start)
        return self._encoder

    def _weights_name(self, before: dict[str, Any]) -> str:
        return identity(**before, what="weights")

    def _train_intermediate(self, before: dict[str, Any]) -> Head:
        job = self.job
        assert self._encoder is not None
        examples = training_examples(job.corpus, job.grid, job.condition, job.grid.intermediate_examples)
        head = self._fit(self._encoder, job.condition, examples)
        weights = {name: w.detach().clone().contiguous() for name, w in self._encoder.model.state_dict().items()}
        self.store.write_weights(self._weights_name(before), weights)
        return head

    def _intermediate(self, before: dict[str, Any]) -> tuple[list[Row], pd.DataFrame]:
        """Train on the intermediate task, and score it itself on its validation examples."""
        job = self.job
        self._encoder = load_encoder(job.encoder, job.initialisation, job.seed)
        head = self._train_intermediate(before)
        self._start = {name: w.clone() for name, w in self._encoder.model.state_dict().items()}
        examples = validation_examples(job.corpus, job.grid, job.condition)
        if not examples:
            return [], pd.DataFrame({"language": [], "number": [], "output": []})
        # Its own score: that of a target without any intermediate training before it.
        return self._scored(
            self._encoder, head, "none", job.condition, job.grid.source_language, "validation", examples
        )

    def _target(self, target: str, before: dict[str, Any]) -> tuple[list[Row], pd.DataFrame]:
        """Train on the target's training examples, and score every language."""
        job = self.job
        encoder = self._encoder_at_start(before)
        examples = [
            example for task in training_tasks(job.grid, job.catalogue, target) for example in self._training(task)
        ]
        head = self._fit(encoder, target, examples)
        rows: list[Row] = []
        predictions: list[pd.DataFrame] = []
        for language, _, tested in self._tests(target):
            found, given = self._scored(encoder, head, job.condition, target, language, "test", tested)
            rows += found
            predictions.append(given)
        return rows, pd.concat(predictions, ignore_index=True)

    def _fit(self, encoder: Encoder, name: str, examples: list[Record]) -> Head:
        task = self.job.catalogue[name]
        recipe = self.job.recipe.for_task(task)
        where = f"{self.job.grid.source_language}/train"
        head = make_head(task, encoder, self.job.seed)
        train(encoder, head, featurize(task, examples, encoder, recipe.max_length, where), recipe, self.job.seed)
        return head

    def _scored(
        self, encoder: Encoder, head: Head, condition: str, name: str, language: str, split: str, examples: list[Any]
    ) -> tuple[list[Row], pd.DataFrame]:
        """Return the rows of one language, and the output for each of its examples."""
        job = self.job
        task = job.catalogue[name]
        recipe = job.recipe.for_task(task)
        features = featurize(task, examples, encoder, recipe.max_length, f"{language}/{split}")
        given = outputs(features, predict(encoder, head, features))
        trained_on = training_tasks(job.grid, job.catalogue, name) if split == "test" else (name,)
        substituted = "" if trained_on == (name,) else f" trained_on={'+'.join(trained_on)}"
        row = {
            "model": job.model,
            "initialisation": job.initialisation,
            "condition": condition,
            "target": name,
            "source_language": job.grid.source_language,
            "language": language,
            "split": split,
            "seed": job.seed,
            "n_examples": len(examples),
            "recipe": recipe.describe() + substituted,
            "run": f"{job.model}/{job.initialisation}/{condition}/{name}/{job.seed}",
            "origin": job.origin,
        }
        scores = evaluate(features, given, language)
        rows = [{**row, "metric": metric, "score": score} for metric, score in scores.items()]
        text = [str(g) for g in given]
        return rows, pd.DataFrame({"language": language, "number": range(len(text)), "output": text})
