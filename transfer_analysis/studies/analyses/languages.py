"""Hypotheses on the distance between languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from transfer_analysis import analyses
from transfer_analysis.analyses.languages import LanguageScores
from transfer_analysis.errors import nearest
from transfer_analysis.statistics import Outcome
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.statistics.languages import MIN_LANGUAGES
from transfer_analysis.statistics.outcome import Alternative
from transfer_analysis.studies.analyses.hypothesis import OfRows, undeclared_distance
from transfer_analysis.studies.analyses.tasks import Measured

if TYPE_CHECKING:
    from transfer_analysis.studies.analyses.material import Material
    from transfer_analysis.studies.extent import Extent
    from transfer_analysis.studies.study import Study
    from transfer_analysis.tasks import Catalogue


class OfLanguageDistance(OfRows):
    """An analysis on one of the study's language distances."""

    distance: str = Field(examples=["syntactic"])
    """One of the study's language distances."""

    def undeclared(self, study: Study) -> Iterator[str]:
        """Yield a distance that the study does not declare."""
        yield from undeclared_distance(self.distance, study.language_distance_names, "language_distances")


def too_few_languages(targets: Sequence[str], study: Study, extent: Extent) -> Iterator[str]:
    """Yield that targets share too few languages for a test over languages, if they do."""
    shared = extent.tested(tuple(targets)) - {study.source_language}
    if len(shared) < MIN_LANGUAGES:
        yield (
            f"{len(shared)} languages besides {study.source_language} that all targets are tested in; "
            f"{MIN_LANGUAGES} are needed: name targets that share more"
        )


class LanguageRegression(OfLanguageDistance):
    """Slope of the score on the distance from the source language, over related languages; those that all targets have."""

    axis: ClassVar[str] = "slope on language distance"

    analysis: Literal["language-regression"]
    covariates: tuple[str, ...] = ()
    """Covariates of the study that are held fixed."""
    alternative: Alternative = "two-sided"
    """The direction that is predicted: `less` where scores should fall with distance."""

    def run(self, material: Material) -> Outcome:
        """Return the slope, residuals related as languages are."""
        frame, names = material.scores.frame, list(self.covariates)
        return analyses.language_regression(
            frame.drop(columns=names, errors="ignore").join(material.covariates[names], on="language")
            if names
            else frame,
            self.distance,
            covariates=names,
            targets=self.targets,
            model=self.model,
            source_language=material.study.source_language,
            alternative=self.alternative,
            seed=material.study.seed,
        )

    def undeclared(self, study: Study) -> Iterator[str]:
        """Yield a distance and covariates that the study does not declare."""
        yield from super().undeclared(study)
        for name in self.covariates:
            if name not in study.covariates:
                yield f"unknown covariate {name!r}{nearest(name, study.covariates)}"

    def too_few(self, study: Study, extent: Extent, catalogue: Catalogue) -> Iterator[str]:
        """Yield that targets share too few languages, if they do."""
        yield from too_few_languages(self.targets, study, extent)

    def power(self, study: Study, extent: Extent, catalogue: Catalogue) -> tuple[str, Mapping[str, Sequence[int]]]:
        """Return the question of a slope on language distance."""
        return "language-slope", extent.sizes(study.source_language)

    @property
    def adjusts_for(self) -> tuple[str, ...]:
        """The covariates of languages that it adjusts for."""
        return self.covariates


class LanguagePairAssociation(OfLanguageDistance):
    """Correlation of language distance with the score over source languages, within a test language; a description."""

    axis: ClassVar[str] = "rank correlation"
    descriptive: ClassVar[bool] = True

    analysis: Literal["language-pair-association"]

    def run(self, material: Material) -> Outcome:
        """Return the correlation."""
        return analyses.language_pair_association(
            material.scores.frame, self.distance, **of_pairs(material, self.targets, self.model)
        )


class LanguageSelection(Measured, OfLanguageDistance):
    """Selecting source languages by their distance; a description."""

    descriptive: ClassVar[bool] = True

    analysis: Literal["language-selection"]

    def run(self, material: Material) -> Outcome:
        """Return how well source languages are selected."""
        return analyses.language_selection(
            material.scores.frame,
            self.distance,
            self.measured_by(),
            **of_pairs(material, self.targets, self.model),
        )

    def cells(self, material: Material) -> CellTable:
        """Return the cells of source × test language."""
        return analyses.language_cells(
            material.scores.frame, self.distance, **of_pairs(material, self.targets, self.model)
        )


def of_pairs(material: Material, targets: Sequence[str], model: str | None) -> dict[str, Any]:
    """Return which rows count for pairs of languages, and how many permutations."""
    study = material.study
    return {"targets": targets, "model": model, "permutations": study.permutations, "seed": study.seed}


def scores_of_languages(material: Material, kind: str, targets: Sequence[str] = ()) -> LanguageScores:
    """Return the score and the distance of each language but the study's source language.

    Raises
    ------
    InputError
        Where no language is left.
    """
    return analyses.language_scores(
        material.scores.frame, kind, targets=targets, source_language=material.study.source_language
    )
