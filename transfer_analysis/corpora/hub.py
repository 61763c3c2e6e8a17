"""Examples from the hub: each file of a split is fetched by itself, always at one commit."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from transfer_analysis.corpora.records import Record, Sample, drawn, text_of
from transfer_analysis.corpora.tables import classes_in, read_examples_file
from transfer_analysis.errors import InputError, MissingError, nearest
from transfer_analysis.hub import Repository, hub_is_reachable, repository, require_access
from transfer_analysis.hub.splits import Splits, splits_by_pattern, splits_of
from transfer_analysis.languages import resolve
from transfer_analysis.tasks import Catalogue, Task, load_catalogue
from transfer_analysis.tasks.catalogue import Hub

#: Parts of an example whose line ends are no part of them; answers are found in a context by their place in it.
_STRIPPED = ("text", "pair", "label")


@dataclass(frozen=True)
class HubCorpus:
    """Data sets on the hub, as the catalogue names them. Class labels are given as their numbers or names there."""

    catalogue: Catalogue = field(default_factory=load_catalogue)

    def examples(self, task: str, language: str, split: str, count: int | None = None) -> list[Record]:
        """Return examples of a task, the first `count` or all.

        Raises
        ------
        MissingError
            Where the data set has no such split.
        InputError
            Where the catalogue knows no data set for the language, or the hub does not give it.
        """
        about = self.catalogue[task]
        place, code = self._place(about, language)
        files, there, found = self._files(place, code, split)
        records: list[Record] = []
        for name in files:
            records += _read(found, name, about, place, there.classes)
        if not records:
            raise InputError(f"{found} {', '.join(files)}: no examples in it")
        if place.layout == "lists":
            records = [pair for record in records for pair in _pairs_of_lists(about, record, f"{found} {files[0]}")]
        records = _of_language(records, place, code, f"{found} {split}")
        if place.held_out and split in (place.held_out, "test"):
            records = [r for r in records if _is_held_out(about, r) == (split == place.held_out)]
        return records[:count]

    def sample(self, task: str, language: str, split: str, count: int, seed: int = 0) -> Sample:
        """Return a random sample of a split, in the split's order; all of it where it is smaller."""
        return drawn(self.catalogue[task], self.examples(task, language, split), count, seed)

    def has(self, task: str) -> bool:
        """Whether the catalogue knows a data set on the hub for a task."""
        return bool(self.catalogue[task].hub)

    def languages(self, task: str) -> list[str]:
        """Return the languages of the catalogue that one of the task's data sets has."""
        about = self.catalogue[task]
        return [
            code
            for code in about.languages
            if not about.hub or any(place.serves(code, about.languages) for place in about.hub)
        ]

    def revision(self, task: str, language: str) -> str:
        """Return data set and commit of a task's examples."""
        place, _ = self._place(self.catalogue[task], language)
        return repository("dataset", place.id, place.revision).source

    def pinned(self, tasks: Iterable[str]) -> HubCorpus:
        """Return this corpus with the data sets of some tasks at the commits that they are read at now.

        Other processes, which read them later, then read the same.
        """
        known = {task.name: task for task in self.catalogue}
        for name in dict.fromkeys(tasks):
            places = tuple(
                place.model_copy(update={"revision": repository("dataset", place.id, place.revision).commit})
                for place in known[name].hub
            )
            known[name] = known[name].model_copy(update={"hub": places})
        return HubCorpus(Catalogue(known))

    def require(self, task: str, language: str, splits: tuple[str, ...]) -> None:
        """Ask whether one of some splits is there, without fetching any data.

        Raises
        ------
        InputError
            Naming what is not there, or what cannot be read.
        """
        about = self.catalogue[task]
        place, code = self._place(about, language)
        if hub_is_reachable():
            require_access(repository("dataset", place.id, place.revision))
        reasons = []
        for split in splits:
            try:
                self._files(place, code, split)
            except MissingError as error:
                reasons += error.problems
            else:
                return
        raise MissingError(f"{task} {language}: {reasons[-1]}")

    def _files(self, place: Hub, code: str, split: str) -> tuple[list[str], Splits, Repository]:
        found = repository("dataset", place.id, place.revision)
        there = _splits(found, place, code)
        if place.held_out and split == place.held_out:
            split = "test"
        names = [name for theirs in place.splits.get(split, split).split("+") for name in there[theirs]]
        return names, there, found

    def _place(self, about: Task, language: str) -> tuple[Hub, str]:
        """Return the data set that serves a language, and the language's code."""
        if not about.hub:
            raise InputError(f"{about.name}: the catalogue knows no data set on the hub; use a folder")
        found = resolve(language)
        for place in about.hub:
            if place.serves(found.code, about.languages):
                return place, found.code
        there = [code for code in about.languages if any(place.serves(code, about.languages) for place in about.hub)]
        raise InputError(
            f"{about.name}: no data set on the hub is known for {found.name} ({found.code}); there is one for "
            f"{', '.join(there)}. Lay out examples in {found.name} as a folder"
        )


def _splits(found: Repository, place: Hub, code: str) -> Splits:
    language = resolve(code)
    config = place.configs.get(code, place.config)
    named = config.format(language=code, iso639_3=language.iso639_3) if config else None
    return splits_by_pattern(found, place.files, named) if place.files else splits_of(found, named)


def _read(found: Repository, name: str, about: Task, place: Hub, of_card: Mapping[str, list[str]]) -> list[Record]:
    """Return the examples of one file, with our names of columns and classes."""
    path = found.file(name)
    records = read_examples_file(path)
    if not records:
        return []
    classes = {**of_card, **(classes_in(path) if path.suffix == ".parquet" else {})}
    for column in place.rename:
        if column not in records[0]:
            raise InputError(
                f"{found} {name}: no column {column!r}{nearest(column, records[0])}; it has {', '.join(records[0])}"
            )
    renamed = [{place.rename.get(column, column): value for column, value in r.items()} for r in records]
    for column in {about.columns[part] for part in _STRIPPED if part in about.columns}:
        for record in renamed:
            if isinstance(record.get(column), str):
                record[column] = record[column].strip()
    return _named(about, renamed, {place.rename.get(column, column): names for column, names in classes.items()})


def _of_language(records: list[Record], place: Hub, code: str, where: str) -> list[Record]:
    """Return the rows of a language, where a file holds several."""
    english = resolve(code).name.lower()
    for column, beginning in place.rows.items():
        wanted = beginning.format(english=english, language=code)
        if records and column not in records[0]:
            raise InputError(
                f"{where}: no column {column!r}{nearest(column, records[0])}; it has {', '.join(records[0])}"
            )
        records = [record for record in records if str(record.get(column, "")).startswith(wanted)]
        if not records:
            raise MissingError(f"{where}: no row whose {column} begins with {wanted!r}")
    return records


def _is_held_out(about: Task, record: Record) -> bool:
    """Whether a row is one of the tenth that stands for a split which the data set does not have."""
    return zlib.crc32(text_of(about, record).encode()) % 10 == 0


def _pairs_of_lists(about: Task, record: Record, where: str) -> list[Record]:
    """Return all sentences of two sides as rows: pairs first, then those without a partner, whose other side is empty.

    `gold` pairs sentences of the two lists, counted from 1. A sentence with several partners stands with the first.
    """
    try:
        first, second, gold = record["sentence1"], record["sentence2"], record["gold"]
        partner = dict(reversed([(int(a) - 1, int(b) - 1) for a, b in gold]))
        pairs = [(first[a], second[b]) for a, b in sorted(partner.items())]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(f"{where}: expected lists sentence1, sentence2 and gold (pairs of numbers from 1)") from error
    paired = set(partner.values())
    pairs += [(text, "") for a, text in enumerate(first) if a not in partner]
    pairs += [("", text) for b, text in enumerate(second) if b not in paired]
    text, pair = about.columns["text"], about.columns["pair"]
    return [{text: a, pair: b} for a, b in pairs]


def _named(task: Task, records: list[Record], classes: dict[str, list[str]]) -> list[Record]:
    """Give classes their names where the data set numbers them in another order than the catalogue does.

    Names that are not those of the catalogue (0 and 1 for same and different) are left as numbers.
    """
    for part in ("label", "tags"):
        column = task.columns.get(part, "")
        names = classes.get(column)
        if names is None or not task.labels or not set(map(str, task.labels)) <= set(names):
            continue
        for record in records:
            value = record.get(column)
            if isinstance(value, list):
                record[column] = [names[n] if isinstance(n, int) and n >= 0 else n for n in value]
            elif isinstance(value, int) and value >= 0:
                record[column] = names[value]
    return records
