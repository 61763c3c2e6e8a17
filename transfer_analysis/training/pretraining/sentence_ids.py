"""First embeddings from aligned text: what a subword has in common with another is the sentences they occur in.

(Levy, Søgaard & Goldberg 2017.) The numbers of aligned sentences are the contexts of a subword of any language, so that
translations begin near each other before anything is trained.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from scipy.sparse import csr_matrix

from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.pretraining.cooccurrence import SCALE, oriented, ppmi

#: Rounds of the randomised decomposition (Halko et al. 2011), and decimals that are kept of it.
_ROUNDS, _DIGITS = 4, 6


def embeddings_from_sentences(sentences: Iterable[tuple[str, str]], encoder: Encoder, seed: int) -> torch.Tensor:
    """Return first embeddings, shape (vocabulary, width): singular vectors of positive pointwise mutual information.

    Subwords that occur in no sentence, and what is missing where there are fewer sentences than dimensions, begin at
    random.

    Parameters
    ----------
    sentences
        What names a sentence in all languages, and its text in one of them.
    """
    from sklearn.utils.extmath import randomized_svd

    counts = sentence_counts(sentences, encoder)
    width = encoder.hidden_size
    rank = min(width, counts.shape[1], int((counts.getnnz(axis=1) > 0).sum()))
    vectors, values, _ = randomized_svd(ppmi(counts), rank, n_iter=_ROUNDS, random_state=seed)
    found = oriented(vectors, values)
    found *= SCALE / max(float(found[found.any(axis=1)].std()), 1e-12)
    first = np.random.default_rng(seed).normal(scale=SCALE, size=(counts.shape[0], width))
    seen = found.any(axis=1)
    first[seen, :rank] = found[seen]
    return torch.from_numpy(first.round(_DIGITS).astype(np.float32))


def sentence_counts(sentences: Iterable[tuple[str, str]], encoder: Encoder) -> csr_matrix:
    """Return in how many languages each subword occurs in each sentence, shape (vocabulary, sentences)."""
    keys, texts = zip(*sentences, strict=True)
    names = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    # Not the tokenizer around it, which warns of sentences that are longer than the encoder's rows.
    rows = [
        np.unique(e.ids) for e in encoder.tokenizer.backend_tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    ]
    column = np.repeat([names[key] for key in keys], [len(row) for row in rows])
    row = np.concatenate(rows).astype(np.int64)
    shape = (len(encoder.tokenizer), len(names))
    return csr_matrix((np.ones(len(row)), (row, column)), shape=shape)
