"""Passages of real text in many languages: which are trained on, how often, beside which, and which are held out."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from transfer_analysis.corpora.records import Corpus, Record, require_columns
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.progress import Report, silent
from transfer_analysis.tasks import Catalogue, Task
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.pretraining.built import balanced_counts
from transfer_analysis.training.pretraining.settings import Pretraining
from transfer_analysis.training.reading.features import Features, featurize


@dataclass(frozen=True)
class Passages:
    """Passages of a text by language: those trained on, and those held out."""

    task: Task
    trained: dict[str, list[Record]]
    held_out: dict[str, list[Record]]

    @property
    def column(self) -> str:
        """Where a passage's text stands."""
        return self.task.columns["text"]

    def key(self, record: Record) -> str:
        """Return what names a passage in every language of the text."""
        return f"{self.task.folder or self.task.name}/{record[self.task.columns['key']]}"


def beside(
    text: Passages, passages: dict[str, list[Record]], source_language: str
) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield language, passage and its counterpart in the source language, of passages of a text."""
    counterpart = {text.key(record): str(record[text.column]) for record in passages[source_language]}
    for code, records in passages.items():
        for record in records if code != source_language else []:
            if (key := text.key(record)) in counterpart:
                yield code, (str(record[text.column]), counterpart[key])


def read_passages(
    corpus: Corpus, catalogue: Catalogue, settings: Pretraining, name: str, head: str, report: Report = silent
) -> Passages:
    """Read a text in all its languages.

    Raises
    ------
    InputError
        For a text of another kind, languages that it does not have, or passages without the columns.
    """
    about = catalogue[name]
    if about.head != head:
        raise InputError(f"{name}: has the head {about.head}; expected text with the head {head}")
    languages = _languages(corpus.languages(name), settings, name)
    if settings.aligned and "key" not in about.columns:
        raise InputError(
            f"{name}: does not say which column names a passage in all languages (key); aligned text needs it"
        )
    if head == "translation-lm" and settings.source_language not in languages:
        raise InputError(f"{name}: has no passages in the source language {settings.source_language!r}")
    trained, held_out = {}, {}
    for i, code in enumerate(languages):
        report(f"reading {name}: {code}", i / len(languages))
        found = corpus.sample(name, code, about.splits.train, settings.examples, settings.seed)
        records = found.records
        require_columns(records, list(about.columns.values()), f"{name} {code}/{about.splits.train}")
        kept = [
            _is_held_out(about, row, record, settings.held_out) for row, record in zip(found.rows, records, strict=True)
        ]
        trained[code] = [r for r, out in zip(records, kept, strict=True) if not out]
        held_out[code] = [r for r, out in zip(records, kept, strict=True) if out]
    return Passages(about, trained, held_out)


def by_language(texts: Sequence[Passages]) -> dict[str, list[str]]:
    """Return all passages of each language that are trained on."""
    found: dict[str, list[str]] = {}
    for text in texts:
        for code, records in text.trained.items():
            found.setdefault(code, []).extend(str(record[text.column]) for record in records)
    return found


def monolingual(texts: Sequence[Passages], settings: Pretraining, encoder: Encoder) -> Features:
    """Return all passages, some joined to one, those of small languages several times."""
    found: dict[str, list[str]] = {}
    for text in texts:
        for code, records in text.trained.items():
            passages = [str(record[text.column]) for record in records]
            found.setdefault(code, []).extend(
                " ".join(passages[i : i + settings.joined]) for i in range(0, len(passages), settings.joined)
            )
    counts = balanced_counts([len(passages) for passages in found.values()], settings.temperature)
    rng = np.random.default_rng([settings.seed, 5])
    chosen: list[Record] = []
    for passages, count in zip(found.values(), counts, strict=True):
        numbers = np.concatenate([rng.permutation(len(passages)) for _ in range(-(-count // len(passages)))])[:count]
        chosen += [{"text": passages[n]} for n in numbers]
    return text_features(chosen, "text", encoder)


def side_by_side(pairs: Sequence[Passages], settings: Pretraining, encoder: Encoder) -> Features | None:
    """Return passages beside their counterparts in the source language, in either order; None where there are none.

    Languages weigh in as in monolingual text.
    """
    rng = np.random.default_rng([settings.seed, 6])
    found: dict[str, list[Record]] = {}
    for text in pairs:
        for code, both in beside(text, text.trained, settings.source_language):
            first = int(rng.integers(2))
            found.setdefault(code, []).append({"text": both[first], "pair": both[1 - first]})
    if not found:
        return None
    counts = balanced_counts([len(records) for records in found.values()], settings.temperature)
    chosen = [
        records[n]
        for records, count in zip(found.values(), counts, strict=True)
        for n in np.resize(rng.permutation(len(records)), count)
    ]
    return text_features(chosen, "text pair", encoder)


def held_out_of(texts: Sequence[Passages], code: str, count: int) -> list[Record]:
    """Return at most so many held-out passages of a language, evenly from all of them."""
    found = [{"text": str(r[text.column])} for text in texts for r in text.held_out.get(code, [])]
    return found if len(found) <= count else [found[i] for i in np.linspace(0, len(found) - 1, count).astype(int)]


def sentences(pairs: Sequence[Passages]) -> Iterator[tuple[str, str]]:
    """Yield every aligned passage that is trained on with what names it in all languages."""
    for text in pairs:
        for records in text.trained.values():
            for record in records:
                yield text.key(record), str(record[text.column])


def text_features(records: list[Record], columns: str, encoder: Encoder) -> Features:
    """Return rows of text (`text`), or of two texts (`text pair`), as features of language modelling."""
    task = Task(
        name="pretraining",
        title="Pretraining",
        family="language modelling",
        head="masked-lm" if columns == "text" else "translation-lm",
        columns={column: column for column in columns.split()},
        metric="accuracy",
        made_of=("pretraining",),
    )
    return featurize(task, records, encoder, encoder.longest, "text")


def _languages(there: Sequence[str], settings: Pretraining, name: str) -> list[str]:
    without = settings.without.get(name, ())
    for code in without:
        if code not in there:
            raise InputError(f"without: {name} has no {code!r}{nearest(code, there)}; it has {', '.join(there)}")
    chosen = [c for c in there if (not settings.languages or c in settings.languages) and c not in without]
    if not chosen:
        raise InputError(
            f"{name}: has none of the languages {', '.join(settings.languages)}; it has {', '.join(there)}"
        )
    return chosen


def _is_held_out(task: Task, row: int, record: Record, share: float) -> bool:
    """Whether a passage is held out: the same passage in every language and text, so that none sees it translated.

    A passage without a key is known by its row.
    """
    key = record[task.columns["key"]] if "key" in task.columns else row
    return zlib.crc32(f"{task.folder or task.name}/{key}".encode()) % 10_000 < 10_000 * share
