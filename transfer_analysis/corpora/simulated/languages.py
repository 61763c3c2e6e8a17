"""Simulated languages: the doubles of real ones, with their word order and a vocabulary from their family tree."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from transfer_analysis.corpora.simulated.meaning import inventory
from transfer_analysis.errors import InputError
from transfer_analysis.languages import FeatureTable, lineages, resolve, source_shares

Side = Literal["before", "after"]

#: First letter of the block that each script's letters are taken from.
_BLOCKS = {
    "Latn": "a",
    "Cyrl": "а",
    "Grek": "α",
    "Arab": "ب",
    "Hebr": "א",
    "Deva": "क",
    "Jpan": "か",
    "Kore": "가",
    "Hani": "一",
    "Thai": "ก",
    "Taml": "அ",
    "Telu": "అ",
    "Beng": "অ",
    "Geor": "ა",
    "Mymr": "က",
}

_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
#: Levels of the classification, from the family downwards, at which vocabularies change.
_LEVELS = 4
#: Share of words that a branch replaces by new ones.
_REPLACED = 0.15


@dataclass(frozen=True)
class WordOrder:
    """Order of words, from URIEL+'s syntactic features.

    Attributes
    ----------
    clause
        Order of subject, verb and object, such as `SOV`.
    adposition, adjective, numeral
        Side of the noun they stand on.
    negation
        Side of the verb that its negation stands on.
    circumstance
        Side of the verb that place and time stand on.
    """

    clause: str
    adposition: Side
    adjective: Side
    numeral: Side
    negation: Side
    circumstance: Side


@dataclass(frozen=True)
class SimulatedLanguage:
    """The double of a real language.

    Attributes
    ----------
    code
        Code of the real language.
    order
        Its word order.
    words
        (category, English lemma) → word. Names and numerals stand for themselves.
    """

    code: str
    order: WordOrder
    words: dict[tuple[str, str], str]


@cache
def simulated_language(code: str, seed: int) -> SimulatedLanguage:
    """Return the double of a language in the world of a seed.

    Raises
    ------
    InputError
        For an unknown language, or one without known word order in URIEL+.
    """
    language = resolve(code)
    return SimulatedLanguage(language.code, word_order(language.code), _vocabulary(language.code, seed))


def word_order(code: str) -> WordOrder:
    """Return the word order that most sources of URIEL+ state for a language.

    Between two orders that sources support equally, the one named first below is taken. Where nothing is known of the
    place of circumstances, they follow the object's side of the verb.

    Raises
    ------
    InputError
        Where URIEL+ knows no order of subject, verb and object.
    """
    language = resolve(code)
    shares = source_shares()
    clause = _best(shares, language.iso639_3, {f"S_{o}": o for o in ("SVO", "SOV", "VSO", "VOS", "OVS", "OSV")})
    if clause is None:
        raise InputError(
            f"URIEL+ knows no order of subject, verb and object for {language.name}; choose another language"
        )
    object_side: Side = "before" if clause.index("O") < clause.index("V") else "after"

    def side(before: tuple[str, ...], after: tuple[str, ...], default: Side) -> Side:
        options: dict[str, str] = {**dict.fromkeys(before, "before"), **dict.fromkeys(after, "after")}
        found = _best(shares, language.iso639_3, options)
        return default if found is None else "before" if found == "before" else "after"

    return WordOrder(
        clause=clause,
        adposition=side(
            ("S_ADPOSITION_BEFORE_NOUN",),
            ("S_ADPOSITION_AFTER_NOUN",),
            "after" if object_side == "before" else "before",
        ),
        adjective=side(("S_ADJECTIVE_BEFORE_NOUN",), ("S_ADJECTIVE_AFTER_NOUN",), "before"),
        numeral=side(("S_NUMERAL_BEFORE_NOUN",), ("S_NUMERAL_AFTER_NOUN",), "before"),
        negation=side(
            ("S_NEGATIVE_WORD_BEFORE_VERB", "S_NEGATIVE_PREFIX"),
            ("S_NEGATIVE_WORD_AFTER_VERB", "S_NEGATIVE_SUFFIX"),
            "before",
        ),
        circumstance=side(("S_OBLIQUE_BEFORE_VERB",), ("S_OBLIQUE_AFTER_VERB",), object_side),
    )


def _best(shares: FeatureTable, iso: str, options: dict[str, str]) -> str | None:
    """Return the option whose feature most sources support, or None where none is supported."""
    row = dict(zip(shares.names, shares.rows([iso])[0], strict=True))
    support = {feature: float(np.nan_to_num(row[feature])) for feature in options}
    best = max(support, key=lambda feature: support[feature])
    return options[best] if support[best] > 0 else None


def _vocabulary(code: str, seed: int) -> dict[tuple[str, str], str]:
    """Let proto-words descend along the family tree: each branch replaces some words and changes sounds in all."""
    lineage = lineages([code])[code]
    path = (*lineage[:-1][:_LEVELS], f"language {code}")
    words = inventory().words()
    forms = dict(zip(words, _coined(_generator(seed, path[:1]), len(words)), strict=True))
    for depth in range(2, len(path) + 1):
        rng = _generator(seed, path[:depth])
        fresh = _coined(rng, len(words))
        replaced = rng.random(len(words)) < _REPLACED
        old, new = rng.choice(list(_CONSONANTS), size=2, replace=False)
        for i, word in enumerate(words):
            forms[word] = fresh[i] if replaced[i] else forms[word].replace(old, new)
    block = _BLOCKS.get(resolve(code).script, "a")
    return {
        (category, lemma): lemma if category in ("name", "numeral") else _written(form, category, block)
        for (category, lemma), form in forms.items()
    }


def _coined(rng: np.random.Generator, count: int) -> list[str]:
    """Return new words of two or three syllables."""
    letters = list(_CONSONANTS), list(_VOWELS)
    return ["".join(str(rng.choice(letters[k % 2])) for k in range(2 * int(rng.integers(2, 4)))) for _ in range(count)]


def _written(form: str, category: str, block: str) -> str:
    """Write a word in a script's own letters; a mark keeps words of different categories apart."""
    marked = form + {"action": "en", "property": "ik", "time": "om", "relation": "u", "particle": "e"}.get(
        category, "a"
    )
    return "".join(chr(ord(block) + ord(letter) - ord("a")) for letter in marked)


def _generator(seed: int, path: tuple[str, ...]) -> np.random.Generator:
    """A stream of its own for each node of the family tree, the same in every process."""
    return np.random.default_rng([seed, zlib.crc32("/".join(path).encode())])
