"""The grid as data: every initialisation × condition × target × seed, from one encoder, scored in every language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.tasks.conditions import MLM, MULTI_TASK, NONE, Condition, parse_condition

Initialisation = Literal["pretrained", "random"]

#: Name of a job's intermediate phase among its nodes, beside the names of targets.
INTERMEDIATE = "intermediate"

#: Name of the node that pretrains an encoder.
PRETRAINING = "pretraining"


def _readable(name: str) -> str:
    try:
        condition = parse_condition(name)
    except InputError as error:
        raise ValueError(str(error)) from error
    if condition.base == NONE:
        raise ValueError("none is always there; leave it out")
    return name


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _once_each(given: tuple[str, ...]) -> tuple[str, ...]:
    repeated = next((value for value in given if given.count(value) > 1), None)
    if repeated is not None:
        raise ValueError(f"{repeated!r} is given twice")
    return given


#: Names, none of them twice.
Names = Annotated[tuple[str, ...], AfterValidator(_once_each)]


class MultiTask(_Model):
    """The condition `multi-task`: one head per task, each step draws its task.

    Attributes
    ----------
    tasks
        Intermediate tasks.
    sampling
        `proportional` to the number of examples, at most `cap` of a task counting; `temperature`, to the number of
        examples to the power of 1 / `temperature`; or `uniform`.
    """

    tasks: Names = Field(min_length=2)
    sampling: Literal["proportional", "temperature", "uniform"] = "proportional"
    cap: int = Field(default=2**17, gt=0)
    temperature: float = Field(default=2.0, ge=1)


class LanguageModelling(_Model):
    """The condition `mlm`, and what `+mlm` mixes into others.

    Attributes
    ----------
    tasks
        Text of the catalogue: monolingual (head `masked-lm`) or aligned (`translation-lm`).
    languages
        Languages of the text; all that it has where empty.
    examples
        Passages per language.
    rate
        Share of the steps of an intermediate phase that are language modelling, with `+mlm`.
    masked
        Share of subwords that are hidden.
    """

    tasks: Names = Field(min_length=1)
    languages: Names = ()
    examples: int = Field(gt=0)
    rate: float = Field(default=0.2, gt=0, lt=1)
    masked: float = Field(default=0.15, gt=0, lt=1)


class Grid(_Model):
    """What is trained and tested.

    Attributes
    ----------
    conditions
        Intermediate tasks, `multi-task`, `mlm`; `+mlm` mixes language modelling in, `@de` reads the task's examples in
        that language (translated). `none` is always there too.
    targets
        Target tasks.
    seeds
        One run of each condition × target per seed.
    baseline_seeds
        Further seeds of `none`, which every gain shares.
    initialisations
        `pretrained`, `random` or both.
    random_conditions
        Conditions that are trained from random weights too, beside `none`; all of them where not given.
    languages
        Languages to test in; all that a target has where empty.
    substitutes
        Task → tasks that it is trained on in place of its own (or the catalogue's) training examples, put together;
        `task/split` for another split of theirs, `one > other` for one after the other.
    multi_task, mlm
        What these conditions consist of.
    intermediate_examples, target_examples, test_examples
        Training examples of an intermediate task and of a target task (in the source language), and test examples
        per language; all there are where a corpus has fewer.
    limits
        Task → most training examples of it, where that is fewer than of the others.
    tested_on
        Target → its test examples per language, where that is another number than of the others: how many sentences there
        are to choose from is part of what retrieval is.
    unknown
        What to do with texts of which the encoder's tokenizer knows no subword: `refuse`, or `keep` them.
    """

    conditions: tuple[Annotated[str, AfterValidator(_readable)], ...]
    targets: tuple[str, ...] = Field(min_length=1)
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(min_length=1)
    baseline_seeds: tuple[Annotated[int, Field(ge=0)], ...] = ()
    initialisations: tuple[Initialisation, ...] = ("pretrained",)
    random_conditions: Names | None = None
    source_language: str = "en"
    languages: tuple[str, ...] = ()
    substitutes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    multi_task: MultiTask | None = None
    mlm: LanguageModelling | None = None
    intermediate_examples: int = Field(gt=0)
    target_examples: int = Field(gt=0)
    test_examples: int = Field(gt=0)
    limits: dict[str, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)
    tested_on: dict[str, Annotated[int, Field(gt=0)]] = Field(default_factory=dict)
    unknown: Literal["refuse", "keep"] = "refuse"

    @model_validator(mode="after")
    def _consistent(self) -> Grid:
        for name in ("conditions", "targets", "seeds", "initialisations", "languages"):
            given = getattr(self, name)
            if len(set(given)) < len(given):
                raise ValueError(f"{name}: {next(v for v in given if given.count(v) > 1)!r} is given twice")
        for seed in self.baseline_seeds:
            if (*self.seeds, *self.baseline_seeds).count(seed) > 1:
                raise ValueError(f"baseline_seeds: {seed} is given twice, or is one of seeds")
        for name in self.random_conditions or ():
            if name not in self.conditions:
                raise ValueError(f"random_conditions: {name!r} is not among conditions{nearest(name, self.conditions)}")
        if self.random_conditions is not None and "random" not in self.initialisations:
            raise ValueError("random_conditions: initialisations must list random too")
        read = [parse_condition(name) for name in self.conditions]
        if self.multi_task is None and any(c.base == MULTI_TASK for c in read):
            raise ValueError("multi_task: say which tasks the condition multi-task consists of")
        if self.mlm is None and any(c.reads_text for c in read):
            raise ValueError("mlm: say on which text the conditions with mlm are trained")
        return self

    def tests(self, target: str) -> int:
        """Return how many test examples per language a target has at most."""
        return self.tested_on.get(target, self.test_examples)

    def substituted(self, name: str) -> tuple[tuple[str, ...], ...]:
        """Return what a task is trained on in place of its own examples: in turn, and in each turn what is put together."""
        turns = "+".join(self.substitutes.get(name, ())).split(">")
        return tuple(tuple(source.strip() for source in turn.split("+")) for turn in turns if turn.strip())

    def members(self, condition: Condition) -> tuple[str, ...]:
        """Return the intermediate tasks of a condition; none for `none` and `mlm`."""
        if condition.base == MULTI_TASK and self.multi_task is not None:
            return self.multi_task.tasks
        return () if condition.base in (NONE, MLM) else (condition.base,)

    @property
    def intermediate_tasks(self) -> list[str]:
        """Every intermediate task, once for each condition that it is part of."""
        return [name for condition in self.conditions for name in self.members(parse_condition(condition))]

    def trained(self, name: str, count: int) -> int:
        """Return how many of `count` training examples of a task are allowed."""
        return min(count, self.limits.get(name, count))

    def jobs(self) -> list[Job]:
        """Return all jobs: those without intermediate training first, as every gain needs them, then the longest."""
        every = [
            Job(initialisation, condition, seed)
            for seed in (*self.seeds, *self.baseline_seeds)
            for initialisation in self.initialisations
            for condition in (NONE, *(self.conditions_from(initialisation) if seed in self.seeds else ()))
        ]
        # What takes longest should not be begun last, when the other processes have nothing left to do.
        return sorted(every, key=lambda job: (job.condition != NONE, not job.condition.startswith(MULTI_TASK)))

    def conditions_from(self, initialisation: Initialisation) -> tuple[str, ...]:
        """Return the conditions that are trained from an initialisation, beside `none`."""
        chosen = self.random_conditions
        return chosen if initialisation == "random" and chosen is not None else self.conditions


@dataclass(frozen=True)
class Job:
    """A unit of work: one initialisation and condition with one seed, whose intermediate training all targets share."""

    initialisation: Initialisation
    condition: str
    seed: int

    def __str__(self) -> str:
        return f"{self.initialisation}, {self.condition}, seed {self.seed}"
