"""What other packages add by an entry point: taken, or refused by name."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
from transfer_analysis import extensions
from transfer_analysis.errors import InputError


@pytest.fixture
def others(monkeypatch):
    """Have another package offer some values under a group `numbers`."""

    def offer(*values):
        entries = [EntryPoint(name, f"builtins:{name}", "numbers") for name in values]
        monkeypatch.setattr(extensions, "entry_points", lambda group: entries if group == "numbers" else [])

    return offer


def extended():
    return extensions.extended(
        [int],
        "numbers",
        name=lambda kind: kind.__name__,
        fits=lambda kind: isinstance(kind, type),
        noun="a number",
        expected="a class",
    )


def test_others_come_after_the_bundled_ones(others):
    others("float", "complex")
    assert list(extended()) == ["int", "float", "complex"]
    assert extended()["float"] is float


def test_what_is_none_or_takes_a_name_is_refused(others):
    others("len")
    with pytest.raises(InputError, match="builtins:len: is not a number; expected a class"):
        extended()
    others("int")
    with pytest.raises(InputError, match="builtins:int: a number 'int' is there already"):
        extended()
