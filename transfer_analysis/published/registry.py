"""The table of entries: a YAML file each in `entries/`, and what other packages add."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from transfer_analysis.documents import read_document
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.extensions import extended
from transfer_analysis.published.entry import Entry


@cache
def published() -> dict[str, Entry]:
    """Return all entries by their names.

    Raises
    ------
    InputError
        For an entry of another package that is none.
    """
    bundled = sorted(
        (
            path
            for path in files("transfer_analysis.published").joinpath("entries").iterdir()
            if path.name.endswith(".yaml")
        ),
        key=lambda path: path.name,
    )
    return extended(
        [read_document(Entry, path.read_text(encoding="utf-8"), path.name, "an entry") for path in bundled],
        "transfer_analysis.published",
        name=lambda entry: entry.name,
        fits=lambda entry: isinstance(entry, Entry),
        noun="a published table",
        expected="an Entry",
    )


def entry_named(name: str) -> Entry:
    """Return an entry by its name.

    Raises
    ------
    InputError
        For one that there is not, with the nearest.
    """
    known = published()
    if name not in known:
        raise InputError(f"published table {name!r}: there is none{nearest(name, known)}; there are {', '.join(known)}")
    return known[name]
