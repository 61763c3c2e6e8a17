"""The phases of a run: which tasks are trained together or in turn, and with which heads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from transfer_analysis.tasks import Task
from transfer_analysis.tasks.conditions import MLM, parse_condition
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.grid import Job
from transfer_analysis.training.heads import Head, make_head
from transfer_analysis.training.identity import identity
from transfer_analysis.training.reading.data import Examples
from transfer_analysis.training.reading.tokens import Ints
from transfer_analysis.training.recipes import Recipe
from transfer_analysis.training.session import Session
from transfer_analysis.training.streams import Stream, all_of, mixed, mixed_in


@dataclass
class Phase:
    """Tasks that are trained together: their streams, the stream of each step, and each task's head.

    `recipe` is that of the optimiser; batch sizes, epochs and lengths are those of each task's own recipe.
    """

    streams: list[Stream]
    order: Ints
    recipe: Recipe
    heads: dict[str, Head] = field(default_factory=dict)


def intermediate_phase(session: Session, job: Job, encoder: Encoder) -> Phase:
    """Return the intermediate phase of a job: its tasks, mixed where they are several, with language modelling."""
    grid, condition = session.grid, parse_condition(job.condition)
    heads: dict[str, Head] = {}
    streams: list[Stream] = []
    for name in grid.members(condition):
        task = session.task(name)
        heads[name] = make_head(task, encoder, job.seed)
        for turn in session.training(name, grid.intermediate_examples, condition.language):
            streams.append(_stream(session, task, turn, heads[name], encoder))
    if len(heads) > 1 and grid.multi_task is not None:
        mix = grid.multi_task
        order = mixed(streams, mix.sampling, mix.cap, mix.temperature, job.seed)
    else:
        order = all_of(streams)
    if condition.reads_text:
        texts = text_streams(session, encoder, job.seed)
        if streams:
            assert grid.mlm is not None
            others = range(len(streams), len(streams) + len(texts))
            order = mixed_in(order, others, grid.mlm.rate, job.seed)
        else:
            order = mixed(texts, "proportional", max(len(s.features) for s in texts), 1.0, job.seed)
        streams += texts
    return Phase(streams, order, intermediate_recipe(session, job), heads)


def intermediate_recipe(session: Session, job: Job) -> Recipe:
    """Return the recipe of the optimiser: that of the one task or of the text, or the general one for several tasks."""
    members = session.grid.members(parse_condition(job.condition))
    if len(members) > 1:
        return session.setting.recipe
    return session.recipe(session.task(members[0]) if members else session.texts()[0].task)


def text_streams(session: Session, encoder: Encoder, seed: int) -> list[Stream]:
    """Return a stream for each text of language modelling; they share one head."""
    texts = session.texts()
    head = make_head(texts[0].task, encoder, seed)
    streams = [_stream(session, text.task, [text], head, encoder) for text in texts]
    for stream in streams:
        assert session.grid.mlm is not None
        stream.masked = session.grid.mlm.masked
    return streams


def target_phases(session: Session, target: str, encoder: Encoder, seed: int) -> list[Phase]:
    """Return the phases of a target, one for each turn of its training; they share its head."""
    task = session.task(target)
    head = make_head(task, encoder, seed)
    phases = []
    for turn in session.training(target, session.grid.target_examples):
        stream = _stream(session, task, turn, head, encoder)
        phases.append(Phase([stream], all_of([stream]), session.recipe(task), {target: head}))
    return phases


def about_task(task: Task) -> dict[str, Any]:
    """Return everything about a task that can change what its examples are read as, or its scores."""
    shown_only = {
        "title",
        "description",
        "family",
        "tags",
        "roles",
        "benchmarks",
        "languages",
        "chance",
        "hub",
        "folder",
        "made_of",
    }
    return task.model_dump(mode="json", exclude=shown_only)


def about_training(session: Session, name: str, count: int, language: str = "") -> dict[str, Any]:
    """Return everything about the training of a task that can change its outcome."""
    turns = session.training(name, count, language)
    return {
        "task": about_task(session.task(name)),
        "sources": [about_task(e.task) for turn in turns for e in turn],
        "recipe": session.recipe(session.setting.catalogue[name]).identity(),
        "trained_on": [[_named(session, e) for e in turn] for turn in turns],
        "development": [_named(session, e) for e in session.development(name)],
    }


def about_alike(session: Session, target: str) -> dict[str, Any]:
    """Return what two targets have in common that are trained alike, and differ in their tests alone.

    Nothing for one that is not trained, and where a target's own development set decides when training ends.
    """
    task = session.setting.catalogue[target]
    recipe = session.recipe(task)
    if not task.head_kind.trained or recipe.evaluate_every:
        return {"target": target}
    turns = session.training(target, session.grid.target_examples)
    return {
        "head": [task.head, len(session.task(target).labels)],
        "recipe": recipe.identity(),
        "trained_on": [[_named(session, e) for e in turn] for turn in turns],
    }


def about_intermediate(session: Session, job: Job) -> dict[str, Any]:
    """Return everything about the intermediate phase of a job that can change its outcome."""
    grid, condition = session.grid, parse_condition(job.condition)
    about: dict[str, Any] = {
        name: about_training(session, name, grid.intermediate_examples, condition.language)
        for name in grid.members(condition)
    }
    if len(grid.members(condition)) > 1 and grid.multi_task is not None:
        about["multi-task"] = grid.multi_task.model_dump(mode="json")
    about["optimiser"] = intermediate_recipe(session, job).identity()
    if condition.reads_text:
        assert grid.mlm is not None
        about[MLM] = {
            **grid.mlm.model_dump(mode="json"),
            "text": [_named(session, text) for text in session.texts()],
            "recipes": [session.recipe(text.task).identity() for text in session.texts()],
        }
    return about


def intermediate_sources(session: Session, job: Job) -> list[list[Examples]]:
    """Return what a job's intermediate phase is trained on: the sources of each of its tasks, then text."""
    grid, condition = session.grid, parse_condition(job.condition)
    turns = [
        turn
        for name in grid.members(condition)
        for turn in session.training(name, grid.intermediate_examples, condition.language)
    ]
    return [*turns, *([text] for text in session.texts())] if condition.reads_text else turns


def named_intermediate(session: Session, job: Job) -> str:
    """Return what a job's intermediate phase is trained on, as the transfer table has it."""
    language = parse_condition(job.condition).language
    return "+".join(_counted(e, language) for turn in intermediate_sources(session, job) for e in turn)


def named_sources(turns: Sequence[Sequence[Examples]]) -> str:
    """Return what a task is trained on, together and in turn, as the transfer table has it: `social-iqa:500>copa:400`."""
    return ">".join("+".join(_counted(e) for e in turn) for turn in turns)


def data_hash(turns: Sequence[Sequence[Examples]]) -> str:
    """Return a hash of the examples of several sources."""
    return identity(examples=[[e.fingerprint for e in turn] for turn in turns])


def _counted(examples: Examples, language: str = "") -> str:
    """Name a task, with its split where that is not the one it is usually trained on, and how many examples."""
    usual = examples.task.splits.train == examples.split
    name = examples.task.name if usual else f"{examples.task.name}/{examples.split}"
    is_text = examples.task.head_kind.of_text
    return f"{name}{'@' + language if language and not is_text else ''}:{len(examples.records)}"


def _named(session: Session, examples: Examples) -> str:
    return f"{examples.task.name}/{examples.where} {examples.fingerprint}"


def _stream(session: Session, task: Task, parts: list[Examples], head: Head, encoder: Encoder) -> Stream:
    recipe = session.recipe(task)
    features = session.joined_features(parts, task, encoder)
    return Stream(features, head, recipe.batch_size, recipe.epochs)
