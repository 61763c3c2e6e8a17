"""Hypotheses on conditions: groups of them compared, and effects in a model of all rows."""

from __future__ import annotations

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.observations import observe
from transfer_analysis.statistics import Contrast, Outcome, group_contrast, mixed_model, paired_contrast
from transfer_analysis.statistics.frames import without_overlap
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.hypotheses import GroupContrast, MixedModel
from transfer_analysis.studies.selected import of_languages, of_targets
from transfer_analysis.tasks.conditions import NONE


def contrast_of_groups(hypothesis: GroupContrast, material: Material) -> Outcome:
    """Return the difference of two groups of conditions: over seeds or tasks, its equivalence, or that of two models.

    Raises
    ------
    InputError
        For models, targets or conditions that the results do not have, and what the contrasts raise.
    """
    frame = _scores(hypothesis, material)
    if hypothesis.over == "tasks":
        groups = {name: _members(material, name) for name in (hypothesis.first, hypothesis.second)}
        return group_contrast(
            frame[frame["initialisation"] == material.study.initialisation],
            groups,
            value="score",
            pairs=("model", "target", "language", "seed"),
            alternative=hypothesis.alternative,
            permutations=material.study.permutations,
            seed=material.study.seed,
        )
    if hypothesis.between is not None:
        return _between_models(hypothesis, material, frame, hypothesis.between)
    found = _contrast(hypothesis, material, frame)
    return found.outcome(hypothesis.alternative) if hypothesis.margin is None else found.equivalence(hypothesis.margin)


def mixed_effect(hypothesis: MixedModel, material: Material) -> Outcome:
    """Return one fixed effect of a mixed model of the joined rows."""
    response = hypothesis.formula.partition("~")[0].strip()
    observations = material.observations("gain" if response == "gain" else "score")
    frame, left_out = without_overlap(of_languages(observations.frame, hypothesis.languages))
    fit = mixed_model(
        hypothesis.formula,
        frame,
        hypothesis.random,
        hypothesis.slopes,
        degrees_of_freedom=hypothesis.degrees,
    )
    outcome = fit.outcome(hypothesis.term)
    return outcome.noting(*left_out)


def _scores(hypothesis: GroupContrast, material: Material) -> pd.DataFrame:
    """Return the scores of every condition and initialisation, with what overlaps marked."""
    frame = of_languages(material.selected.comparable.frame, hypothesis.languages)
    frame = of_targets(frame, hypothesis.id, hypothesis.targets)
    return observe(frame, catalogue=material.catalogue).frame


def _between_models(
    hypothesis: GroupContrast, material: Material, frame: pd.DataFrame, models: tuple[str, str]
) -> Outcome:
    """Return how much larger the difference is in one model than in the other, in targets and languages that both have."""
    parts = [_of_model(frame, name) for name in models]
    cells = [set(part[["target", "language"]].itertuples(index=False, name=None)) for part in parts]
    shared = cells[0] & cells[1]
    if not shared:
        raise InputError(f"{hypothesis.id}: {models[0]} and {models[1]} have no target in the same language")
    kept = [part[[cell in shared for cell in zip(part["target"], part["language"], strict=True)]] for part in parts]
    one, other = (_contrast(hypothesis, material, part) for part in kept)
    outcome = one.minus(other, f"{one.name}, in {models[0]} more than in {models[1]}").outcome(hypothesis.alternative)
    lost = len(cells[0] | cells[1]) - len(shared)
    said = (f"{lost} combinations of target and language left out that only one of the models has",) if lost else ()
    return outcome.noting(*said)


def _contrast(hypothesis: GroupContrast, material: Material, frame: pd.DataFrame) -> Contrast:
    usual = material.study.initialisation
    sides = [
        {"condition": _members(material, group), "initialisation": initialisation or usual}
        for group, initialisation in (
            (hypothesis.first, hypothesis.first_initialisation),
            (hypothesis.second, hypothesis.second_initialisation),
        )
    ]
    words = [
        f"{group}{'' if side['initialisation'] == usual else ' from random weights'}"
        for group, side in zip((hypothesis.first, hypothesis.second), sides, strict=True)
    ]
    name = f"mean score of {words[0]} less that of {words[1]}, in points"
    return paired_contrast(frame, *sides, pairs=("model", "target", "language"), name=name)


def _members(material: Material, group: str) -> tuple[str, ...]:
    return (NONE,) if group == NONE else material.study.groups[group]


def _of_model(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    known = set(frame["model"])
    if name not in known:
        raise InputError(f"no model {name!r}{nearest(name, known)}; the results have {', '.join(sorted(known))}")
    return frame[frame["model"] == name]
