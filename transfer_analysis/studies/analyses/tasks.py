"""Hypotheses on intermediate tasks: association of their distance, selection by it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from transfer_analysis.analyses import tasks
from transfer_analysis.statistics import NDCG, Outcome, Regret, SpecificationCurve
from transfer_analysis.statistics.cells import CellTable
from transfer_analysis.studies.analyses.cells import cells_of
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.hypotheses import (
    LanguageSelection,
    PooledTaskAssociation,
    Specifications,
    TaskAssociation,
    TaskSelection,
)


def task_association(hypothesis: TaskAssociation, material: Material) -> Outcome:
    """Return the correlation of task distance with the outcome within targets."""
    cells = _cells(hypothesis, material)
    seed = material.study.seed
    return tasks.association_of(cells, method=hypothesis.method, alternative=hypothesis.alternative, seed=seed)


def pooled_task_association(hypothesis: PooledTaskAssociation, material: Material) -> Outcome:
    """Return the correlation of task distance with the outcome standardised within its target, over all cells."""
    return tasks.pooled_association_of(_cells(hypothesis, material), alternative=hypothesis.alternative)


def task_selection(hypothesis: TaskSelection, material: Material) -> Outcome:
    """Return how well intermediate tasks are selected by their distance."""
    return tasks.selection_of(_cells(hypothesis, material), measure_of(hypothesis), seed=material.study.seed)


def _cells(hypothesis: TaskAssociation | PooledTaskAssociation | TaskSelection, material: Material) -> CellTable:
    named = () if hypothesis.distance is None else (hypothesis.distance,)
    return cells_of(material, hypothesis.outcome, hypothesis.languages, named, hypothesis.targets, hypothesis.model)


def specifications(hypothesis: Specifications, material: Material) -> SpecificationCurve:
    """Return the association for every task distance, with all families and with each left out."""
    return material.once(hypothesis, lambda: _specifications(hypothesis, material))


def _specifications(hypothesis: Specifications, material: Material) -> SpecificationCurve:
    names = [distance.name for distance in material.study.task_distances]
    cells = cells_of(material, hypothesis.outcome, hypothesis.languages, names)
    families = [material.family(str(task)) for task in cells.outcome.index]
    exclusions = {
        family: np.repeat(np.array(families)[:, None] == family, cells.outcome.shape[1], axis=1)
        for family in sorted(set(families))
        if families.count(family) < len(families)
    }
    named = {name: cells.distances[f"{name}_distance"] for name in names}
    return tasks.specifications(replace(cells, distances=named), exclusions=exclusions, method=hypothesis.method)


def specification_median(hypothesis: Specifications, material: Material) -> Outcome:
    """Return the median association over specifications."""
    return specifications(hypothesis, material).outcome()


def measure_of(hypothesis: TaskSelection | LanguageSelection) -> NDCG | Regret:
    """Return the measure of selection that a hypothesis declares."""
    if hypothesis.measure == "ndcg":
        return NDCG(hypothesis.relevance, hypothesis.k)
    return Regret(hypothesis.k or 5, hypothesis.of, hypothesis.relative)
