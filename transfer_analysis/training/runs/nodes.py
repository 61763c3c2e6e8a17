"""The nodes of a grid: each an intermediate phase or a target run with its tests, known by the hash of all that can change it.

The pretraining of an encoder is a node too, and comes before: `runs/pretraining.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from transfer_analysis.tasks.conditions import MLM, NONE, parse_condition
from transfer_analysis.training.grid import INTERMEDIATE, PRETRAINING, Job
from transfer_analysis.training.identity import identity
from transfer_analysis.training.phases import about_intermediate, about_task, about_training
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.session import Session
from transfer_analysis.training.version import CORE


@dataclass(frozen=True)
class Node:
    """A unit of work.

    Attributes
    ----------
    job
        Initialisation, condition and seed.
    what
        `pretraining`, `intermediate`, or the name of a target.
    identity
        Hash of everything that can change its result.
    needs
        Identity of the node whose weights it begins with; empty where it begins with the encoder as it is.
    weights
        Name of the weights that an intermediate phase stores, or that a target begins with; empty where there are none.
    """

    job: Job
    what: str
    identity: str
    needs: str = ""
    weights: str = ""

    def __str__(self) -> str:
        return f"{self.job}, {self.what}"


def nodes_of(session: Session) -> list[Node]:
    """Return the nodes of a session's grid, in the order in which they are best begun."""
    grid = session.grid
    found = []
    for job in grid.jobs():
        if _lacking(session, job):
            continue
        before = _hashed_encoder(session, job)
        weights, needs = "", ""
        if job.condition != NONE:
            weights, needs = identity(**before, what="weights"), identity(**before, what=INTERMEDIATE)
            found.append(Node(job, INTERMEDIATE, needs, "", weights))
        found += [
            Node(job, target, identity(**before, what="target", target=_hashed_target(session, target)), needs, weights)
            for target in grid.targets
            if target not in session.unavailable
        ]
    return found


def not_trained(session: Session) -> list[str]:
    """Say which runs there are no nodes for, as examples could not be had now."""
    return [
        f"{job}, {target}: {reasons[0]}"
        for job in session.grid.jobs()
        for target in session.grid.targets
        if (reasons := _lacking(session, job, target))
    ]


def _lacking(session: Session, job: Job, *targets: str) -> list[str]:
    """Return why the examples of a job's intermediate training, or of targets, could not be had."""
    condition = parse_condition(job.condition)
    names = [*session.grid.members(condition), *([MLM] if condition.reads_text else []), *targets]
    return [session.unavailable[name] for name in names if name in session.unavailable]


def about_node(session: Session, node: Node) -> dict[str, Any]:
    """Return everything that can change the result of a node, in words that its stored record says."""
    about = _encoder(session, node.job)
    if node.job.condition != NONE:
        about[INTERMEDIATE] = about_intermediate(session, node.job)
    if node.what == INTERMEDIATE:
        return {**about, "what": INTERMEDIATE}
    return {**about, "what": "target", "target": node.what, **_about_target(session, node.what)}


def failure_name(model: str, node: Node) -> str:
    """Return the name under which a node's failure is kept: whatever was wrong may be mended, which makes it another node."""
    return identity(what="failure", model=model, job=str(node.job), node=node.what)


def is_finished(store: Store, node: Node) -> bool:
    """Whether a node's rows are stored, and its weights too where it makes some."""
    if not store.is_finished(node.identity):
        return False
    if node.what == PRETRAINING:
        return store.has_encoder(node.identity)
    return node.what != INTERMEDIATE or store.has_weights(node.weights)


def _encoder(session: Session, job: Job) -> dict[str, Any]:
    """Return everything that can change the encoder before any training, and how is computed."""
    setting = session.setting
    return {
        "core": CORE,
        "encoder": session.encoder_identity,
        # Which of several cards of a machine it was changes nothing.
        "computed": [setting.device.partition(":")[0], str(setting.numerics)],
        "model": setting.model,
        "origin": setting.origin,
        "initialisation": job.initialisation,
        "condition": job.condition,
        "seed": job.seed,
    }


def _hashed_encoder(session: Session, job: Job) -> dict[str, Any]:
    about = _encoder(session, job)
    if job.condition == NONE:
        return about
    hashed = session.once(("about", job.condition), lambda: identity(**about_intermediate(session, job)))
    return {**about, INTERMEDIATE: hashed}


def _hashed_target(session: Session, target: str) -> str:
    hashed: str = session.once(
        ("about target", target), lambda: identity(target=target, **_about_target(session, target))
    )
    return hashed


def _about_target(session: Session, target: str) -> dict[str, Any]:
    tests = {e.where: e.fingerprint for e in session.tests(target)}
    task = session.setting.catalogue[target]
    if task.head_kind.trained:
        return {"tested_on": tests, **about_training(session, target, session.grid.target_examples)}
    tuned = {e.where: e.fingerprint for e in session.tuning(target)}
    recipe = session.recipe(task).identity()
    about = {"tested_on": tests, "tuned_on": tuned, "recipe": recipe, "task": about_task(task)}
    return {**about, "source_language": session.grid.source_language}
