"""Tasks as data: a typed loader for the YAML files in `entries/` and for a person's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import read_text
from transfer_analysis.tasks.heads import HeadKind, heads
from transfer_analysis.tasks.metrics import metrics


class Hub(BaseModel):
    """Where a task's data set lies on the hub.

    Attributes
    ----------
    id
        Repository, `owner/name`.
    revision
        Commit (40 digits), branch or tag to read; the newest where not given.
    config, configs
        Name of the configuration, in which `{language}` and `{iso639_3}` stand for the language; or one per language.
    languages
        Languages that are read from here; all that `config`, `configs` and `rows` can give where empty.
    splits
        Our split → theirs, where the names differ; several parted by `+`.
    files
        Their split → pattern of its data files (`{config}` stands for the configuration), where the data set does not say
        it in a form that is read without a script.
    rows
        Column → beginning of its values, where a configuration holds several languages; `{english}` stands for the
        language's English name in small letters, `{language}` for its code.
    rename
        Their column → ours, where the names differ.
    held_out
        Our split that a tenth of the test rows make, chosen by a hash of their text, where the data set has no such split;
        they are then no part of the test.
    layout
        `rows`, an example each; or `lists`: one row with all sentences of two sides and their pairs (`gold`, counted from
        1), as BUCC is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[^/]+/[^/]+$")
    revision: str | None = None
    config: str | None = None
    configs: dict[str, str] = Field(default_factory=dict)
    languages: tuple[str, ...] = ()
    splits: dict[str, str] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    rows: dict[str, str] = Field(default_factory=dict)
    rename: dict[str, str] = Field(default_factory=dict)
    held_out: str = ""
    layout: Literal["rows", "lists"] = "rows"

    @model_validator(mode="after")
    def _names_what_is_known(self) -> Hub:
        known = {"config": ("language", "iso639_3"), "files": ("config",), "rows": ("english", "language")}
        for field, names in known.items():
            given = getattr(self, field)
            for text in given.values() if isinstance(given, dict) else [given or ""]:
                for name in re.findall(r"\{(.*?)\}", text):
                    if name not in names:
                        raise ValueError(
                            f"{field}: {text!r}: expected {{{'} or {'.join(names)}}} in it, not {{{name}}}"
                        )
        return self

    @property
    def tells_languages_apart(self) -> bool:
        """Whether each language has a configuration or rows of its own."""
        return any("{" in text for text in (self.config or "", *self.rows.values()))

    def serves(self, code: str, of_task: tuple[str, ...]) -> bool:
        """Whether a language is read from here, for a task in some languages.

        A data set that does not tell languages apart holds the one that it is said to hold, or the task's only one.
        """
        if self.languages:
            return code in self.languages
        if self.tells_languages_apart or code in self.configs:
            return True
        if self.configs and self.config is None:
            return False
        return tuple(one for one in of_task if one not in self.configs) == (code,)


class Splits(BaseModel):
    """Which splits are trained on, which are looked at while training, and which are tested on (the first there is)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: str = "train"
    development: str = "validation"
    test: tuple[str, ...] = ("test", "validation")


class Task(BaseModel):
    """One task.

    Attributes
    ----------
    name, title
        The name used in tables and the one shown to people.
    description
        What is read and what is to be given, in a sentence, for distances between descriptions.
    family
        The one exclusive family, for contrasts; `tags` hold any further traits.
    head
        The shape of the task's output.
    metric, metrics
        The metric that stands for the task, and all it may be scored by.
    chance
        Score of guessing on `metric`'s scale, or None where it depends on the data.
    languages
        Languages with test data.
    columns
        Column of the examples for each part of the head's input (`text`, `pair`, `label`; `question`, `context`,
        `answers`; `context`, `question`, `choices`, `label`; `tokens`, `tags`; `text`, and `key` where the same key
        means the same in another language). Several columns are parted by spaces, a
        field inside a column by a dot.
    labels
        Names of the classes or tags, in the order of their numbers; examples may give either. Where empty, a tagger's
        tags are those of its training and development examples.
    unlabelled
        Labels that mark an example without one (SNLI's -1); such examples are left out.
    splits
        Names of the splits.
    phrases
        What is read in place of a question's value (`cause`: "What was the cause?").
    no_answer, scorer
        For span QA: whether questions may have no answer, and whose official scorer compares answers.
    folder, hub
        Name of its folder in a folder corpus (its own name where empty), and its data sets on the hub: one, or several of
        which the first that has a language serves it.
    made_of, trained_on
        Data sets the task consists of, and those its training examples come from (its own where empty); names of
        tasks among them are trained on in turn.
    parts
        Tasks whose examples are put together as this task's, with one shared head (ANLI+).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    description: str = ""
    family: str
    head: str
    metric: str
    metrics: tuple[str, ...] = ()
    chance: float | None = None
    tags: tuple[str, ...] = ()
    roles: tuple[Literal["intermediate", "target"], ...] = ("intermediate",)
    benchmarks: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    columns: dict[str, str] = Field(default_factory=dict)
    labels: tuple[str, ...] = ()
    unlabelled: tuple[str | int, ...] = ()
    splits: Splits = Splits()
    phrases: dict[str, str] = Field(default_factory=dict)
    no_answer: bool = False
    scorer: Literal["squad", "mlqa"] = "squad"
    folder: str = ""
    hub: tuple[Hub, ...] = ()
    made_of: tuple[str, ...] = Field(min_length=1)
    trained_on: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @field_validator("hub", mode="before")
    @classmethod
    def _one_or_several(cls, given: Any) -> Any:
        return given if isinstance(given, list | tuple) else () if given is None else (given,)

    @field_validator("head")
    @classmethod
    def _head_is_known(cls, name: str) -> str:
        if name not in heads():
            raise ValueError(f"unknown head {name!r}{nearest(name, heads())}; there are {', '.join(heads())}")
        return name

    @model_validator(mode="after")
    def _metrics_are_known(self) -> Task:
        for name in (self.metric, *self.metrics):
            if name not in metrics():
                raise ValueError(f"unknown metric {name!r}{nearest(name, metrics())}")
        return self

    @property
    def head_kind(self) -> HeadKind:
        """What its head asks of examples."""
        return heads()[self.head]

    def is_trained_on(self, intermediate: Task) -> bool:
        """Whether `intermediate` shares a data set with what this target is trained on (an *overlap*)."""
        return bool(set(self.trained_on or self.made_of) & set(intermediate.made_of))


class Catalogue:
    """Tasks by name; an unknown name is refused with the nearest known ones."""

    def __init__(self, tasks: dict[str, Task]) -> None:
        self._tasks = tasks

    def __getitem__(self, name: str) -> Task:
        if name not in self._tasks:
            raise InputError(
                f"unknown task {name!r}{nearest(name, self._tasks)}; "
                "`transfer-analysis tasks list` shows the catalogue, --tasks FILE adds your own"
            )
        return self._tasks[name]

    def __contains__(self, name: object) -> bool:
        return name in self._tasks

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def __len__(self) -> int:
        return len(self._tasks)

    def family(self, name: str) -> str:
        """Return the family of a task, or an empty string for one that is not in the catalogue."""
        return self._tasks[name].family if name in self._tasks else ""

    def chance(self, name: str) -> float | None:
        """Return the score of guessing on a task's own metric; None where it is not known, or the task is not."""
        return self._tasks[name].chance if name in self._tasks else None

    def overlaps(self, intermediate: str, target: str) -> bool:
        """Whether an intermediate task is (part of) the target's training set; False for unknown names."""
        if intermediate not in self._tasks or target not in self._tasks:
            return False
        return self._tasks[target].is_trained_on(self._tasks[intermediate])


def load_catalogue(own: Path | None = None, mine: Sequence[Task] = ()) -> Catalogue:
    """Return the bundled catalogue, with a person's own tasks added.

    Parameters
    ----------
    own
        YAML file of the same form as the bundled entries: a mapping from task name to its fields.
    mine
        Further tasks of one's own.

    Raises
    ------
    InputError
        Naming the file, the task and each field that is wrong.
    """
    if own is None and not mine:
        return _bundled()
    tasks = {task.name: task for task in _bundled()}
    tasks.update(_parse(read_text(own, "tasks in YAML"), str(own)) if own is not None else {})
    tasks.update({task.name: task for task in mine})
    return Catalogue(tasks)


@cache
def _bundled() -> Catalogue:
    tasks: dict[str, Task] = {}
    package = files("transfer_analysis.tasks")
    for entry in sorted(package.joinpath("entries").iterdir(), key=lambda e: e.name):
        tasks.update(_parse(entry.read_text(encoding="utf-8"), entry.name))
    described = yaml.safe_load(package.joinpath("descriptions.yaml").read_text(encoding="utf-8"))
    for name, text in described.items():
        tasks[name] = tasks[name].model_copy(update={"description": text})
    return Catalogue(tasks)


def _parse(text: str, where: str) -> dict[str, Task]:
    try:
        entries: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{where}: not valid YAML: {error}") from error
    if not isinstance(entries, dict) or not all(isinstance(fields, dict) for fields in entries.values()):
        raise InputError(f"{where}: expected a mapping from task name to its fields (title, family, head, metric, …)")
    tasks, problems = {}, []
    for name, fields in entries.items():
        if not isinstance(name, str) or "name" in fields or not all(isinstance(key, str) for key in fields):
            problems.append(f"{where}: task {name!r}: the name stands before the colon, and all keys are text")
            continue
        try:
            tasks[name] = Task(name=name, **fields)
        except ValidationError as error:
            problems += [
                f"{where}: task {name!r}: {'.'.join(map(str, e['loc'])) or 'task'}: {e['msg']}" for e in error.errors()
            ]
    if problems:
        raise InputError(problems)
    return tasks
