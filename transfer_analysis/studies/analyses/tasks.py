"""Hypotheses on intermediate tasks: does their distance tell the outcome, and selection by it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from transfer_analysis import analyses
from transfer_analysis.analyses import Languages, tasks
from transfer_analysis.statistics import NDCG, Outcome, Regret, SpecificationCurve
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.statistics.outcome import Alternative
from transfer_analysis.statistics.selection import Relevance
from transfer_analysis.studies.analyses.hypothesis import FEWEST, OfRows, Which, undeclared_distance
from transfer_analysis.studies.declared import Declared

if TYPE_CHECKING:
    from transfer_analysis.studies.analyses.material import Material
    from transfer_analysis.studies.extent import Extent
    from transfer_analysis.studies.study import Study
    from transfer_analysis.tasks import Catalogue


class OfCells(OfRows):
    """An analysis of cells of intermediate × target task."""

    outcome: Which = "gain"
    """What is looked at: the gain over the baseline, or the score."""
    languages: Languages = "zero-shot"
    """Languages that a cell is a mean over: zero-shot (not trained on), source, or all."""

    def undeclared(self, study: Study) -> Iterator[str]:
        """Yield that the study declares no task distance, if it does not."""
        if not study.task_distances:
            yield "needs a distance under task_distances, and the study declares none"

    def too_few(self, study: Study, extent: Extent, catalogue: Catalogue) -> Iterator[str]:
        """Yield that no target has intermediate tasks enough, if none has."""
        most = max((len(extent.sources(catalogue, t)) for t in self.targets or extent.targets), default=0)
        if most < FEWEST:
            yield f"{most} intermediate tasks without overlap; {FEWEST} are needed for some target at least"

    def cells(self, material: Material, distances: Sequence[str]) -> CellTable:
        """Return its cells with some task distances of the study."""
        return cells_of(material, self.outcome, self.languages, distances, self.targets, self.model)

    @property
    def needs_baseline(self) -> bool:
        """Whether it is on gains."""
        return self.outcome == "gain"


class OfTaskDistance(OfCells):
    """An analysis of cells on one of the study's task distances."""

    distance: str | None = None
    """One of the study's task distances; the first where not given."""

    def undeclared(self, study: Study) -> Iterator[str]:
        """Yield a distance that the study does not declare."""
        yield from super().undeclared(study)
        known = [distance.name for distance in study.task_distances]
        if known and self.distance is not None:
            yield from undeclared_distance(self.distance, known, "task_distances")

    def own_cells(self, material: Material) -> CellTable:
        """Return its cells with its distance."""
        return self.cells(material, () if self.distance is None else (self.distance,))


class TaskAssociation(OfTaskDistance):
    """Correlation of a task distance with the outcome within targets."""

    axis: ClassVar[str] = "rank correlation"

    analysis: Literal["task-association"]
    method: Literal["spearman", "pearson", "kendall", "distance"] = "spearman"
    """Kind of correlation; `distance` is distance correlation."""
    alternative: Alternative = "two-sided"
    """The direction that is predicted: `less` where nearer tasks should give more."""

    def run(self, material: Material) -> Outcome:
        """Return the correlation, tested by permutation of labels."""
        cells, seed = self.own_cells(material), material.study.seed
        return tasks.association_of(cells, method=self.method, alternative=self.alternative, seed=seed)

    def power(self, study: Study, extent: Extent, catalogue: Catalogue) -> tuple[str, Mapping[str, Sequence[int]]]:
        """Return the question of an association of task distance, with the largest number of tasks of a target."""
        sources = max((len(extent.sources(catalogue, target)) for target in extent.targets), default=0)
        return "task-association", {"conditions": [sources], **extent.sizes(study.source_language)}


class PooledTaskAssociation(OfTaskDistance):
    """Correlation over all cells of a task distance with the outcome standardised within its target."""

    axis: ClassVar[str] = "correlation over cells"

    analysis: Literal["pooled-task-association"]
    alternative: Alternative = "two-sided"
    """The direction that is predicted: `less` where nearer tasks should give more."""

    def run(self, material: Material) -> Outcome:
        """Return the correlation, tested by permutation of labels."""
        return tasks.pooled_association_of(self.own_cells(material), alternative=self.alternative)


class Measured(Declared):
    """How a selection is measured."""

    measure: Literal["ndcg", "regret"] = Field(examples=["ndcg"])
    """NDCG of the order, or what the best of the k chosen score less than the best of all (Regret@k)."""
    relevance: Relevance = "ranks"
    """What NDCG counts; `top-ranks` are exponential gains of the ten best, as LangRank counts them."""
    k: int | None = Field(default=None, gt=0)
    """How many are chosen: five for regret, all for NDCG where not given."""
    of: Literal["mean", "best"] = "mean"
    """Regret of the mean or the best of the k."""
    relative: bool = True
    """Regret in per cent of the best, which must be positive: for scores, not gains."""

    def measured_by(self) -> NDCG | Regret:
        """Return the measure of selection that is declared."""
        if self.measure == "ndcg":
            return NDCG(self.relevance, self.k)
        return Regret(self.k or 5, self.of, self.relative)


class TaskSelection(Measured, OfTaskDistance):
    """Selecting intermediate tasks by a distance, beside selecting at random."""

    analysis: Literal["task-selection"]
    outcome: Which = "score"
    """What is looked at: the gain over the baseline, or the score."""

    @model_validator(mode="after")
    def _defined_for_gains(self) -> TaskSelection:
        if self.outcome == "gain" and self.measure == "ndcg" and self.relevance == "scores":
            raise ValueError(f"{self.id}: gains may be negative; use relevance ranks or clipped-gains")
        if self.outcome == "gain" and self.measure == "regret" and self.relative:
            raise ValueError(
                f"{self.id}: relative regret needs positive values, gains may be negative; use relative: false"
            )
        return self

    def run(self, material: Material) -> Outcome:
        """Return how well tasks are selected, tested by permutation of labels."""
        return tasks.selection_of(self.own_cells(material), self.measured_by(), seed=material.study.seed)


class Specifications(OfCells):
    """The association within targets for every task distance, with each family of tasks left out in turn; a description."""

    axis: ClassVar[str] = "rank correlation"
    descriptive: ClassVar[bool] = True

    analysis: Literal["specification-curve"]
    method: Literal["spearman", "pearson"] = "spearman"
    """Kind of correlation."""

    def run(self, material: Material) -> Outcome:
        """Return the median over specifications."""
        return self.curve(material).outcome()

    def curve(self, material: Material) -> SpecificationCurve:
        """Return the association of every specification."""
        return material.once(self, lambda: self._curve(material))

    def _curve(self, material: Material) -> SpecificationCurve:
        names = [distance.name for distance in material.study.task_distances]
        cells = self.cells(material, names)
        families = [material.family(str(task)) for task in cells.outcome.index]
        exclusions = {
            family: np.repeat(np.array(families)[:, None] == family, cells.outcome.shape[1], axis=1)
            for family in sorted(set(families))
            if families.count(family) < len(families)
        }
        named = {name: cells.distances[f"{name}_distance"] for name in names}
        return tasks.specifications(replace(cells, distances=named), exclusions=exclusions, method=self.method)


def cells_of(
    material: Material,
    which: Which,
    languages: Languages,
    distances: Sequence[str] = (),
    targets: Sequence[str] = (),
    model: str | None = None,
) -> CellTable:
    """Return the cells of intermediate × target task with some task distances, the study's first where none is named.

    Each is made once, as tests, figures and tables share them.

    Raises
    ------
    InputError
        Where gains are wanted and the results have none, and as `task_cells`.
    """
    names = tuple(distances) or (material.task_distance(),)
    study = material.study
    return material.once(
        ("cells", which, languages, names, tuple(targets), model),
        lambda: analyses.task_cells(
            material.observations(which).frame,
            which,
            [f"{name}_distance" for name in names],
            languages=languages,
            targets=targets,
            model=model,
            permutations=study.permutations,
            seed=study.seed,
        ),
    )


def looked_at(material: Material) -> tuple[CellTable, Which, Languages] | None:
    """Return the cells that the first hypothesis on the first task distance is of; None without a task distance."""
    study = material.study
    if not study.task_distances:
        return None
    of_first = (h for h in study.every if isinstance(h, OfTaskDistance) and h.distance in (None, study.first_distance))
    first = next(of_first, None)
    which: Which = first.outcome if first else "gain"
    languages: Languages = first.languages if first else "zero-shot"
    return cells_of(material, which, languages), which, languages
