"""Words of simulated languages: they descend from proto-words by regular sound change along the real family tree."""

from __future__ import annotations

import unicodedata
from functools import cache

from transfer_analysis.corpora.simulated.concepts import NAMES, inventory
from transfer_analysis.corpora.simulated.drawing import Stream, choose, stream
from transfer_analysis.languages import lineages, resolve

#: A word's category and English lemma.
Key = tuple[str, str]

#: First letter that each script's letters are taken from.
_FIRST_LETTERS = {
    "Latn": "a",
    "Cyrl": "а",
    "Grek": "α",
    "Arab": "ب",
    "Hebr": "א",
    "Deva": "क",
    "Jpan": "か",
    "Kore": "가",
    "Hani": "一",
    "Hans": "一",
    "Thai": "ก",
    "Taml": "அ",
    "Telu": "అ",
    "Mlym": "അ",
    "Beng": "অ",
    "Geor": "ა",
    "Mymr": "က",
    "Guru": "ਅ",
    "Gujr": "અ",
    "Armn": "ա",
    "Ethi": "ሀ",
}

_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"

#: Levels of the classification, from the family downwards, at which vocabularies change.
_LEVELS = 4

#: Share of words that a branch replaces by new ones.
_REPLACED = 0.12

#: Endings that mark words; each is a syllable that descends as words do.
ENDINGS = ("ACC", "DEF", "PL")

#: Derivational endings by category, which keep words of different categories apart in every language.
_DERIVED = {"action": "en", "property": "ik", "time": "om", "relation": "u", "particle": "e", "ending": ""}

#: Numerals and names: what all languages share where anchors are shared.
_ANCHORS = (*NAMES, "numeral")


@cache
def vocabulary(code: str, seed: int, cognates: float = 1.0, anchors: float = 1.0) -> dict[Key, str]:
    """Return the words and endings of a language as they are written.

    Parameters
    ----------
    code
        Code of the real language.
    seed
        Seed of the world.
    cognates
        Probability that a word descends from the proto-word of its family, rather than being the language's own.
    anchors
        Probability that a name or numeral is the same as in every language, rather than written in its own letters.
    """
    forms = _descended(code, seed)
    own = stream(seed, "own words", code)
    letters = script_letters(resolve(code).script)
    written: dict[Key, str] = {}
    for key, form in forms.items():
        # Both are drawn for every word, so that a word's fate does not hang on the others'.
        fresh, chance = _coined(own, key), own.random()
        category, lemma = key
        if category in _ANCHORS and chance < anchors:
            written[key] = lemma
            continue
        spoken = form if category not in _ANCHORS and chance < cognates else fresh
        written[key] = "".join(letters[ord(letter) - ord("a")] for letter in spoken + _DERIVED.get(category, "a"))
    for lemma, thing in inventory().homographs.items():
        category = "action" if ("action", lemma) in written else "property"
        written[category, lemma] = written["thing", thing]
    return written


def content_words() -> list[Key]:
    """Return the words that descend, in their order: no names, numerals or endings."""
    return [key for key in inventory().words() if key[0] not in _ANCHORS]


@cache
def script_letters(script: str) -> tuple[str, ...]:
    """Return 26 letters of a script, standing for a to z; Latin letters for a script that is not listed."""
    place = ord(_FIRST_LETTERS.get(script, "a"))
    letters: list[str] = []
    while len(letters) < 26:
        if unicodedata.category(chr(place)) in ("Ll", "Lo"):
            letters.append(chr(place))
        place += 1
    return tuple(letters)


@cache
def _descended(code: str, seed: int) -> dict[Key, str]:
    """Let proto-words descend along the family tree: each branch replaces some and changes a sound in all."""
    lineage = lineages([code])[code]
    path = (*lineage[:-1][:_LEVELS], f"language {code}")
    keys = [*inventory().words(), *(("ending", name) for name in ENDINGS)]
    root = stream(seed, path[0])
    forms = {key: _coined(root, key) for key in keys}
    for depth in range(2, len(path) + 1):
        rng = stream(seed, *path[:depth])
        old, new = rng.sample(_CONSONANTS, 2)
        for key in keys:
            fresh, chance = _coined(rng, key), rng.random()
            forms[key] = fresh if chance < _REPLACED else forms[key].replace(old, new)
    return forms


def _coined(rng: Stream, key: Key) -> str:
    """Return a new word of two or three syllables; an ending is one."""
    syllables = 1 if key[0] == "ending" else 2 if rng.random() < 0.3 else 3
    return "".join(choose(rng, _CONSONANTS) + choose(rng, _VOWELS) for _ in range(syllables))
