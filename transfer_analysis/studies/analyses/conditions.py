"""Hypotheses on conditions: groups of them compared, and effects in a model of all rows."""

from __future__ import annotations

import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.observations import observe
from transfer_analysis.statistics import Contrast, Outcome, group_contrast, mixed_model, paired_contrast
from transfer_analysis.statistics.frames import without_overlap
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.analyses.slopes import difference_of_slopes, slope_rows
from transfer_analysis.studies.hypotheses import GroupContrast, GroupSlopes, MixedModel
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
        return _between(hypothesis, material, frame, hypothesis.between)
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


def slopes_of_groups(hypothesis: GroupSlopes, material: Material) -> Outcome:
    """Return how two groups of conditions differ in their slopes on a language distance, over related languages."""
    frame = slope_rows(material, hypothesis)
    first, second = (_members(material, group) for group in (hypothesis.first, hypothesis.second))
    return difference_of_slopes(hypothesis, material, frame, first, second)


def _scores(hypothesis: GroupContrast, material: Material) -> pd.DataFrame:
    """Return the scores of every condition and initialisation, with what overlaps marked."""
    frame = of_languages(material.selected.comparable.frame, hypothesis.languages)
    frame = of_targets(frame, hypothesis.id, hypothesis.targets)
    if hypothesis.model is not None:
        frame = _of(frame, "model", hypothesis.model)
    return observe(frame, catalogue=material.catalogue).frame


def _between(hypothesis: GroupContrast, material: Material, frame: pd.DataFrame, names: tuple[str, str]) -> Outcome:
    """Return how much larger the difference is in one model, or from pretrained weights, than in or from the other.

    Both are of the targets and languages, and of the members of the groups, that both have.
    """
    column = "initialisation" if hypothesis.between_initialisations else "model"
    parts = [_of(frame, column, name) for name in names]
    cells = [set(part[["target", "language"]].itertuples(index=False, name=None)) for part in parts]
    shared = cells[0] & cells[1]
    if not shared:
        raise InputError(f"{hypothesis.id}: {names[0]} and {names[1]} have no target in the same language")
    both = set(parts[0]["condition"]) & set(parts[1]["condition"])
    kept = [
        part[pd.MultiIndex.from_frame(part[["target", "language"]]).isin(shared) & part["condition"].isin(both)]
        for part in parts
    ]
    one, other = (_contrast(hypothesis, material, part, both) for part in kept)
    where = (
        f"{names[0]} more than in {names[1]}" if column == "model" else f"{names[0]} weights more than {names[1]} ones"
    )
    outcome = one.minus(other, f"{one.name}, in {where}").outcome(hypothesis.alternative)
    lost = len(cells[0] | cells[1]) - len(shared)
    said = (f"{lost} combinations of target and language left out that only one side has",) if lost else ()
    return outcome.noting(*said)


def _contrast(
    hypothesis: GroupContrast, material: Material, frame: pd.DataFrame, among: set[str] | None = None
) -> Contrast:
    """Return the difference of the two groups, of those of their members that are among some conditions."""
    usual = (
        str(frame["initialisation"].iloc[0]) if hypothesis.between_initialisations else material.study.initialisation
    )
    sides = [
        {
            "condition": tuple(m for m in _members(material, group) if among is None or m in among),
            "initialisation": initialisation or usual,
        }
        for group, initialisation in (
            (hypothesis.first, hypothesis.first_initialisation),
            (hypothesis.second, hypothesis.second_initialisation),
        )
    ]
    lacking = [
        group for group, side in zip((hypothesis.first, hypothesis.second), sides, strict=True) if not side["condition"]
    ]
    if lacking:
        raise InputError(f"{hypothesis.id}: no condition of the group {lacking[0]!r} is there on both sides")
    words = [
        f"{group}{'' if hypothesis.between or side['initialisation'] == 'pretrained' else ' from random weights'}"
        for group, side in zip((hypothesis.first, hypothesis.second), sides, strict=True)
    ]
    name = f"mean score of {words[0]} less that of {words[1]}, in points"
    return paired_contrast(frame, *sides, pairs=("model", "target", "language"), name=name)


def _members(material: Material, group: str) -> tuple[str, ...]:
    return (NONE,) if group == NONE else material.study.groups[group]


def _of(frame: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    known = set(frame[column])
    if name not in known:
        raise InputError(f"no {column} {name!r}{nearest(name, known)}; the results have {', '.join(sorted(known))}")
    return frame[frame[column] == name]
