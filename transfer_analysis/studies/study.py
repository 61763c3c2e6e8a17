"""The study file: parsed and checked."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from transfer_analysis.distances import LANGUAGE_KINDS
from transfer_analysis.distances.kinds import TASK_KINDS
from transfer_analysis.documents import read_document
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import read_text
from transfer_analysis.languages import resolve
from transfer_analysis.studies.hypotheses import (
    Declared,
    GroupContrast,
    Hypothesis,
    LanguagePairAssociation,
    LanguageSelection,
    OfTaskDistance,
    Specifications,
    covariates_of,
)
from transfer_analysis.tasks import metrics
from transfer_analysis.tasks.conditions import NONE


def _canonical(code: str) -> str:
    try:
        return resolve(code).code
    except InputError as error:
        raise ValueError(str(error)) from error


#: A language by its own code, whatever it is given as.
Code = Annotated[str, AfterValidator(_canonical)]


class TaskDistance(Declared):
    """A distance between tasks computed from the text of their examples, and where these come from."""

    name: str = Field(default="semantic", pattern=r"^[a-z_]+$")
    kind: str = "mean-embedding-cosine"
    examples: Literal["given", "simulated"]
    examples_per_task: int = Field(default=128, gt=0)

    @model_validator(mode="after")
    def _is_of_text(self) -> TaskDistance:
        if self.kind not in TASK_KINDS:
            raise ValueError(f"unknown task distance {self.kind!r}{nearest(self.kind, TASK_KINDS)}")
        if TASK_KINDS[self.kind].needs not in ("embeddings", "words"):
            raise ValueError(
                f"{self.kind} needs more than the text of examples: compute it with `transfer-analysis distances tasks` and "
                "give it to the study with --task-distances"
            )
        return self


class Covariate(Declared):
    """A property of languages to adjust for: a column of the table given, as it is or as log(1 + x)."""

    column: str
    transform: Literal["none", "log1p"] = "none"


class Study(Declared):
    """One study.

    Attributes
    ----------
    metric
        The metric analysed, or None for each target's own.
    split, checkpoint, initialisation
        Which rows of the results are analysed.
    floor_model
        A model in the results that is no part of the tests: what it scores is shown as the floor under the others, and
        should be what can be reached without anything that languages share.
    task_distances, language_distances
        What is joined with the results: each task distance as `<name>_distance`. Hypotheses and figures are of the first
        task distance where they do not say which.
    min_shared_features
        A pair of languages with fewer features known for both has no distance.
    covariates
        Name → covariate of languages, from a table given with `--languages`.
    groups
        Name → conditions that are looked at together.
    simulated
        How to train the results in the simulated world (read by the training core), or None where results are given.
    hypotheses, exploratory
        Tests declared beforehand, corrected together by Holm's method, and further ones labelled exploratory.
    primary
        The hypothesis that the finding is about.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    title: str
    question: str
    metric: str | None = None
    split: str = "test"
    checkpoint: Literal["last", "best-english", "oracle"] = "last"
    initialisation: Literal["pretrained", "random"] = "pretrained"
    floor_model: str | None = None
    task_distances: tuple[TaskDistance, ...] = ()
    language_distances: tuple[str, ...] = ()
    min_shared_features: int = Field(default=1, ge=1)
    covariates: dict[str, Covariate] = Field(default_factory=dict)
    source_language: Code = "en"
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    simulated: dict[str, Any] | None = None
    alpha: float = Field(default=0.05, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)
    permutations: int = Field(default=9_999, ge=99)
    primary: str
    hypotheses: tuple[Hypothesis, ...] = Field(min_length=1)
    exploratory: tuple[Hypothesis, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        ids = [h.id for h in (*self.hypotheses, *self.exploratory)]
        repeated = {i for i in ids if ids.count(i) > 1}
        if repeated:
            raise ValueError(f"the id {sorted(repeated)[0]!r} is given to more than one hypothesis")
        if self.primary not in [h.id for h in self.hypotheses]:
            raise ValueError(f"primary: no declared hypothesis has the id {self.primary!r}{nearest(self.primary, ids)}")
        if self.metric is not None and self.metric not in metrics():
            raise ValueError(f"metric: unknown metric {self.metric!r}{nearest(self.metric, metrics())}")
        if self.simulated is not None and (self.split, self.checkpoint) != ("test", "last"):
            raise ValueError("split, checkpoint: the simulated world has test scores of the last checkpoint only")
        for kind in self.language_distances:
            if kind not in LANGUAGE_KINDS:
                raise ValueError(f"language_distances: unknown kind {kind!r}{nearest(kind, LANGUAGE_KINDS)}")
        for hypothesis in self.hypotheses:
            if isinstance(hypothesis, LanguagePairAssociation | LanguageSelection | Specifications):
                raise ValueError(f"{hypothesis.id}: {hypothesis.analysis} is descriptive only; list it as exploratory")
        names = [distance.name for distance in self.task_distances]
        if len(set(names)) < len(names):
            raise ValueError(f"task_distances: {names} are not all different; give each a name of its own")
        for hypothesis in (*self.hypotheses, *self.exploratory):
            self._require_distance(hypothesis, names)
            for name in covariates_of(hypothesis):
                if name not in self.covariates:
                    raise ValueError(f"{hypothesis.id}: unknown covariate {name!r}{nearest(name, self.covariates)}")
                if hypothesis in self.hypotheses:
                    raise ValueError(
                        f"{hypothesis.id}: tests with covariates depend on a table given; list it as exploratory"
                    )
            if isinstance(hypothesis, GroupContrast):
                for group in (hypothesis.first, hypothesis.second):
                    if group != NONE and group not in self.groups:
                        raise ValueError(f"{hypothesis.id}: unknown group {group!r}{nearest(group, self.groups)}")
        if self.simulated is None and any(distance.examples == "simulated" for distance in self.task_distances):
            raise ValueError("task_distances: examples are simulated, but the study has no simulated world")
        return self

    def _require_distance(self, hypothesis: Hypothesis, names: list[str]) -> None:
        """Raise a ValueError where a hypothesis is on a distance that the study does not declare."""
        wanted = getattr(hypothesis, "distance", None)
        of_tasks = isinstance(hypothesis, OfTaskDistance | Specifications)
        there = names if of_tasks else self.language_distances
        if of_tasks and not names:
            raise ValueError(f"{hypothesis.id}: needs a distance under task_distances, and the study declares none")
        if wanted is not None and wanted not in there:
            among = "task_distances" if of_tasks else "language_distances"
            raise ValueError(f"{hypothesis.id}: the distance {wanted!r} is not among {among}{nearest(wanted, there)}")


def bundled_studies() -> list[Study]:
    """Return the studies that come with the package."""
    folder = files("transfer_analysis.studies")
    entries = sorted((e for e in folder.iterdir() if e.name.endswith(".yaml")), key=lambda e: e.name)
    return [_parse(entry.read_text(encoding="utf-8"), entry.name) for entry in entries]


def load_study(name: str) -> Study:
    """Return a bundled study by name, or the study in a YAML file.

    Raises
    ------
    InputError
        For an unknown name, or naming every field of the file that is wrong.
    """
    if name.endswith((".yaml", ".yml")):
        return _parse(read_text(Path(name), "a study in YAML"), Path(name).name)
    known = {study.name: study for study in bundled_studies()}
    if name not in known:
        raise InputError(
            f"unknown study {name!r}{nearest(name, known)}; bundled are {', '.join(known)}; "
            "a study of your own is a path ending in .yaml"
        )
    return known[name]


def _parse(text: str, where: str) -> Study:
    return read_document(Study, text, where, "with name, title, question, primary and hypotheses")
