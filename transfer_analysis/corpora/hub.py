"""Examples from the hub, read with the library `datasets` (extra `hub`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from transfer_analysis.corpora.records import Record, Sample, drawn
from transfer_analysis.errors import InputError, MissingError, first_line
from transfer_analysis.hub import hub_is_reachable, network_errors
from transfer_analysis.languages import resolve
from transfer_analysis.tasks import Catalogue, Task, load_catalogue


@dataclass(frozen=True)
class HubCorpus:
    """Data sets on the hub, as the catalogue names them. Class labels are given as their numbers or names there."""

    catalogue: Catalogue = field(default_factory=load_catalogue)

    def examples(self, task: str, language: str, split: str, count: int | None = None) -> list[Record]:
        """Return examples of a task, the first `count` or all.

        Raises
        ------
        InputError
            Where the catalogue knows no data set, `datasets` is not installed, or the hub does not give it.
        """
        about = self.catalogue[task]
        if find_spec("datasets") is None:
            raise InputError("reading from the hub needs `datasets`: pip install 'transfer-analysis[hub]'")
        import datasets

        arguments = hub_arguments(about, language, split)
        if not hub_is_reachable():
            raise InputError(f"{task}/{language}/{split}: the hub cannot be reached; use a folder")
        try:
            found: Any = datasets.load_dataset(**arguments)
        except network_errors() as error:
            kind = MissingError if _is_missing(error) else InputError
            raise kind(
                f"{task}/{language}/{split}: the hub does not give {arguments['path']} "
                f"(configuration {arguments['name'] or 'default'}): {first_line(error)}"
            ) from error
        for column, beginning in hub_rows(about, language).items():
            found = found.filter(lambda value, b=beginning: str(value).startswith(b), input_columns=column)
        chosen = found if count is None else found.select(range(min(count, len(found))))
        records: list[Record] = chosen.to_list()
        return _named(about, records, found.features)

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return a random sample of a split, in the split's order; all of it where it is smaller."""
        return drawn(self.catalogue[task], self.examples(task, language, split), count, seed)

    def languages(self, task: str) -> list[str]:
        """Return the languages that the catalogue lists, those with a configuration where it lists these."""
        about = self.catalogue[task]
        return [
            code
            for code in about.languages
            if about.hub is None or about.hub.config is not None or not about.hub.configs or code in about.hub.configs
        ]


def hub_arguments(task: Task, language: str, split: str) -> dict[str, Any]:
    """Return what `datasets.load_dataset` is called with.

    Raises
    ------
    InputError
        Where the catalogue knows no data set for the task, or none for the language.
    """
    hub = task.hub
    if hub is None:
        raise InputError(f"{task.name}: the catalogue knows no data set on the hub; use a folder")
    found = resolve(language)
    if hub.configs and hub.config is None and found.code not in hub.configs:
        raise InputError(
            f"{task.name}: the catalogue knows no {found.name} configuration; it has {', '.join(hub.configs)}"
        )
    config = hub.configs.get(found.code, hub.config)
    return {
        "path": hub.id,
        "name": config.format(language=found.code, iso639_3=found.iso639_3) if config else None,
        "split": hub.splits.get(split, split),
        "revision": hub.revision,
    }


def hub_rows(task: Task, language: str) -> dict[str, str]:
    """Return the beginning that a column's values have in the rows of a language; nothing where all rows are its."""
    if task.hub is None:
        return {}
    english = resolve(language).name.lower()
    return {column: beginning.format(english=english) for column, beginning in task.hub.rows.items()}


def _is_missing(error: Exception) -> bool:
    """Whether the hub has answered that there is no such thing, rather than not answered."""
    names = {"DatasetNotFoundError", "EntryNotFoundError", "RepositoryNotFoundError", "RevisionNotFoundError"}
    unknown = isinstance(error, ValueError) and ("config" in str(error).lower() or "split" in str(error).lower())
    return unknown or bool(names & {kind.__name__ for kind in type(error).__mro__})


def _named(task: Task, records: list[Record], features: Any) -> list[Record]:
    """Give classes their names where the data set numbers them in another order than the catalogue does.

    Names that are not those of the catalogue (0 and 1 for same and different) are left as numbers.
    """
    for part in ("label", "tags"):
        column = task.columns.get(part, "")
        feature = features.get(column)
        names = getattr(getattr(feature, "feature", feature), "names", None)
        if names is None or not task.labels or not set(map(str, task.labels)) <= set(names):
            continue
        for record in records:
            value = record[column]
            record[column] = (
                [names[n] for n in value] if isinstance(value, list) else names[value] if value >= 0 else value
            )
    return records
