"""Several places of examples, of which the first that has a task serves it."""

from __future__ import annotations

from dataclasses import dataclass

from transfer_analysis.corpora.folder import FolderCorpus
from transfer_analysis.corpora.hub import HubCorpus
from transfer_analysis.corpora.records import Record, Sample
from transfer_analysis.errors import MissingError


@dataclass(frozen=True)
class SeveralCorpora:
    """Places of examples in the order in which they are asked."""

    places: tuple[FolderCorpus | HubCorpus, ...]

    def examples(self, task: str, language: str, split: str, count: int | None = None) -> list[Record]:
        """Return examples of a task, the first `count` or all, from the place that serves it."""
        return self.of(task).examples(task, language, split, count)

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return a random sample of a split from the place that serves the task."""
        return self.of(task).sample(task, language, split, count, seed)

    def languages(self, task: str) -> list[str]:
        """Return the languages that a task has examples in, at the place that serves it."""
        return self.of(task).languages(task)

    def revision(self, task: str, language: str) -> str:
        """Return data set and commit of a task's examples, where they have one; else nothing."""
        return self.of(task).revision(task, language)

    def of(self, task: str) -> FolderCorpus | HubCorpus:
        """Return the place that serves a task.

        Raises
        ------
        MissingError
            Where none has it.
        """
        for place in self.places:
            if place.has(task):
                return place
        names = [place.path.name if isinstance(place, FolderCorpus) else "the hub" for place in self.places]
        raise MissingError(f"{task}: neither {' nor '.join(names)} has it")
