"""A table of the diversity of several tasks' examples, compared at one size, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
    "length-entropy": "entropy of example lengths (bits)",
    "pos-entropy": "entropy of part-of-speech trigrams (bits)",
    "dependency-entropy": "entropy of dependencies (bits)",
    "genre-entropy": "entropy of genres (bits)",
}

#: Columns of annotated sentences, and those that name a genre.
_ANNOTATED = ("upos", "head", "deprel")
_GENRES = ("genre", "title")

#: Fewest examples: half-samples of fewer say nothing.
LEAST = 20


@dataclass(frozen=True)
class _Items:
    """What is measured of one task, example by example, so that any choice of examples can be measured."""

    words: list[list[str]]
    similarities: npt.NDArray[np.float64] | None
    sentences: list[dict[str, Any]] | None
    genres: list[str] | None

    def measures(self) -> dict[str, Callable[[Ints], float]]:
        """Return, by measure, its value for some of the examples, given by their numbers."""

        def text(chosen: Ints) -> list[str]:
            return [word for i in chosen for word in self.words[i]]

        found: dict[str, Callable[[Ints], float]] = {
            "mattr": lambda chosen: moving_average_ratio(text(chosen)),
            "mtld": lambda chosen: lexical_diversity(text(chosen)),
            "length-entropy": lambda chosen: entropy(len(self.words[i]) for i in chosen),
        }
        for n in (1, 2, 3):
            found[f"entropy-{n}"] = lambda chosen, n=n: entropy(ngrams([self.words[i] for i in chosen], n))  # type: ignore[misc]
        similarities, sentences, genres = self.similarities, self.sentences, self.genres
        if similarities is not None:
            found["vendi"] = lambda chosen: vendi_score(similarities[np.ix_(chosen, chosen)])
        if sentences is not None:
            found["pos-entropy"] = lambda chosen: entropy(ngrams([sentences[i]["upos"] for i in chosen], 3))
            found["dependency-entropy"] = lambda chosen: entropy(a for i in chosen for a in arcs(sentences[i]))
        if genres is not None:
            found["genre-entropy"] = lambda chosen: entropy(genres[i] for i in chosen)
        return {name: found[name] for name in MEASURES if name in found}


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

    Measures grow with the size of a sample, so all tasks are compared at the size of the smallest: as many examples, and
    for those of words as many words. Intervals come from half-samples without replacement (Politis & Romano 1994), about
    the value itself: the ordinary bootstrap repeats examples, and repetition is what diversity is the lack of.

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
        One row for each task and measure: `task`, `measure`, `value`, `low`, `high`, `level`, `examples` and `words`. Syntax
        is measured where examples have `upos`, `head` and `deprel`, genres where they have `genre` or `title`.

    Raises
    ------
    InputError
        For tasks with too few examples.
    """
    few = [f"{task} ({len(given.texts)})" for task, given in examples.items() if len(given.texts) < LEAST]
    if few or not examples:
        raise InputError(
            f"too few examples of {', '.join(few) or 'any task'}; diversity needs at least {LEAST} of each task"
        )
    rng = np.random.default_rng(seed)
    size = min(len(given.texts) for given in examples.values())
    order = {task: rng.permutation(len(given.texts))[:size] for task, given in examples.items()}
    items = {task: _items(given, order[task], encoder) for task, given in examples.items()}
    least = min(sum(map(len, one.words)) for one in items.values())
    rows = []
    for i, (task, one) in enumerate(items.items()):
        report(f"diversity: {task}", i / len(items))
        cut = _Items(_cut(one.words, least), one.similarities, one.sentences, one.genres)
        for measure, value in cut.measures().items():
            at = value(np.arange(size))
            low, high = _interval(value, at, size, resamples, level, np.random.default_rng([seed, 1]))
            rows.append((task, measure, at, low, high, level, size, sum(map(len, cut.words))))
    columns = ["task", "measure", "value", "low", "high", "level", "examples", "words"]
    return pd.DataFrame(rows, columns=columns)


def _items(given: TaskExamples, order: Ints, encoder: TextEncoder | None) -> _Items:
    texts = [given.texts[i] for i in order]
    records = [given.records[i] for i in order] if given.records else []
    similarities = None
    if encoder is not None:
        vectors = encoder.encode(texts)
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        similarities = vectors @ vectors.T
    annotated = bool(records) and all(isinstance(r.get(name), list) for r in records for name in _ANNOTATED)
    genre = next((name for name in _GENRES if records and all(isinstance(r.get(name), str) for r in records)), None)
    return _Items(
        words(texts), similarities, records if annotated else None, [r[genre] for r in records] if genre else None
    )


def _cut(texts: list[list[str]], count: int) -> list[list[str]]:
    """Return texts cut after so many words in all, from the end of the last ones."""
    kept, left = [], count
    for text in texts:
        kept.append(text[:left])
        left -= len(kept[-1])
    return kept


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
