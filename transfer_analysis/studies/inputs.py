"""What a study's results are joined with: distances and diversity, given or made of examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.distances.embeddings.encoders import TextEncoder
from transfer_analysis.distances.inputs import Inputs
from transfer_analysis.distances.kinds import task_distances
from transfer_analysis.distances.tasks.examples import TaskExamples, corpus_examples, read_labelled_examples
from transfer_analysis.progress import Report
from transfer_analysis.results import TransferTable
from transfer_analysis.studies.covariates import read_diversity
from transfer_analysis.studies.given import Given
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import Catalogue
from transfer_analysis.tasks.conditions import task_of

#: Measures of diversity that rest on embeddings.
_EMBEDDED = ("vendi",)


@dataclass(frozen=True)
class StudyInputs:
    """Makes each thing once; what is given is read, the rest is of examples."""

    study: Study
    given: Given
    catalogue: Catalogue
    table: TransferTable

    def distances(self) -> dict[str, DistanceMatrix]:
        """Return the distances of tasks and languages by their names."""
        study, given = self.study, self.given
        matrices = {name: DistanceMatrix.read(path) for name, path in given.matrices(study).items()}
        computed = [distance for distance in study.task_distances if distance.name not in matrices]
        if computed:
            inputs = Inputs(self.examples, lambda: self.encoder, seed=study.seed)
            matrices |= {distance.name: task_distances(distance.kind, inputs) for distance in computed}
        return {name: matrix.as_written() for name, matrix in {**matrices, **self.of_languages()}.items()}

    def of_languages(self) -> dict[str, DistanceMatrix]:
        """Return the distances of languages by their names."""
        languages = sorted({*self.table.frame["source_language"], *self.table.frame["language"]})
        given, least = self.given.language_distances, self.study.min_shared_features
        return {
            one.name: DistanceMatrix.read(given[one.name]) if one.name in given else one.compute(languages, least)
            for one in self.study.language_distances
        }

    def diversity(self, report: Report) -> pd.DataFrame:
        """Return the diversity of the intermediate tasks, where a hypothesis asks for it."""
        if not self.study.asks_for_diversity:
            return pd.DataFrame(columns=["task", "measure", "value"])
        if self.given.diversity is not None:
            return read_diversity(self.given.diversity)
        from transfer_analysis.distances.diversity.table import diversity_table

        tasks = set(self._conditions())
        examples = {name: found for name, found in self.examples.items() if name in tasks}
        encoder = self.encoder if self.study.asks_for_diversity & set(_EMBEDDED) else None
        return diversity_table(examples, encoder, report=report)

    @cached_property
    def examples(self) -> Mapping[str, TaskExamples]:
        """Examples of the tasks: those given, of corpora, or of the simulated world."""
        if self.given.examples is not None:
            return read_labelled_examples(self.given.examples)
        count = self.study.examples_per_task
        corpus = self.given.corpus(self.catalogue)
        if corpus is not None:
            names = [*self._conditions(), *sorted(self.table.frame["target"].unique())]
            catalogue = as_trained(self.study, self.catalogue)
            return corpus_examples(corpus, catalogue, names, self.study.source_language, count, self.study.seed)
        from transfer_analysis.studies.simulated import simulated_glosses

        return {name: TaskExamples(name, texts) for name, texts in simulated_glosses(self.study, count).items()}

    @cached_property
    def encoder(self) -> TextEncoder:
        """The sentence encoder; it takes seconds to load, and not every kind needs it."""
        from transfer_analysis.distances.embeddings.encoders import load_sentence_encoder

        return load_sentence_encoder(self.given.encoder)

    def _conditions(self) -> list[str]:
        """Return the single intermediate tasks of the results."""
        named = (task_of(str(condition)) for condition in self.table.frame["condition"].unique())
        return sorted({name for name in named if name in self.catalogue})


def as_trained(study: Study, catalogue: Catalogue) -> Catalogue:
    """Return the catalogue with composite tasks (ANLI+) made of what the study's scale trains in their place."""
    tasks = {task.name: task for task in catalogue}
    if study.scale is None:
        return catalogue
    for name in study.scale.grid.substitutes:
        if name in tasks and tasks[name].parts:
            parts = tuple(used.partition("/")[0] for turn in study.scale.grid.substituted(name) for used in turn)
            tasks[name] = tasks[name].model_copy(update={"parts": parts})
    return Catalogue(tasks)
