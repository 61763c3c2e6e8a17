"""Agreement in word order: of the orders that two languages use, which are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from transfer_analysis.distances.languages.typological import require_least
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.languages import FeatureTable, joined_rows, resolve
from transfer_analysis.languages.sources import URIEL_2017

#: Parameter of word order → the features of URIEL+ that say which of its orders a language uses. They go back to the
#: chapters of WALS on order (Dryer & Haspelmath 2013).
ORDERS = {
    "subject and verb": ("S_SUBJECT_BEFORE_VERB", "S_SUBJECT_AFTER_VERB"),
    "object and verb": ("S_OBJECT_BEFORE_VERB", "S_OBJECT_AFTER_VERB"),
    "subject and object": ("S_SUBJECT_BEFORE_OBJECT", "S_SUBJECT_AFTER_OBJECT"),
    "oblique and verb": ("S_OBLIQUE_BEFORE_VERB", "S_OBLIQUE_AFTER_VERB"),
    "adposition and noun": ("S_ADPOSITION_BEFORE_NOUN", "S_ADPOSITION_AFTER_NOUN"),
    "possessor and noun": ("S_POSSESSOR_BEFORE_NOUN", "S_POSSESSOR_AFTER_NOUN"),
    "adjective and noun": ("S_ADJECTIVE_BEFORE_NOUN", "S_ADJECTIVE_AFTER_NOUN"),
    "demonstrative and noun": ("S_DEMONSTRATIVE_WORD_BEFORE_NOUN", "S_DEMONSTRATIVE_WORD_AFTER_NOUN"),
    "numeral and noun": ("S_NUMERAL_BEFORE_NOUN", "S_NUMERAL_AFTER_NOUN"),
    "relative clause and noun": ("S_RELATIVE_BEFORE_NOUN", "S_RELATIVE_AFTER_NOUN", "S_RELATIVE_AROUND_NOUN"),
    "degree word and adjective": ("S_DEGREE_WORD_BEFORE_ADJECTIVE", "S_DEGREE_WORD_AFTER_ADJECTIVE"),
    "negation and verb": ("S_NEGATIVE_WORD_BEFORE_VERB", "S_NEGATIVE_WORD_AFTER_VERB"),
    "subordinator and clause": ("S_SUBORDINATOR_WORD_BEFORE_CLAUSE", "S_SUBORDINATOR_WORD_AFTER_CLAUSE"),
    "question particle": ("S_POLARQ_MARK_INITIAL", "S_POLARQ_MARK_FINAL", "S_POLARQ_MARK_SECOND"),
}


def word_order_distances(languages: Sequence[str], *, min_shared: int = 1) -> DistanceMatrix:
    """Return 1 − the mean agreement over the parameters of word order known for both languages.

    Two languages agree in a parameter by the orders that both use over the orders that either uses: 1 where they use the
    same, 1/2 where one also uses the other's opposite, 0 where they use opposite ones. A parameter of which a language
    uses no order at all (it has no degree words) says nothing about order and counts as unknown.

    Parameters
    ----------
    languages
        Codes that `resolve` understands.
    min_shared
        A pair with fewer parameters known for both is missing.

    Returns
    -------
    DistanceMatrix
        Symmetric, values in [0, 1]; `shared` counts the parameters known for both.
    """
    require_least(min_shared)
    table = joined_rows("typology", ("S_",), URIEL_2017)
    codes = [resolve(language).iso639_3 for language in languages]
    rows = table.rows(codes)
    agreements, shared = np.zeros((len(rows), len(rows))), np.zeros((len(rows), len(rows)), dtype=np.int32)
    for names in ORDERS.values():
        used = np.nan_to_num(rows[:, _places(table, names)]).astype(np.float64)
        both = used @ used.T
        sizes = used.sum(axis=1)
        known = (sizes > 0)[:, None] & (sizes > 0)[None, :]
        either = sizes[:, None] + sizes[None, :] - both
        agreements += np.where(known, both / np.maximum(either, 1), 0.0)
        shared += known
    with np.errstate(invalid="ignore"):
        values = np.where(shared >= min_shared, 1 - agreements / shared, np.nan)
    labels = list(languages)
    parameters: dict[str, Any] = {"source": table.source, "parameters": list(ORDERS), "min_shared": min_shared}
    parameters |= table.gaps_filled(codes)
    return DistanceMatrix(
        pd.DataFrame(values, index=labels, columns=labels),
        kind="word-order",
        parameters=parameters,
        shared=pd.DataFrame(shared, index=labels, columns=labels),
    )


def languages_with_word_order() -> list[str]:
    """Return the ISO 639-3 codes of the languages of which URIEL+ knows an order that they use."""
    table = joined_rows("typology", ("S_",), URIEL_2017)
    uses = [(table.values[:, _places(table, names)] == 1).any(axis=1) for names in ORDERS.values()]
    return [code for code, known in zip(table.languages, np.any(uses, axis=0), strict=True) if known]


def _places(table: FeatureTable, names: Sequence[str]) -> list[int]:
    return [table.names.index(name) for name in names]
