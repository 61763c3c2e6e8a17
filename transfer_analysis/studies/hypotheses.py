"""Hypotheses as a study file declares them: the analysis, what it looks at, the direction."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from transfer_analysis.analyses.rows import Languages
from transfer_analysis.distances.diversity.table import MEASURES
from transfer_analysis.errors import nearest
from transfer_analysis.statistics.outcome import Alternative

Which = Literal["gain", "score"]


class Declared(BaseModel):
    """Part of a study file: what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Hypothesis(Declared):
    """What every hypothesis declares: a name, a sentence, and the direction it predicts.

    Attributes
    ----------
    statement
        Where it names a model as the study does (`xlm-r-large`), a scale names the one that stands for it.
    """

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    statement: str


class OfTaskDistance(_Hypothesis):
    """A hypothesis on one of the study's task distances, the first where it does not say which.

    Attributes
    ----------
    targets
        Targets that count; all there are where empty.
    model
        The model that counts; all together where not given, which is said.
    """

    distance: str | None = None
    targets: tuple[str, ...] = ()
    model: str | None = None


class TaskAssociation(OfTaskDistance):
    """Correlation of task distance with the outcome within targets."""

    analysis: Literal["task-association"]
    outcome: Which = "gain"
    languages: Literal["all", "zero-shot"] = "zero-shot"
    method: Literal["spearman", "pearson"] = "spearman"
    alternative: Alternative = "two-sided"


class PooledTaskAssociation(OfTaskDistance):
    """Correlation over all cells of task distance with the outcome standardised within its target."""

    analysis: Literal["pooled-task-association"]
    outcome: Which = "gain"
    languages: Literal["all", "zero-shot"] = "zero-shot"
    alternative: Alternative = "two-sided"


class _Measured(_Hypothesis):
    measure: Literal["ndcg", "regret"]
    relevance: Literal["ranks", "scores", "clipped-gains"] = "ranks"
    #: How many are chosen: five for regret, all for NDCG where not given.
    k: int | None = Field(default=None, gt=0)
    of: Literal["mean", "best"] = "mean"
    relative: bool = True


class TaskSelection(_Measured, OfTaskDistance):
    """Selecting intermediate tasks by distance."""

    analysis: Literal["task-selection"]
    outcome: Which = "score"
    languages: Literal["all", "zero-shot"] = "zero-shot"

    @model_validator(mode="after")
    def _defined_for_gains(self) -> TaskSelection:
        if self.outcome == "gain" and self.measure == "ndcg" and self.relevance == "scores":
            raise ValueError(f"{self.id}: gains may be negative; use relevance ranks or clipped-gains")
        if self.outcome == "gain" and self.measure == "regret" and self.relative:
            raise ValueError(
                f"{self.id}: relative regret needs positive values, gains may be negative; use relative: false"
            )
        return self


class Specifications(_Hypothesis):
    """The association within targets for every task distance, with each family of tasks left out in turn; a description."""

    analysis: Literal["specification-curve"]
    outcome: Which = "gain"
    languages: Literal["all", "zero-shot"] = "zero-shot"
    method: Literal["spearman", "pearson"] = "spearman"


class LanguageRegression(_Hypothesis):
    """Slope of the score on the distance from one source language, over related languages.

    Attributes
    ----------
    targets
        Targets that count; all there are where empty. Languages are those that all of them are tested in.
    model
        The model that counts; all together where not given, which is said.
    """

    analysis: Literal["language-regression"]
    distance: str
    targets: tuple[str, ...] = ()
    model: str | None = None
    covariates: tuple[str, ...] = ()
    alternative: Alternative = "two-sided"


class LanguagePairAssociation(_Hypothesis):
    """Correlation of language distance with the score over source languages, within a test language; descriptive."""

    analysis: Literal["language-pair-association"]
    distance: str


class LanguageSelection(_Measured):
    """Selecting source languages by distance; descriptive."""

    analysis: Literal["language-selection"]
    distance: str


class ConditionEffect(_Hypothesis):
    """Effect of one intermediate condition on one target, beside none."""

    analysis: Literal["condition-effect"]
    condition: str
    target: str
    languages: Literal["zero-shot", "source"] = "zero-shot"
    alternative: Alternative = "two-sided"


class GroupContrast(_Hypothesis):
    """Difference of two groups of conditions, which the study names under `groups`; `none` is a group too.

    Attributes
    ----------
    first, second
        The groups; the difference is the first less the second.
    first_initialisation, second_initialisation
        Of the runs on either side; the study's own where not given.
    over
        What the units are: `seeds`, for a question about these tasks, or `tasks`, for tasks like these.
    margin
        The two are tested for equivalence within this many points, and not for a difference.
    scale
        Points, or standard deviations between the runs of each target; where not given, points for one target and for
        equivalence, standard deviations where several count.
    between
        Two models, or `pretrained` and `random`: what is tested is how much larger the difference is in the first than in
        the second.
    model
        The model that is looked at; all together where not given.
    targets
        Targets that count; all there are where empty.
    """

    analysis: Literal["group-contrast"]
    first: str
    second: str
    first_initialisation: Literal["pretrained", "random"] | None = None
    second_initialisation: Literal["pretrained", "random"] | None = None
    over: Literal["seeds", "tasks"] = "seeds"
    margin: float | None = Field(default=None, gt=0)
    scale: Literal["points", "standardised"] | None = None
    between: tuple[str, str] | None = None
    model: str | None = None
    targets: tuple[str, ...] = ()
    languages: Languages = "zero-shot"
    alternative: Alternative = "two-sided"

    @model_validator(mode="after")
    def _consistent(self) -> GroupContrast:
        seeds_only = self.margin or self.between or self.first_initialisation or self.second_initialisation
        if self.over == "tasks" and seeds_only:
            raise ValueError(
                f"{self.id}: equivalence, models and initialisations are compared over seeds; use over: seeds"
            )
        if self.over == "tasks" and "none" in (self.first, self.second):
            raise ValueError(f"{self.id}: none is no task that could be exchanged with others; use over: seeds")
        if self.margin is not None and self.scale == "standardised":
            raise ValueError(f"{self.id}: a margin is in points; leave out scale")
        if self.margin is not None and self.alternative != "two-sided":
            raise ValueError(f"{self.id}: a test of equivalence has no direction; leave out alternative")
        if self.between_initialisations and (self.first_initialisation or self.second_initialisation):
            raise ValueError(f"{self.id}: between initialisations, neither side has one of its own")
        if self.margin is not None and self.between is not None:
            raise ValueError(f"{self.id}: declare equivalence and the difference between models as two hypotheses")
        return self

    def in_points(self, targets: int) -> bool:
        """Whether scores of so many targets are compared as they are."""
        if self.scale is not None:
            return self.scale == "points"
        return targets == 1 or self.margin is not None

    @property
    def initialisations(self) -> set[str]:
        """The initialisations that are asked for besides the study's own."""
        asked = {self.first_initialisation, self.second_initialisation, *(self.between or ())}
        return {name for name in asked if name in ("pretrained", "random")}

    @property
    def between_initialisations(self) -> bool:
        """Whether pretrained and random weights are compared, not two models."""
        return self.between is not None and set(self.between) == {"pretrained", "random"}


class GroupSlopes(_Hypothesis):
    """Difference of two groups of conditions in the slope on a language distance, over related languages.

    Attributes
    ----------
    first, second
        The groups; the difference is the first's slope less the second's.
    distance
        One of the study's language distances.
    value
        What falls: the gain, or the score as a share of what the source language's is above chance.
    model
        The model that is looked at; all together where not given.
    targets
        Targets that count; all there are where empty. Languages are those that all of them are tested in.
    """

    analysis: Literal["group-slopes"]
    first: str
    second: str
    distance: str
    value: Literal["gain", "normalised"] = "gain"
    model: str | None = None
    targets: tuple[str, ...] = ()
    alternative: Alternative = "two-sided"

    @model_validator(mode="after")
    def _of_tasks(self) -> GroupSlopes:
        if "none" in (self.first, self.second):
            raise ValueError(f"{self.id}: gains are measured from none, so that none has no slope; name two groups")
        return self


class MixedModel(_Hypothesis):
    """One fixed effect of a mixed model of rows: seeds, languages and targets, overlaps left out.

    Attributes
    ----------
    formula
        Such as `gain ~ semantic_distance * syntactic_distance`, of columns of the joined observations.
    term
        The effect that is tested.
    random, slopes
        Groupings with a random intercept, and grouping → column with a random slope.
    """

    analysis: Literal["mixed-model"]
    formula: str
    term: str
    random: tuple[str, ...] = Field(min_length=1)
    slopes: dict[str, str] = Field(default_factory=dict)
    degrees: Literal["satterthwaite", "kenward-roger"] = "kenward-roger"
    languages: Languages = "zero-shot"
    model: str | None = None
    alternative: Alternative = "two-sided"

    @property
    def response(self) -> str:
        """The column that the model is of."""
        return self.formula.partition("~")[0].strip()


class DiverseTasks(_Hypothesis):
    """Whether transfer falls less with language distance after the most diverse intermediate tasks than after others.

    Attributes
    ----------
    analysis
        `diverse-choice`: their mean slope among those of all choices of as many tasks; `diverse-slopes`: the difference of
        their slope from that of the other tasks, over related languages.
    diversity
        The measure of diversity.
    k
        How many tasks are the most diverse ones.
    distance
        One of the study's language distances.
    value
        What falls: the gain, or the score as a share of what the source language's is above chance.
    targets
        Targets that count; all there are where empty. The test over languages is of those that all of them are tested in.
    """

    analysis: Literal["diverse-choice", "diverse-slopes"]
    diversity: str
    k: int = Field(gt=0)
    distance: str
    value: Literal["gain", "normalised"] = "gain"
    targets: tuple[str, ...] = ()
    alternative: Alternative = "greater"

    @field_validator("diversity")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in MEASURES:
            raise ValueError(f"unknown measure of diversity {name!r}{nearest(name, MEASURES)}")
        return name


def covariates_of(hypothesis: _Hypothesis) -> tuple[str, ...]:
    """Return the covariates that a hypothesis adjusts for."""
    return hypothesis.covariates if isinstance(hypothesis, LanguageRegression) else ()


def groups_of(hypothesis: _Hypothesis) -> tuple[str, ...]:
    """Return the groups that a hypothesis compares."""
    return (hypothesis.first, hypothesis.second) if isinstance(hypothesis, GroupContrast | GroupSlopes) else ()


Hypothesis = Annotated[
    TaskAssociation
    | PooledTaskAssociation
    | TaskSelection
    | Specifications
    | LanguageRegression
    | LanguagePairAssociation
    | LanguageSelection
    | ConditionEffect
    | DiverseTasks
    | GroupContrast
    | GroupSlopes
    | MixedModel,
    Field(discriminator="analysis"),
]
