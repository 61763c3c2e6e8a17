"""Questions on conditions: groups of them compared, and the effect of each beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from transfer_analysis import statistics
from transfer_analysis.analyses.rows import Languages, counted, of_languages
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.keys import RUN
from transfer_analysis.results.schema import DEFAULTS
from transfer_analysis.statistics import Contrast, Outcome
from transfer_analysis.statistics.outcome import Alternative
from transfer_analysis.tasks.conditions import NONE

#: What a contrast generalises to: these tasks and other seeds, or other tasks like these.
Over = Literal["seeds", "tasks"]

#: The unit that scores are compared in.
InUnits = Literal["points", "standardised"]


@dataclass(frozen=True)
class Group:
    """Conditions that are looked at together.

    Attributes
    ----------
    initialisation
        Of its runs; the one that the analysis is about where not given.

    Examples
    --------
    >>> Group("inference", ("mnli", "anli"))
    Group(name='inference', conditions=('mnli', 'anli'), initialisation=None)
    """

    name: str
    conditions: tuple[str, ...]
    initialisation: str | None = None

    def among(self, frame: pd.DataFrame) -> tuple[str, ...]:
        """Return its conditions that some rows are of.

        Raises
        ------
        InputError
            Where there is none.
        """
        there = set(frame["condition"])
        members = tuple(name for name in self.conditions if name in there)
        if not members:
            raise InputError(f"{self.name}: no run of {', '.join(self.conditions)} is left to compare")
        return members


@dataclass(frozen=True)
class RunScores:
    """Scores of runs, one row each, the unit that they are in, and what was left out.

    Attributes
    ----------
    frame
        Columns `model, initialisation, condition, target, seed, score`, and what else tells runs apart.
    """

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


def run_scores(
    frame: pd.DataFrame,
    conditions: Sequence[str],
    *,
    outcome: str = "score",
    scale: InUnits | None = None,
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    overlaps: bool = False,
    initialisation: str = "pretrained",
    compared: Sequence[str] = ("initialisation",),
) -> RunScores:
    """Return the mean score of every run of some conditions, over the languages that all of them have on its target.

    Parameters
    ----------
    frame
        One row per score; key columns of the transfer table that are missing take their defaults.
    scale
        `points`, or `standardised`: in standard deviations between the runs of each target; where not given, points for
        one target, and standard deviations where several count.
    languages, targets, model, overlaps
        As for `counted`.
    initialisation
        Whose runs the standard deviations are of.
    compared
        Columns that the analysis compares the values of.
    """
    keys = [*RUN, "language"]
    frame = frame.assign(**{column: DEFAULTS.get(column, "") for column in keys if column not in frame})
    if outcome != "score":
        frame = frame.assign(score=frame[outcome])
    rows = counted(
        frame[frame["condition"].isin(conditions)],
        languages=languages,
        targets=targets,
        model=model,
        overlaps=overlaps,
        compared=compared,
    )
    observed, notes = rows.frame, list(rows.notes)
    shared = observed.groupby(["model", "target", "language"])["condition"].nunique()
    most = shared.groupby(["model", "target"]).transform("max")
    whole = shared.index[shared == most]
    kept = observed[pd.MultiIndex.from_frame(observed[["model", "target", "language"]]).isin(whole)]
    if len(whole) < len(shared):
        notes.append(f"{len(shared) - len(whole)} languages of targets left out: not tested after every condition")
    runs = kept.groupby(list(RUN), as_index=False)["score"].mean()
    if (scale or ("points" if runs["target"].nunique() == 1 else "standardised")) == "points":
        return RunScores(runs, "points", tuple(notes))
    every = counted(frame, languages=languages, targets=targets, model=model, overlaps=True).frame
    usual = every[every["initialisation"] == initialisation].groupby(list(RUN))["score"].mean()
    spread = usual.groupby(["model", "target"]).std(ddof=1).rename("spread")
    runs = runs.join(spread, on=["model", "target"])
    runs = runs[runs["spread"] > 0]
    scaled = runs.assign(score=runs["score"] / runs["spread"]).drop(columns="spread")
    return RunScores(scaled, "standard deviations between the runs of a target", tuple(notes))


def contradiction(
    first: Group,
    second: Group,
    over: Over,
    margin: float | None,
    scale: InUnits | None,
    between: Sequence[str] | None,
    alternative: Alternative,
) -> str:
    """Say why what is asked of a contrast does not fit together; nothing where it does."""
    of_initialisations = first.initialisation or second.initialisation
    if over == "tasks" and (margin or between or of_initialisations):
        return "equivalence, models and initialisations are compared over seeds; use over: seeds"
    if over == "tasks" and NONE in (*first.conditions, *second.conditions):
        return "none cannot be exchanged with tasks; use over: seeds"
    if margin is not None and scale == "standardised":
        return "a margin is in points; leave out scale"
    if margin is not None and alternative != "two-sided":
        return "a test of equivalence has no direction; leave out alternative"
    if _of_initialisations(between) and of_initialisations:
        return "between initialisations, neither side has one of its own"
    if margin is not None and between is not None:
        return "declare equivalence and the difference between models as two hypotheses"
    return ""


def group_contrast(
    frame: pd.DataFrame,
    first: Group,
    second: Group,
    *,
    outcome: str = "score",
    over: Over = "seeds",
    margin: float | None = None,
    scale: InUnits | None = None,
    between: tuple[str, str] | None = None,
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    overlaps: bool = False,
    initialisation: str = "pretrained",
    alternative: Alternative = "two-sided",
    alpha: float = 0.05,
    permutations: int = 9_999,
    seed: int = 0,
) -> Outcome:
    """Return the difference of two groups of conditions, the first less the second.

    A run's score is its mean over the languages that all conditions compared have on its target. Several targets weigh
    alike, each in standard deviations between its own runs unless points are asked for.

    Parameters
    ----------
    frame
        One row per score, with the condition `none` and other initialisations where they are compared.
    over
        What the units are: `seeds`, for a question about these tasks, or `tasks`, for tasks like these.
    margin
        The two are tested for equivalence within this many points, at level `alpha`, and not for a difference.
    between
        Two models, or `pretrained` and `random`: what is tested is how much larger the difference is in the first than in
        the second.
    initialisation
        Of runs where a group does not say.
    languages, targets, model, overlaps
        As for `counted`.

    Raises
    ------
    InputError
        For what does not fit together, for conditions, models or targets that the frame does not have, and as the contrasts.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame([(c, s, "de", 60 + 2 * (c == "mnli") + s) for c in ("mnli", "none") for s in (1, 2, 3)],
    ...                     columns=["condition", "seed", "language", "score"]).assign(target="paws-x", source_language="en")
    >>> rows.loc[0, "score"] += 1
    >>> found = group_contrast(rows, Group("inference", ("mnli",)), Group("none", ("none",)))
    >>> round(found.estimate, 2), found.n
    (2.33, 3)
    """
    if said := contradiction(first, second, over, margin, scale, between, alternative):
        raise InputError(said)
    runs = run_scores(
        frame,
        [*first.conditions, *second.conditions],
        outcome=outcome,
        scale="points" if margin is not None else scale,
        languages=languages,
        targets=targets,
        model=model,
        overlaps=overlaps,
        initialisation=initialisation,
        compared=("initialisation", *(["model"] if between else [])),
    )
    if over == "tasks":
        usual = runs.of("initialisation", initialisation)
        found = statistics.group_contrast(
            usual,
            {group.name: group.among(usual) for group in (first, second)},
            value="score",
            pairs=("model", "target", "seed"),
            alternative=alternative,
            permutations=permutations,
            seed=seed,
        )
        return found.noting(*runs.notes)
    if between is not None:
        return _between(runs, first, second, between, initialisation, alternative)
    contrast = _contrast(runs, first, second, initialisation)
    return contrast.outcome(alternative) if margin is None else contrast.equivalence(margin, alpha)


def _of_initialisations(between: Sequence[str] | None) -> bool:
    """Whether pretrained and random weights are compared, not two models."""
    return between is not None and set(between) == {"pretrained", "random"}


def _between(
    runs: RunScores,
    first: Group,
    second: Group,
    names: tuple[str, str],
    initialisation: str,
    alternative: Alternative,
) -> Outcome:
    """Return how much larger the difference is in one model, or from pretrained weights, than in or from the other.

    Both are of the targets, and of the members of the groups, that both have.
    """
    column = "initialisation" if _of_initialisations(names) else "model"
    parts = [runs.of(column, name) for name in names]
    targets = [set(part["target"]) for part in parts]
    shared = targets[0] & targets[1]
    if not shared:
        raise InputError(f"{names[0]} and {names[1]} have no target in common")
    both = set(parts[0]["condition"]) & set(parts[1]["condition"])
    kept = [part[part["target"].isin(shared) & part["condition"].isin(both)] for part in parts]
    usual = names if column == "initialisation" else (initialisation, initialisation)
    one, other = (
        _contrast(RunScores(part, runs.unit), first, second, own, named=False)
        for part, own in zip(kept, usual, strict=True)
    )
    where = (
        f"in {names[0]} more than in {names[1]}"
        if column == "model"
        else f"from {names[0]} weights more than from {names[1]} ones"
    )
    found = replace(
        one.minus(other, f"{one.name}, {where}"), unit=f"seeds, {one.n} of one side and {other.n} of the other"
    )
    lost = len(targets[0] | targets[1]) - len(shared)
    said = (f"{lost} targets left out: on one side only",) if lost else ()
    return found.outcome(alternative).noting(*runs.notes, *said)


def _contrast(runs: RunScores, first: Group, second: Group, initialisation: str, *, named: bool = True) -> Contrast:
    """Return the difference of the two groups, of those of their members that there are with their initialisation.

    The initialisation is named where it is random, unless that is said elsewhere.
    """
    sides, words, notes = [], [], list(runs.notes)
    for group in (first, second):
        own = group.initialisation or initialisation
        members = group.among(runs.of("initialisation", own))
        lacking = [name for name in group.conditions if name not in members]
        if lacking:
            notes.append(f"{group.name} from {own} weights: no runs of {', '.join(lacking)}")
        sides.append({"condition": members, "initialisation": own})
        words.append(f"{group.name}{' from random weights' if own == 'random' and named else ''}")
    name = f"mean score of {words[0]} minus {words[1]}, in {runs.unit}"
    found = statistics.paired_contrast(runs.frame, *sides, pairs=("model", "target"), name=name)
    return replace(found, notes=(*notes, *found.notes))


def condition_effects(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the effect of each condition on each target in each model, beside `none` of the same initialisation.

    A run's score is its mean over languages: `languages` says whether over those that are not the source language
    (`zero-shot`) or the source language alone (`source`). Only languages that all conditions of a target have count. A
    target without a baseline or without conditions is left out.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> found = condition_effects(example_results().frame)
    >>> len(found), round(float(found["effect"].iloc[0]), 2)
    (36, 1.31)
    """
    tables = [_effects_of(part).assign(model=model) for model, part in frame.groupby("model", sort=True)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _effects_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the effects in one model."""
    frame = in_all_conditions(frame)
    tables = []
    every: tuple[Languages, ...] = ("zero-shot", "source")
    for languages in every:
        for initialisation, part in of_languages(frame, languages).groupby("initialisation", sort=True):
            runs = part.groupby(["target", "condition", "seed"], as_index=False)["score"].mean()
            conditions = runs.groupby("target")["condition"].agg(set)
            usable = [target for target, found in conditions.items() if NONE in found and len(found) > 1]
            if usable:
                found = statistics.effects_beside_baseline(runs[runs["target"].isin(usable)])
                tables.append(found.assign(initialisation=initialisation, languages=languages))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def condition_effect(
    frame: pd.DataFrame,
    condition: str,
    target: str,
    *,
    languages: Languages = "zero-shot",
    model: str | None = None,
    initialisation: str | None = None,
    alternative: Alternative = "two-sided",
) -> Outcome:
    """Return the effect of one condition on one target, declared beforehand, beside `none`.

    A run's score is its mean over the languages that all conditions of the target have.

    Raises
    ------
    InputError
        Where the frame has no such target or condition, and as the contrast.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> found = condition_effect(example_results().frame, "squad", "xnli")
    >>> round(found.estimate, 2), found.n
    (-2.62, 6)
    """
    rows = counted(
        frame, languages=languages, targets=[target], model=model, initialisation=initialisation, overlaps=True
    )
    runs = in_all_conditions(rows.frame).groupby(["condition", "seed"], as_index=False)["score"].mean()
    return statistics.condition_effect(runs, condition, alternative=alternative).noting(*rows.notes)


def in_all_conditions(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of those models, adaptations and languages that all conditions of their target have.

    Conditions of other models would differ for that reason alone.
    """
    parts = [column for column in ("model", "adaptation", "source_language", "language") if column in frame]
    key = ["initialisation", "target"]
    conditions = frame.groupby(key)["condition"].transform("nunique")
    own = frame.groupby([*key, *parts])["condition"].transform("nunique")
    return frame[own == conditions]
