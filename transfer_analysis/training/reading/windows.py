"""Sentences of words as rows of subwords: one row each, or several that overlap where a sentence is too long for one.

Nothing is cut off: every word is read in at least one row, and its prediction is taken from the row in which it has the
most context, as for long passages in question answering (Devlin et al. 2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from transfer_analysis.training.encoder import Encoder

Ints = npt.NDArray[np.int64]

#: A word of which every tokenizer makes at least one subword; it shows where special subwords stand.
_PLAIN_WORD = "a"


def sentence_rows(
    sentences: Sequence[Sequence[str]], encoder: Encoder, max_length: int, stride: int
) -> tuple[list[Ints], list[Ints], Ints, npt.NDArray[np.bool_]]:
    """Return sentences as rows of at most `max_length` subwords, special ones included.

    A word without a subword (one that the tokenizer removes) is read as the unknown subword; a word too long for a row by
    itself is read as far as it fits.

    Parameters
    ----------
    stride
        Subwords that the rows of a long sentence share, at most.

    Returns
    -------
    tuple
        Subwords of each row; the word of each subword, -1 for special ones; the sentence of each row; and whether the row
        has a word that does not fit.
    """
    before, after, pieces = _pieces(sentences, encoder)
    room = max_length - len(before) - len(after)
    ids: list[Ints] = []
    words: list[Ints] = []
    owner: list[int] = []
    cut: list[bool] = []
    for number, sentence in enumerate(pieces):
        sizes = np.array([min(len(word), room) for word in sentence], dtype=np.int64)
        for first, end in windows(sizes, room, stride):
            there = [(word, piece) for word in range(first, end) for piece in sentence[word][:room]]
            ids.append(np.array([*before, *(piece for _, piece in there), *after], dtype=np.int64))
            words.append(np.array([-1] * len(before) + [w for w, _ in there] + [-1] * len(after), dtype=np.int64))
            owner.append(number)
            cut.append(any(len(word) > room for word in sentence[first:end]))
    return ids, words, np.array(owner, dtype=np.int64), np.array(cut, dtype=bool)


def windows(sizes: Ints, room: int, stride: int) -> list[tuple[int, int]]:
    """Return the first word and the word after the last of each window over a sentence.

    Parameters
    ----------
    sizes
        Subwords of each word, none larger than `room`.
    room
        Subwords that fit a window.
    stride
        Subwords that two neighbours share, at most; each window goes at least one word further.
    """
    ends = np.concatenate([[0], np.cumsum(sizes)])
    count = len(sizes)
    found: list[tuple[int, int]] = []
    first = 0
    while True:
        end = int(np.searchsorted(ends, ends[first] + room, side="right")) - 1
        if end >= count:
            # The last window takes as much before it as fits.
            first = int(np.searchsorted(ends, ends[count] - room, side="left")) if found else 0
            return [*found, (first, count)]
        found.append((first, end))
        first = max(first + 1, int(np.searchsorted(ends, ends[end] - stride, side="left")))


def most_context(words: Sequence[Ints]) -> list[npt.NDArray[np.bool_]]:
    """Return which words of each window of one sentence are to be taken from it: each word from exactly one window.

    Parameters
    ----------
    words
        Numbers of the words of each window, ascending.

    Returns
    -------
    list
        For each window, true on the words of which no other window has more on the side that it has less of; of equal
        windows the first counts.
    """
    if len(words) == 1:
        return [np.ones(len(words[0]), dtype=bool)]
    best: dict[int, tuple[int, int]] = {}
    for window, there in enumerate(words):
        for place, word in enumerate(there.tolist()):
            context = min(place, len(there) - 1 - place)
            if word not in best or context > best[word][0]:
                best[word] = context, window
    return [
        np.array([best[word][1] == window for word in there.tolist()], dtype=bool) for window, there in enumerate(words)
    ]


def _pieces(sentences: Sequence[Sequence[str]], encoder: Encoder) -> tuple[list[int], list[int], list[list[list[int]]]]:
    """Return the special subwords before and after a row, and the subwords of each word of each sentence."""
    encoded = encoder.tokenizer([[_PLAIN_WORD], *map(list, sentences)], is_split_into_words=True, verbose=False)
    of_plain = encoded.word_ids(0)
    first, last = of_plain.index(0), len(of_plain) - of_plain[::-1].index(0)
    before, after = encoded["input_ids"][0][:first], encoded["input_ids"][0][last:]
    unknown = encoder.tokenizer.unk_token_id
    found = []
    for number, sentence in enumerate(sentences, start=1):
        words: list[list[int]] = [[] for _ in sentence]
        for word, piece in zip(encoded.word_ids(number), encoded["input_ids"][number], strict=True):
            if word is not None:
                words[word].append(piece)
        found.append([word or ([unknown] if unknown is not None else [encoder.pad_id]) for word in words])
    return before, after, found


def are_first(words: Ints) -> npt.NDArray[np.bool_]:
    """Return which subwords are the first of a word, given the number of each one's word, -1 for none."""
    first: npt.NDArray[np.bool_] = (words >= 0) & (words != np.concatenate([[-2], words[:-1]]))
    return first


def words_of_rows(words: Sequence[Ints]) -> list[Ints]:
    """Return the numbers of the words that begin in each row."""
    return [row[are_first(row)] for row in words]


def owned_words(there: Sequence[Ints], example: Ints) -> list[npt.NDArray[np.bool_]]:
    """Return which of the words of each row are taken from it, where a sentence has several rows."""
    owned: list[npt.NDArray[np.bool_]] = []
    starts = np.flatnonzero(np.diff(example, prepend=-1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(example)], strict=True):
        owned += most_context(there[start:end])
    return owned
