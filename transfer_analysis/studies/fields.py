"""What a study file may say, from its schema: fields with their documentation, and a new file to fill in."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.studies.analyses import Hypothesis, analyses
from transfer_analysis.studies.study import Study, TaskDistance

#: Fields of a study file that a new one says, with what it says.
_BEGUN: dict[str, Any] = {
    "task_distances": [{"name": "semantic", "kind": "mean-embedding-cosine"}],
    "language_distances": ["syntactic", "genetic"],
}

#: The hypothesis that a new file begins with.
_FIRST = {
    "id": "nearer-tasks",
    "statement": "Semantically nearer intermediate tasks give larger zero-shot gains.",
    "analysis": "task-association",
    "distance": "semantic",
    "alternative": "less",
}


@dataclass(frozen=True)
class FieldText:
    """One field: its name, what it may be, its default as YAML (empty where it must be given), and its documentation."""

    name: str
    kind: str
    default: str
    text: str


def fields_of(name: str | None) -> list[FieldText]:
    """Return the fields of an analysis; without a name, those of a study file.

    Raises
    ------
    InputError
        For an analysis that there is not.
    """
    model: type[BaseModel] = Study if name is None else analysis_called(name)
    return list(_fields(model))


def analysis_called(name: str) -> type[Hypothesis]:
    """Return an analysis by its name.

    Raises
    ------
    InputError
        For one that there is not, with the nearest.
    """
    known = analyses()
    if name not in known:
        raise InputError(f"no analysis {name!r}{nearest(name, known)}; there are {', '.join(known)}")
    return known[name]


def summaries() -> dict[str, str]:
    """Return every analysis with what it asks, in a sentence."""
    return {name: _first_sentence(kind.__doc__ or "") for name, kind in analyses().items()}


def example_of(name: str) -> str:
    """Return a hypothesis as a study file declares it, with the fields that must be given."""
    kind = analysis_called(name)
    given = {
        field: name if field == "analysis" else _example(info)
        for field, info in kind.model_fields.items()
        if info.is_required()
    }
    ordered = {key: given[key] for key in ("id", "statement", "analysis")} | given
    return yaml.safe_dump([ordered], sort_keys=False, allow_unicode=True, width=110)  # a list, as a study file has it


def new_study(name: str) -> str:
    """Return the text of a study file that can be run on results, every field with its documentation.

    Raises
    ------
    InputError
        For a name that a study cannot have.
    """
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise InputError(f"study {name!r}: expected small letters, digits and hyphens")
    begun: dict[str, Any] = {
        "name": name,
        "title": name.replace("-", " ").capitalize(),
        "question": "What do I ask?",
        **_BEGUN,
    }
    tests = {"primary": _FIRST["id"], "hypotheses": [_FIRST]}
    lines = [
        f"# {name}: check it with `transfer-analysis study check {name}.yaml --results results.parquet`.",
        "# What begins with # is not used: take the # away to use it.",
    ]
    for field in _fields(Study):
        if field.name in ("hypotheses", "exploratory", "primary", "scales"):
            continue
        lines += ["", *_comment(field.text)]
        if field.name in begun:
            lines.append(_block({field.name: begun[field.name]}))
        else:
            lines.append(f"# {field.name}: {field.default}")
    lines += ["", "# The hypothesis that the report's headline is about, and the tests declared beforehand."]
    lines += [_block(tests), "", "# Analyses (`transfer-analysis study fields NAME` lists the fields of each):"]
    lines += [f"#   {analysis}: {asked}" for analysis, asked in summaries().items()]
    return "\n".join(lines) + "\n"


def _fields(model: type[BaseModel]) -> Iterator[FieldText]:
    for name, info in model.model_fields.items():
        default = "" if info.is_required() else _yaml(_plain(info.get_default(call_default_factory=True)))
        yield FieldText(name, _kind(info.annotation), default, " ".join(_documented(model, name).split()))


def _documented(model: type[BaseModel], field: str) -> str:
    """Return the documentation of a field, where it is first said."""
    kinds = [kind for kind in model.__mro__ if issubclass(kind, BaseModel) and field in kind.model_fields]
    return next((text for kind in kinds if (text := kind.model_fields[field].description)), "")


def _kind(annotation: Any) -> str:
    """Say what a field may be, in the words of a YAML file."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " | ".join(map(str, inner))
    if origin in (Union, types.UnionType):
        return " | ".join(_kind(one) for one in inner if one is not type(None))
    if origin is tuple:
        return f"{'list' if inner[1] is Ellipsis else 'pair'} of {_kind(inner[0])}"
    if origin is dict:
        return f"{_kind(inner[0])}: {_kind(inner[1])}"
    if origin is not None and inner:  # Annotated
        return _kind(inner[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "hypothesis" if issubclass(annotation, Hypothesis) else _called(annotation)
    return {str: "text", int: "whole number", float: "number", bool: "true | false"}.get(annotation, str(annotation))


def _called(model: type[BaseModel]) -> str:
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", model.__name__).lower()
    return f"{words} ({', '.join(model.model_fields)})" if model is TaskDistance else words


def _example(info: FieldInfo) -> Any:
    if not info.examples:
        raise InputError(f"a field that must be given has no example: {info}")
    return info.examples[0]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _block(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110).rstrip("\n")


def _yaml(value: Any) -> str:
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    return text.removesuffix("\n...\n").rstrip("\n")


def _first_sentence(text: str) -> str:
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def _comment(text: str, width: int = 110) -> Sequence[str]:
    """Return a text as comment lines."""
    lines, line = [], "#"
    for word in text.split():
        if len(line) + 1 + len(word) > width:
            lines.append(line)
            line = "#"
        line += f" {word}"
    return [*lines, line]
