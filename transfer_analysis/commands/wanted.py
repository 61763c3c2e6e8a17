"""What `corpora fetch` is asked for: a plan, a study, or tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from transfer_analysis.corpora import Corpus
    from transfer_analysis.corpora.needs import Need
    from transfer_analysis.tasks import Catalogue


def wanted(what: list[str], corpus: Corpus, catalogue: Catalogue, scale: str, languages: list[str]) -> list[Need]:
    """Return the splits that a plan or a study reads, or all splits of tasks.

    Raises
    ------
    InputError
        For a name that is none of these; or where languages go with a plan or a study, which name their own.
    """
    tasks = [name for name in what if name in catalogue]
    if tasks == what:
        return [need for name in what for need in _of_task(name, corpus, catalogue, languages)]
    if len(what) > 1 or languages:
        unknown = next((name for name in what if name not in catalogue), what[0])
        raise InputError(f"{unknown}: give one plan or study alone, or names of tasks, with --languages if not all")
    return (
        _of_plan(Path(what[0]), corpus, catalogue)
        if _is_plan(what[0])
        else _of_study(what[0], corpus, catalogue, scale)
    )


def _is_plan(name: str) -> bool:
    from transfer_analysis.documents import parse_yaml
    from transfer_analysis.files import read_text

    path = Path(name)
    return path.suffix in (".yaml", ".yml") and "grid" in parse_yaml(
        read_text(path, "a plan or a study"), name, "of a plan"
    )


def _of_plan(path: Path, corpus: Corpus, catalogue: Catalogue) -> list[Need]:
    from transfer_analysis.training.plan import load_plan
    from transfer_analysis.training.reading.needed import needed

    return needed(corpus, catalogue, load_plan(path).grid)


def _of_study(name: str, corpus: Corpus, catalogue: Catalogue, scale: str) -> list[Need]:
    from transfer_analysis.studies import load_study
    from transfer_analysis.studies.inputs import as_trained
    from transfer_analysis.tasks.conditions import task_of
    from transfer_analysis.training.reading.needed import needed, needed_for_distances

    study = load_study(name).at(scale)
    if study.scale is None or study.scale.simulated is not None:
        raise InputError(f"{name}: reads no real examples at the scale {scale!r}")
    grid = study.scale.grid
    names = [*dict.fromkeys(task_of(c) for c in grid.conditions if task_of(c) in catalogue), *grid.targets]
    between = needed_for_distances(corpus, as_trained(study, catalogue), names, study.source_language)
    return list(dict.fromkeys([*needed(corpus, catalogue, grid), *between]))


def _of_task(name: str, corpus: Corpus, catalogue: Catalogue, languages: list[str]) -> list[Need]:
    from transfer_analysis.corpora.needs import Need

    about = catalogue[name]
    if about.parts:
        return [need for part in about.parts for need in _of_task(part, corpus, catalogue, languages)]
    splits = dict.fromkeys((about.splits.train, about.splits.development, *about.splits.test))
    codes = languages or corpus.languages(name)
    return [Need(name, code, tuple(splits), "training") for code in codes] + [
        Need(name, code, (split,), "development") for code in codes for split in splits
    ]
