"""The analyses that a study file can declare, each one class: its fields, its needs, and how it runs."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Union, get_args

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from transfer_analysis.extensions import extended
from transfer_analysis.studies.analyses.conditions import ConditionEffect, GroupContrast, MixedModel
from transfer_analysis.studies.analyses.hypothesis import Hypothesis
from transfer_analysis.studies.analyses.languages import (
    LanguagePairAssociation,
    LanguageRegression,
    LanguageSelection,
)
from transfer_analysis.studies.analyses.slopes import DiverseChoice, DiverseSlopes, GroupSlopes
from transfer_analysis.studies.analyses.tasks import (
    PooledTaskAssociation,
    Specifications,
    TaskAssociation,
    TaskSelection,
)

__all__ = ["AnyHypothesis", "Hypothesis", "analyses"]

#: The entry point under which others add their analyses.
GROUP = "transfer_analysis.analyses"

_BUNDLED: tuple[type[Hypothesis], ...] = (
    TaskAssociation,
    PooledTaskAssociation,
    TaskSelection,
    Specifications,
    LanguageRegression,
    LanguagePairAssociation,
    LanguageSelection,
    ConditionEffect,
    GroupContrast,
    GroupSlopes,
    DiverseChoice,
    DiverseSlopes,
    MixedModel,
)


@cache
def analyses() -> dict[str, type[Hypothesis]]:
    """Return every analysis by its name in study files: the bundled ones, then those of other packages.

    Raises
    ------
    InputError
        For one of another package that is none, or takes a name that is taken.
    """
    return extended(
        _BUNDLED,
        GROUP,
        name=_name,
        fits=lambda kind: isinstance(kind, type) and issubclass(kind, Hypothesis) and "analysis" in kind.model_fields,
        noun="an analysis",
        expected="a class of Hypothesis with a field `analysis`",
    )


def _name(kind: type[Hypothesis]) -> str:
    """Return what study files call an analysis."""
    return str(get_args(kind.model_fields["analysis"].annotation)[0])


class _Registered:
    """Reads a hypothesis as the analysis that it names; what others add is looked up when the first study is read."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        every: Any = Union[tuple(analyses().values())]  # noqa: UP007  # made of a table, not written
        return handler.generate_schema(Annotated[every, Field(discriminator="analysis")])


#: A hypothesis of any registered analysis.
AnyHypothesis = Annotated[Hypothesis, _Registered()]
