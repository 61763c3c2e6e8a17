"""The same question has the same answer from a study, from the command line and from Python: over all bundled studies."""

from __future__ import annotations

import json
from functools import singledispatch
from pathlib import Path

import pandas as pd
import pytest
from transfer_analysis import analyses
from transfer_analysis.analyses import Group
from transfer_analysis.cli import app
from transfer_analysis.results import read_table
from transfer_analysis.studies import Given, load_study
from transfer_analysis.studies.analyses import analyses as registered
from transfer_analysis.studies.analyses.conditions import ConditionEffect, GroupContrast, MixedModel
from transfer_analysis.studies.analyses.languages import LanguageRegression
from transfer_analysis.studies.analyses.slopes import DiverseChoice, DiverseSlopes, GroupSlopes
from transfer_analysis.studies.analyses.tasks import (
    PooledTaskAssociation,
    Specifications,
    TaskAssociation,
    TaskSelection,
)
from transfer_analysis.studies.joined import material_of
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.tasks.conditions import NONE
from typer.testing import CliRunner

REPORTS = Path(__file__).resolve().parents[2] / "reports"
STUDIES = sorted(path.parent.parent.name for path in REPORTS.glob("*/data/results.parquet"))


class Exported:
    """A study as its report was made, what its tests work on, and its rows as files."""

    def __init__(self, name: str, folder: Path):
        report = REPORTS / name
        study = load_study(str(report / "study.yaml"))
        given = Given(results=report / "data").opened(study)
        self.material, _ = material_of(
            study, read_table(given.results, load_catalogue(given.tasks)), given, lambda *_: None
        )
        self.study, self.folder = self.material.study, folder
        for which in ("gains", "scores"):
            if (observations := getattr(self.material, which)) is not None:
                observations.frame.to_parquet(folder / f"{which}.parquet", index=False)
        self.material.comparable.to_parquet(folder / "conditions.parquet", index=False)
        self.material.diversity.to_csv(folder / "diversity.csv", index=False)

    def path(self, which: str) -> Path:
        return self.folder / f"{which}.parquet"

    def frame(self, which: str) -> pd.DataFrame:
        return pd.read_parquet(self.path(which))

    def group(self, name: str, initialisation: str | None = None) -> Group:
        return Group(name, (NONE,) if name == NONE else self.study.groups[name], initialisation)

    @property
    def drawn(self) -> dict[str, object]:
        return {"permutations": self.study.permutations, "seed": self.study.seed}


def rows_of(h) -> str:
    return "gains" if h.needs_baseline else "scores"


def options(**given) -> list[str]:
    """Return options as they are written, those that are given."""
    words = []
    for name, value in given.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            words.append(option)
        elif isinstance(value, list | tuple):
            words += [word for one in value for word in (option, str(one))]
        elif value not in (None, False):
            words += [option, str(value)]
    return words


@singledispatch
def asked(h, e: Exported):
    """Return the answer in Python, and the words of the command that asks the same; of either None where there is none."""
    raise AssertionError(f"no call is known for {h.analysis}")


def of_cells(h, e: Exported):
    which = {"outcome": h.outcome, "languages": h.languages, "targets": h.targets, "model": h.model, **e.drawn}
    words = options(outcome=h.outcome, languages=h.languages, target=h.targets, model=h.model, **e.drawn)
    return h.distance or e.study.first_distance, e.frame(rows_of(h)), which, words


@asked.register
def _(h: TaskAssociation, e):
    distance, frame, which, words = of_cells(h, e)
    more = {"method": h.method, "alternative": h.alternative}
    found = analyses.association(frame, distance, **more, **which)
    return found, ["fit", "association", e.path(rows_of(h)), *options(distance=distance, **more), *words]


@asked.register
def _(h: PooledTaskAssociation, e):
    distance, frame, which, words = of_cells(h, e)
    found = analyses.pooled_association(frame, distance, alternative=h.alternative, **which)
    more = options(distance=distance, alternative=h.alternative, pooled=True)
    return found, ["fit", "association", e.path(rows_of(h)), *more, *words]


@asked.register
def _(h: TaskSelection, e):
    distance, frame, which, words = of_cells(h, e)
    found = analyses.selection(frame, distance, h.measured_by(), **which)
    measure = options(measure=h.measure, k=h.k, of=h.of, relevance=h.relevance, relative=h.relative)
    return found, ["fit", "selection", e.path(rows_of(h)), *options(distance=distance), *measure, *words]


@asked.register
def _(h: Specifications, e):
    names = [distance.name for distance in e.study.task_distances]
    frame = e.frame(rows_of(h))
    cells = analyses.task_cells(
        frame, h.outcome, names, languages=h.languages, targets=h.targets, model=h.model, **e.drawn
    )
    families = {str(task): e.material.family(str(task)) for task in cells.outcome.index}
    masks = {
        family: [[families[str(task)] == family] * cells.outcome.shape[1] for task in cells.outcome.index]
        for family in sorted(set(families.values()))
        if len(set(families.values())) > 1
    }
    import numpy as np

    found = analyses.specifications(cells, exclusions={k: np.array(v) for k, v in masks.items()}, method=h.method)
    return found.outcome(), None  # on the command line cells are left out by label, not by family


@asked.register
def _(h: LanguageRegression, e):
    if h.covariates:
        return None, None
    more = {"alternative": h.alternative, "seed": e.study.seed, "source_language": e.study.source_language}
    found = analyses.language_regression(e.frame("scores"), h.distance, targets=h.targets, model=h.model, **more)
    words = options(distance=h.distance, target=h.targets, model=h.model, **more)
    return found, ["fit", "languages", e.path("scores"), *words]


@asked.register
def _(h: ConditionEffect, e):
    table = e.material.selected.table.frame
    found = analyses.condition_effect(table, h.condition, h.target, languages=h.languages, alternative=h.alternative)
    table.to_parquet(e.path("table"), index=False)
    words = options(
        condition=h.condition, target=h.target, source=h.languages == "source", alternative=h.alternative,
        initialisation=e.study.initialisation,
    )  # fmt: skip
    return found, ["fit", "effects", e.path("table"), *words]


@asked.register
def _(h: GroupContrast, e):
    first, second = e.group(h.first, h.first_initialisation), e.group(h.second, h.second_initialisation)
    more = {"over": h.over, "margin": h.margin, "scale": h.scale, "languages": h.languages, "model": h.model}
    more |= {"initialisation": e.study.initialisation, "alternative": h.alternative, **e.drawn}
    found = analyses.group_contrast(
        e.frame("conditions"), first, second, between=h.between, targets=h.targets, alpha=e.study.alpha, **more
    )
    if h.model is None and h.between is None and e.material.comparable["model"].nunique() > 1:
        return found, None  # on the command line each model is answered by itself
    groups = [f"{name}={','.join(group.conditions)}" for name, group in (("one", first), ("two", second))]
    words = options(
        group=groups, first_initialisation=h.first_initialisation, second_initialisation=h.second_initialisation,
        between=",".join(h.between) if h.between else None, target=h.targets, **more,
    )  # fmt: skip
    return found, ["fit", "contrast", e.path("conditions"), *words]


@asked.register
def _(h: GroupSlopes, e):
    which = {"targets": h.targets, "model": h.model, "value": h.value, "source_language": e.study.source_language}
    first, second = e.group(h.first), e.group(h.second)
    frame = e.frame("gains" if h.value == "gain" else "scores")
    found = analyses.group_slopes(
        frame, first, second, h.distance, alternative=h.alternative, seed=e.study.seed, **which
    )
    words = options(
        distance=h.distance, compare=f"{','.join(first.conditions)}={','.join(second.conditions)}", outcome=h.value,
        target=h.targets, model=h.model, source_language=e.study.source_language, alternative=h.alternative,
        seed=e.study.seed,
    )  # fmt: skip
    return found, ["fit", "robustness", e.path("gains" if h.value == "gain" else "scores"), *words]


def of_diverse(h, e, **drawn):
    which = {"measure": h.diversity, "k": h.k, "value": h.value, "targets": h.targets, "model": h.model}
    call = analyses.diverse_choice if isinstance(h, DiverseChoice) else analyses.diverse_slopes
    found = call(
        e.frame(rows_of(h)), pd.read_csv(e.folder / "diversity.csv"), h.distance, alternative=h.alternative,
        source_language=e.study.source_language, seed=e.study.seed, **which, **drawn,
    )  # fmt: skip
    words = options(
        distance=h.distance, diversity=e.folder / "diversity.csv", measure=h.diversity, k=h.k, outcome=h.value,
        target=h.targets, model=h.model, alternative=h.alternative, seed=e.study.seed,
        source_language=e.study.source_language, **drawn,
    )  # fmt: skip
    return found, ["fit", "robustness", e.path(rows_of(h)), *words]


@asked.register
def _(h: DiverseChoice, e):
    return of_diverse(h, e, permutations=e.study.permutations)


@asked.register
def _(h: DiverseSlopes, e):
    return of_diverse(h, e)


@asked.register
def _(h: MixedModel, e):
    fit = analyses.mixed_model(
        h.formula, e.frame(rows_of(h)), h.random, h.slopes, degrees=h.degrees, languages=h.languages, model=h.model
    )
    words = options(
        formula=h.formula, random=h.random, slope=[f"{g}={c}" for g, c in h.slopes.items()], degrees=h.degrees,
        term=h.term, languages=h.languages, model=h.model, alternative=h.alternative,
    )  # fmt: skip
    return fit.outcome(h.term, alternative=h.alternative), ["fit", "mixed", e.path(rows_of(h)), *words]


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_python_and_the_command_line_give_the_same_numbers(name, tmp_path):
    exported = Exported(name, tmp_path)
    for h in exported.study.every:
        found, words = asked(h, exported)
        if found is None:
            continue
        expected = h.run(exported.material)
        assert found == expected, h.id
        if words is None:
            continue
        said = CliRunner().invoke(app, [*map(str, words), "--json"])
        assert said.exception is None, (h.id, said.exception)
        outcomes = json.loads(said.stdout)["outcomes"]
        answer = outcomes[-1] if isinstance(h, DiverseSlopes) else outcomes[0]
        for field in ("estimate", "low", "high", "p_value", "n"):
            wanted = getattr(expected, field)
            assert answer[field] == (wanted if wanted is None else pytest.approx(wanted, rel=1e-12)), (h.id, field)


def test_the_reports_ask_most_of_what_a_study_can_ask():
    studies = [load_study(str(REPORTS / name / "study.yaml")) for name in STUDIES]
    kinds = {h.analysis for study in studies for h in study.every}
    # What is asked of several source languages needs results that no bundled report has.
    assert set(registered()) - kinds <= {
        "pooled-task-association", "language-pair-association", "language-selection", "condition-effect",
    }  # fmt: skip
