"""YAML files that people write, checked against a model; every wrong field is named."""

from __future__ import annotations

from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from transfer_analysis.errors import InputError

M = TypeVar("M", bound=BaseModel)


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


def validated(model: type[M], fields: Any, where: str) -> M:
    """Return fields as a model.

    Raises
    ------
    InputError
        Naming every field that is wrong.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise InputError(
            f"{where}: {'.'.join(map(str, e['loc'])) or 'document'}: {e['msg'].removeprefix('Value error, ')}{_hint(e)}"
            for e in error.errors()
        ) from error


def _hint(error: Any) -> str:
    """Say why a word of YAML has become true or false."""
    if error["type"] == "string_type" and isinstance(error["input"], bool):
        return '; YAML reads no, yes, on and off as true or false: put them in quotes ("no")'
    return ""
