"""Which files of a data set on the hub are which split, found once a commit and configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from transfer_analysis.errors import InputError, MissingError, UnavailableError, first_line, nearest
from transfer_analysis.hub.client import BusyError, asked
from transfer_analysis.hub.repositories import Repository

#: Kinds of files that are read, by how their names end.
SUFFIXES = (".jsonl.gz", ".json.gz", ".jsonl", ".json", ".parquet", ".csv", ".tsv")

_SCRIPT = ".py"


@dataclass(frozen=True)
class Splits:
    """The splits of one configuration.

    Attributes
    ----------
    where
        Data set and configuration, for messages.
    files
        Split → its files, in order.
    classes
        Column → names of its classes in the order of their numbers, where the data set's card says them.
    """

    where: str
    files: Mapping[str, list[str]]
    classes: Mapping[str, list[str]] = field(default_factory=dict)

    def __getitem__(self, split: str) -> list[str]:
        if split not in self.files:
            raise MissingError(
                f"{self.where}: no split {split!r}{nearest(split, self.files)}; it has {', '.join(self.files) or 'none'}"
            )
        return self.files[split]


def splits_by_pattern(repository: Repository, patterns: Mapping[str, str], configuration: str | None) -> Splits:
    """Return the files that patterns name, in which `{config}` stands for the configuration.

    Raises
    ------
    InputError
        Where no pattern names any file.
    """
    where = _where(repository, configuration)
    if configuration is None and any("{config}" in pattern for pattern in patterns.values()):
        raise InputError(f"{where}: `files` name a configuration, and the entry gives none; give `config` or `configs`")
    wanted = {split: pattern.format(config=configuration) for split, pattern in patterns.items()}
    found = {split: repository.matching(pattern) for split, pattern in wanted.items()}
    if not any(found.values()):
        raise InputError(f"{where}: no files {' or '.join(wanted.values())} at commit {repository.commit[:12]}")
    return Splits(where, {split: names for split, names in found.items() if names})


def splits_of(repository: Repository, configuration: str | None) -> Splits:
    """Return the files of a configuration as the library `datasets` finds them, by the data set's card or its file names.

    Raises
    ------
    InputError
        Where `datasets` is not installed, the data set has no such configuration, or can be read by a script only.
    """
    where = _where(repository, configuration)
    kept = repository.kept(f"configuration {configuration or ''}", lambda: _ask(repository, configuration, where))
    return Splits(where, kept["files"], kept["classes"])


def _where(repository: Repository, configuration: str | None) -> str:
    return f"{repository}" + (f" (configuration {configuration})" if configuration else "")


def _ask(repository: Repository, configuration: str | None, where: str) -> dict[str, Any]:
    if find_spec("datasets") is None:
        raise InputError("reading from the hub needs `datasets`: pip install 'transfer-analysis[hub]'")
    import datasets

    listed = repository.names()  # the listing that `datasets` asks for, too: whether it can be had is known from here

    def build() -> Any:
        try:
            # A bare id would read a folder of that name in the working directory.
            path = f"hf://datasets/{repository.id}"
            return datasets.load_dataset_builder(path, configuration, revision=repository.commit)
        except ValueError as error:
            raise _not_there(error, configuration, where) from error
        except RuntimeError as error:
            raise _of_a_script(error, where) from error
        except FileNotFoundError as error:
            # `datasets` says this of a listing that was refused as well as of one without data.
            if any(name.endswith(_SCRIPT) for name in listed) and not any(name.endswith(SUFFIXES) for name in listed):
                raise _no_data(where) from error
            raise BusyError(f"the hub did not say which files it consists of ({first_line(error)})") from None

    builder = asked(build, where)
    prefix = f"hf://datasets/{repository.id}@{repository.commit}/"
    files = {str(split): [str(name) for name in names] for split, names in (builder.config.data_files or {}).items()}
    if not files:  # `datasets` then gives what it has of any commit
        raise UnavailableError(f"{where}: the hub does not say which files it consists of; try again later")
    foreign = [name for names in files.values() for name in names if not name.startswith(prefix)]
    if foreign:
        raise InputError(
            f"{where}: asked for commit {repository.commit[:12]}, but its data would come from {foreign[0]}; use a folder"
        )
    return {
        "files": {split: [name.removeprefix(prefix) for name in names] for split, names in files.items()},
        "classes": class_names(builder.info.features.to_dict() if builder.info.features else {}),
    }


def class_names(features: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return column → names of its classes, or of those of its lists' items, of a description as `datasets` writes it."""
    found = {}
    for column, feature in features.items():
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        inner = inner[0] if isinstance(inner, list) and inner else inner
        if isinstance(inner, dict) and inner.get("_type") == "ClassLabel":
            found[column] = [str(name) for name in inner["names"]]
    return found


def _not_there(error: ValueError, configuration: str | None, where: str) -> Exception:
    """Return what is said of a configuration that the data set does not have; other errors as they are."""
    known = re.search(r"\[(.*)\]", str(error), flags=re.DOTALL)
    if "config" not in str(error).lower() or known is None:
        return error
    names = re.findall(r"'([^']*)'", known[1])
    if configuration is None:
        return InputError(f"{where}: has several configurations; give `config`: {', '.join(names[:20])}")
    return InputError(
        f"{where}: has no such configuration{nearest(configuration, names)}; it has {', '.join(names[:20])}"
        + (", …" if len(names) > 20 else "")
    )


def _of_a_script(error: RuntimeError, where: str) -> Exception:
    return _no_data(where) if "script" in str(error).lower() else error


def _no_data(where: str) -> InputError:
    return InputError(
        f"{where}: can be read by its own script only, which is not run. Name its converted files in the catalogue entry: "
        "`revision` (often refs/convert/parquet) and `files`"
    )
