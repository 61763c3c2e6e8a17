"""Conditions: what came between initialisation and target training, as names that can be read and taken apart."""

from __future__ import annotations

from dataclasses import dataclass

from transfer_analysis.errors import InputError

#: Conditions that are no single task: nothing, several tasks at once, language modelling alone.
NONE, MULTI_TASK, MLM = "none", "multi-task", "mlm"

_MIXED_IN = "+mlm"


@dataclass(frozen=True)
class Condition:
    """One condition.

    Attributes
    ----------
    base
        `none`, `multi-task`, `mlm` or the name of an intermediate task.
    language
        Language that the intermediate data were translated into; empty for the source language.
    with_mlm
        Whether masked language modelling is mixed in.
    """

    base: str
    language: str = ""
    with_mlm: bool = False

    @property
    def reads_text(self) -> bool:
        """Whether language modelling is part of it, alone or mixed in."""
        return self.base == MLM or self.with_mlm

    def __str__(self) -> str:
        language = f"@{self.language}" if self.language else ""
        return f"{self.base}{language}{_MIXED_IN if self.with_mlm else ''}"


def parse_condition(name: str) -> Condition:
    """Take a condition's name apart: `squad`, `squad+mlm`, `squad@de` (translated), `multi-task+mlm`.

    Raises
    ------
    InputError
        For a name that no condition can have.
    """
    rest = name.removesuffix(_MIXED_IN)
    base, at, language = rest.partition("@")
    condition = Condition(base, language, rest != name)
    if not name:
        raise InputError(
            f"is empty; the condition without an intermediate task is called {NONE!r} (import it with --baseline '')"
        )
    if not base or (at and not language):
        raise InputError(f"condition {name!r}: expected a task, task@language, or either with +mlm")
    if condition.with_mlm and base in (NONE, MLM):
        raise InputError(f"condition {name!r}: language modelling alone is the condition {MLM!r}")
    if language and base in (NONE, MLM):
        raise InputError(f"condition {name!r}: {base} has no training examples that could be translated")
    return condition


def task_of(condition: str) -> str:
    """Return the intermediate task of a condition, whatever its language and whatever is mixed in.

    >>> task_of("squad@de+mlm")
    'squad'
    """
    return condition.removesuffix(_MIXED_IN).partition("@")[0]
