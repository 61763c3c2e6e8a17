"""The study file: parsed and checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from transfer_analysis.distances import DistanceMatrix, kinds_of_codes, language_distances
from transfer_analysis.distances.kinds import task_kind
from transfer_analysis.distances.languages.imputation import Imputation
from transfer_analysis.distances.languages.typological import Measure
from transfer_analysis.documents import SeveralError, read_document
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import read_text
from transfer_analysis.languages import resolve
from transfer_analysis.languages.sources import ALL
from transfer_analysis.studies.analyses import AnyHypothesis, Hypothesis
from transfer_analysis.studies.declared import Declared
from transfer_analysis.studies.scales import COMMON, Scale
from transfer_analysis.tasks import metrics


def _canonical(code: str) -> str:
    try:
        return resolve(code).code
    except InputError as error:
        raise ValueError(str(error)) from error


#: A language by its own code, whatever it is given as.
Code = Annotated[str, AfterValidator(_canonical)]


class TaskDistance(Declared):
    """A distance between tasks, computed from the text of their examples."""

    name: str = Field(default="semantic", pattern=r"^[a-z_]+$")
    """Its name in the study; its column is `<name>_distance`."""
    kind: str = "mean-embedding-cosine"
    """How it is computed: a kind that `transfer-analysis distances kinds` lists."""
    examples_per_task: int = Field(default=128, gt=0)
    """Examples of each task that it is computed from."""

    @model_validator(mode="after")
    def _is_of_text(self) -> TaskDistance:
        try:
            needs = task_kind(self.kind).needs
        except InputError as error:
            raise ValueError(str(error)) from error
        if needs not in ("embeddings", "words"):
            raise ValueError(
                f"{self.kind} needs more than the text of examples: compute it with `transfer-analysis distances tasks` and "
                "give it to the study with --task-distances"
            )
        return self


class LanguageDistance(Declared):
    """A distance between languages: a kind that is computed from their codes, or a table of one's own."""

    name: str = Field(pattern=r"^[a-z_-]+$")
    """A kind that `transfer-analysis distances kinds` lists for codes, or the name of a table of your own."""
    table: str | None = None
    """CSV with labels in the first row and column, beside the study file; the kind is computed where not given."""
    kind: str = ""
    """The kind that is computed, where the name is one of your own: two distances of a kind have two names."""
    sources: str = ALL
    """Where typological features are from: all (as URIEL+ joins them), uriel-2017, or names such as grambank."""
    measure: Measure = "angular"
    """Of typological features: angular (URIEL+'s), or gower (the share that differ)."""
    impute: Imputation | None = None
    """Guess unknown features from the nearest languages, from the family, or by URIEL+'s own knn; never done where not given."""

    @model_validator(mode="before")
    @classmethod
    def _by_its_name(cls, given: Any) -> Any:
        return {"name": given} if isinstance(given, str) else given

    @model_serializer(mode="wrap")
    def _as_its_name(self, handler: SerializerFunctionWrapHandler) -> Any:
        given: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        kept = {key: value for key, value in given.items() if key == "name" or value != fields[key].default}
        return kept if len(kept) > 1 else self.name

    def compute(self, languages: Sequence[str], min_shared: int) -> DistanceMatrix:
        """Return the distance of its kind, as it is declared."""
        return language_distances(
            languages,
            self.kind or self.name,
            min_shared=min_shared,
            measure=self.measure,
            impute=self.impute,
            sources=self.sources,
        )


class Covariate(Declared):
    """A property of languages to adjust for."""

    column: str
    """Column of the table given with `--languages`."""
    transform: Literal["none", "log1p"] = "none"
    """The column as it is, or log(1 + x)."""


class Study(Declared):
    """One study: a question, what is joined with the results, and the hypotheses that are tested."""

    # Analyses of other packages are looked up when the first study is read, not when this file is imported.
    model_config = ConfigDict(defer_build=True)

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    """Its name: small letters, digits and hyphens."""
    title: str
    """Title of the report."""
    question: str
    """The question, in a sentence."""
    metric: str | None = None
    """The metric that is analysed; each target's own where not given."""
    split: str = "test"
    """Which scores are analysed: those of this split."""
    checkpoint: str = "last"
    """Which scores are analysed: those of this checkpoint (last, best-english or oracle)."""
    initialisation: Literal["pretrained", "random"] = "pretrained"
    """Which runs are analysed: those from these weights, where a hypothesis does not say."""
    floor_model: str | None = None
    """A model of the results that is not tested: what it scores is shown as the floor under the others. It should be what
    can be reached without anything that languages share."""
    task_distances: tuple[TaskDistance, ...] = ()
    """Distances between tasks, each joined with the results as `<name>_distance`. Hypotheses and figures are of the first
    where they do not say which."""
    language_distances: tuple[LanguageDistance, ...] = ()
    """Distances between languages, each joined with the results as `<name>_distance`: kinds, or `{name: mine, table: mine.csv}`
    for a table of your own."""
    min_shared_features: int = Field(default=1, ge=1)
    """A pair of languages with fewer features known for both has no distance."""
    covariates: dict[str, Covariate] = Field(default_factory=dict)
    """Name → covariate of languages, from a table given with `--languages`."""
    source_language: Code = "en"
    """The language that models are trained on."""
    targets: tuple[str, ...] = ()
    """Targets that the study is about; all there are where empty."""
    models: tuple[str, ...] = ()
    """Models that the study is about; all there are where empty. At a scale, those that it trains."""
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Name → conditions that are looked at together: those of them that the results have."""
    scales: dict[str, Scale] = Field(default_factory=dict)
    """How to train the results, by the name of a scale; none where results are always given."""
    alpha: float = Field(default=0.05, gt=0, lt=1)
    """Level of the tests, over all declared hypotheses together (Holm)."""
    seed: int = Field(default=0, ge=0)
    """Seed of whatever the tests draw."""
    permutations: int = Field(default=9_999, ge=99)
    """Random permutations, where there are too many to enumerate."""
    primary: str
    """The id of the hypothesis that the report's headline is about."""
    hypotheses: tuple[AnyHypothesis, ...] = Field(min_length=1)
    """Tests declared beforehand, corrected together by Holm's method."""
    exploratory: tuple[AnyHypothesis, ...] = ()
    """Further analyses; their p-values are not corrected and carry no claim."""

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        problems = list(self._problems())
        if problems:
            raise SeveralError(problems)
        return self

    @property
    def scale(self) -> Scale | None:
        """The scale that the study is at; None where its results are given."""
        return next(iter(self.scales.values()), None)

    @property
    def first_scale(self) -> str | None:
        """The name of the scale that the study is run at where nothing is said; None where its results are given."""
        return next(iter(self.scales), None)

    @property
    def every(self) -> tuple[Hypothesis, ...]:
        """All hypotheses, the declared ones first."""
        return (*self.hypotheses, *self.exploratory)

    @property
    def first_distance(self) -> str:
        """The name of the first task distance; empty where there is none."""
        return self.task_distances[0].name if self.task_distances else ""

    @property
    def language_distance_names(self) -> tuple[str, ...]:
        """The names of the language distances."""
        return tuple(distance.name for distance in self.language_distances)

    @property
    def examples_per_task(self) -> int:
        """How many examples of each task distances and diversity are made of."""
        return max((distance.examples_per_task for distance in self.task_distances), default=128)

    @property
    def initialisations(self) -> set[str]:
        """The initialisations that hypotheses are on."""
        return {self.initialisation, *(name for h in self.every for name in h.initialisations)}

    @property
    def asks_for_diversity(self) -> set[str]:
        """The measures of diversity that hypotheses ask for."""
        return {measure for hypothesis in self.every for measure in hypothesis.diversities}

    def at(self, name: str | None) -> Study:
        """Return the study at one scale, with what its names stand for there; without a name, as it is written.

        Raises
        ------
        InputError
            For a scale that the study does not have.
        """
        if name is None:
            return self.model_copy(update={"scales": {}})
        if name not in self.scales:
            there = f"it has {', '.join(self.scales)}" if self.scales else "its results are always given (--results)"
            raise InputError(f"{self.name}: no scale {name!r}{nearest(name, self.scales)}; {there}")
        scale = self.scales[name]
        return self.model_copy(
            update={
                "scales": {name: scale},
                "targets": scale.all_called(self.targets),
                "models": scale.all_called(self.models) or tuple(scale.models()),
                "groups": {group: scale.all_called(members) for group, members in self.groups.items()},
                "hypotheses": tuple(map(scale.renamed, self.hypotheses)),
                "exploratory": tuple(map(scale.renamed, self.exploratory)),
            }
        )

    def _problems(self) -> Iterator[str]:
        """Yield what does not fit together, each beginning with the name of what it is about."""
        ids = [h.id for h in self.every]
        for repeated in sorted({i for i in ids if ids.count(i) > 1}):
            yield f"{repeated}: the id is given to more than one hypothesis"
        declared = [h.id for h in self.hypotheses]
        if self.primary not in declared:
            yield f"primary: no declared hypothesis has the id {self.primary!r}{nearest(self.primary, declared)}"
        if self.metric is not None and self.metric not in metrics():
            yield f"metric: unknown metric {self.metric!r}{nearest(self.metric, metrics())}"
        for name, scale in self.scales.items():
            if scale.simulated is not None and (self.split, self.checkpoint) != ("test", "last"):
                yield f"{name}: the simulated world has test scores of the last checkpoint only (split, checkpoint)"
        for one in self.language_distances:
            if one.table is None and (one.kind or one.name) not in kinds_of_codes():
                yield (
                    f"language_distances: unknown kind {(one.kind or one.name)!r}{nearest(one.kind or one.name, kinds_of_codes())}; a table of your own is "
                    f"{{name: {one.name}, table: FILE.csv}}"
                )
        of_languages = self.language_distance_names
        if len(set(of_languages)) < len(of_languages):
            yield f"language_distances: {list(of_languages)} are not all different; give each a name of its own, with its kind"
        names = [distance.name for distance in self.task_distances]
        for name in sorted(set(names) & set(self.language_distance_names)):
            yield f"task_distances: {name!r} is the name of a language distance too; give it another"
        if len(set(names)) < len(names):
            yield f"task_distances: {names} are not all different; give each a name of its own"
        for hypothesis in self.every:
            yield from (f"{hypothesis.id}: {said}" for said in hypothesis.undeclared(self))
        for hypothesis in self.hypotheses:
            if hypothesis.descriptive:
                yield f"{hypothesis.id}: {hypothesis.analysis} is descriptive only; list it as exploratory"
            if hypothesis.adjusts_for:
                yield f"{hypothesis.id}: tests with covariates depend on a table given; list it as exploratory"


def bundled_studies() -> list[Study]:
    """Return the studies that come with the package."""
    return [parse_study(entry.read_text(encoding="utf-8"), entry.name) for entry in _bundled()]


def load_study(name: str) -> Study:
    """Return a bundled study by name, or the study in a YAML file.

    Raises
    ------
    InputError
        For an unknown name, or naming every field of the file that is wrong.
    """
    return parse_study(*study_text(name))


def study_text(name: str) -> tuple[str, str]:
    """Return the text of a study file, and what messages call it.

    Raises
    ------
    InputError
        For an unknown name, or a file that is not there.
    """
    if name.endswith((".yaml", ".yml")):
        return read_text(Path(name), "a study in YAML"), Path(name).name
    known = {entry.name.removesuffix(".yaml"): entry for entry in _bundled()}
    if name not in known:
        raise InputError(
            f"unknown study {name!r}{nearest(name, known)}; bundled are {', '.join(known)}; "
            "a study of your own is a path ending in .yaml"
        )
    return known[name].read_text(encoding="utf-8"), known[name].name


def _bundled() -> list[Traversable]:
    folder = files("transfer_analysis.studies")
    return sorted((e for e in folder.iterdir() if e.name.endswith(".yaml") and e.name != COMMON), key=lambda e: e.name)


def parse_study(text: str, where: str) -> Study:
    """Return the study in a text.

    Raises
    ------
    InputError
        Naming every field that is wrong, with its line.
    """
    return read_document(Study, text, where, "with name, title, question, primary and hypotheses")
