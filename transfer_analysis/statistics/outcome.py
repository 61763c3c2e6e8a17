"""The answer to one question."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from html import escape
from typing import Any, Literal

import pandas as pd

from transfer_analysis.errors import InputError

Alternative = Literal["two-sided", "less", "greater"]
ALTERNATIVES: tuple[Alternative, ...] = ("two-sided", "less", "greater")


@dataclass(frozen=True)
class Written:
    """The numbers of an outcome as text."""

    estimate: str
    low: str
    high: str
    random_selection: str
    spread: str


@dataclass(frozen=True)
class Outcome:
    """The frozen result of one procedure.

    Attributes
    ----------
    statistic
        What was estimated, in words.
    estimate, low, high
        The estimate and its interval at level `confidence` (None where no interval can be given).
    interval_method
        How the interval was made.
    p_value, alternative, null
        The p-value (None for a description), its alternative, and the null it comes from.
    attainable_p
        The smallest p-value the procedure could have given on these data.
    n, unit
        How many independent units there are, and what they are.
    minimum_detectable
        Size of effect that the procedure detects with a power of 80% at 5%, from the spread of its null.
    attainable_effect
        How far from random selection the statistic could have come at most, where the data bound it.
    margin
        Of a test of equivalence.
    random_selection, random_selection_spread
        Level and standard deviation of the statistic under enumerated random choice, where that is the comparison.
    method
        The procedure.
    assumptions, warnings
        What it rests on, and what to know before quoting it.

    Examples
    --------
    >>> found = Outcome("mean difference, in points,", 2.04, 5, "seeds", "t-test", low=0.0801, high=4.0, p_value=0.043)
    >>> print(found)
    Mean difference, in points, 2.04; 95% interval 0.08 to 4.00; p = .043, two-sided; n = 5 seeds.
    """

    statistic: str
    estimate: float
    n: int
    unit: str
    method: str
    low: float | None = None
    high: float | None = None
    confidence: float = 0.95
    interval_method: str = ""
    p_value: float | None = None
    alternative: Alternative = "two-sided"
    null: str = ""
    attainable_p: float | None = None
    minimum_detectable: float | None = None
    attainable_effect: float | None = None
    margin: float | None = None
    random_selection: float | None = None
    random_selection_spread: float | None = None
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def detectable(self) -> float | None:
        """The minimum detectable effect, None where it is more than any outcome on these data could have shown."""
        smallest, most = self.minimum_detectable, self.attainable_effect
        return None if smallest is not None and most is not None and smallest > most else smallest

    def noting(self, *notes: str) -> Outcome:
        """Return the outcome with further warnings before its own."""
        return replace(self, warnings=(*notes, *self.warnings))

    def tidy(self) -> pd.DataFrame:
        """Return one row with every field; assumptions and warnings are joined with `; `."""
        fields: dict[str, Any] = asdict(self)
        for name in ("assumptions", "warnings"):
            fields[name] = "; ".join(fields[name])
        return pd.DataFrame([fields])

    def __str__(self) -> str:
        """Return a sentence fit for a paper."""
        text = self.numbers()
        return f"{text[0].upper()}{text[1:]}."

    def sentence(self, style: Literal["results", "methods"] = "results") -> str:
        """Return it as a paragraph of a paper has it: what came out, or how it was found.

        Raises
        ------
        InputError
            For another style.

        Examples
        --------
        >>> found = Outcome("mean difference, in points,", 2.04, 5, "seeds", "a t-test over seeds", low=0.08, high=4.0,
        ...                 interval_method="t", p_value=0.043, null="no difference")
        >>> print(found.sentence())
        The mean difference, in points, was 2.04 (95% CI [0.08, 4.00], p = .043, two-sided; n = 5 seeds).
        >>> print(found.sentence("methods"))
        The mean difference, in points, was tested as follows: a t-test over seeds. The unit of inference is seeds (n = 5). The p-value is two-sided; its null is no difference. The 95% interval is by t.
        """
        if style == "results":
            return self._results()
        if style == "methods":
            return self._methods()
        raise InputError(f"style {style!r}: expected results or methods")

    def _results(self) -> str:
        said = self.written()
        inside = []
        if said.low:
            inside.append(f"{self.confidence:.0%} CI [{said.low}, {said.high}]")
        if self.p_value is not None:
            tail = (
                "" if self.margin is not None else ", two-sided" if self.alternative == "two-sided" else ", one-sided"
            )
            inside.append(f"{p_text(self.p_value)}{tail}")
        beside = ""
        if said.random_selection:
            spread = f" (SD {said.spread})" if said.spread else ""
            beside = f", beside {said.random_selection}{spread} under random selection"
        told = f"{', '.join(inside)}; " if inside else ""
        return f"The {_inside(self.statistic)} was {said.estimate}{beside} ({told}n = {self.n} {self.unit})."

    def _methods(self) -> str:
        tested = "tested" if self.p_value is not None else "estimated"
        parts = [f"The {_inside(self.statistic)} was {tested} as follows: {self.method}."]
        parts.append(f"The unit of inference is {self.unit} (n = {self.n}).")
        if self.p_value is not None:
            sided = "two-sided" if self.alternative == "two-sided" else f"one-sided ({self.alternative})"
            null = f"; its null is {self.null}" if self.null else ""
            least = f", and the smallest that could come out is {self.attainable_p:.2g}" if self.attainable_p else ""
            parts.append(f"The p-value is {sided}{null}{least}.")
        if self.interval_method:
            parts.append(f"The {self.confidence:.0%} interval is by {self.interval_method}.")
        if self.assumptions:
            parts.append(f"This assumes that {'; that '.join(self.assumptions)}.")
        return " ".join(parts)

    def _repr_html_(self) -> str:
        """Return it as notebooks show it."""
        notes = "".join(f"<li>{escape(text)}</li>" for text in self.warnings)
        return f"<p>{escape(str(self))}</p><p>{escape(self.method)}</p>{f'<ul>{notes}</ul>' if notes else ''}"

    def numbers(self) -> str:
        """Return the statistic with its numbers, for use inside a sentence."""
        inside, said = [], self.written()
        if said.low:
            sides = "" if self.alternative == "two-sided" else "two-sided "
            inside.append(f"{sides}{self.confidence:.0%} interval {said.low} to {said.high}")
        if said.random_selection:
            spread = f" (SD {said.spread})" if said.spread else ""
            inside.append(f"random selection {said.random_selection}{spread}")
        if self.p_value is not None:
            tail = ", two-sided" if self.alternative == "two-sided" else ", one-sided"
            # A test of equivalence is two tests, and its null says so.
            inside.append(p_text(self.p_value) + (tail if self.margin is None else ""))
            if self.null:
                inside.append(f"null: {self.null}")
        inside.append(f"n = {self.n} {self.unit}")
        return f"{self.statistic} {said.estimate}; {'; '.join(inside)}"

    def written(self) -> Written:
        """Return the estimate and what is read beside it as text, all to the same decimals; empty where there is none."""
        has_interval = self.low is not None and self.high is not None
        beside = (self.low, self.high) if has_interval else (None, None)
        return Written(*alike(self.estimate, *beside, self.random_selection, self.random_selection_spread))


def _inside(text: str) -> str:
    """Return words as they stand inside a sentence: names and symbols keep their capitals."""
    first = text.split(" ")[0]
    return text if any(letter.isupper() for letter in first[1:]) or len(first) < 2 else text[0].lower() + text[1:]


def require_alternative(alternative: str) -> None:
    """Refuse an alternative that there is not."""
    if alternative not in ALTERNATIVES:
        raise InputError(f"alternative {alternative!r}: expected two-sided, greater or less")


def number(value: float) -> str:
    """Write a number with three significant digits and a true minus sign."""
    digits = f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return digits.replace("-", "\u2212")


def alike(*values: float | None) -> list[str]:
    """Write numbers that are read side by side: to the same decimals, three significant digits of the largest.

    >>> alike(2.04, 0.0801, 4.0, None)
    ['2.04', '0.08', '4.00', '']
    """
    largest = max((abs(value) for value in values if value is not None and math.isfinite(value)), default=0.0)
    if largest < 1e-3:  # decimals would be zeros
        return ["" if value is None else number(value) for value in values]
    decimals = max(0, 2 - math.floor(math.log10(largest)))
    return ["" if value is None else _signed(f"{value:.{decimals}f}") for value in values]


def _signed(digits: str) -> str:
    """Return digits with a true minus sign, and none before a zero."""
    return digits.removeprefix("-") if not digits.strip("-0.") else digits.replace("-", "\u2212")


def freedom(df: float) -> str:
    """Say which t it is: with how many degrees of freedom, or the normal."""
    if not df < 1e6:
        return "normal"
    return f"t with {number(df)} degree{'' if number(df) == '1' else 's'} of freedom"


def p_text(p: float) -> str:
    """Write a p-value as papers do: `p = .032`, `p < .001`."""
    if p < 0.001:
        return "p < .001"
    # Three decimals could write a p-value on one side of .05 as if it were on the other.
    digits = 4 if 0.0495 <= p < 0.0505 else 3
    return f"p = {p:.{digits}f}".replace("0.", ".", 1)
