"""A contrast with its error: a test, an interval, a test of equivalence, and its difference from another contrast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from transfer_analysis.errors import InputError
from transfer_analysis.statistics.outcome import Alternative, Outcome, freedom, number, require_alternative


@dataclass(frozen=True)
class Contrast:
    """A difference, or another combination of means, whose error follows t.

    Attributes
    ----------
    name
        What is estimated, in words.
    estimate, std_error, df
        With df degrees of freedom.
    n, unit
        How many independent units there are, and what they are.
    method, assumptions, notes
        How it was made, what it rests on, and what to know before quoting it.
    """

    name: str
    estimate: float
    std_error: float
    df: float
    n: int
    unit: str
    method: str
    assumptions: tuple[str, ...] = ("effects and residuals are normal",)
    notes: tuple[str, ...] = ()

    def outcome(self, alternative: Alternative = "two-sided", confidence: float = 0.95) -> Outcome:
        """Return the test that it is zero.

        t = estimate / std_error (Student 1908); the interval is two-sided.
        """
        require_alternative(alternative)
        statistic = self._over_error(self.estimate)
        p = {
            "two-sided": 2 * student.sf(abs(statistic), self.df),
            "greater": student.sf(statistic, self.df),
            "less": student.cdf(statistic, self.df),
        }[alternative]
        low, high = self.interval(confidence)
        critical = student.ppf(0.975 if alternative == "two-sided" else 0.95, self.df)
        return Outcome(
            statistic=self.name,
            estimate=self.estimate,
            low=low,
            high=high,
            confidence=confidence,
            interval_method="t",
            p_value=float(p),
            alternative=alternative,
            null=f"no difference, {freedom(self.df)}",
            minimum_detectable=float((critical + student.ppf(0.8, self.df)) * self.std_error),
            n=self.n,
            unit=self.unit,
            method=self.method,
            assumptions=self.assumptions,
            warnings=self.notes,
        )

    def equivalence(self, margin: float, alpha: float = 0.05) -> Outcome:
        """Return the test that it lies within ±margin, declared beforehand, by two one-sided tests.

        The minimum detectable effect is here the smallest margin that 80% of such studies would establish if there were
        no difference. p is the larger of those of estimate ≤ −margin and of estimate ≥ margin (Schuirmann 1987, Journal
        of Pharmacokinetics and Biopharmaceutics 15); it is below α exactly where the interval of level 1 − 2α, which is
        given, lies inside the margin. The size of the test is α at the margin itself, and less within.

        Raises
        ------
        InputError
            For a margin that is not positive.
        """
        if not (np.isfinite(margin) and margin > 0):
            raise InputError(f"margin {margin}: the margin of equivalence must be positive, and declared beforehand")
        above = student.sf(self._over_error(self.estimate + margin), self.df)
        below = student.cdf(self._over_error(self.estimate - margin), self.df)
        low, high = self.interval(1 - 2 * alpha)
        return Outcome(
            statistic=f"{self.name}, for equivalence within ±{number(margin)},",
            estimate=self.estimate,
            low=low,
            high=high,
            confidence=1 - 2 * alpha,
            interval_method="t",
            p_value=float(max(above, below)),
            null=f"a difference of {number(margin)} or more, two one-sided tests, {freedom(self.df)}",
            margin=margin,
            minimum_detectable=float((student.ppf(1 - alpha, self.df) + student.ppf(0.9, self.df)) * self.std_error),
            n=self.n,
            unit=self.unit,
            method=f"{self.method}; two one-sided tests",
            assumptions=self.assumptions,
            warnings=self.notes,
        )

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return estimate ± t · std_error."""
        reach = float(student.ppf((1 + confidence) / 2, self.df)) * self.std_error
        return self.estimate - reach, self.estimate + reach

    def minus(self, other: Contrast, name: str) -> Contrast:
        """Return the difference from an independent contrast (the same one in another encoder, say).

        Its error is √(s₁² + s₂²) with the degrees of freedom of Welch (1947, Biometrika 34). Not for contrasts of the
        same runs, languages or tasks, whose errors are shared: use a model.
        """
        squares = self.std_error**2, other.std_error**2
        if sum(squares) == 0:
            raise InputError(f"{name}: neither contrast has an error to compare them by")
        spread = squares[0] ** 2 / self.df + squares[1] ** 2 / other.df
        df = sum(squares) ** 2 / spread if spread > 0 else np.inf
        return replace(
            self,
            name=name,
            estimate=self.estimate - other.estimate,
            std_error=float(np.sqrt(sum(squares))),
            df=df,
            n=self.n + other.n,
            method=f"difference of two independent contrasts ({self.method})",
            assumptions=(*self.assumptions, "the two are independent"),
        )

    def _over_error(self, value: float) -> float:
        if self.std_error > 0:
            return value / self.std_error
        return float(np.copysign(np.inf, value)) if value else 0.0
