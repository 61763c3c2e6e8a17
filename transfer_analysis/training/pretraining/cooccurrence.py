"""First embeddings from co-occurrence: positive pointwise mutual information, reduced by singular values.

(Levy, Goldberg & Dagan 2015.) The contexts of a word are the source language's words in its sentence and in that
sentence's translation, its own translation among them; so translations begin near each other as far as there is aligned
text. Where there is none, all that a language has in common with the source language are the words they share.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import coo_matrix, csr_matrix

from transfer_analysis.progress import Report
from transfer_analysis.training.pretraining.simulated_text import Document, Text

#: Context counts are raised to this power, which tempers the weight of rare contexts.
_SMOOTHING = 0.75

#: Most contexts of words that never stand beside a word of the source language: the most frequent of themselves.
_CONTEXTS = 512

#: Decimals that are kept.
_DIGITS = 6

#: Words that are too few to be one another's contexts.
_FEWEST = 2

#: Standard deviation of the embeddings, near that of the weights they stand among.
SCALE = 0.08


def embeddings_from_cooccurrence(text: Text, vocabulary: int, width: int, seed: int, report: Report) -> torch.Tensor:
    """Return first embeddings, shape (vocabulary, width).

    Words that never stand beside a word of the source language have contexts among themselves, in a space of their own;
    words of which nothing is known begin at random.
    """
    report("counting which words occur together", 0.0)
    sentences = list(_sentences(text))
    number = np.repeat(np.arange(len(sentences)), [len(ids) for ids in sentences])
    words = np.concatenate(sentences)
    occurs = coo_matrix((np.ones(len(words)), (number, words)), shape=(len(sentences), vocabulary)).tocsr()
    occurs.data[:] = 1
    counts = (occurs.T @ occurs).tocsr()
    source = np.setdiff1d(np.concatenate(text.single[0]), [text.stop])
    beside = counts[:, source]
    alone = np.flatnonzero((np.asarray(beside.sum(axis=1)).ravel() == 0) & (counts.diagonal() > 0))
    found = _reduced(beside, width)
    if len(alone) > _FEWEST:
        often = alone[np.argsort(-counts.diagonal()[alone], kind="stable")][:_CONTEXTS]
        found[alone] = _reduced(counts[alone][:, np.sort(often)], width)
    nothing = ~found.any(axis=1)
    found[nothing] = np.random.default_rng(seed).normal(scale=SCALE, size=(int(nothing.sum()), width))
    return torch.from_numpy(found.astype(np.float32))


def ppmi(counts: csr_matrix) -> csr_matrix:
    """Return the positive pointwise mutual information of counts of words (rows) and contexts (columns)."""
    totals = np.asarray(counts.sum(axis=1)).ravel()
    contexts = np.asarray(counts.sum(axis=0)).ravel() ** _SMOOTHING
    contexts /= contexts.sum()
    found = counts.tocoo()
    information = np.log(found.data / (totals[found.row] * contexts[found.col]))
    kept = information > 0
    return csr_matrix((information[kept], (found.row[kept], found.col[kept])), shape=counts.shape)


def _sentences(text: Text) -> Iterator[Document]:
    """Yield the sentences of all documents, each with its translation where it has one."""
    for documents in text.single:
        for document in documents:
            yield from _split(document, text.stop)
    for pairs in text.pairs:
        for one, other in pairs:
            for sentence, translation in zip(_split(one, text.stop), _split(other, text.stop), strict=True):
                yield np.concatenate([sentence, translation])


def _split(document: Document, stop: int) -> list[Document]:
    return np.split(document, np.flatnonzero(document == stop))


def _reduced(counts: csr_matrix, width: int) -> npt.NDArray[np.float64]:
    """Return vectors of words, shape (words, width), scaled to the size of first weights.

    Contexts are few, so the decomposition is a dense one, which gives the same numbers on every start.
    """
    vectors, values, _ = np.linalg.svd(ppmi(counts).toarray(), full_matrices=False)
    rank = min(width, len(values))
    found = np.zeros((counts.shape[0], width))
    found[:, :rank] = oriented(vectors[:, :rank], values[:rank])
    found *= SCALE / max(float(found.std()), 1e-12)
    # The last digits hang on where in memory the numbers lie.
    return found.round(_DIGITS)


def oriented(vectors: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return singular vectors times the roots of their values, the largest entry of each positive: they have no sign of their own."""
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(len(values))])
    scaled: npt.NDArray[np.float64] = vectors * signs * np.sqrt(values)
    return scaled
