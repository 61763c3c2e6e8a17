"""Hypotheses as a study file declares them: the analysis, what it looks at, the direction."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from transfer_analysis.statistics.outcome import Alternative

Which = Literal["gain", "score"]


class Declared(BaseModel):
    """Part of a study file: what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Hypothesis(Declared):
    """What every hypothesis declares: a name, a sentence, and the direction it predicts."""

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    statement: str


class TaskAssociation(_Hypothesis):
    """Correlation of task distance with the outcome within targets."""

    analysis: Literal["task-association"]
    outcome: Which = "gain"
    languages: Literal["all", "zero-shot"] = "all"
    method: Literal["spearman", "pearson"] = "spearman"
    alternative: Alternative = "two-sided"


class PooledTaskAssociation(_Hypothesis):
    """Correlation over all cells of task distance with the outcome standardised within its target."""

    analysis: Literal["pooled-task-association"]
    outcome: Which = "gain"
    languages: Literal["all", "zero-shot"] = "all"
    alternative: Alternative = "two-sided"


class _Measured(_Hypothesis):
    measure: Literal["ndcg", "regret"]
    relevance: Literal["ranks", "scores", "clipped-gains"] = "ranks"
    k: int = Field(default=5, gt=0)
    of: Literal["mean", "best"] = "mean"
    relative: bool = True


class TaskSelection(_Measured):
    """Selecting intermediate tasks by distance."""

    analysis: Literal["task-selection"]
    outcome: Which = "score"
    languages: Literal["all", "zero-shot"] = "all"

    @model_validator(mode="after")
    def _defined_for_gains(self) -> TaskSelection:
        if self.outcome == "gain" and self.measure == "ndcg" and self.relevance == "scores":
            raise ValueError(f"{self.id}: gains may be negative; use relevance ranks or clipped-gains")
        if self.outcome == "gain" and self.measure == "regret" and self.relative:
            raise ValueError(
                f"{self.id}: relative regret needs positive values, gains may be negative; use relative: false"
            )
        return self


class LanguageRegression(_Hypothesis):
    """Slope of the score on the distance from one source language, over related languages."""

    analysis: Literal["language-regression"]
    distance: str
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


def covariates_of(hypothesis: _Hypothesis) -> tuple[str, ...]:
    """Return the covariates that a hypothesis adjusts for."""
    return hypothesis.covariates if isinstance(hypothesis, LanguageRegression) else ()


Hypothesis = Annotated[
    TaskAssociation
    | PooledTaskAssociation
    | TaskSelection
    | LanguageRegression
    | LanguagePairAssociation
    | LanguageSelection
    | ConditionEffect,
    Field(discriminator="analysis"),
]
