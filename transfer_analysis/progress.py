"""How long work says how far it is: the library reports, whoever calls it draws."""

from __future__ import annotations

from collections.abc import Callable

#: Called with what is being done and the share of it that is done (0 to 1).
Report = Callable[[str, float], None]


def silent(what: str, share: float) -> None:
    """Report nothing."""


def of_model(report: Report, model: str) -> Report:
    """Return what is reported of one of several models, named in what is being done."""

    def named(what: str, share: float) -> None:
        stage, colon, rest = what.partition(":")
        report(f"{stage} ({model}){colon}{rest}", share)

    return named
