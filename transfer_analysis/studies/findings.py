"""A hypothesis with what came out of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from transfer_analysis.statistics import Outcome
from transfer_analysis.statistics.outcome import number, p_text


@dataclass(frozen=True)
class Finding:
    """A hypothesis with its outcome.

    Attributes
    ----------
    adjusted_p
        Holm's over the declared hypotheses; None for exploratory ones.
    attainable_adjusted_p
        The smallest that `adjusted_p` could have been beside the other hypotheses as they came out; None where the
        procedure knows no smallest p-value.
    """

    id: str
    statement: str
    outcome: Outcome
    exploratory: bool
    adjusted_p: float | None
    alpha: float
    attainable_adjusted_p: float | None = None

    @classmethod
    def from_record(cls, record: dict[str, Any], alpha: float) -> Finding:
        """Return a finding as `outcomes.json` has it."""
        names = {field.name for field in fields(Outcome)}
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in record.items() if name in names
        }
        outcome = Outcome(**given)
        exploratory = record["verdict"] == "exploratory"
        adjusted, attainable = record["adjusted_p"], record["attainable_adjusted_p"]
        return cls(record["id"], record["statement"], outcome, exploratory, adjusted, alpha, attainable)

    @property
    def verdict(self) -> str:
        """Say in a word what came out; without a declared direction, which way it went."""
        if self.exploratory or self.adjusted_p is None:
            return "exploratory"
        if self.adjusted_p > self.alpha:
            return "not supported"
        if self.outcome.alternative == "two-sided" and self.outcome.margin is None:
            return "supported, positive" if self.outcome.estimate > 0 else "supported, negative"
        return "supported"

    def sentence(self) -> str:
        """Return the answer in two sentences: the statement with its verdict, and the numbers."""
        numbers = self.outcome.numbers()
        corrected = "" if self.adjusted_p is None else f"; {p_text(self.adjusted_p)} after Holm's correction"
        return (
            f"{self.verdict.capitalize()}: {self.statement.rstrip('.')}. {numbers[0].upper()}{numbers[1:]}{corrected}."
        )

    def limits(self) -> list[str]:
        """Say what a declared test that did not support its hypothesis cannot tell, and why."""
        outcome = self.outcome
        if self.exploratory or self.verdict.startswith("supported"):
            return []
        if outcome.attainable_p is not None and outcome.attainable_p > self.alpha:
            return [
                f"{self.id}: no outcome could have reached α: the smallest attainable p is {number(outcome.attainable_p)}."
            ]
        if self._other_way():
            return [f"{self.id}: the data speak against the hypothesis: {outcome.numbers()}."]
        if self.attainable_adjusted_p is not None and self.attainable_adjusted_p > self.alpha:
            smallest = p_text(self.attainable_adjusted_p)
            return [
                f"{self.id}: given the other hypotheses, no result could have reached α: at best {smallest} after Holm's correction."
            ]
        if outcome.p_value is not None and outcome.p_value <= self.alpha:
            return [
                f"{self.id}: {p_text(outcome.p_value)} by itself, and {p_text(self.adjusted_p or 1.0)} after Holm's correction over all "
                "that was declared: a larger study is needed. The interval is not corrected."
            ]
        said = []
        if (written := outcome.written()).low:
            said.append(f"values from {written.low} to {written.high} are compatible with the data")
        if outcome.minimum_detectable is not None:
            said.append(self._power(number(outcome.minimum_detectable)))
        missing = "; ".join(said) or "how large an effect may have gone unseen is not known"
        return [f"{self.id}: the test does not support the hypothesis, and this is not evidence against it: {missing}."]

    def _power(self, smallest: str) -> str:
        """Say what the smallest detectable effect means for this test."""
        outcome = self.outcome
        if outcome.detectable is None:
            most = number(outcome.attainable_effect or 0.0)
            return f"an effect of {smallest} would be needed for a power of 80%, and no choice among these tasks is farther than {most} from random selection"
        if outcome.margin is not None:
            return f"80% of such studies would establish a margin of {smallest} if there were no difference"
        return f"an effect of {smallest} is found in 80% of such studies at an uncorrected 5%, smaller ones more rarely"

    def _other_way(self) -> bool:
        """Whether the interval lies wholly on the other side of what a direction, or a margin of equivalence, allows."""
        outcome = self.outcome
        if outcome.low is None or outcome.high is None:
            return False
        if outcome.margin is not None:
            return outcome.low > outcome.margin or outcome.high < -outcome.margin
        # A selection is compared with random choice, not with zero.
        level = outcome.random_selection or 0.0
        return (outcome.alternative == "less" and outcome.low > level) or (
            outcome.alternative == "greater" and outcome.high < level
        )
