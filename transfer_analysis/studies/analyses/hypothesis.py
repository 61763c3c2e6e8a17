"""What every analysis that a study file can declare is: its fields, its needs, and how it runs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from transfer_analysis.errors import nearest
from transfer_analysis.statistics import Outcome
from transfer_analysis.studies.declared import Declared

if TYPE_CHECKING:
    from transfer_analysis.studies.analyses.material import Material
    from transfer_analysis.studies.extent import Extent
    from transfer_analysis.studies.study import Study
    from transfer_analysis.tasks import Catalogue

Which = Literal["gain", "score"]

#: A test whose unit has fewer values says nothing.
FEWEST = 3


class Hypothesis(Declared):
    """One analysis that a study declares: a name, a sentence, and what it asks.

    A kind of analysis is one class: its fields with their documentation, what it needs of a study and of a grid, how it
    runs and what the axis of its estimate says. Others add theirs under the entry point `transfer_analysis.analyses`; the
    field `analysis`, a Literal, is its name in study files.
    """

    #: What the axis of its estimate says; empty where it is drawn nowhere.
    axis: ClassVar[str] = ""

    #: Whether it describes and tests nothing, so that it can be listed as exploratory only.
    descriptive: ClassVar[bool] = False

    analysis: str
    """Which analysis it is."""
    id: str = Field(pattern=r"^[a-z0-9-]+$", examples=["my-hypothesis"])
    """What tables, figures and messages call it: small letters, digits and hyphens."""
    statement: str = Field(examples=["What I expect, in a sentence."])
    """A sentence that the test supports or does not. A model that it names is renamed where a scale renames it."""

    @abstractmethod
    def run(self, material: Material) -> Outcome:
        """Return what comes out.

        Raises
        ------
        InputError
            Where the material does not suffice, saying what is lacking.
        """

    def undeclared(self, study: Study) -> Iterator[str]:
        """Yield what it asks for that the study file does not declare."""
        yield from ()

    def absent(self, study: Study, extent: Extent) -> Iterator[str]:
        """Yield what it names that there is none of, or will be none of."""
        if self.on_targets and not set(self.on_targets) & set(extent.targets):
            yield f"targets: there is none of {', '.join(self.on_targets)}"

    def too_few(self, study: Study, extent: Extent, catalogue: Catalogue) -> Iterator[str]:
        """Yield what there are too few of for the test to say anything, or to reach α."""
        yield from ()

    def unknown_columns(self, columns: Sequence[str]) -> Iterator[str]:
        """Yield what it names that is no column of the joined rows."""
        yield from ()

    def problems_on(self, material: Material) -> Iterator[str]:
        """Yield why it cannot be run on joined rows, as far as that is known without running it.

        Task distances may stand for others here: their values say nothing.
        """
        yield from ()

    def power(
        self, study: Study, extent: Extent, catalogue: Catalogue
    ) -> tuple[str, Mapping[str, Sequence[int]]] | None:
        """Return the question that `power` simulates for it, and the sizes; None where there is none."""
        return None

    @property
    def on_targets(self) -> tuple[str, ...]:
        """The targets that it names."""
        return ()

    @property
    def compared(self) -> tuple[str, ...]:
        """The groups of conditions that it compares."""
        return ()

    @property
    def adjusts_for(self) -> tuple[str, ...]:
        """The covariates of languages that it adjusts for."""
        return ()

    @property
    def diversities(self) -> tuple[str, ...]:
        """The measures of diversity that it asks for."""
        return ()

    @property
    def initialisations(self) -> tuple[str, ...]:
        """The initialisations that it asks for besides the study's own."""
        return ()

    @property
    def needs_baseline(self) -> bool:
        """Whether it is on gains, or compares with no intermediate task."""
        return False


class OfRows(Hypothesis):
    """An analysis of some rows of the results."""

    targets: tuple[str, ...] = ()
    """Targets that count; all there are where empty."""
    model: str | None = None
    """The model that counts; all together where not given, which is said."""

    @property
    def on_targets(self) -> tuple[str, ...]:
        """The targets that it names."""
        return self.targets

    def absent(self, study: Study, extent: Extent) -> Iterator[str]:
        """Yield the targets and the model that there are not."""
        yield from super().absent(study, extent)
        if self.model and self.model not in extent.models:
            yield f"model: there is no {self.model!r}; there are {', '.join(extent.models)}"


def undeclared_distance(name: str, known: Sequence[str], where: str) -> Iterator[str]:
    """Yield that a distance is not among those of a study, if it is not."""
    if name not in known:
        yield f"the distance {name!r} is not among {where}{nearest(name, known)}"
