"""From a declared hypothesis and the observations to an outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transfer_analysis.statistics import Outcome
from transfer_analysis.studies.analyses.conditions import contrast_of_groups, mixed_effect, slopes_of_groups
from transfer_analysis.studies.analyses.diverse import diverse_tasks
from transfer_analysis.studies.analyses.languages import (
    language_pair_association,
    language_regression,
    language_selection,
)
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.analyses.tasks import (
    pooled_task_association,
    specification_median,
    task_association,
    task_selection,
)
from transfer_analysis.studies.hypotheses import (
    ConditionEffect,
    DiverseTasks,
    GroupContrast,
    GroupSlopes,
    Hypothesis,
    LanguagePairAssociation,
    LanguageRegression,
    LanguageSelection,
    MixedModel,
    PooledTaskAssociation,
    Specifications,
    TaskAssociation,
    TaskSelection,
)
from transfer_analysis.studies.selected import declared_effect

__all__ = ["Material", "analyse"]


def analyse(hypothesis: Hypothesis, material: Material) -> Outcome:
    """Return the outcome of one hypothesis."""
    analyses: dict[type, Callable[[Any, Material], Outcome]] = {
        TaskAssociation: task_association,
        PooledTaskAssociation: pooled_task_association,
        TaskSelection: task_selection,
        Specifications: specification_median,
        LanguageRegression: language_regression,
        LanguagePairAssociation: language_pair_association,
        LanguageSelection: language_selection,
        DiverseTasks: diverse_tasks,
        GroupContrast: contrast_of_groups,
        GroupSlopes: slopes_of_groups,
        MixedModel: mixed_effect,
        ConditionEffect: lambda declared, given: declared_effect(declared, given.selected),
    }
    return analyses[type(hypothesis)](hypothesis, material)
