"""Measures of diversity of one set of items: words, n-grams, embeddings, structures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Words in a window of the moving-average type–token ratio.
WINDOW = 50

#: Type–token ratio at which a factor of MTLD is complete (McCarthy & Jarvis 2010).
_FACTOR = 0.72


def moving_average_ratio(words: Sequence[str], window: int = WINDOW) -> float:
    """Return the mean type–token ratio over all windows of so many words (Covington & McFall 2010); in (0, 1].

    A text shorter than the window is one window. Unlike the plain ratio it does not fall with the length of the text.
    """
    if not words:
        return float("nan")
    window = min(window, len(words))
    counts = Counter(words[:window])
    types = [len(counts)]
    for old, new in zip(words, words[window:], strict=False):
        counts[new] += 1
        counts[old] -= 1
        if not counts[old]:
            del counts[old]
        types.append(len(counts))
    return float(np.mean(types)) / window


def lexical_diversity(words: Sequence[str]) -> float:
    """Return MTLD: the mean length of stretches whose type–token ratio stays above 0.72 (McCarthy & Jarvis 2010).

    The mean of reading the text forwards and backwards; what is left at the end counts as the part of a factor by which
    its ratio has fallen from 1 towards 0.72. Infinite for a text that never repeats a word.
    """
    if not words:
        return float("nan")
    return (_stretch(words) + _stretch(words[::-1])) / 2


def _stretch(words: Sequence[str]) -> float:
    factors, types, length = 0.0, set[str](), 0
    for word in words:
        types.add(word)
        length += 1
        if len(types) / length <= _FACTOR:
            factors += 1
            types, length = set(), 0
    if length:
        factors += (1 - len(types) / length) / (1 - _FACTOR)
    return len(words) / factors if factors else float("inf")


def entropy(items: Iterable[Hashable]) -> float:
    """Return the entropy of items in bits, by their shares; NaN where there are none.

    It is low for a small sample, by about (kinds − 1) / (2 n ln 2) bits: compare samples of one size.
    """
    counts = np.array(list(Counter(items).values()), dtype=float)
    if not len(counts):
        return float("nan")
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # no −0.0 for a single kind


def ngrams(sequences: Iterable[Sequence[Hashable]], n: int) -> list[tuple[Hashable, ...]]:
    """Return all stretches of n items within each sequence."""
    return [tuple(sequence[i : i + n]) for sequence in sequences for i in range(len(sequence) - n + 1)]


def vendi_score(similarities: Floats) -> float:
    """Return the exponential of the entropy of the eigenvalues of K / n (Friedman & Dieng 2023); from 1 to n.

    Parameters
    ----------
    similarities
        K, shape (items, items), ones on the diagonal, positive semidefinite. The score is the number of items that are
        effectively different: 1 where all are the same, n where none is like another.
    """
    values = np.linalg.eigvalsh(similarities / len(similarities))
    values = values[values > 0]
    return float(np.exp(-(values * np.log(values)).sum()))


def arcs(sentence: dict[str, list[str]]) -> list[tuple[str, ...]]:
    """Return the dependencies of a sentence without its words: relation, side, and both parts of speech.

    Parameters
    ----------
    sentence
        `upos`, `head` (numbers from 1, 0 for the root) and `deprel`, one of each per word.
    """
    tags = sentence["upos"]
    found: list[tuple[str, ...]] = []
    for place, (head, relation) in enumerate(zip(sentence["head"], sentence["deprel"], strict=True), start=1):
        number = int(head)
        side = "root" if number == 0 else "left" if place < number else "right"
        found.append((relation, side, tags[place - 1], tags[number - 1] if number else ""))
    return found
