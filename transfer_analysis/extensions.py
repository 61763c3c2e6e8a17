"""Tables of what is bundled and what other packages add by an entry point."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, TypeVar

from transfer_analysis.errors import InputError

T = TypeVar("T")


def loaded(path: str, kind: type[T] | None = None) -> Any:
    """Return the object that `package.module:name` stands for.

    Raises
    ------
    InputError
        For one that is not of the kind.
    """
    module, _, name = path.partition(":")
    found = getattr(import_module(module), name)
    if kind is not None and not isinstance(found, kind):
        raise InputError(f"{path}: expected a {kind.__name__}")
    return found


def extended(
    bundled: Iterable[T], group: str, *, name: Callable[[T], str], fits: Callable[[Any], bool], noun: str, expected: str
) -> dict[str, T]:
    """Return the bundled objects by their names, then those of other packages.

    Parameters
    ----------
    group
        The entry point under which others add theirs.
    name
        What an object is called.
    fits
        Whether an object of another package is one of these.
    noun, expected
        What they are, in messages: `a figure`, and its class, `a FigureKind`.

    Raises
    ------
    InputError
        For one of another package that is none, or takes a name that is taken.
    """
    found = {name(one): one for one in bundled}
    for entry in entry_points(group=group):
        one = entry.load()
        if not fits(one):
            raise InputError(f"{entry.value}: is not {noun}; expected {expected}")
        if name(one) in found:
            raise InputError(f"{entry.value}: {noun} {name(one)!r} is there already; give it another name")
        found[name(one)] = one
    return found
