"""Hypotheses on intermediate tasks: association of their distance, selection by it."""

from __future__ import annotations

import numpy as np

from transfer_analysis.statistics import (
    NDCG,
    Outcome,
    Regret,
    SpecificationCurve,
    association,
    pooled_association,
    selection,
    specification_curve,
)
from transfer_analysis.studies.analyses.cells import task_cells
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
    cells = task_cells(material, hypothesis.outcome, hypothesis.languages, hypothesis.distance, hypothesis.targets)
    outcome = association(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        method=hypothesis.method,
        alternative=hypothesis.alternative,
        unit="intermediate × target cells",
        names=list(cells.outcome.columns),
    )
    return outcome.noting(*cells.notes)


def pooled_task_association(hypothesis: PooledTaskAssociation, material: Material) -> Outcome:
    """Return the correlation of task distance with the outcome standardised within its target, over all cells."""
    cells = task_cells(material, hypothesis.outcome, hypothesis.languages, hypothesis.distance, hypothesis.targets)
    outcome = pooled_association(
        cells.distance,
        cells.outcome.to_numpy(),
        cells.relabelings,
        alternative=hypothesis.alternative,
        unit="intermediate × target cells",
    )
    return outcome.noting(*cells.notes)


def task_selection(hypothesis: TaskSelection, material: Material) -> Outcome:
    """Return how well intermediate tasks are selected by their distance."""
    cells = task_cells(material, hypothesis.outcome, hypothesis.languages, hypothesis.distance, hypothesis.targets)
    measure = measure_of(hypothesis)
    outcome = selection(cells.distance, cells.outcome.to_numpy(), cells.relabelings, measure, seed=material.study.seed)
    return outcome.noting(*cells.notes)


def specifications(hypothesis: Specifications, material: Material) -> SpecificationCurve:
    """Return the association for every task distance, with all families and with each left out."""
    return material.once(hypothesis, lambda: _specifications(hypothesis, material))


def _specifications(hypothesis: Specifications, material: Material) -> SpecificationCurve:
    names = [distance.name for distance in material.study.task_distances]
    cells = {
        name: task_cells(material, hypothesis.outcome, hypothesis.languages, name, known_to=names) for name in names
    }
    first = cells[names[0]]
    families = [material.family(task) for task in first.outcome.index]
    exclusions = {
        family: np.repeat(np.array(families)[:, None] == family, first.outcome.shape[1], axis=1)
        for family in sorted(set(families))
        if families.count(family) < len(families)
    }
    return specification_curve(
        {name: found.distance for name, found in cells.items()},
        first.outcome.to_numpy(),
        first.relabelings,
        exclusions=exclusions,
        method=hypothesis.method,
    )


def specification_median(hypothesis: Specifications, material: Material) -> Outcome:
    """Return the median association over specifications."""
    return specifications(hypothesis, material).outcome()


def measure_of(hypothesis: TaskSelection | LanguageSelection) -> NDCG | Regret:
    """Return the measure of selection that a hypothesis declares."""
    if hypothesis.measure == "ndcg":
        return NDCG(hypothesis.relevance)
    return Regret(hypothesis.k, hypothesis.of, hypothesis.relative)
