"""How simulated languages build sentences: word order, case, agreement and articles, from URIEL+ of the real ones."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Literal

import numpy as np

from transfer_analysis.corpora.simulated.drawing import stream
from transfer_analysis.errors import InputError
from transfer_analysis.languages import resolve, source_shares

Side = Literal["before", "after"]

_CLAUSES = ("SVO", "SOV", "VSO", "VOS", "OVS", "OSV")


@dataclass(frozen=True)
class Typology:
    """The grammar of a simulated language.

    Attributes
    ----------
    clause
        Order of subject, verb and object, such as `SOV`.
    adposition, adjective, numeral, genitive, relative
        Side of the noun they stand on.
    negation
        Side of the verb that its negation stands on.
    circumstance
        Side of the verb that place and time stand on.
    subordinator
        Side of its clause that *because* stands on.
    question
        Where the particle stands that marks a question: first, last, or after the first constituent; `none` has none.
    case
        How an object is marked, and with `agreement_of_adjectives` its adjective: on which side of the word, or not.
    agreement
        Whether the verb shows the number of its subject.
    agreement_of_adjectives
        Whether an adjective takes its noun's case.
    definite
        Article of what is known: a word on one side of the noun phrase, an ending of the noun, or none.
    indefinite
        Whether what is new has an article, on the same side.
    assumed
        Which of these URIEL+ knows nothing of; they follow from the order of verb and object.
    """

    clause: str
    adposition: Side
    adjective: Side
    numeral: Side
    genitive: Side
    relative: Side
    negation: Side
    circumstance: Side
    subordinator: Side
    question: Literal["initial", "final", "second", "none"]
    case: Literal["suffix", "prefix", "none"]
    agreement: bool
    agreement_of_adjectives: bool
    definite: Literal["before", "after", "suffix", "none"]
    indefinite: bool
    assumed: frozenset[str] = frozenset()


#: Feature of a typology → URIEL+ features and the value that each speaks for.
_EVIDENCE: dict[str, dict[str, str]] = {
    "clause": {f"S_{order}": order for order in _CLAUSES},
    "adposition": {"S_ADPOSITION_BEFORE_NOUN": "before", "S_ADPOSITION_AFTER_NOUN": "after"},
    "adjective": {"S_ADJECTIVE_BEFORE_NOUN": "before", "S_ADJECTIVE_AFTER_NOUN": "after"},
    "numeral": {"S_NUMERAL_BEFORE_NOUN": "before", "S_NUMERAL_AFTER_NOUN": "after"},
    "genitive": {"S_POSSESSOR_BEFORE_NOUN": "before", "S_POSSESSOR_AFTER_NOUN": "after"},
    "relative": {"S_RELATIVE_BEFORE_NOUN": "before", "S_RELATIVE_AFTER_NOUN": "after"},
    "negation": {
        "S_NEGATIVE_WORD_BEFORE_VERB": "before",
        "S_NEGATIVE_PREFIX": "before",
        "S_NEGATIVE_WORD_AFTER_VERB": "after",
        "S_NEGATIVE_SUFFIX": "after",
    },
    "circumstance": {"S_OBLIQUE_BEFORE_VERB": "before", "S_OBLIQUE_AFTER_VERB": "after"},
    "subordinator": {"S_SUBORDINATOR_WORD_BEFORE_CLAUSE": "before", "S_SUBORDINATOR_WORD_AFTER_CLAUSE": "after"},
    "question": {
        "S_POLARQ_MARK_INITIAL": "initial",
        "S_POLARQ_MARK_FINAL": "final",
        "S_POLARQ_MARK_SECOND": "second",
    },
    "case": {
        "S_CASE_SUFFIX": "suffix",
        "S_CASE_ENCLITIC": "suffix",
        "S_CASE_PREFIX": "prefix",
        "S_CASE_PROCLITIC": "prefix",
    },
    "agreement": {"S_PROSUBJECT_AFFIX": "yes"},
    "agreement_of_adjectives": {"S_ANY_AGREEMENT_ON_ADJECTIVES": "yes"},
    "definite": {"S_DEFINITE_WORD": "word", "S_DEFINITE_AFFIX": "suffix"},
    "indefinite": {"S_INDEFINITE_WORD": "yes"},
    "article": {"S_ARTICLE_WORD_BEFORE_NOUN": "before", "S_ARTICLE_WORD_AFTER_NOUN": "after"},
}


@cache
def typology(code: str) -> Typology:
    """Return the grammar that most sources of URIEL+ state for a language.

    Between values that sources support equally, the one named first in `_EVIDENCE` is taken. Orders of which nothing is
    known follow the order of verb and object, as they do in most of the world's languages; nothing else is assumed to
    be there.

    Raises
    ------
    InputError
        Where URIEL+ knows no order of subject, verb and object.
    """
    language = resolve(code)
    shares = source_shares()
    row = dict(zip(shares.names, np.nan_to_num(shares.rows([language.iso639_3])[0], nan=-1.0), strict=True))
    clause = _best(row, "clause")
    if clause is None:
        raise InputError(
            f"URIEL+ knows no order of subject, verb and object for {language.name}; choose another language"
        )
    verb_first = clause.index("V") < clause.index("O")
    assumed = {name for name in _EVIDENCE if all(row[feature] < 0 for feature in _EVIDENCE[name])}

    def side(name: str, *, like_object: bool) -> Side:
        found = _best(row, name)
        if found is None:
            assumed.add(name)
            return "after" if verb_first is like_object else "before"
        return "before" if found == "before" else "after"

    article = "after" if _best(row, "article") == "after" else "before"
    definite = _best(row, "definite")
    question = _best(row, "question")
    case = _best(row, "case")
    return Typology(
        clause=clause,
        adposition=side("adposition", like_object=False),
        adjective=side("adjective", like_object=False),
        numeral=side("numeral", like_object=False),
        genitive=side("genitive", like_object=True),
        relative=side("relative", like_object=True),
        negation=side("negation", like_object=False),
        circumstance=side("circumstance", like_object=True),
        subordinator=side("subordinator", like_object=False),
        question="initial"
        if question == "initial"
        else "final"
        if question == "final"
        else "second"
        if question
        else "none",
        case="suffix" if case == "suffix" else "prefix" if case else "none",
        agreement=_best(row, "agreement") is not None,
        agreement_of_adjectives=_best(row, "agreement_of_adjectives") is not None,
        definite="suffix" if definite == "suffix" else article if definite else "none",  # type: ignore[arg-type]
        indefinite=_best(row, "indefinite") is not None,
        assumed=frozenset(assumed - {"article"}),
    )


def mixed_typology(own: Typology, of_source: Typology, share: float, seed: int, code: str) -> Typology:
    """Return a grammar that keeps each of its own features with probability `share`, else has the source language's."""
    kept = {
        field.name: getattr(
            own if stream(seed, "typology", code, field.name).random() < share else of_source, field.name
        )
        for field in fields(Typology)
        if field.name != "assumed"
    }
    return replace(own, **kept)


def order_distance(one: Typology, two: Typology) -> float:
    """Return how much two grammars differ, 0 to 1: the mean over features, order in the clause by its three pairs."""
    pairs = ("SV", "VO", "SO")
    clause = [_precedes(one.clause, pair) != _precedes(two.clause, pair) for pair in pairs]
    rest = [
        getattr(one, field.name) != getattr(two, field.name)
        for field in fields(Typology)
        if field.name not in ("clause", "assumed")
    ]
    return float(np.mean(clause + rest))


def _precedes(clause: str, pair: str) -> bool:
    return clause.index(pair[0]) < clause.index(pair[1])


def _best(row: dict[str, float], name: str) -> str | None:
    """Return the value of the URIEL+ feature that most sources support, or None where none is supported."""
    best = max(_EVIDENCE[name], key=lambda feature: row[feature])
    return _EVIDENCE[name][best] if row[best] > 0 else None
