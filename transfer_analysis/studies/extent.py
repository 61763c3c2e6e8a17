"""What a study is about, before it is run: models, conditions, targets, languages and seeds, of its grid or its results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transfer_analysis.results import TransferTable
from transfer_analysis.studies.analyses import Hypothesis
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import Catalogue
from transfer_analysis.tasks.conditions import NONE, task_of


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

    def sizes(self, source_language: str) -> dict[str, list[int]]:
        """Return how many targets, languages besides the source, and seeds there are, as power is simulated of them."""
        languages = {code for codes in self.languages.values() for code in codes} - {source_language}
        return {"targets": [len(self.targets)], "languages": [len(languages)], "seeds": [len(self.seeds)]}


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
    return [f"{h.id}: {said}" for h in hypotheses for said in h.too_few(study, extent, catalogue)]


def absent(study: Study, extent: Extent, hypotheses: Sequence[Hypothesis]) -> list[str]:
    """Say which targets, conditions, groups, models and initialisations are named that there are none of."""
    problems = []
    if study.targets and not set(study.targets) & set(extent.targets):
        problems.append(f"targets: there is none of {', '.join(study.targets)}")
    problems += [f"{h.id}: {said}" for h in hypotheses for said in h.absent(study, extent)]
    return list(dict.fromkeys(problems))


def without_baseline(table: TransferTable) -> list[str]:
    """Say which models and targets have intermediate tasks and no baseline."""
    key = ["model", "initialisation", "target"]
    has = table.frame.groupby(key)["condition"].agg(set)
    return [
        f"results: {model} ({initialisation} weights) has no condition {NONE} on {target}, which every gain is measured from"
        for (model, initialisation, target), found in has.items()
        if NONE not in found
    ]
