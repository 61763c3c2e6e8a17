"""Every mistake in a study, found before an hour is spent on it, each with its line in the study file."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import yaml

from transfer_analysis.corpora import HUB, origin_of
from transfer_analysis.corpora.needs import require_there
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.distances.tasks.examples import corpus_examples
from transfer_analysis.documents import line_of
from transfer_analysis.encoders.located import check_encoder
from transfer_analysis.errors import Check, InputError, nearest
from transfer_analysis.languages import resolve
from transfer_analysis.progress import Report, silent
from transfer_analysis.results import TransferTable, read_table
from transfer_analysis.studies.covariates import read_covariates, read_diversity
from transfer_analysis.studies.extent import (
    Extent,
    absent,
    extent_of_grid,
    extent_of_table,
    too_few,
    without_baseline,
)
from transfer_analysis.studies.given import Given
from transfer_analysis.studies.inputs import StudyInputs, as_trained
from transfer_analysis.studies.joined import joined_with
from transfer_analysis.studies.selected import Selected, select_rows, with_groups_of
from transfer_analysis.studies.study import Study, parse_study, study_text
from transfer_analysis.tasks import Catalogue, load_catalogue
from transfer_analysis.tasks.conditions import MLM, MULTI_TASK, NONE, task_of

if TYPE_CHECKING:
    from transfer_analysis.corpora.needs import Need

#: Said where the file cannot be read as a study.
_NOT_YET = "tasks, columns, examples and results are checked once these are corrected"

#: Columns of observations besides distances.
_COLUMNS = (
    "score",
    "gain",
    "relative_gain",
    "baseline",
    "condition",
    "target",
    "language",
    "source_language",
    "model",
    "initialisation",
    "seed",
    "run",
    "family",
    "language_family",
    "n_examples",
)


def check_study(name: str, given: Given, report: Report = silent) -> list[str]:
    """Look for every mistake that can be known before training.

    Returns
    -------
    list
        What the study will run without.

    Raises
    ------
    InputError
        With every problem found; those of the study file with its line.
    """
    text, where = study_text(name)
    try:
        study = parse_study(text, where).at(given.scale)
    except InputError as error:
        raise InputError([*error.problems, _NOT_YET]) from error
    given = given.opened(study)
    real = study.scale is not None and study.scale.simulated is None
    located = bool(given.corpora)
    if given.results is None and not given.corpora and real:
        given = replace(given, corpora=(HUB,))  # where examples are need not be said to check the rest
    check = _Check(study, given, where, yaml.compose(text, Loader=yaml.SafeLoader), located)
    check.add(given.problems(study))
    check.guarded(check.catalogue_read)
    check.guarded(check.names)
    if given.results is not None:
        check.guarded(check.results)
    elif study.scale is not None:
        check.guarded(check.grid)
        check.guarded(lambda: check.examples(report))
    if given.languages is not None and given.languages.is_file():
        check.guarded(lambda: read_covariates(study, given.languages))
    check.guarded(check.diversity)
    if check.problems:
        raise InputError(check.problems)
    return check.remarks


class _Check(Check):
    """Checks a study."""

    def __init__(self, study: Study, given: Given, where: str, tree: yaml.Node | None, located: bool) -> None:
        super().__init__()
        self.study = study
        self.given = given
        self.where = where
        self.tree = tree
        #: Whether it was said where examples are; if not, only what the catalogue knows of them is checked.
        self.located = located
        self.catalogue: Catalogue = load_catalogue()

    def in_file(self, problems: list[str]) -> None:
        """Keep problems of the study file, each of which begins with the name of what it is about."""
        self.add([f"{self.where} line {line_of(self.tree, problem)}: {problem}" for problem in problems])

    def catalogue_read(self) -> None:
        """Read the catalogue with a person's own tasks."""
        self.catalogue = load_catalogue(self.given.tasks)

    def names(self) -> None:
        """Check that tasks of groups, grids and targets are known, and columns of formulas."""
        study = self.study
        scale = study.scale
        named = [(name, "targets") for name in study.targets]
        named += [(name, hypothesis.id) for hypothesis in study.every for name in hypothesis.on_targets]
        named += [(task_of(member), group) for group, members in study.groups.items() for member in members]
        if scale is not None:
            named += [
                (name, "grid: conditions")
                for name in (*map(task_of, scale.grid.conditions), *scale.grid.intermediate_tasks)
            ]
            named += [(name, "grid: targets") for name in scale.grid.targets]
            substitutes = scale.grid.substitutes
            named += [(name, "grid: substitutes") for name in substitutes]
            named += [
                (used.partition("/")[0], "grid: substitutes")
                for name in substitutes
                for turn in scale.grid.substituted(name)
                for used in turn
            ]
            named += [(name, "grid: limits") for name in scale.grid.limits]
            named += [(name, "grid: tested_on") for name in scale.grid.tested_on]
            named += [(name, "grid: mlm") for name in (scale.grid.mlm.tasks if scale.grid.mlm is not None else ())]
        known = [task.name for task in self.catalogue]
        special = (NONE, MULTI_TASK, MLM)
        self.in_file(
            [
                f"{name}: {where}: unknown task {name!r}{nearest(name, known)}"
                for name, where in dict.fromkeys(named)
                if name not in known and name not in special
            ]
        )
        columns = [*_COLUMNS, *(f"{d.name}_distance" for d in study.task_distances)]
        columns += [f"{kind}_distance" for kind in study.language_distance_names]
        self.in_file([f"{h.id}: {said}" for h in study.every for said in h.unknown_columns(columns)])

    def results(self) -> None:
        """Check results against what the study asks of them."""
        assert self.given.results is not None
        if not self.given.results.is_file():
            return  # said already
        table = read_table(self.given.results, self.catalogue)
        selected = select_rows(self.study, table, self.catalogue)
        if any(hypothesis.needs_baseline for hypothesis in self.study.hypotheses):
            self.add(without_baseline(selected.comparable))
        extent = extent_of_table(selected.comparable)
        self.extent(extent)
        self.task_distances(selected.table)
        if not self.problems:  # what is wrong already would be found again
            self.runnable(selected)

    def runnable(self, selected: Selected) -> None:
        """Look at what the tests will be made on: the rows joined with distances, any where task distances are not given."""
        study, _ = with_groups_of(self.study, selected.comparable)
        given = {name: DistanceMatrix.read(path) for name, path in self.given.matrices(study).items()}
        frame, rng = selected.comparable.frame, np.random.default_rng(study.seed)
        tasks = sorted({*frame["condition"].astype(str).map(task_of), *frame["target"].astype(str)})
        drawn = {
            distance.name: DistanceMatrix(pd.DataFrame(rng.random((len(tasks), len(tasks))), tasks, tasks), "any")
            for distance in study.task_distances
            if distance.name not in given
        }
        languages = StudyInputs(study, self.given, self.catalogue, selected.table).of_languages()
        none = read_covariates(study, None)
        material, _ = joined_with(study, selected, {**given, **drawn, **languages}, none, self.catalogue)
        self.in_file([f"{h.id}: {said}" for h in study.hypotheses for said in h.problems_on(material)])

    def grid(self) -> None:
        """Check what the scale trains against what the study asks of it."""
        scale = self.study.scale
        assert scale is not None
        extent = extent_of_grid(self.study, self.catalogue)
        self.extent(extent)
        tested = {code for codes in extent.languages.values() for code in codes}
        self.in_file(
            [
                f"{code}: languages: no target of the grid is tested in it"
                for code in scale.grid.languages
                if code not in tested
            ]
        )
        from transfer_analysis.training.recipes import recipe

        for model in scale.models():
            self.guarded(lambda m=model: recipe(**scale.recipe_of(m)))  # type: ignore[misc]
        if scale.simulated is not None:
            from transfer_analysis.studies.simulated import simulation

            settings, _ = simulation(self.study)
            world = settings.world()
            for code in settings.languages:
                self.guarded(lambda c=code: world.language(c))  # type: ignore[misc]

    def extent(self, extent: Extent) -> None:
        """Check that what is named is there, that tests have values enough, and languages a typology."""
        study = self.study
        self.in_file(
            [*absent(study, extent, study.hypotheses), *too_few(study, extent, self.catalogue, study.hypotheses)]
        )
        further = [
            *absent(study.model_copy(update={"targets": ()}), extent, study.exploratory),
            *too_few(study, extent, self.catalogue, study.exploratory),
        ]
        self.remarks += [f"exploratory, and not run: {said}" for said in further]
        known = sorted({code for codes in extent.languages.values() for code in codes} | {self.study.source_language})
        for code in known:
            self.guarded(lambda c=code: resolve(c))  # type: ignore[misc]
        asked = self.study.scale.grid.languages if self.study.scale is not None else ()
        for kind in self.study.language_distance_names:
            lacking = self.without_distance(kind, known)
            named = [code for code in lacking if code in asked]
            self.in_file([f"{code}: no {kind} distance from {self.study.source_language} is known" for code in named])
            rest = [code for code in lacking if code not in named]
            if rest:
                self.remarks.append(
                    f"no {kind} distance from {self.study.source_language} is known for {', '.join(rest)}: excluded from its tests"
                )

    def without_distance(self, kind: str, known: Sequence[str]) -> list[str]:
        """Return the languages without a distance of a kind from the source language."""
        path = self.given.language_distances.get(kind)
        if path is None:
            declared = next(one for one in self.study.language_distances if one.name == kind)
            found = declared.compute(known, self.study.min_shared_features).values
        elif path.is_file():
            found = DistanceMatrix.read(path).values.reindex(index=known, columns=known)
        else:
            return []  # said already
        return [code for code in known if not np.isfinite(found.at[self.study.source_language, code])]

    def task_distances(self, table: TransferTable) -> None:
        """Check that the distances of the study can be made of the tasks of the results."""
        frame = table.frame
        tasks = {task_of(str(name)) for name in frame["condition"].unique()} | set(frame["target"])
        self.computable(sorted(task for task in tasks if task in self.catalogue))

    def computable(self, tasks: list[str]) -> None:
        """Check that every task has text that distances can be made of."""
        self.given_ones(tasks)
        made = {d.name for d in self.study.task_distances} - set(self.given.matrices(self.study))
        if not made or self.given.examples is not None:
            return
        corpus = self.given.corpus(self.catalogue) if self.located else None
        catalogue = as_trained(self.study, self.catalogue)
        if corpus is not None and HUB in self.given.corpora:
            from transfer_analysis.training.reading.needed import needed_for_distances

            self.guarded(lambda: self.there(needed_for_distances(corpus, catalogue, tasks, self.study.source_language)))
        elif corpus is not None:
            self.guarded(lambda: corpus_examples(corpus, catalogue, tasks, self.study.source_language, 20))
        if corpus is not None:
            return
        self.in_file(
            [
                f"{task}: no {min(made)} distance: the catalogue does not say which columns hold its text"
                for task in tasks
                if not self.catalogue[task].columns and not self.catalogue[task].parts
            ]
        )

    def there(self, needs: list[Need], report: Report = silent) -> None:
        """Ask whether what is needed is there, where it lies on the hub."""
        corpus = self.given.corpus(self.catalogue)
        assert corpus is not None
        found = require_there(corpus, needs, report)
        self.remarks += list(dict.fromkeys(found.untested))
        if found.unasked:
            self.remarks.append(
                f"not checked, as the hub cannot be reached or is busy: {len(found.unasked)} data sets, such as "
                f"{found.unasked[0]}"
            )

    def given_ones(self, tasks: list[str]) -> None:
        """Check that matrices that are given know the tasks."""
        for name, path in self.given.matrices(self.study).items():
            if path.is_file():
                matrix = DistanceMatrix.read(path)
                unknown = [task for task in tasks if task not in matrix.rows and task not in matrix.columns]
                if len(unknown) == len(tasks):
                    self.add([f"--task-distances {path.name}: knows none of the tasks, {', '.join(tasks)}"])
                elif unknown:
                    self.remarks.append(f"{path.name}: knows no {name} distance of {', '.join(unknown)}")

    def diversity(self) -> None:
        """Check that a table of diversity has the measures that are asked for."""
        given = self.given.diversity
        if given is not None and given.is_file():
            table = read_diversity(given)
            self.add(
                [
                    f"--diversity {given.name}: has no {measure}; it has {', '.join(sorted(table['measure'].unique()))}"
                    for measure in sorted(self.study.asks_for_diversity - set(table["measure"]))
                ]
            )

    def examples(self, report: Report) -> None:
        """Read and tokenize what the grid needs, where it is at hand."""
        scale, given = self.study.scale, self.given
        assert scale is not None
        if scale.simulated is not None:
            return
        named = (*map(task_of, scale.grid.conditions), *scale.grid.targets)
        self.computable([task for task in dict.fromkeys(named) if task in self.catalogue])
        corpus = given.corpus(self.catalogue)
        if corpus is None or not self.located:
            self.remarks.append("examples were not looked at: say where they are with --from FOLDER or --from hub")
            return
        if HUB in given.corpora:
            from transfer_analysis.training.reading.needed import needed

            self.guarded(lambda: self.there(needed(corpus, self.catalogue, scale.grid), report))
            for encoder in scale.encoders.values():
                self.guarded(lambda e=encoder: self.remarks.extend(check_encoder(e.source)))  # type: ignore[misc]
            self.remarks.append(
                "examples were not read: `corpora fetch`, then --from FOLDER, reads and tokenizes all of them"
            )
            return
        from transfer_analysis.training.recipes import recipe
        from transfer_analysis.training.runs.execute import check_setting
        from transfer_analysis.training.session import Setting

        with tempfile.TemporaryDirectory(prefix="transfer-analysis-") as folder:
            for model, encoder in scale.encoders.items():
                setting = Setting(
                    corpus,
                    self.catalogue,
                    encoder.source,
                    model,
                    scale.grid,
                    recipe(**scale.recipe_of(model)),
                    Path(folder),
                    origin_of(given.corpora),
                )
                try:
                    remarks, _ = check_setting(setting, report)
                    self.remarks += [remark for remark in remarks if remark not in self.remarks]
                except InputError as error:
                    self.add([f"{model}: {problem}" for problem in error.problems])
