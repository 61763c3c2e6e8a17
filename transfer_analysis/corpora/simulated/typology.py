"""How simulated languages build sentences: word order, case, agreement and articles, from URIEL+ of the real ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Literal, cast

import numpy as np

from transfer_analysis.corpora.simulated.drawing import stream
from transfer_analysis.errors import InputError
from transfer_analysis.languages import lineages, macrolanguage_codes, resolve, source_shares
from transfer_analysis.languages.uriel import glottocodes, glottolog_lineages

Side = Literal["before", "after"]

#: Features that are a side.
_SIDES = (
    "adposition",
    "adjective",
    "numeral",
    "genitive",
    "relative",
    "negation",
    "circumstance",
    "subordinator",
    "article",
)

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
        Article of what is known: a word, an ending of the noun, or none.
    indefinite
        Whether what is new has an article, a word.
    article
        Side of the noun phrase that articles stand on.
    assumed
        Which of these URIEL+ knows nothing of; they are as in the nearest relatives.
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
    definite: Literal["word", "suffix", "none"]
    indefinite: bool
    article: Side
    assumed: frozenset[str] = frozenset()

    @property
    def verb_first(self) -> bool:
        """Whether the verb stands before its object."""
        return _precedes(self.clause, "VO")


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

    Where URIEL+ has a row for the macrolanguage too (`est` beside `ekk`), that fills the gaps. What neither knows is
    assumed to be as most of the nearest relatives have it: those of the smallest branch of the family tree of which
    anything is known. Between values that are supported equally, the one named first in `_EVIDENCE` is taken.

    Raises
    ------
    InputError
        For an unknown language, or where URIEL+ knows no order of subject, verb and object of any relative.
    """
    language = resolve(code)
    rows = [_shares()[iso] for iso in (language.iso639_3, *macrolanguage_codes(language.code)) if iso in _shares()]
    values: dict[str, str | None] = {}
    assumed = set()
    for name, evidence in _EVIDENCE.items():
        known = next((row for row in rows if _knows(row, evidence)), None)
        if known is None:
            assumed.add(name)
            known = _of_relatives(language.code, tuple(evidence))
        values[name] = _best(known, evidence)
    if values["clause"] is None:
        raise InputError(
            f"URIEL+ knows no order of subject, verb and object for {language.name} or its relatives; choose another"
        )
    sides: dict[str, Side] = {name: "after" if values[name] == "after" else "before" for name in _SIDES}
    question, case, definite = values["question"], values["case"], values["definite"]
    return Typology(
        clause=values["clause"],
        **sides,
        question=cast(Literal["initial", "final", "second"], question) if question else "none",
        case=cast(Literal["suffix", "prefix"], case) if case else "none",
        agreement=values["agreement"] is not None,
        agreement_of_adjectives=values["agreement_of_adjectives"] is not None,
        definite=cast(Literal["word", "suffix"], definite) if definite else "none",
        indefinite=values["indefinite"] is not None,
        assumed=frozenset(assumed),
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


@cache
def _shares() -> dict[str, dict[str, float]]:
    """Return, by ISO 639-3 code, the share of sources that say yes to each feature that is evidence; -1 where none says."""
    table = source_shares()
    wanted = [(name, table.names.index(name)) for evidence in _EVIDENCE.values() for name in evidence]
    values = np.nan_to_num(table.values[:, [place for _, place in wanted]], nan=-1.0)
    names = [name for name, _ in wanted]
    return {
        code: dict(zip(names, map(float, row), strict=True)) for code, row in zip(table.languages, values, strict=True)
    }


@cache
def _of_relatives(code: str, evidence: tuple[str, ...]) -> dict[str, float]:
    """Return the mean shares of the nearest relatives of which anything is known; -1 where there are none."""
    lineage = lineages([code])[code][:-1]
    for depth in range(len(lineage), 0, -1):
        there = [row for path, row in _classified() if path[:depth] == lineage[:depth] and _knows(row, evidence)]
        if there:
            return {name: float(np.mean([row[name] for row in there if row[name] >= 0] or [-1.0])) for name in evidence}
    return dict.fromkeys(evidence, -1.0)


@cache
def _classified() -> list[tuple[tuple[str, ...], dict[str, float]]]:
    """Return the classification and the shares of every language that has both."""
    codes = glottocodes()
    found = [(glottolog_lineages().get(codes.get(iso, ""), ()), row) for iso, row in _shares().items()]
    return [(path, row) for path, row in found if path]


def _knows(row: dict[str, float], evidence: Iterable[str]) -> bool:
    return any(row[name] >= 0 for name in evidence)


def _best(row: dict[str, float], evidence: dict[str, str]) -> str | None:
    """Return the value of the feature that most sources support, or None where none is supported."""
    best = max(evidence, key=lambda name: row[name])
    return evidence[best] if row[best] > 0 else None
