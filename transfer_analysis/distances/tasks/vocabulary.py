"""Task distances from the words of their examples, without any model."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import regex
from scipy.spatial.distance import jensenshannon

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.tasks.semantic import Texts, cosine_distances
from transfer_analysis.errors import InputError

Floats = npt.NDArray[np.float64]

#: Texts → the tokens of each.
Tokenize = Callable[[Sequence[str]], list[list[str]]]

#: Letters with their marks, and digits; apostrophes and joiners inside a word belong to it.
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’\u200c\u200d][\p{L}\p{M}\p{N}]+)*")


def words(texts: Sequence[str]) -> list[list[str]]:
    """Return the words of each text in lower case; numbers count, punctuation does not."""
    return [_WORD.findall(unicodedata.normalize("NFC", text).lower()) for text in texts]


def token_divergence_distances(
    examples: Texts, tokenize: Tokenize = words, about: dict[str, Any] | None = None
) -> DistanceMatrix:
    """Return the Jensen–Shannon distance between the tasks' token distributions (Endres & Schindelin 2003).

    Returns
    -------
    DistanceMatrix
        Symmetric, in [0, 1]: the root of the divergence in bits.
    """
    counts = _counted(examples, tokenize)
    every = sorted(set().union(*counts.values()))
    shares = np.array([[found[token] for token in every] for found in counts.values()], dtype=float)
    shares /= shares.sum(axis=1, keepdims=True)
    values = [
        [0.0 if i == j else min(1.0, float(jensenshannon(a, b, base=2))) for j, b in enumerate(shares)]
        for i, a in enumerate(shares)
    ]
    return _matrix(np.array(values), "token-divergence", counts, about)


def vocabulary_overlap_distances(
    examples: Texts, tokenize: Tokenize = words, about: dict[str, Any] | None = None
) -> DistanceMatrix:
    """Return 1 − the token types that two tasks share over those that either has (Jaccard).

    Returns
    -------
    DistanceMatrix
        Symmetric, in [0, 1]. Tasks with more text share fewer of their types by that alone.
    """
    counts = _counted(examples, tokenize)
    types = [set(found) for found in counts.values()]
    values = np.array([[1 - len(a & b) / len(a | b) for b in types] for a in types])
    return _matrix(values, "vocabulary-overlap", counts, about)


def tfidf_distances(examples: Texts, tokenize: Tokenize = words, about: dict[str, Any] | None = None) -> DistanceMatrix:
    """Return 1 − cosine between the tasks' mean TF–IDF vectors.

    An example is a document, with the weights of scikit-learn's `TfidfVectorizer` (raw counts, smoothed inverse document
    frequency over the examples of all tasks, each example scaled to length one).

    Returns
    -------
    DistanceMatrix
        Symmetric, in [0, 1].
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    counts = _counted(examples, tokenize)
    documents = tokenize([text for texts in examples.values() for text in texts])
    weights = TfidfVectorizer(analyzer=lambda tokens: tokens).fit_transform(documents)
    ends = np.cumsum([0, *(len(texts) for texts in examples.values())])
    means = np.stack([np.asarray(weights[a:b].mean(axis=0)).ravel() for a, b in pairwise(ends)])
    return _matrix(cosine_distances(means, list(examples), "TF-IDF vector"), "tfidf", counts, about)


def _counted(examples: Texts, tokenize: Tokenize) -> dict[str, Counter[str]]:
    """Return how often each token occurs in each task.

    Raises
    ------
    InputError
        For a task without tokens.
    """
    found = {
        task: Counter(token for tokens in tokenize(list(texts)) for token in tokens) for task, texts in examples.items()
    }
    empty = [task for task, counts in found.items() if not counts]
    if empty or not found:
        raise InputError(f"no words in the examples of {', '.join(empty) or 'any task'}")
    return found


def _matrix(values: Floats, kind: str, counts: dict[str, Counter[str]], about: dict[str, Any] | None) -> DistanceMatrix:
    labels = list(counts)
    parameters = {
        **(about or {"tokens": "words in lower case"}),
        "token_count": {task: sum(found.values()) for task, found in counts.items()},
    }
    return DistanceMatrix(pd.DataFrame(values, index=labels, columns=labels), kind, parameters)
