"""One job of the grid: intermediate training, then each target from there, scored in every language."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from transfer_analysis.errors import InputError, first_line
from transfer_analysis.tasks.conditions import NONE, parse_condition
from transfer_analysis.training.computing.checkpoints import Best, Checkpoint, StoppedError
from transfer_analysis.training.computing.memory import give_back_memory
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.grid import Job
from transfer_analysis.training.loop import Development, train
from transfer_analysis.training.runs.phases import (
    INTERMEDIATE,
    Phase,
    about_intermediate,
    about_task,
    about_training,
    intermediate_phase,
    target_phases,
)
from transfer_analysis.training.runs.session import Session
from transfer_analysis.training.runs.store import Store, identity
from transfer_analysis.training.scoring.measured import measure
from transfer_analysis.training.scoring.scores import Row, Scorer, together
from transfer_analysis.training.version import CORE


@dataclass(frozen=True)
class Event:
    """What a run tells while it goes on: `state` is `running`, `finished` or `failed`; `rate` is examples per second."""

    job: Job
    node: str
    state: str
    step: int = 0
    steps: int = 0
    rate: float = 0.0


@dataclass
class Control:
    """How a job is watched and stopped."""

    tell: Callable[[Event], None] = lambda event: None
    stopping: Callable[[], bool] = lambda: False


@dataclass
class Outcome:
    """What a job gave: rows of the transfer table, and a sentence for each run that failed."""

    rows: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Runner:
    """Runs a job: `run` reads top to bottom, the rest are its steps."""

    def __init__(self, session: Session, job: Job, control: Control | None = None) -> None:
        self.session = session
        self.setting = session.setting
        self.job = job
        self.control = control or Control()
        self.store = Store(self.setting.store)
        self._start: dict[str, Any] | None = None
        self._checkpoints: list[Path] = []

    def run(self) -> Outcome:
        """Return the rows of all runs of the job, finished now or earlier, and the runs that failed."""
        outcome = Outcome()
        before = self._about_encoder()
        if self.job.condition != NONE:
            about = {**before, "what": INTERMEDIATE}
            self._once(outcome, INTERMEDIATE, about, lambda name: self._intermediate(before, name))
            if outcome.failures:
                return outcome
        for target in self.session.grid.targets:
            about = {**before, "what": "target", "target": target, **self._about_target(target)}
            self._once(outcome, target, about, lambda name, t=target: self._target(t, before, name))  # type: ignore[misc]
        return outcome

    def _once(
        self, outcome: Outcome, node: str, about: dict[str, Any], work: Callable[[str], tuple[list[Row], pd.DataFrame]]
    ) -> None:
        """Add the stored rows of a run, or do the work and store it; a failure is stored with its reason."""
        name = identity(**about)
        # Whatever was wrong with a run may have been mended in its recipe, which makes it another run.
        failed = identity(what="failure", model=self.setting.model, job=str(self.job), node=node)
        stored = self.store.rows(name)
        if stored is None:
            self.control.tell(Event(self.job, node, "running"))
            try:
                stored, predictions = work(name)
                stored = [{**row, "run": f"{row['run']} {name}"} for row in stored]
                self.store.write(name, stored, about, predictions)
                for path in self._checkpoints:
                    path.unlink(missing_ok=True)
                self._checkpoints.clear()
                self.store.clear_failure(failed)
            except StoppedError:
                raise
            except Exception as error:  # whatever goes wrong in one run leaves the others unharmed
                reason = f"{self.job}, {node}: {type(error).__name__}: {first_line(error)}"
                self._checkpoints.clear()  # to go on from
                with suppress(OSError, InputError):  # a full disk has no room for this either
                    self.store.write_failure(failed, reason, about)
                outcome.failures.append(reason)
                self.control.tell(Event(self.job, node, "failed"))
                return
            give_back_memory()
        outcome.rows += stored
        self.control.tell(Event(self.job, node, "finished"))

    def _about_encoder(self) -> dict[str, Any]:
        """Return everything that can change the encoder that targets start from."""
        job = self.job
        about: dict[str, Any] = {
            "core": CORE,
            "encoder": self._fresh().identity,
            "computed": [self.setting.device, str(self.setting.numerics)],
            "model": self.setting.model,
            "origin": self.setting.origin,
            "initialisation": job.initialisation,
            "condition": job.condition,
            "seed": job.seed,
        }
        if job.condition != NONE:
            about[INTERMEDIATE] = about_intermediate(self.session, job)
        return about

    def _about_target(self, target: str) -> dict[str, Any]:
        tests = {e.where: e.fingerprint for e in self.session.tests(target)}
        task = self.setting.catalogue[target]
        if task.head != "retrieval":
            return {"tested_on": tests, **about_training(self.session, target, self.session.grid.target_examples)}
        tuned = {e.where: e.fingerprint for e in self.session.tuning(target)}
        recipe = self.session.recipe(task).identity()
        language = self.session.grid.source_language
        about = {"tested_on": tests, "tuned_on": tuned, "recipe": recipe, "task": about_task(task)}
        return {**about, "source_language": language}

    def _fresh(self) -> Encoder:
        return self.session.encoder(self.job.initialisation, self.job.seed)

    def _encoder_at_start(self, before: dict[str, Any]) -> Encoder:
        """Return the encoder that targets start from, with its intermediate weights: read, or trained again."""
        encoder = self._fresh()
        if self.job.condition == NONE:
            return encoder
        if self._start is None:
            self._start = self.store.weights(identity(**before, what="weights"))
        if self._start is None:
            self._train_intermediate(encoder, before)
        assert self._start is not None
        encoder.model.load_state_dict(self._start)
        return encoder

    def _train_intermediate(self, encoder: Encoder, before: dict[str, Any]) -> tuple[Phase, Best]:
        name = identity(**before, what="weights")
        phase = intermediate_phase(self.session, self.job, encoder)
        members = self.session.grid.members(parse_condition(self.job.condition))
        best = self._train(encoder, phase, members, name, INTERMEDIATE)
        self._start = {key: weight.detach().clone() for key, weight in encoder.model.state_dict().items()}
        self.store.write_weights(name, self._start)
        return phase, best

    def _intermediate(self, before: dict[str, Any], name: str) -> tuple[list[Row], pd.DataFrame]:
        """Train on the intermediate tasks, and score each on its own development examples."""
        encoder = self._fresh()
        phase, best = self._train_intermediate(encoder, before)
        scorer = Scorer(self.session, self.job, encoder)
        return together(
            [
                scorer.scored(head, member, f"{INTERMEDIATE}-{parts[0].split}", [parts], _checkpoint(best))
                for member, head in phase.heads.items()
                if (parts := self.session.development(member))
            ]
        )

    def _target(self, target: str, before: dict[str, Any], name: str) -> tuple[list[Row], pd.DataFrame]:
        """Train on the target's training examples, and score every language."""
        encoder = self._encoder_at_start(before)
        scorer = Scorer(self.session, self.job, encoder)
        if self.setting.catalogue[target].head == "retrieval":
            return scorer.retrieved(target)
        best = Best()
        phases = target_phases(self.session, target, encoder, self.job.seed)
        for turn, phase in enumerate(phases):
            best = self._train(encoder, phase, (target,), f"{name}.{turn}", target)
        head, kept = phases[-1].heads[target], _checkpoint(best)
        development = self.session.development(target)
        scored = [scorer.scored(head, target, development[0].split, [development], kept)] if development else []
        return together([*scored, scorer.scored(head, target, "test", [[e] for e in self.session.tests(target)], kept)])

    def _train(self, encoder: Encoder, phase: Phase, tasks: tuple[str, ...], name: str, node: str) -> Best:
        began = time.monotonic()
        told = [0.0]

        def watch(step: int, steps: int, examples: int) -> None:
            now = time.monotonic()
            if now - told[0] > 0.5 or step == steps:
                told[0] = now
                rate = examples / max(1e-9, now - began)
                self.control.tell(Event(self.job, node, "running", step, steps, rate))

        # Kept until the scores are stored, so that a kill while scoring costs no training.
        checkpoint = Checkpoint(self.store.checkpoint(name), self.setting.checkpoint_every, self.control.stopping)
        self._checkpoints.append(checkpoint.path)
        if self.control.stopping():
            raise StoppedError
        return train(
            encoder,
            phase.streams,
            phase.order,
            phase.recipe,
            self.job.seed,
            numerics=self.session.numerics(phase.recipe),
            checkpoint=checkpoint,
            development=self._development(encoder, phase, tasks),
            watch=watch,
        )

    def _development(self, encoder: Encoder, phase: Phase, tasks: tuple[str, ...]) -> Development | None:
        """Return what early stopping looks at: the mean of the tasks' own scores; None without it."""
        parts = {task: self.session.development(task) for task in tasks}
        if not phase.recipe.evaluate_every or not all(parts.values()) or not parts:
            return None

        def score() -> float:
            found = {
                name: measure(self.session, encoder, phase.heads[name], name, [given]) for name, given in parts.items()
            }
            return float(np.mean([m.scores[self.session.task(name).metric] for name, (m,) in found.items()]))

        return Development(score, phase.recipe.evaluate_every, phase.recipe.patience)


def _checkpoint(best: Best) -> str:
    """Say which weights a phase ended with."""
    return "best-english" if best.weights else "last"


def training_nodes(job: Job, targets: tuple[str, ...]) -> Iterator[str]:
    """Yield the names of a job's nodes."""
    if job.condition != NONE:
        yield INTERMEDIATE
    yield from targets
