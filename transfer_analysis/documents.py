"""YAML files that people write, checked against a model; every wrong field is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from transfer_analysis.errors import InputError

M = TypeVar("M", bound=BaseModel)


class SeveralError(ValueError):
    """What one validator found wrong: several things at once."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def parse_yaml(text: str, where: str, expected: str) -> dict[Any, Any]:
    """Return a YAML mapping.

    Raises
    ------
    InputError
        Where the text is not YAML, or no mapping.
    """
    try:
        fields = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{where}: not valid YAML: {error}") from error
    if not isinstance(fields, dict):
        raise InputError(f"{where}: expected a mapping {expected}")
    return fields


def read_document(model: type[M], text: str, where: str, expected: str) -> M:
    """Return a YAML mapping as a model.

    Raises
    ------
    InputError
        Where the text is not YAML or no mapping; naming every field that is wrong, and the line that it stands in.
    """
    fields = parse_yaml(text, where, expected)
    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    return validated(model, fields, lambda error: f"{where} line {_line(tree, error)}")


def validated(model: type[M], fields: Any, where: Callable[[Any], str]) -> M:
    """Return fields as a model.

    Parameters
    ----------
    where
        Names where a problem, as pydantic describes it, stands.

    Raises
    ------
    InputError
        Naming every field that is wrong.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise InputError(f"{where(e)}: {_said(e)}" for e in _each(error)) from error


def line_of(tree: yaml.Node | None, problem: str) -> int:
    """Return the line that a problem is in, counted from 1: of the name that its message begins with, else the first."""
    return _line(tree, {"loc": (), "msg": problem})


def _each(error: ValidationError) -> Iterator[Any]:
    """Yield problems, each of those that a validator found at once by itself."""
    for found in error.errors():
        several = found.get("ctx", {}).get("error")
        for message in several.problems if isinstance(several, SeveralError) else [found["msg"]]:
            yield {**found, "msg": message}


def _said(error: Any) -> str:
    """Return a problem with the field that it is of."""
    message = error["msg"].removeprefix("Value error, ")
    return f"{'.'.join(map(str, error['loc'])) or 'document'}: {message}{_hint(error)}"


def _line(tree: yaml.Node | None, error: Any) -> int:
    """Return the line of a problem, counted from 1: that of its field, or of the name that its message begins with."""
    node, key = tree, None
    for step in error["loc"]:
        if isinstance(node, yaml.MappingNode):
            # Some steps name a kind of the field, and are no part of the file.
            found = next(((k, v) for k, v in node.value if k.value == str(step)), None)
            key, node = found if found is not None else (key, node)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            key, node = None, node.value[step]
    if not error["loc"]:
        name = error["msg"].removeprefix("Value error, ").partition(":")[0]
        named = [found for found in _pairs(tree) if name in (found[0].value, found[1].value)]
        # What has the name as its id comes before what only mentions it.
        key = next((k for k, v in named if k.value == "id"), named[0][0] if named else None)
    there = key or node
    return there.start_mark.line + 1 if there is not None else 1


def _pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield the keys of a document with their values, and the items of lists as both, in order."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if isinstance(item, yaml.ScalarNode):
                yield item, item
            yield from _pairs(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key, value
            yield from _pairs(value)


def _hint(error: Any) -> str:
    """Say why a word of YAML has become true or false."""
    if error["type"] == "string_type" and isinstance(error["input"], bool):
        return '; YAML reads no, yes, on and off as true or false: put them in quotes ("no")'
    return ""
