"""Hypotheses on conditions: groups of them compared, and effects in a model of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from transfer_analysis.analyses import mixed_model
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.keys import RUN
from transfer_analysis.statistics import Contrast, Outcome, group_contrast, paired_contrast
from transfer_analysis.statistics.frames import without_overlap
from transfer_analysis.studies.analyses.material import Material
from transfer_analysis.studies.analyses.slopes import difference_of_slopes, slope_rows
from transfer_analysis.studies.hypotheses import GroupContrast, GroupSlopes, MixedModel
from transfer_analysis.studies.selected import of_languages, of_targets
from transfer_analysis.tasks.conditions import NONE


def contrast_of_groups(hypothesis: GroupContrast, material: Material, language: str | None = None) -> Outcome:
    """Return the difference of two groups of conditions: over seeds or tasks, its equivalence, or that of two models.

    A run's score is its mean over the languages that all conditions compared have on its target. Several targets weigh
    alike, each in standard deviations between its own runs unless points are asked for.

    Parameters
    ----------
    language
        In this language alone.

    Raises
    ------
    InputError
        For models, targets or conditions that the results do not have, and what the contrasts raise.
    """
    runs = run_scores(hypothesis, material, language)
    if hypothesis.over == "tasks":
        usual = material.study.initialisation
        groups = {group: _members(material, group, runs.of("initialisation", usual)) for group in _sides(hypothesis)}
        outcome = group_contrast(
            runs.of("initialisation", usual),
            groups,
            value="score",
            pairs=("model", "target", "seed"),
            alternative=hypothesis.alternative,
            permutations=material.study.permutations,
            seed=material.study.seed,
        )
        return outcome.noting(*runs.notes)
    if hypothesis.between is not None:
        return _between(hypothesis, material, runs, hypothesis.between)
    found = _contrast(hypothesis, material, runs)
    if hypothesis.margin is not None:
        return found.equivalence(hypothesis.margin, material.study.alpha)
    return found.outcome(hypothesis.alternative)


def mixed_effect(hypothesis: MixedModel, material: Material) -> Outcome:
    """Return one fixed effect of a mixed model of the joined rows."""
    observations = material.observations("gain" if hypothesis.response == "gain" else "score")
    fit = mixed_model(
        hypothesis.formula,
        observations.frame,
        hypothesis.random,
        hypothesis.slopes,
        degrees=hypothesis.degrees,
        languages=hypothesis.languages,
        model=hypothesis.model,
    )
    return fit.outcome(hypothesis.term, alternative=hypothesis.alternative)


def slopes_of_groups(hypothesis: GroupSlopes, material: Material) -> Outcome:
    """Return how two groups of conditions differ in their slopes on a language distance, over related languages."""
    frame = slope_rows(material, hypothesis)
    first, second = (_members(material, group, frame) for group in (hypothesis.first, hypothesis.second))
    return difference_of_slopes(hypothesis, material, frame, first, second)


@dataclass(frozen=True)
class Runs:
    """Scores of runs, one row each: `model, initialisation, condition, target, seed, score`; their unit, and what was left out."""

    frame: pd.DataFrame
    unit: str
    notes: tuple[str, ...] = ()

    def of(self, column: str, name: str) -> pd.DataFrame:
        """Return the runs with one value of a column.

        Raises
        ------
        InputError
            Where there is none.
        """
        known = set(self.frame[column])
        if name not in known:
            raise InputError(f"no {column} {name!r}{nearest(name, known)}; the results have {', '.join(sorted(known))}")
        return self.frame[self.frame[column] == name]


def run_scores(hypothesis: GroupContrast, material: Material, language: str | None = None) -> Runs:
    """Return the mean score of every run of the conditions that are compared, overlaps left out.

    Parameters
    ----------
    language
        Of this language alone.
    """
    frame = of_languages(material.comparable, hypothesis.languages)
    frame = of_targets(frame, hypothesis.id, hypothesis.targets)
    if hypothesis.model is not None:
        frame = Runs(frame, "").of("model", hypothesis.model)
    if language is not None:
        frame = frame[frame["language"] == language]
    compared = {name for group in _sides(hypothesis) for name in _named(material, group)}
    observed, left_out = without_overlap(frame[frame["condition"].isin(compared)])
    shared = observed.groupby(["model", "target", "language"])["condition"].nunique()
    most = shared.groupby(["model", "target"]).transform("max")
    whole = shared.index[shared == most]
    kept = observed[pd.MultiIndex.from_frame(observed[["model", "target", "language"]]).isin(whole)]
    notes = list(left_out)
    if len(whole) < len(shared):
        notes.append(f"{len(shared) - len(whole)} languages of targets left out that not every condition has")
    runs = kept.groupby(list(RUN), as_index=False)["score"].mean()
    if hypothesis.in_points(runs["target"].nunique()):
        return Runs(runs, "points", tuple(notes))
    usual = frame[frame["initialisation"] == material.study.initialisation]
    spread = usual.groupby(list(RUN))["score"].mean().groupby(["model", "target"]).std(ddof=1).rename("spread")
    runs = runs.join(spread, on=["model", "target"])
    runs = runs[runs["spread"] > 0]
    scaled = runs.assign(score=runs["score"] / runs["spread"]).drop(columns="spread")
    return Runs(scaled, "standard deviations between the runs of a target", tuple(notes))


def _between(hypothesis: GroupContrast, material: Material, runs: Runs, names: tuple[str, str]) -> Outcome:
    """Return how much larger the difference is in one model, or from pretrained weights, than in or from the other.

    Both are of the targets, and of the members of the groups, that both have.
    """
    column = "initialisation" if hypothesis.between_initialisations else "model"
    parts = [runs.of(column, name) for name in names]
    targets = [set(part["target"]) for part in parts]
    shared = targets[0] & targets[1]
    if not shared:
        raise InputError(f"{hypothesis.id}: {names[0]} and {names[1]} have no target in common")
    both = set(parts[0]["condition"]) & set(parts[1]["condition"])
    kept = [part[part["target"].isin(shared) & part["condition"].isin(both)] for part in parts]
    one, other = (_contrast(hypothesis, material, Runs(part, runs.unit)) for part in kept)
    where = (
        f"in {names[0]} more than in {names[1]}"
        if column == "model"
        else f"from {names[0]} weights more than from {names[1]} ones"
    )
    found = replace(
        one.minus(other, f"{one.name}, {where}"), unit=f"seeds, {one.n} of one side and {other.n} of the other"
    )
    lost = len(targets[0] | targets[1]) - len(shared)
    said = (f"{lost} targets left out that only one side has",) if lost else ()
    return found.outcome(hypothesis.alternative).noting(*runs.notes, *said)


def _contrast(hypothesis: GroupContrast, material: Material, runs: Runs) -> Contrast:
    """Return the difference of the two groups, of those of their members that there are with their initialisation."""
    usual: str = material.study.initialisation
    if hypothesis.between_initialisations:
        usual = str(runs.frame["initialisation"].iloc[0])
    sides, words, notes = [], [], list(runs.notes)
    for group, asked in (
        (hypothesis.first, hypothesis.first_initialisation),
        (hypothesis.second, hypothesis.second_initialisation),
    ):
        initialisation = asked or usual
        members = _members(material, group, runs.of("initialisation", initialisation))
        lacking = [name for name in _named(material, group) if name not in members]
        if lacking:
            notes.append(f"{group} from {initialisation} weights is without {', '.join(lacking)}")
        sides.append({"condition": members, "initialisation": initialisation})
        words.append(
            f"{group}{' from random weights' if initialisation == 'random' and not hypothesis.between else ''}"
        )
    name = f"mean score of {words[0]} minus {words[1]}, in {runs.unit}"
    found = paired_contrast(runs.frame, *sides, pairs=("model", "target"), name=name)
    return replace(found, notes=(*notes, *found.notes))


def _sides(hypothesis: GroupContrast) -> tuple[str, str]:
    return hypothesis.first, hypothesis.second


def _named(material: Material, group: str) -> tuple[str, ...]:
    return (NONE,) if group == NONE else material.study.groups[group]


def _members(material: Material, group: str, frame: pd.DataFrame) -> Sequence[str]:
    """Return the members of a group that some rows are of.

    Raises
    ------
    InputError
        Where there is none.
    """
    there = set(frame["condition"])
    members = tuple(name for name in _named(material, group) if name in there)
    if not members:
        raise InputError(f"{group}: no run of {', '.join(_named(material, group))} is left to compare")
    return members
