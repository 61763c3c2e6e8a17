"""YAML files that people write, checked against a model; every wrong field is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from transfer_analysis.errors import InputError, nearest

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
        raise InputError(f"{where(e)}: {_said(e, model)}" for e in _each(error)) from error


def line_of(tree: yaml.Node | None, problem: str) -> int:
    """Return the line that a problem is in, counted from 1: of the name that its message begins with, else the first."""
    return _line(tree, {"loc": (), "msg": problem})


def _each(error: ValidationError) -> Iterator[Any]:
    """Yield problems, each of those that a validator found at once by itself; a list is not too short where an item is wrong."""
    every = error.errors()
    for found in every:
        inside = any(other["loc"][: len(found["loc"])] == found["loc"] for other in every if other is not found)
        if found["type"] == "too_short" and inside:
            continue
        several = found.get("ctx", {}).get("error")
        for message in several.problems if isinstance(several, SeveralError) else [found["msg"]]:
            yield {**found, "msg": message}


def _said(error: Any, model: type[BaseModel]) -> str:
    """Return a problem with the field that it is of, in words that help: the nearest name, what is expected, an example."""
    owner, path = _followed(model, error["loc"])
    field, kind, given = ".".join(path), error["type"], error["input"]
    if kind == "extra_forbidden":
        known = list(owner.model_fields)
        return f"{field}: there is no such field{nearest(path[-1], known)}; there are {', '.join(known)}"
    if kind == "missing":
        return f"{field}: is missing{_about(owner, path[-1])}"
    if kind == "literal_error":
        known = error["ctx"]["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return f"{field}: {given!r}: expected {', '.join(known)}{nearest(str(given), known)}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        name = error["ctx"]["discriminator"].strip("'")
        return f"{field}.{name}: {_wrong_kind(owner, name, error['ctx'].get('tag'))}"
    # What is wrong with several fields together begins with the name of what it is about.
    return f"{field}{': ' if field else ''}{error['msg'].removeprefix('Value error, ')}{_hint(error)}"


def _wrong_kind(model: type[BaseModel], name: str, given: str | None) -> str:
    """Say which kinds of a model there are, by the field that names them."""
    kinds = (kind.model_fields[name].annotation for kind in _kinds_of(model) if name in kind.model_fields)
    known = list(dict.fromkeys(str(get_args(kind)[0]) for kind in kinds if get_args(kind)))
    wrong = "is missing" if given is None else f"{given!r} is none{nearest(given, known)}"
    return f"{wrong}; there are {', '.join(known)}"


def _about(model: type[BaseModel], field: str) -> str:
    """Return what a field says, and an example of it where it has one."""
    info = model.model_fields.get(field)
    if info is None or not info.description:
        return ""
    text = " ".join(info.description.split())
    example = f" Such as `{field}: {info.examples[0]}`" if info.examples else ""
    return f": {text}{example}"


def _followed(model: type[BaseModel], steps: tuple[str | int, ...]) -> tuple[type[BaseModel], list[str]]:
    """Return the model that the last step is a field of, and the steps that a person has written.

    Some steps name the kind of a field, and are no part of the document.
    """
    path: list[str] = []
    owner = model
    for step in steps:
        kind = next((k for k in _kinds_of(model) if isinstance(step, str) and _names_itself(k, step)), None)
        if kind is not None:
            model = owner = kind
            continue
        path.append(str(step))
        owner = model
        if isinstance(step, str) and step in model.model_fields:
            model = next(_models_in(model.model_fields[step].annotation), model)
    return (model if steps and isinstance(steps[-1], int) else owner), path


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _kinds_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for kind in model.__subclasses__():
        yield kind
        yield from _kinds_of(kind)


def _names_itself(kind: type[BaseModel], name: str) -> bool:
    """Whether a model has a field that can only be this name: what tells it from its siblings."""
    return any(get_args(info.annotation) == (name,) for info in kind.model_fields.values())


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
