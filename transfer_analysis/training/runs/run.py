"""The work on one node: an intermediate phase, or a target's training and its scores in every language."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from transfer_analysis.errors import InputError, first_line
from transfer_analysis.tasks.conditions import NONE, parse_condition
from transfer_analysis.training.computing.checkpoints import Best, Checkpoint, StoppedError
from transfer_analysis.training.computing.memory import give_back_memory
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.grid import INTERMEDIATE, PRETRAINING, Job
from transfer_analysis.training.heads import Head
from transfer_analysis.training.identity import identity
from transfer_analysis.training.loop import Development, train
from transfer_analysis.training.phases import Phase, about_alike, intermediate_phase, target_phases
from transfer_analysis.training.pretraining.pretrain import pretrain
from transfer_analysis.training.pretraining.settings import load_pretraining
from transfer_analysis.training.runs.claims import Held, take
from transfer_analysis.training.runs.endings import Claimed, Ending, Failed, Finished, Preempted
from transfer_analysis.training.runs.nodes import Node, about_node, failure_name, is_finished
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.scoring.measured import measure
from transfer_analysis.training.scoring.scores import Row, Scorer, together
from transfer_analysis.training.session import Last, Session


@dataclass(frozen=True)
class Event:
    """What a run tells while it goes on: `state` is `running`, `finished` or `failed`; `rate` is examples per second."""

    job: Job
    node: str
    state: str
    step: int = 0
    steps: int = 0
    rate: float = 0.0


@dataclass(frozen=True)
class Control:
    """How work is watched and stopped."""

    tell: Callable[[Event], None] = lambda event: None
    stopping: Callable[[], bool] = lambda: False


def run_node(session: Session, node: Node, control: Control | None = None) -> Ending:
    """Do the work on a node and store its rows, unless they are there or somebody else does it."""
    store = Store(session.setting.store)
    if is_finished(store, node) and store.rows(node.identity) is not None:
        return Finished(node)
    held = take(store.claim(node.identity), str(node))
    if held is None:
        return Claimed(node)
    with held:
        if is_finished(store, node):  # by whoever held the claim before
            return Finished(node)
        return _Run(session, node, _kept_alive(control or Control(), held), store).ending()


def _kept_alive(control: Control, held: Held) -> Control:
    """Return the control of a node whose claim says how far it is, and whose loss stops it."""

    def tell(event: Event) -> None:
        held.note(event.step, event.steps, event.rate)
        control.tell(event)

    return replace(control, tell=tell, stopping=lambda: held.lost or control.stopping())


class _Run:
    """The work on a node: `ending` reads top to bottom, the rest are its steps."""

    def __init__(self, session: Session, node: Node, control: Control, store: Store) -> None:
        self.session = session
        self.node = node
        self.job = node.job
        self.control = control
        self.store = store
        self._checkpoints: list[Path] = []

    def ending(self) -> Ending:
        """Train, score and store; a failure is stored with its reason."""
        node, failed = self.node, failure_name(self.session.setting.model, self.node)
        self.control.tell(Event(node.job, node.what, "running"))
        about = {"what": PRETRAINING} if node.what == PRETRAINING else about_node(self.session, node)
        try:
            rows, predictions = self._done()
            self.store.write(
                node.identity, [{**row, "run": f"{row['run']} {node.identity}"} for row in rows], about, predictions
            )
        except StoppedError:
            return Preempted(node)
        except Exception as error:  # whatever goes wrong in one run leaves the others unharmed
            # Its checkpoints stay, to go on from.
            reason = f"{node}: {type(error).__name__}: {first_line(error)}"
            with suppress(OSError, InputError):  # a full disk has no room for this either
                self.store.write_failure(failed, reason, about)
            give_back_memory()
            return Failed(node, reason)
        for path in self._checkpoints:
            path.unlink(missing_ok=True)
        self.store.clear_failure(failed)
        give_back_memory()
        return Finished(node)

    def _done(self) -> tuple[list[Row], pd.DataFrame]:
        """Do what the node is, and return its rows and outputs."""
        if self.node.what == PRETRAINING:
            return self._pretraining()
        return self._intermediate() if self.node.what == INTERMEDIATE else self._target()

    def _pretraining(self) -> tuple[list[Row], pd.DataFrame]:
        """Pretrain an encoder on all threads there are, as nothing else can run before it is there."""
        setting, began = self.session.setting, time.monotonic()

        def watch(step: int, steps: int, examples: int) -> None:
            rate = examples / max(1e-9, time.monotonic() - began)
            self.control.tell(Event(self.job, PRETRAINING, "running", step, steps, rate))

        threads = torch.get_num_threads()
        torch.set_num_threads(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
        try:
            pretrain(
                setting.corpus,
                setting.catalogue,
                load_pretraining(Path(setting.encoder)),
                self.store.encoder(self.node.identity),
                device=setting.device,
                checkpoint_every=setting.checkpoint_every,
                watch=watch,
                stopping=self.control.stopping,
            )
        finally:
            torch.set_num_threads(threads)
        return together([])

    def _encoder_at_start(self) -> Encoder:
        """Return the encoder that a target starts from, with its intermediate weights: read, or trained again."""
        job, name = self.job, self.node.weights
        if job.condition == NONE:
            return self.session.encoder(job.initialisation, job.seed)

        def read() -> dict[str, torch.Tensor]:
            found = self.store.weights(name)
            if found is None:  # damaged, or removed
                self._train_intermediate()
                found = self.store.weights(name)
            if found is None:
                raise InputError(f"{self.store.path}: {name}.safetensors cannot be read back")
            return found

        return self.session.encoder_after(job.initialisation, name, read)

    def _train_intermediate(self) -> tuple[Encoder, Phase, Best]:
        encoder = self.session.encoder(self.job.initialisation, self.job.seed)
        phase = intermediate_phase(self.session, self.job, encoder)
        members = self.session.grid.members(parse_condition(self.job.condition))
        best = self._train(encoder, phase, members, self.node.weights)
        self.store.write_weights(self.node.weights, encoder.model.state_dict())
        return encoder, phase, best

    def _intermediate(self) -> tuple[list[Row], pd.DataFrame]:
        """Train on the intermediate tasks, and score each on its own development examples."""
        encoder, phase, best = self._train_intermediate()
        scorer = Scorer(self.session, self.job, encoder)
        return together(
            [
                scorer.scored(head, member, f"{INTERMEDIATE}-{parts[0].split}", [parts], _checkpoint(best))
                for member, head in phase.heads.items()
                if (parts := self.session.development(member))
            ]
        )

    def _target(self) -> tuple[list[Row], pd.DataFrame]:
        """Train on the target's training examples, and score every language."""
        target, encoder = self.node.what, self._encoder_at_start()
        scorer = Scorer(self.session, self.job, encoder)
        if not self.session.setting.catalogue[target].head_kind.trained:
            return scorer.retrieved(target)
        head, kept = self._trained(encoder, target)
        development = self.session.development(target)
        scored = [scorer.scored(head, target, development[0].split, [development], kept)] if development else []
        return together([*scored, scorer.scored(head, target, "test", [[e] for e in self.session.tests(target)], kept)])

    def _trained(self, encoder: Encoder, target: str) -> tuple[Head, str]:
        """Train the encoder and a target's head; take both from the last target where it was trained alike (XQuAD, MLQA)."""
        session, seed = self.session, self.job.seed
        phases = target_phases(session, target, encoder, seed)
        head = phases[-1].heads[target]
        alike = about_alike(session, target)
        shared = sum(about_alike(session, other) == alike for other in session.grid.targets) > 1
        key = identity(start=[str(self.job), self.node.weights], alike=alike) if shared else ""
        if shared and session.last.key == key:
            encoder.model.load_state_dict(session.last.encoder)
            head.load_state_dict(session.last.head)
            return head, session.last.checkpoint
        session.last = Last()  # dropped before others are trained: memory
        best = Best()
        for turn, phase in enumerate(phases):
            best = self._train(encoder, phase, (target,), f"{self.node.identity}.{turn}")
        if shared:
            session.last = Last(key, _copied(encoder.model), _copied(head), _checkpoint(best))
        return head, _checkpoint(best)

    def _train(self, encoder: Encoder, phase: Phase, tasks: tuple[str, ...], name: str) -> Best:
        began = time.monotonic()
        told = [0.0]

        def watch(step: int, steps: int, examples: int) -> None:
            now = time.monotonic()
            if now - told[0] > 0.5 or step == steps:
                told[0] = now
                rate = examples / max(1e-9, now - began)
                self.control.tell(Event(self.job, self.node.what, "running", step, steps, rate))

        # Kept until the scores are stored, so that a kill while scoring costs no training.
        checkpoint = Checkpoint(
            self.store.checkpoint(name), self.session.setting.checkpoint_every, self.control.stopping
        )
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


def _copied(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: weight.clone() for name, weight in module.state_dict().items()}


def _checkpoint(best: Best) -> str:
    """Say which weights a phase ended with."""
    return "best-english" if best.weights else "last"
