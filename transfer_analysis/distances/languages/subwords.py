"""Distances between languages as a tokenizer sees them: the subwords they share, and into how many it cuts a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.tokenizers import Tokenizer
from transfer_analysis.errors import InputError
from transfer_analysis.languages import resolve

#: Scripts written without spaces between words (ISO 15924).
_UNSPACED = ("Hani", "Hans", "Hant", "Jpan", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr", "Tibt")

#: Words of each language, sentence by sentence.
Words = Mapping[str, Sequence[Sequence[str]]]


def subword_overlap_distances(texts: Mapping[str, Sequence[str]], tokenizer: Tokenizer) -> DistanceMatrix:
    """Return 1 − the subwords that two languages share over those that either has (Pires et al. 2019).

    Parameters
    ----------
    texts
        Language → sentences. The more text, the more subwords: give each language the same sentences, or as many.

    Returns
    -------
    DistanceMatrix
        Symmetric, values in [0, 1]; 1 where no subword is shared. Special and unknown subwords do not count.

    Raises
    ------
    InputError
        For a language without text, or of which the tokenizer knows nothing.
    """
    _require_texts(texts)
    types = {language: set(tokenizer.known_ids(sentences)) for language, sentences in texts.items()}
    nothing = [language for language, found in types.items() if not found]
    if nothing:
        raise InputError(
            f"the tokenizer {tokenizer.name} knows no subword of {', '.join(nothing)}; leave out or change it"
        )
    labels = list(texts)
    values = [[1 - len(types[a] & types[b]) / len(types[a] | types[b]) for b in labels] for a in labels]
    parameters = {**tokenizer.provenance(), "sentences": {language: len(t) for language, t in texts.items()}}
    return DistanceMatrix(pd.DataFrame(values, index=labels, columns=labels), "subword-overlap", parameters)


def fertility(words: Words, tokenizer: Tokenizer) -> dict[str, float]:
    """Return how many subwords the tokenizer cuts a word into, on average, for each language (Rust et al. 2021).

    Parameters
    ----------
    words
        Language → sentences as lists of words.
    """
    return {
        language: sum(map(len, tokenizer.word_ids([word for sentence in sentences for word in sentence])))
        / max(1, sum(map(len, sentences)))
        for language, sentences in words.items()
    }


def fertility_distances(words: Words, tokenizer: Tokenizer) -> DistanceMatrix:
    """Return the absolute difference in fertility between languages; NaN where a language has no words.

    A word that the tokenizer does not know at all is one subword; the share of such subwords stands in the parameters.

    Raises
    ------
    InputError
        For a language without sentences.
    """
    _require_texts(words)
    found = {
        language: value if any(words[language]) else np.nan for language, value in fertility(words, tokenizer).items()
    }
    rates = np.array(list(found.values()))
    labels = list(words)
    parameters: dict[str, Any] = {
        **tokenizer.provenance(),
        "fertility": {language: None if np.isnan(value) else round(value, 4) for language, value in found.items()},
        "unknown_share": {language: round(_unknown(sentences, tokenizer), 4) for language, sentences in words.items()},
        "words": {language: sum(map(len, sentences)) for language, sentences in words.items()},
    }
    values = np.abs(rates[:, None] - rates[None, :])
    return DistanceMatrix(pd.DataFrame(values, index=labels, columns=labels), "fertility", parameters)


def _unknown(sentences: Sequence[Sequence[str]], tokenizer: Tokenizer) -> float:
    """Return the share of subwords that the tokenizer does not know."""
    found = [one for ids in tokenizer.word_ids([w for sentence in sentences for w in sentence]) for one in ids]
    return sum(one == tokenizer.unknown_id for one in found) / len(found) if found else 0.0


def spaced_words(texts: Mapping[str, Sequence[str]]) -> dict[str, list[list[str]]]:
    """Return the words of sentences, as spaces part them; none for a language whose script does not write spaces."""
    return {
        language: [[]] if resolve(language).script in _UNSPACED else [sentence.split() for sentence in sentences]
        for language, sentences in texts.items()
    }


def _require_texts(texts: Mapping[str, Sequence[Any]]) -> None:
    empty = [language for language, sentences in texts.items() if not len(sentences)]
    if empty or not texts:
        raise InputError(f"no text of {', '.join(empty) or 'any language'}; each language needs some")
