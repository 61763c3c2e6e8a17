"""What a study is about, before it is run: models, conditions, targets, languages and seeds, of its grid or its results."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable
from transfer_analysis.studies.hypotheses import (
    DiverseTasks,
    GroupContrast,
    GroupSlopes,
    Hypothesis,
    LanguageRegression,
    OfTaskDistance,
    Specifications,
    groups_of,
)
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import Catalogue
from transfer_analysis.tasks.conditions import NONE, task_of

#: A test whose unit has fewer values says nothing.
FEWEST = 3


@dataclass(frozen=True)
class Extent:
    """What there is, or will be.

    Attributes
    ----------
    models, conditions, initialisations
        Their names; `none` is among the conditions.
    languages
        Target → languages it is tested in.
    seeds
        Of conditions.
    """

    models: tuple[str, ...]
    initialisations: tuple[str, ...]
    conditions: tuple[str, ...]
    languages: dict[str, tuple[str, ...]]
    seeds: tuple[int, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets."""
        return tuple(self.languages)

    def tested(self, targets: tuple[str, ...]) -> set[str]:
        """Return the languages that all of some targets, or all targets, are tested in."""
        found = [set(self.languages[t]) for t in (targets or self.targets) if t in self.languages]
        return set.intersection(*found) if found else set()

    def sources(self, catalogue: Catalogue, target: str) -> list[str]:
        """Return the single intermediate tasks of a target that are no overlap."""
        tasks = {task_of(name) for name in self.conditions} - {target}
        return sorted(task for task in tasks if task in catalogue and not catalogue.overlaps(task, target))


def extent_of_grid(study: Study, catalogue: Catalogue) -> Extent:
    """Return what a study's scale will train."""
    scale = study.scale
    assert scale is not None
    grid = scale.grid
    spoken = scale.simulated.get("languages", ()) if scale.simulated is not None else ()

    def languages(target: str) -> tuple[str, ...]:
        has = spoken or (catalogue[target].languages if target in catalogue else ())
        return tuple(code for code in has if not grid.languages or code in grid.languages)

    return Extent(
        tuple(scale.models()),
        tuple(grid.initialisations),
        (NONE, *grid.conditions),
        {target: languages(target) for target in grid.targets},
        grid.seeds,
    )


def extent_of_table(table: TransferTable) -> Extent:
    """Return what results have."""
    frame = table.frame

    def names(column: str) -> tuple[str, ...]:
        return tuple(sorted(map(str, frame[column].unique())))

    languages = frame.groupby("target")["language"].unique()
    with_task = frame[frame["condition"] != NONE]
    seeds = (with_task if len(with_task) else frame)["seed"].unique()
    return Extent(
        names("model"),
        names("initialisation"),
        names("condition"),
        {str(target): tuple(sorted(codes)) for target, codes in languages.items()},
        tuple(sorted(int(seed) for seed in seeds)),
    )


def too_few(study: Study, extent: Extent, catalogue: Catalogue) -> list[str]:
    """Say which tests have fewer than three values of their unit, or cannot reach α."""
    return [f"{h.id}: {said}" for h in study.every for said in _few(h, study, extent, catalogue)]


def _few(hypothesis: Hypothesis, study: Study, extent: Extent, catalogue: Catalogue) -> list[str]:
    away = {study.source_language}
    if isinstance(hypothesis, OfTaskDistance | Specifications):
        chosen = getattr(hypothesis, "targets", ()) or extent.targets
        most = max((len(extent.sources(catalogue, target)) for target in chosen), default=0)
        if most < FEWEST:
            return [f"{most} intermediate tasks without overlap; {FEWEST} are needed for some target at least"]
    if isinstance(hypothesis, LanguageRegression):
        languages = {code for codes in extent.languages.values() for code in codes} - away
        if len(languages) < FEWEST:
            return [f"{len(languages)} languages besides {study.source_language}; {FEWEST} are needed"]
    if isinstance(hypothesis, GroupSlopes) or (
        isinstance(hypothesis, DiverseTasks) and hypothesis.analysis == "diverse-slopes"
    ):
        languages = extent.tested(hypothesis.targets) - away
        if len(languages) < FEWEST:
            return [
                f"{len(languages)} languages besides {study.source_language} that all targets are tested in; "
                f"{FEWEST} are needed: name fewer targets"
            ]
    if isinstance(hypothesis, DiverseTasks):
        tasks = {task_of(name) for name in extent.conditions if name in catalogue}
        if hypothesis.k >= len(tasks):
            return [f"k = {hypothesis.k} of {len(tasks)} intermediate tasks; there must be others"]
        smallest = 1 / comb(len(tasks), hypothesis.k)
        if hypothesis.analysis == "diverse-choice" and smallest > study.alpha:
            return [
                f"of {len(tasks)} intermediate tasks, {hypothesis.k} can be chosen in {comb(len(tasks), hypothesis.k)} ways, so "
                f"that no p-value is below {smallest:.2g}; α is {study.alpha:g}"
            ]
    if isinstance(hypothesis, GroupContrast):
        if hypothesis.over == "seeds" and len(extent.seeds) < FEWEST:
            return [f"{len(extent.seeds)} seeds; {FEWEST} are needed for a contrast over seeds"]
        members = [name for group in groups_of(hypothesis) for name in study.groups.get(group, ())]
        if hypothesis.over == "tasks" and len([m for m in members if m in extent.conditions]) < FEWEST:
            return [f"fewer than {FEWEST} tasks in the two groups together; use over: seeds"]
    return []


def absent(study: Study, extent: Extent) -> list[str]:
    """Say which targets, conditions, groups and models a study names that there are none of."""
    there = {"target": extent.targets, "condition": extent.conditions, "model": extent.models}
    problems = [f"targets: there is none of {', '.join(study.targets)}"] if _none_of(study.targets, extent) else []
    for hypothesis in study.every:
        named = getattr(hypothesis, "targets", ())
        if _none_of(named, extent):
            problems.append(f"{hypothesis.id}: targets: there is none of {', '.join(named)}")
        for field, known in there.items():
            given = getattr(hypothesis, field, None)
            problems += [
                f"{hypothesis.id}: {field}: there is no {name!r}; there are {', '.join(known)}"
                for name in ([given] if given else [])
                if name not in known
            ]
        between = getattr(hypothesis, "between", None) or ()
        known = extent.initialisations if getattr(hypothesis, "between_initialisations", False) else extent.models
        problems += [
            f"{hypothesis.id}: between: there is no {name!r}; there are {', '.join(known)}"
            for name in between
            if name not in known
        ]
        problems += [
            f"{group}: none of its conditions is there, {', '.join(study.groups[group])}; {hypothesis.id} compares it"
            for group in groups_of(hypothesis)
            if group in study.groups and not set(study.groups[group]) & set(extent.conditions)
        ]
    return list(dict.fromkeys(problems))


def _none_of(targets: tuple[str, ...], extent: Extent) -> bool:
    """Whether targets are named, and there is none of them."""
    return bool(targets) and not set(targets) & set(extent.targets)


def without_baseline(table: TransferTable) -> list[str]:
    """Say which models and targets have intermediate tasks and no baseline."""
    key = ["model", "initialisation", "target"]
    has = table.frame.groupby(key)["condition"].agg(set)
    return [
        f"results: {model} ({initialisation} weights) has no condition {NONE} on {target}, which every gain is measured from"
        for (model, initialisation, target), found in has.items()
        if NONE not in found
    ]


def require(problems: list[str]) -> None:
    """Raise problems, where there are any."""
    if problems:
        raise InputError(dict.fromkeys(problems))
