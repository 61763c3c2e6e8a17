"""What a study is about, before it is run: models, conditions, targets, languages and seeds, of its grid or its results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

from transfer_analysis.results import TransferTable
from transfer_analysis.statistics.languages import MIN_LANGUAGES
from transfer_analysis.studies.hypotheses import (
    ConditionEffect,
    DiverseTasks,
    GroupContrast,
    GroupSlopes,
    Hypothesis,
    LanguageRegression,
    MixedModel,
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
    models
        Their names.
    conditions_from
        Initialisation → conditions; `none` is among them.
    languages
        Target → languages it is tested in.
    seeds
        Of conditions.
    """

    models: tuple[str, ...]
    conditions_from: dict[str, tuple[str, ...]]
    languages: dict[str, tuple[str, ...]]
    seeds: tuple[int, ...]

    @property
    def initialisations(self) -> tuple[str, ...]:
        """The initialisations."""
        return tuple(self.conditions_from)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions of all initialisations."""
        return tuple(dict.fromkeys(name for names in self.conditions_from.values() for name in names))

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
        {initialisation: (NONE, *grid.conditions_from(initialisation)) for initialisation in grid.initialisations},
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
        {
            str(initialisation): tuple(sorted(map(str, part["condition"].unique())))
            for initialisation, part in frame.groupby("initialisation")
        },
        {str(target): tuple(sorted(codes)) for target, codes in languages.items()},
        tuple(sorted(int(seed) for seed in seeds)),
    )


def too_few(study: Study, extent: Extent, catalogue: Catalogue, hypotheses: Sequence[Hypothesis]) -> list[str]:
    """Say which tests have fewer values of their unit than they need, or cannot reach α."""
    return [f"{h.id}: {said}" for h in hypotheses for said in _few(h, study, extent, catalogue)]


def _few(hypothesis: Hypothesis, study: Study, extent: Extent, catalogue: Catalogue) -> Iterator[str]:
    away = {study.source_language}
    targets: tuple[str, ...] = getattr(hypothesis, "targets", ())
    if isinstance(hypothesis, OfTaskDistance | Specifications):
        most = max((len(extent.sources(catalogue, target)) for target in targets or extent.targets), default=0)
        if most < FEWEST:
            yield f"{most} intermediate tasks without overlap; {FEWEST} are needed for some target at least"
    over_languages = isinstance(hypothesis, LanguageRegression | GroupSlopes) or (
        isinstance(hypothesis, DiverseTasks) and hypothesis.analysis == "diverse-slopes"
    )
    if over_languages and len(extent.tested(targets) - away) < MIN_LANGUAGES:
        yield (
            f"{len(extent.tested(targets) - away)} languages besides {study.source_language} that all targets are tested in; "
            f"{MIN_LANGUAGES} are needed: name targets that share more"
        )
    if isinstance(hypothesis, DiverseTasks):
        tasks = {task_of(name) for name in extent.conditions_from.get(study.initialisation, ()) if name in catalogue}
        if hypothesis.k >= len(tasks):
            yield f"k = {hypothesis.k} of {len(tasks)} intermediate tasks; there must be others"
        elif hypothesis.analysis == "diverse-choice" and 1 / comb(len(tasks), hypothesis.k) > study.alpha:
            count = comb(len(tasks), hypothesis.k)
            yield (
                f"of {len(tasks)} intermediate tasks, {hypothesis.k} can be chosen in {count} ways, so that no p-value is below "
                f"{1 / count:.2g}; α is {study.alpha:g}"
            )
    if isinstance(hypothesis, GroupContrast):
        if hypothesis.over == "seeds" and len(extent.seeds) < FEWEST:
            yield f"{len(extent.seeds)} seeds; {FEWEST} are needed for a contrast over seeds"
        members = [name for group in groups_of(hypothesis) for name in study.groups.get(group, ())]
        if hypothesis.over == "tasks" and len([m for m in members if m in extent.conditions]) < FEWEST:
            yield f"fewer than {FEWEST} tasks in the two groups together; use over: seeds"


def absent(study: Study, extent: Extent, hypotheses: Sequence[Hypothesis]) -> list[str]:
    """Say which targets, conditions, groups, models and initialisations are named that there are none of."""
    problems = [f"targets: there is none of {', '.join(study.targets)}"] if _none_of(study.targets, extent) else []
    problems += [f"{h.id}: {said}" for h in hypotheses for said in _absent(h, study, extent)]
    return list(dict.fromkeys(problems))


def _absent(hypothesis: Hypothesis, study: Study, extent: Extent) -> Iterator[str]:
    targets: tuple[str, ...] = getattr(hypothesis, "targets", ())
    if _none_of(targets, extent):
        yield f"targets: there is none of {', '.join(targets)}"
    for field, known in (("target", extent.targets), ("condition", extent.conditions), ("model", extent.models)):
        name = getattr(hypothesis, field, None)
        if name and name not in known:
            yield f"{field}: there is no {name!r}; there are {', '.join(known)}"
    if isinstance(hypothesis, GroupContrast):
        known = extent.initialisations if hypothesis.between_initialisations else extent.models
        for name in hypothesis.between or ():
            if name not in known:
                yield f"between: there is no {name!r}; there are {', '.join(known)}"
    for group, initialisation in _compared(hypothesis, study):
        there = extent.conditions_from.get(initialisation)
        if there is None:
            yield f"there are no {initialisation} weights; there are {', '.join(extent.initialisations)}"
        elif group in study.groups and not set(study.groups[group]) & set(there):
            yield f"{group}: none of its conditions is there from {initialisation} weights, {', '.join(study.groups[group])}"
        elif group == NONE and NONE not in there:
            yield f"there is no condition {NONE} from {initialisation} weights"


def _compared(hypothesis: Hypothesis, study: Study) -> Iterator[tuple[str, str]]:
    """Yield the groups that a hypothesis compares, each with the initialisations that it is compared from."""
    if isinstance(hypothesis, GroupSlopes):
        yield from ((group, study.initialisation) for group in groups_of(hypothesis))
    if isinstance(hypothesis, GroupContrast):
        sides = (
            (hypothesis.first, hypothesis.first_initialisation),
            (hypothesis.second, hypothesis.second_initialisation),
        )
        for group, asked in sides:
            among = hypothesis.between if hypothesis.between_initialisations else (asked or study.initialisation,)
            yield from ((group, initialisation) for initialisation in among or ())


def _none_of(targets: tuple[str, ...], extent: Extent) -> bool:
    """Whether targets are named, and there is none of them."""
    return bool(targets) and not set(targets) & set(extent.targets)


def needs_baseline(hypothesis: Hypothesis) -> bool:
    """Whether a hypothesis is on gains, or compares with no intermediate task."""
    if isinstance(hypothesis, MixedModel):
        return hypothesis.response == "gain"
    if isinstance(hypothesis, ConditionEffect | GroupSlopes):
        return True
    of_gains = "gain" in (getattr(hypothesis, "outcome", ""), getattr(hypothesis, "value", ""))
    return of_gains or NONE in groups_of(hypothesis)


def without_baseline(table: TransferTable) -> list[str]:
    """Say which models and targets have intermediate tasks and no baseline."""
    key = ["model", "initialisation", "target"]
    has = table.frame.groupby(key)["condition"].agg(set)
    return [
        f"results: {model} ({initialisation} weights) has no condition {NONE} on {target}, which every gain is measured from"
        for (model, initialisation, target), found in has.items()
        if NONE not in found
    ]
