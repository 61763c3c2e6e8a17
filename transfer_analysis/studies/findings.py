"""A hypothesis with what came out of it."""

from __future__ import annotations

from dataclasses import dataclass

from transfer_analysis.statistics import Outcome
from transfer_analysis.statistics.outcome import p_text


@dataclass(frozen=True)
class Finding:
    """A hypothesis with its outcome; `adjusted_p` is Holm's over the declared hypotheses, None for exploratory ones."""

    id: str
    statement: str
    outcome: Outcome
    exploratory: bool
    adjusted_p: float | None
    alpha: float

    @property
    def verdict(self) -> str:
        """Say in a word what came out; without a declared direction, which way it went."""
        if self.exploratory or self.adjusted_p is None:
            return "exploratory"
        if self.adjusted_p > self.alpha:
            return "not supported"
        if self.outcome.alternative == "two-sided":
            return "supported, positive" if self.outcome.estimate > 0 else "supported, negative"
        return "supported"

    def sentence(self) -> str:
        """Return the statement, the verdict and the numbers as one sentence."""
        corrected = "" if self.adjusted_p is None else f"; after Holm's correction {p_text(self.adjusted_p)}"
        return f"{self.verdict.capitalize()}: {self.statement.rstrip('.')} ({self.outcome.numbers()}{corrected})."
