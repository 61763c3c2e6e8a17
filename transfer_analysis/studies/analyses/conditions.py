"""Hypotheses on conditions: groups of them compared, one beside the baseline, and a model of all rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from transfer_analysis import analyses
from transfer_analysis.analyses import Group, Languages
from transfer_analysis.analyses.conditions import InUnits, Over, contradiction
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.statistics import Outcome
from transfer_analysis.statistics.outcome import Alternative
from transfer_analysis.studies.analyses.hypothesis import FEWEST, Hypothesis, OfRows
from transfer_analysis.tasks.conditions import NONE

if TYPE_CHECKING:
    from transfer_analysis.studies.analyses.material import Material
    from transfer_analysis.studies.extent import Extent
    from transfer_analysis.studies.study import Study
    from transfer_analysis.tasks import Catalogue

Initialisation = Literal["pretrained", "random"]

#: Functions that a formula may call.
_FUNCTIONS = ("C", "center", "scale", "np.log", "np.log1p")


class ConditionEffect(Hypothesis):
    """Effect of one intermediate condition on one target, over the baseline (none)."""

    axis: ClassVar[str] = "difference (points)"

    analysis: Literal["condition-effect"]
    condition: str = Field(examples=["mnli"])
    """The condition, such as `mnli` or `mnli+mlm`."""
    target: str = Field(examples=["xnli"])
    """The target."""
    languages: Literal["zero-shot", "source"] = "zero-shot"
    """Languages that a run's score is a mean over: zero-shot (not trained on), or the source language."""
    alternative: Alternative = "two-sided"
    """The direction that is predicted."""

    def run(self, material: Material) -> Outcome:
        """Return the effect, of runs that are averaged over models and languages."""
        return analyses.condition_effect(
            material.selected.table.frame,
            self.condition,
            self.target,
            languages=self.languages,
            alternative=self.alternative,
        )

    def absent(self, study: Study, extent: Extent) -> Iterator[str]:
        """Yield the target and the condition that there are not."""
        for field, name, known in (
            ("target", self.target, extent.targets),
            ("condition", self.condition, extent.conditions),
        ):
            if name not in known:
                yield f"{field}: there is no {name!r}; there are {', '.join(known)}"

    @property
    def on_targets(self) -> tuple[str, ...]:
        """The target."""
        return (self.target,)

    @property
    def needs_baseline(self) -> bool:
        """It is measured from none."""
        return True


class OfGroups(OfRows):
    """An analysis of two groups of conditions, which the study names under `groups`; `none` is a group too."""

    first: str = Field(examples=["inference"])
    """A group; what is estimated is the first less the second."""
    second: str = Field(examples=["question-answering"])
    """The other group."""
    alternative: Alternative = "two-sided"
    """The direction that is predicted: `greater` where the first should be."""

    @property
    def compared(self) -> tuple[str, ...]:
        """The two groups."""
        return self.first, self.second

    def undeclared(self, study: Study) -> Iterator[str]:
        """Yield groups that the study does not declare."""
        for group in self.compared:
            if group != NONE and group not in study.groups:
                yield f"unknown group {group!r}{nearest(group, study.groups)}"

    def absent(self, study: Study, extent: Extent) -> Iterator[str]:
        """Yield groups and initialisations that there are not."""
        yield from super().absent(study, extent)
        for group, initialisation in self._compared_from(study):
            there = extent.conditions_from.get(initialisation)
            if there is None:
                yield f"there are no {initialisation} weights; there are {', '.join(extent.initialisations)}"
            elif group in study.groups and not set(study.groups[group]) & set(there):
                yield f"{group}: none of its conditions is there from {initialisation} weights, {', '.join(study.groups[group])}"
            elif group == NONE and NONE not in there:
                yield f"there is no condition {NONE} from {initialisation} weights"

    def _compared_from(self, study: Study) -> Iterator[tuple[str, str]]:
        """Yield the groups, each with the initialisations that it is compared from."""
        yield from ((group, study.initialisation) for group in self.compared)

    def group(self, material: Material, name: str, initialisation: str | None = None) -> Group:
        """Return a group of the study with its conditions."""
        return Group(name, (NONE,) if name == NONE else material.study.groups[name], initialisation)


class GroupContrast(OfGroups):
    """Difference of two groups of conditions: over seeds or tasks, its equivalence, or that of two models."""

    axis: ClassVar[str] = "difference (points, or standard deviations within target)"

    analysis: Literal["group-contrast"]
    first_initialisation: Initialisation | None = None
    """Initialisation of the runs of the first group; the study's own where not given."""
    second_initialisation: Initialisation | None = None
    """Initialisation of the runs of the second group; the study's own where not given."""
    over: Over = "seeds"
    """What the units are: `seeds`, for a question about these tasks, or `tasks`, for tasks like these."""
    margin: float | None = Field(default=None, gt=0)
    """The two are tested for equivalence within this many points, and not for a difference."""
    scale: InUnits | None = None
    """Points, or standard deviations between the runs of each target; where not given, points for one target and for
    equivalence, standard deviations where several count."""
    between: tuple[str, str] | None = None
    """Two models, or `pretrained` and `random`: what is tested is how much larger the difference is in the first than in
    the second."""
    languages: Languages = "zero-shot"
    """Languages that a run's score is a mean over: zero-shot (not trained on), source, or all."""

    @model_validator(mode="after")
    def _consistent(self) -> GroupContrast:
        # What the groups consist of is known in the study only, and matters here only where one is `none`.
        first, second = (
            Group(name, (name,), own)
            for name, own in ((self.first, self.first_initialisation), (self.second, self.second_initialisation))
        )
        said = contradiction(first, second, self.over, self.margin, self.scale, self.between, self.alternative)
        if said:
            raise ValueError(f"{self.id}: {said}")
        return self

    def run(self, material: Material) -> Outcome:
        """Return the difference."""
        return self.of_language(material, None)

    def of_language(self, material: Material, language: str | None) -> Outcome:
        """Return the difference in one language alone, or in those that count."""
        study, frame = material.study, material.comparable
        return analyses.group_contrast(
            frame if language is None else frame[frame["language"] == language],
            self.group(material, self.first, self.first_initialisation),
            self.group(material, self.second, self.second_initialisation),
            over=self.over,
            margin=self.margin,
            scale=self.scale,
            between=self.between,
            languages=self.languages,
            targets=self.targets,
            model=self.model,
            initialisation=study.initialisation,
            alternative=self.alternative,
            alpha=study.alpha,
            permutations=study.permutations,
            seed=study.seed,
        )

    def absent(self, study: Study, extent: Extent) -> Iterator[str]:
        """Yield models, groups and initialisations that there are not."""
        yield from super().absent(study, extent)
        known = extent.initialisations if self._between_initialisations else extent.models
        for name in self.between or ():
            if name not in known:
                yield f"between: there is no {name!r}; there are {', '.join(known)}"

    def too_few(self, study: Study, extent: Extent, catalogue: Catalogue) -> Iterator[str]:
        """Yield that there are too few seeds, or tasks."""
        if self.over == "seeds" and len(extent.seeds) < FEWEST:
            yield f"{len(extent.seeds)} seeds; {FEWEST} are needed for a contrast over seeds"
        members = [name for group in self.compared for name in study.groups.get(group, ())]
        if self.over == "tasks" and len([m for m in members if m in extent.conditions]) < FEWEST:
            yield f"fewer than {FEWEST} tasks in the two groups together; use over: seeds"

    def _compared_from(self, study: Study) -> Iterator[tuple[str, str]]:
        for group, asked in ((self.first, self.first_initialisation), (self.second, self.second_initialisation)):
            among = self.between if self._between_initialisations else (asked or study.initialisation,)
            yield from ((group, initialisation) for initialisation in among or ())

    @property
    def _between_initialisations(self) -> bool:
        return bool(self.between) and set(self.between or ()) == {"pretrained", "random"}

    @property
    def initialisations(self) -> tuple[str, ...]:
        """The initialisations that are asked for besides the study's own."""
        asked = (self.first_initialisation, self.second_initialisation, *(self.between or ()))
        return tuple(name for name in asked if name in ("pretrained", "random"))

    @property
    def needs_baseline(self) -> bool:
        """Whether one of the groups is none."""
        return NONE in self.compared


class MixedModel(Hypothesis):
    """One fixed effect of a mixed model of rows: seeds, languages and targets, overlaps left out."""

    axis: ClassVar[str] = "coefficient (points per unit)"

    analysis: Literal["mixed-model"]
    formula: str = Field(examples=["gain ~ semantic_distance + syntactic_distance"])
    """Such as `gain ~ semantic_distance * syntactic_distance`, of columns of the joined rows."""
    term: str = Field(examples=["semantic_distance"])
    """The effect that is tested."""
    random: tuple[str, ...] = Field(min_length=1, examples=[["condition", "condition:target", "language", "run"]])
    """Groupings with a random intercept: `language`, `condition:target`."""
    slopes: dict[str, str] = Field(default_factory=dict)
    """Grouping → column with a random slope."""
    degrees: Literal["satterthwaite", "kenward-roger"] = "kenward-roger"
    """Degrees of freedom; kenward-roger for few levels."""
    languages: Languages = "zero-shot"
    """Languages that count: zero-shot (not trained on), source, or all."""
    model: str | None = None
    """The model that counts; all together where not given, which is said."""
    alternative: Alternative = "two-sided"
    """The direction that is predicted."""

    def run(self, material: Material) -> Outcome:
        """Return the effect."""
        fit = analyses.mixed_model(
            self.formula,
            material.observations("gain" if self.needs_baseline else "score").frame,
            self.random,
            self.slopes,
            degrees=self.degrees,
            languages=self.languages,
            model=self.model,
        )
        return fit.outcome(self.term, alternative=self.alternative)

    def absent(self, study: Study, extent: Extent) -> Iterator[str]:
        """Yield a model that there is not."""
        if self.model and self.model not in extent.models:
            yield f"model: there is no {self.model!r}; there are {', '.join(extent.models)}"

    def unknown_columns(self, columns: Sequence[str]) -> Iterator[str]:
        """Yield what is named that is no column of the joined rows, and a term that the formula does not have."""
        parts = {
            "formula": _words(self.formula),
            "term": _words(re.sub(r"\[.*?\]", "", self.term)),
            "random": [column for grouping in self.random for column in grouping.split(":")],
            "slopes": [c for grouping, slope in self.slopes.items() for c in (*grouping.split(":"), slope)],
        }
        for part, words in parts.items():
            for word in words:
                if word not in columns:
                    yield f"{part}: unknown column {word!r}{nearest(word, columns)}"
        for word in parts["term"]:
            if word in columns and word not in parts["formula"]:
                yield f"term: {word!r} is not in the formula"

    def problems_on(self, material: Material) -> Iterator[str]:
        """Yield what the model lacks: columns, random terms at the levels of its predictors."""
        try:
            analyses.require_mixed_model(
                self.formula,
                material.observations("gain" if self.needs_baseline else "score").frame,
                self.random,
                self.slopes,
                languages=self.languages,
                model=self.model,
            )
        except InputError as error:
            yield from error.problems

    @property
    def needs_baseline(self) -> bool:
        """Whether it is a model of gains."""
        return self.formula.partition("~")[0].strip() == "gain"


def _words(text: str) -> list[str]:
    """Return the columns that an expression names."""
    return [word for word in re.findall(r"[A-Za-z_][\w.]*", text) if word not in _FUNCTIONS]
