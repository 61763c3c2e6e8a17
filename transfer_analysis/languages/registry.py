"""Language codes: the field's many spellings resolved to one language each.

The table `languages.csv` lists the languages of ISO 639-1 and those of published transfer tables. Its column
`iso639_3` names the individual language that stands for a macrolanguage in typological data (Chinese is `cmn`,
Arabic `arb`, Persian `pes`). Any other three-letter code that URIEL+ knows stands for itself.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages.regions import is_language, is_pair, is_region, of_xtreme
from transfer_analysis.languages.scripts import SCRIPTS
from transfer_analysis.languages.uriel import glottocodes, glottolog_names


@dataclass(frozen=True)
class Language:
    """One language.

    Attributes
    ----------
    code
        ISO 639-1 where there is one, else ISO 639-3.
    iso639_3
        Code of the individual language used in URIEL+.
    name
        English name.
    script
        ISO 15924 code of the usual script, or an empty string where the table has none.
    crossed
        For a simulated crossing such as `ja+de`: whose grammar (which `iso639_3` names too) and whose words it has.
    """

    code: str
    iso639_3: str
    name: str
    script: str
    crossed: tuple[str, str] | None = None

    @property
    def descends_as(self) -> str:
        """Code of the language whose place in the family tree it has: its own, or that of a crossing's words."""
        return self.crossed[1] if self.crossed else self.code


@cache
def known_languages() -> dict[str, Language]:
    """Return the languages of the table by code."""
    return {language.code: language for language, _ in _rows()}


def resolve(code: str) -> Language:
    """Return the language that a code or an English name stands for.

    Parameters
    ----------
    code
        ISO 639-1, ISO 639-2 or 639-3 code, Glottocode (`stan1293`), a variant of the field (`zh-CN`, `iw`, `nb`), any
        of these codes with a script of ISO 15924 or a region of ISO 3166 (`srp_Cyrl`, `pt-BR`; the script becomes the
        language's), a treebank of Universal Dependencies (`hi_hdtb`), a configuration of XTREME (`udpos.English`), or an
        English name; letter case and `_`, `-` or a space do not matter, but for a region that could be a second language
        (`en-de` is a pair, `en-DE` the English of Germany). Two joined by `+` are a simulated language with the grammar of
        the first and the words of the second.

    Raises
    ------
    InputError
        For an unknown code, with the nearest known ones, and for a pair of languages.
    """
    key = _spelling(code)
    if "+" in key:
        grammar, words = (resolve(part) for part in key.split("+", 1))
        name = f"{grammar.name} grammar, {words.name} words"
        return Language(
            f"{grammar.code}+{words.code}", grammar.iso639_3, name, words.script, (grammar.code, words.code)
        )
    if "." in code and (names := of_xtreme(code)):
        one, other = names
        if other and resolve(one).code != resolve(other).code:
            raise InputError(f"{code!r} names a pair of languages, {one} and {other}; expected one")
        return resolve(one)
    found = _language(key)
    if found is None:
        tag = _TAG.fullmatch(key)
        if tag is not None and tag["script"] and tag["script"].title() not in SCRIPTS:
            tag = None
        if tag is not None and tag["region"]:
            if is_region(tag["region"]):
                _refuse_pair(code, tag)
            else:
                tag = None
        found = _language(tag["language"]) if tag else None
        if found is not None and tag is not None and tag["script"]:
            found = replace(found, script=tag["script"].title())
    if found is None and (treebank := _TREEBANK.fullmatch(code.strip())):
        if is_language(treebank["name"]):
            raise InputError(
                f"{code!r} could be a pair of languages, {treebank['language']} and {treebank['name']}; expected one"
            )
        found = _language(treebank["language"])
    if found is None:
        known = {**_aliases(), **_by_name()}
        raise InputError(
            f"unknown language {code!r}{_as_wikipedia(key) or nearest(code, known)}; give an ISO 639 code or a Glottocode"
        )
    return found


def find(code: str) -> Language | None:
    """Return the language that a code or a name stands for; None where it stands for none."""
    try:
        return resolve(code)
    except InputError:
        return None


def _refuse_pair(code: str, tag: re.Match[str]) -> None:
    # A code that nothing is tested on is no second language: fr-ch, en-in.
    if (
        tag["script"]
        or tag["region"] not in known_languages()
        or not is_pair(tag["language"], tag["region"], code.strip())
    ):
        return
    raise InputError(
        f"{code!r} could be a pair of languages, {tag['language']} and {tag['region']}; expected one. A region is written in "
        f"capitals: {tag['language']}-{tag['region'].upper()}"
    )


def _as_wikipedia(key: str) -> str:
    """Say that a code is one of Wikipedia's own, where it is."""
    from transfer_analysis.languages.wikipedia import wikipedia_codes

    found = wikipedia_codes().get(key)
    return f" (Wikipedia's code of {found[1]}, {found[0]}: import with --codes wikipedia)" if found else ""


def tag(code: str) -> str:
    """Return the code that a transfer table has for a language: with its script where that is not the usual one.

    >>> tag("zho_Hans"), tag("zho_Hant"), tag("sr-Latn"), tag("deu_Latn")
    ('zh', 'zh-Hant', 'sr-Latn', 'de')
    """
    language = resolve(code)
    given = _TAG.fullmatch(_spelling(code))
    script = (given["script"] or "").title() if given else ""
    script = script if script in SCRIPTS else ""
    usual = known_languages()[language.code].script if language.code in known_languages() else ""
    if not script or script in (usual, _PLAINEST.get(usual)):
        return language.code
    return f"{language.code}-{script}"


#: Of the scripts that one code of ISO 15924 covers, the one that is meant where none is named.
_PLAINEST = {"Hani": "Hans", "Kore": "Hang"}

#: A code with a script of four letters, a region of two letters or three digits, or both: `zh-hant-tw`.
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3}|[a-z0-9]{4}[0-9]{4})(-(?P<script>[a-z]{4}))?(-(?P<region>[a-z]{2}|[0-9]{3}))?"
)

#: A treebank of Universal Dependencies: the language before the underscore, and what its makers call it: `hi_hdtb`.
_TREEBANK = re.compile(r"(?P<language>[a-z]{2,3})_(?P<name>[a-z][a-z0-9]+)")

#: Codes of ISO 639 that stand for no language: undetermined, several, uncoded, no linguistic content.
NO_LANGUAGE = ("und", "mul", "mis", "zxx")


def _spelling(text: str) -> str:
    """Return a code or a name in the one way in which they are compared."""
    return re.sub(r"[\s_-]+", "-", text.strip().lower())


def _language(key: str) -> Language | None:
    found = _aliases().get(key)
    if found is None:
        iso = (
            key
            if len(key) == 3 and key in glottocodes() and key not in NO_LANGUAGE
            else _by_glottocode().get(key) or _by_name().get(key)
        )
        # A code may stand for a language of the table under another one.
        found = None if iso is None else _aliases().get(iso) or Language(iso, iso, _name(iso), "")
    return found


def _name(iso: str) -> str:
    return glottolog_names().get(glottocodes()[iso], iso)


@cache
def _by_glottocode() -> dict[str, str]:
    """Return the ISO 639-3 code of each Glottocode; of several, that of a language of the table, else the first."""
    found: dict[str, str] = {}
    for iso, glottocode in glottocodes().items():
        if not glottocode or iso in NO_LANGUAGE:
            continue
        if glottocode not in found or (iso in _aliases() and found[glottocode] not in _aliases()):
            found[glottocode] = iso
    return found


@cache
def _by_name() -> dict[str, str]:
    """Return the ISO 639-3 code of each Glottolog name in lower case that only one language has."""
    codes: dict[str, set[str]] = {}
    for glottocode, iso in _by_glottocode().items():
        codes.setdefault(_spelling(glottolog_names().get(glottocode, iso)), set()).add(iso)
    return {name: next(iter(found)) for name, found in codes.items() if len(found) == 1}


def macrolanguage_codes(code: str) -> tuple[str, ...]:
    """Return the other ISO 639-3 codes of a language: those of the macrolanguage that it stands for (`est` for `et`)."""
    language = resolve(code)
    aliases = next((given for known, given in _rows() if known.code == language.code), ())
    return tuple(a for a in aliases if len(a) == 3 and a.islower() and a != language.iso639_3)


def pretraining_size(code: str) -> float | None:
    """Return how much text of a language XLM-R was pretrained on, in GiB; None for one that is not in the table.

    Sizes of CC-100 as given for each language in the appendix of Conneau et al. 2020 (second entries of a language, in
    Latin or traditional script, added).
    """
    return _sizes().get(resolve(code).code)


@cache
def _sizes() -> dict[str, float]:
    text = files("transfer_analysis.languages").joinpath("cc100.csv").read_text(encoding="utf-8")
    return {row["language"]: float(row["gib"]) for row in csv.DictReader(text.splitlines())}


@cache
def _rows() -> tuple[tuple[Language, tuple[str, ...]], ...]:
    text = files("transfer_analysis.languages").joinpath("languages.csv").read_text(encoding="utf-8")
    return tuple(
        (Language(row["code"], row["iso639_3"], row["name"], row["script"]), tuple(row["aliases"].split()))
        for row in csv.DictReader(text.splitlines())
    )


@cache
def _aliases() -> dict[str, Language]:
    """Every spelling in lower case; a code always wins over a name."""
    spellings: dict[str, Language] = {_spelling(language.name): language for language, _ in _rows()}
    for language, aliases in _rows():
        spellings.update({_spelling(alias): language for alias in aliases})
    spellings.update({language.code: language for language, _ in _rows()})
    return spellings
