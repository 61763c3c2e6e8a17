"""A table of the diversity of several tasks' examples, compared at one size, with intervals."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from transfer_analysis.distances.diversity.measures import (
    arcs,
    entropy,
    lexical_diversity,
    moving_average_ratio,
    ngrams,
    vendi_score,
)
from transfer_analysis.distances.embeddings.encoders import TextEncoder
from transfer_analysis.distances.tasks.examples import TaskExamples
from transfer_analysis.distances.tasks.vocabulary import words
from transfer_analysis.errors import InputError
from transfer_analysis.progress import Report, silent

Ints = npt.NDArray[np.int64]

#: Measure → what it is, as a table's heading or a figure's axis names it.
MEASURES = {
    "mattr": "moving-average type–token ratio (50 words)",
    "mtld": "MTLD (words)",
    "entropy-1": "entropy of words (bits)",
    "entropy-2": "entropy of word bigrams (bits)",
    "entropy-3": "entropy of word trigrams (bits)",
    "vendi": "Vendi score of embeddings (effective number of examples)",
    "length-entropy": "entropy of sentence lengths in words (bits)",
    "pos-entropy": "entropy of part-of-speech trigrams (bits)",
    "dependency-entropy": "entropy of dependencies (bits)",
    "genre-entropy": "entropy of genres (bits)",
}

#: Columns of annotated sentences, and those that name a genre.
_ANNOTATED = ("upos", "head", "deprel")
_GENRES = ("genre", "domain")

#: Where a sentence ends.
_SENTENCE_END = re.compile(r"(?<=[.!?。！？।؟])\s+|\n+")

#: Fewest examples: half-samples of fewer say nothing.
LEAST = 20

#: What is counted in each example: its items, of any kind.
_Counted = list[list[Hashable]]


@dataclass(frozen=True)
class _Items:
    """What is measured of one task, example by example.

    Attributes
    ----------
    words
        Words of each example.
    counted
        Measure of entropy → the items of each example.
    similarities
        Between the embeddings of the examples, or None.
    """

    words: list[list[str]]
    counted: dict[str, _Counted]
    similarities: npt.NDArray[np.float64] | None


def diversity_table(
    examples: Mapping[str, TaskExamples],
    encoder: TextEncoder | None = None,
    *,
    resamples: int = 200,
    level: float = 0.95,
    seed: int = 0,
    report: Report = silent,
) -> pd.DataFrame:
    """Return how diverse the examples of each task are.

    Entropies and the Vendi score grow with the size of a sample, so all tasks are compared at that of the smallest: as many
    examples, and for each entropy as many items (words, n-grams, dependencies …), drawn at random from all of those examples.
    The two ratios of words do not, and are of all words of the examples. Intervals come from half-samples of the examples
    without replacement (Politis & Romano 1994), about the value itself: the ordinary bootstrap repeats examples, and
    repetition is what diversity is the lack of. Where diversity rests on what is rare they are somewhat too narrow.

    Parameters
    ----------
    examples
        Task → its examples, at least 20 each.
    encoder
        For the Vendi score of embeddings, with cosine as similarity; left out where not given.
    resamples
        Half-samples behind each interval.

    Returns
    -------
    pandas.DataFrame
        One row for each task and measure: `task`, `measure`, `value`, `low`, `high`, `level`, `examples` and `items` (how many
        words, n-grams, dependencies or examples were measured), `data` (where the examples come from, and a hash). Syntax is measured where examples have `upos`, `head` and
        `deprel`, genres where they have `genre` or `domain`; a task's numbers do not depend on the order of the tasks.

    Raises
    ------
    InputError
        For tasks with too few examples.
    """
    few = [f"{task} ({len(given.texts)})" for task, given in examples.items() if len(given.texts) < LEAST]
    if few or not examples:
        raise InputError(
            f"too few examples of {', '.join(few) or 'any task'}; diversity needs at least {LEAST} of each task: give more "
            "with --count, or leave it out"
        )
    size = min(len(given.texts) for given in examples.values())
    drawing = {task: np.random.default_rng([seed, zlib.crc32(task.encode())]) for task in examples}
    items = {
        task: _items(given, drawing[task].permutation(len(given.texts))[:size], encoder)
        for task, given in examples.items()
    }
    least = {
        name: min(_count(one.counted[name]) for one in items.values() if name in one.counted)
        for name in MEASURES
        if any(name in one.counted for one in items.values())
    }
    rows = []
    for i, (task, one) in enumerate(items.items()):
        report(f"diversity: {task}", i / len(items))
        counted = {name: _thinned(found, least[name], drawing[task]) for name, found in one.counted.items()}
        for measure, (value, number) in _measures(one, counted).items():
            at = value(np.arange(size))
            low, high = _interval(value, at, size, resamples, level, np.random.default_rng([seed, 1]))
            rows.append((task, measure, at, low, high, level, size, number, examples[task].data))
    columns = ["task", "measure", "value", "low", "high", "level", "examples", "items", "data"]
    return pd.DataFrame(rows, columns=columns)


def _items(given: TaskExamples, order: Ints, encoder: TextEncoder | None) -> _Items:
    texts = [given.texts[i] for i in order]
    records = [given.records[i] for i in order] if given.records else []
    similarities = None
    if encoder is not None:
        vectors = encoder.encode(texts)
        if not np.isfinite(vectors).all():
            raise InputError(f"the encoder gives embeddings of {given.name} that are NaN or infinite; use another one")
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        similarities = vectors @ vectors.T
    found = words(texts)
    counted: dict[str, _Counted] = {f"entropy-{n}": [list(ngrams([row], n)) for row in found] for n in (1, 2, 3)}
    counted["length-entropy"] = [[len(s) for s in words(_SENTENCE_END.split(text)) if s] for text in texts]
    if records and all(isinstance(record.get(name), list) for record in records for name in _ANNOTATED):
        counted["pos-entropy"] = [list(ngrams([record["upos"]], 3)) for record in records]
        counted["dependency-entropy"] = [list(arcs(record)) for record in records]
    genre = next((name for name in _GENRES if records and all(isinstance(r.get(name), str) for r in records)), None)
    if genre is not None:
        counted["genre-entropy"] = [[record[genre]] for record in records]
    return _Items(found, counted, similarities)


def _measures(one: _Items, counted: dict[str, _Counted]) -> dict[str, tuple[Callable[[Ints], float], int]]:
    """Return, by measure, its value for some of the examples, given by their numbers, and how many items there are in all."""

    def text(chosen: Ints) -> list[str]:
        return [word for i in chosen for word in one.words[i]]

    def entropy_of(items: _Counted) -> Callable[[Ints], float]:
        return lambda chosen: entropy(item for i in chosen for item in items[i])

    number = sum(map(len, one.words))
    found: dict[str, tuple[Callable[[Ints], float], int]] = {
        "mattr": (lambda chosen: moving_average_ratio(text(chosen)), number),
        "mtld": (lambda chosen: lexical_diversity(text(chosen)), number),
    }
    found |= {name: (entropy_of(items), _count(items)) for name, items in counted.items()}
    similarities = one.similarities
    if similarities is not None:
        found["vendi"] = (lambda chosen: vendi_score(similarities[np.ix_(chosen, chosen)]), len(similarities))
    return {name: found[name] for name in MEASURES if name in found}


def _count(items: _Counted) -> int:
    return sum(map(len, items))


def _thinned(items: _Counted, count: int, rng: np.random.Generator) -> _Counted:
    """Return so many of the items, drawn at random from those of all examples."""
    places = [(i, j) for i, found in enumerate(items) for j in range(len(found))]
    thinned: _Counted = [[] for _ in items]
    for place in np.sort(rng.permutation(len(places))[:count]):
        i, j = places[place]
        thinned[i].append(items[i][j])
    return thinned


def _interval(
    value: Callable[[Ints], float], at: float, size: int, resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Return quantiles of half-samples about their mean, put about the value.

    A half-sample without replacement varies about its mean as the whole sample does about the truth.
    """
    values = np.array([value(np.sort(rng.permutation(size)[: size // 2])) for _ in range(resamples)])
    values = values[np.isfinite(values)]
    if not len(values) or not np.isfinite(at):
        return float("nan"), float("nan")
    low, high = np.quantile(values - values.mean(), [(1 - level) / 2, (1 + level) / 2])
    return at + float(low), at + float(high)
