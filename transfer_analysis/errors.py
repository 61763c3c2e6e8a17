"""The one error a person sees: what is wrong, where, what was expected, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable


class InputError(Exception):
    """Something a person gave cannot be used as it is.

    The command line prints the message alone and exits with code 2; nothing is written.

    Parameters
    ----------
    problems
        One message, or several found at once.

    Examples
    --------
    >>> raise InputError("results.csv row 17: score 812.0 is outside the range of accuracy, 0–100")
    Traceback (most recent call last):
    ...
    transfer_analysis.errors.InputError: results.csv row 17: score 812.0 is outside the range of accuracy, 0–100
    """

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class MissingError(InputError):
    """What was asked for is not there: a split, a language, a data set. Something else may be asked for instead."""


class UnavailableError(InputError):
    """What was asked for could not be had now, as the hub is out of reach or busy; the same may be had later."""


class UnsuitedError(InputError):
    """What was asked for does not apply to these data, such as classes where there are none; other things may."""


class Check:
    """Collects what is wrong, so that all of it is said at once, and what may be remarked."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.remarks: list[str] = []

    def guarded(self, work: Callable[[], object]) -> None:
        """Do something, and keep its problems; what could not be had now is no mistake, and is raised."""
        try:
            work()
        except UnavailableError:
            raise
        except InputError as error:
            self.add(error.problems)

    def add(self, problems: Iterable[str]) -> None:
        """Keep problems, each once."""
        self.problems += [p for p in problems if p not in self.problems]


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its name where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def nearest(name: str, known: Iterable[str], n: int = 3) -> str:
    """Say which known names come closest to an unknown one.

    Returns
    -------
    str
        ``" (did you mean 'xnli'?)"``, or an empty string where nothing is close.
    """
    by_lower = {k.lower(): k for k in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=n, cutoff=0.6)
    if not close:
        return ""
    names = " or ".join(repr(by_lower[c]) for c in close)
    return f" (did you mean {names}?)"
