"""Hypotheses on slopes on a language distance: of groups of conditions, and of the most diverse intermediate tasks."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from transfer_analysis import analyses
from transfer_analysis.analyses.slopes import Falling, SlopeRows
from transfer_analysis.distances.diversity.table import MEASURES
from transfer_analysis.errors import nearest
from transfer_analysis.statistics import Outcome
from transfer_analysis.statistics.outcome import Alternative
from transfer_analysis.studies.analyses.conditions import OfGroups
from transfer_analysis.studies.analyses.hypothesis import undeclared_distance
from transfer_analysis.studies.analyses.languages import OfLanguageDistance, too_few_languages
from transfer_analysis.tasks.conditions import NONE, task_of

if TYPE_CHECKING:
    import pandas as pd

    from transfer_analysis.studies.analyses.material import Material
    from transfer_analysis.studies.extent import Extent
    from transfer_analysis.studies.study import Study
    from transfer_analysis.tasks import Catalogue

_AXIS = "slope, or its difference"


class GroupSlopes(OfGroups):
    """Difference of two groups of conditions in the slope on a language distance, over related languages."""

    axis: ClassVar[str] = _AXIS

    analysis: Literal["group-slopes"]
    distance: str = Field(examples=["syntactic"])
    """One of the study's language distances."""
    value: Falling = "gain"
    """What falls: the gain, or the score as a share of what the source language's is above chance (`normalised`)."""

    @model_validator(mode="after")
    def _of_tasks(self) -> GroupSlopes:
        if NONE in self.compared:
            raise ValueError(f"{self.id}: gains are measured from none, so that none has no slope; name two groups")
        return self

    def run(self, material: Material) -> Outcome:
        """Return the difference of the slopes."""
        return analyses.group_slopes(
            _observations(material, self.value),
            self.group(material, self.first),
            self.group(material, self.second),
            self.distance,
            alternative=self.alternative,
            seed=material.study.seed,
            **_which(self, material, self.value),
        )

    def undeclared(self, study: Study) -> Iterator[str]:
        """Yield groups and a distance that the study does not declare."""
        yield from super().undeclared(study)
        yield from undeclared_distance(self.distance, study.language_distance_names, "language_distances")

    def too_few(self, study: Study, extent: Extent, catalogue: Catalogue) -> Iterator[str]:
        """Yield that targets share too few languages, if they do."""
        yield from too_few_languages(self.targets, study, extent)

    @property
    def needs_baseline(self) -> bool:
        """Groups are compared by what they gain."""
        return True


class OfDiverseTasks(OfLanguageDistance):
    """Whether transfer falls less with language distance after the most diverse intermediate tasks than after others."""

    axis: ClassVar[str] = _AXIS

    diversity: str = Field(examples=["entropy-1"])
    """The measure of diversity, as `distances diversity` names it."""
    k: int = Field(gt=0, examples=[3])
    """How many tasks are the most diverse ones."""
    value: Falling = "gain"
    """What falls: the gain, or the score as a share of what the source language's is above chance (`normalised`)."""
    alternative: Alternative = "greater"
    """The direction that is predicted: `greater` where the slopes of diverse tasks should be flatter."""

    @field_validator("diversity")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in MEASURES:
            raise ValueError(f"unknown measure of diversity {name!r}{nearest(name, MEASURES)}")
        return name

    def too_few(self, study: Study, extent: Extent, catalogue: Catalogue) -> Iterator[str]:
        """Yield that there are no other tasks, if there are none."""
        tasks = self._tasks(study, extent, catalogue)
        if self.k >= tasks:
            yield f"k = {self.k} of {tasks} intermediate tasks; there must be others"

    def _tasks(self, study: Study, extent: Extent, catalogue: Catalogue) -> int:
        conditions = extent.conditions_from.get(study.initialisation, ())
        return len({task_of(name) for name in conditions if name in catalogue})

    @property
    def diversities(self) -> tuple[str, ...]:
        """The measure of diversity."""
        return (self.diversity,)

    @property
    def needs_baseline(self) -> bool:
        """Whether it is on gains."""
        return self.value == "gain"


class DiverseChoice(OfDiverseTasks):
    """The mean slope after the k most diverse tasks among those of all choices of k tasks."""

    analysis: Literal["diverse-choice"]

    def run(self, material: Material) -> Outcome:
        """Return the mean slope beside random choice."""
        return analyses.diverse_choice(
            _observations(material, self.value),
            material.diversity,
            self.distance,
            measure=self.diversity,
            k=self.k,
            alternative=self.alternative,
            permutations=material.study.permutations,
            seed=material.study.seed,
            **_which(self, material, self.value),
        )

    def too_few(self, study: Study, extent: Extent, catalogue: Catalogue) -> Iterator[str]:
        """Yield that there are no other tasks, or so few choices that no p-value is below α."""
        lacking = list(super().too_few(study, extent, catalogue))
        yield from lacking
        tasks = self._tasks(study, extent, catalogue)
        ways = comb(tasks, self.k)
        if not lacking and 1 / ways > study.alpha:
            yield (
                f"of {tasks} intermediate tasks, {self.k} can be chosen in {ways} ways, so that no p-value is below "
                f"{1 / ways:.2g}; α is {study.alpha:g}"
            )


class DiverseSlopes(OfDiverseTasks):
    """The slope after the k most diverse tasks less that after the others, over related languages that all targets have."""

    analysis: Literal["diverse-slopes"]

    def run(self, material: Material) -> Outcome:
        """Return the difference of the slopes."""
        return analyses.diverse_slopes(
            _observations(material, self.value),
            material.diversity,
            self.distance,
            measure=self.diversity,
            k=self.k,
            alternative=self.alternative,
            seed=material.study.seed,
            **_which(self, material, self.value),
        )

    def too_few(self, study: Study, extent: Extent, catalogue: Catalogue) -> Iterator[str]:
        """Yield that there are no other tasks, or that targets share too few languages."""
        yield from too_few_languages(self.targets, study, extent)
        yield from super().too_few(study, extent, catalogue)


def slope_rows_of(material: Material, hypothesis: OfDiverseTasks | GroupSlopes, value: Falling) -> SlopeRows:
    """Return the rows that the slopes of a hypothesis are of, for one of the values that may fall."""
    return analyses.slope_rows(
        _observations(material, value), hypothesis.distance, **_which(hypothesis, material, value)
    )


def _observations(material: Material, value: Falling) -> pd.DataFrame:
    return material.observations("gain" if value == "gain" else "score").frame


def _which(hypothesis: OfDiverseTasks | GroupSlopes, material: Material, value: Falling) -> dict[str, Any]:
    """Return which rows count for a hypothesis, and what falls, as `slope_rows` takes it."""
    return {
        "value": value,
        "targets": hypothesis.targets,
        "model": hypothesis.model,
        "source_language": material.study.source_language,
        "catalogue": material.catalogue,
    }
