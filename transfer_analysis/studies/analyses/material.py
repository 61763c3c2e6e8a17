"""What the tests of a study work on."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd

from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.observations import Observations, observe
from transfer_analysis.results import Gains
from transfer_analysis.studies.analyses.hypothesis import Which
from transfer_analysis.tasks import Catalogue, load_catalogue
from transfer_analysis.tasks.conditions import NONE

if TYPE_CHECKING:
    from transfer_analysis.studies.selected import Selected
    from transfer_analysis.studies.study import Study

T = TypeVar("T")


@dataclass(frozen=True)
class Material:
    """What the tests of a study work on.

    Attributes
    ----------
    gains, scores
        Joined rows with gains (None where the results have no conditions) and with scores of all conditions.
    selected
        The rows before the join, those of other initialisations, and the floors.
    distances
        The matrices by name.
    covariates
        Properties of languages, one row per language code.
    catalogue
        Known tasks, a person's own among them.
    all_gains
        Gains before the join, with the scores that have none.
    diversity
        Diversity of the intermediate tasks' examples: `task`, `measure`, `value`; empty where no hypothesis asks for it.
    """

    study: Study
    gains: Observations | None
    scores: Observations
    selected: Selected
    distances: dict[str, DistanceMatrix]
    covariates: pd.DataFrame
    catalogue: Catalogue = field(default_factory=load_catalogue)
    all_gains: Gains | None = None
    diversity: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["task", "measure", "value"]))
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what several tests, figures or tables need, made the first time that it is asked for."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    @property
    def comparable(self) -> pd.DataFrame:
        """The scores of every initialisation, with what overlaps marked."""
        return self.once("comparable", lambda: observe(self.selected.comparable.frame, catalogue=self.catalogue).frame)

    def family(self, task: str) -> str:
        """Return the family of a task, `other` where it is not known."""
        return self.catalogue.family(task) or "other"

    def observations(self, which: Which) -> Observations:
        """Return the joined rows with gains, or those with scores of all conditions.

        Raises
        ------
        InputError
            Where gains are wanted and the results have none.
        """
        found = self.gains if which == "gain" else self.scores
        if found is None:
            raise InputError(f"the results have no gains: rows with condition {NONE} are missing")
        return found

    def task_distance(self, name: str | None = None) -> str:
        """Return the name of a task distance of the study, that of the first where none is asked for."""
        return name or self.study.first_distance
