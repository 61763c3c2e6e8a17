"""What may stand behind a language's code: a region of ISO 3166, or another language, with which it is a pair."""

from __future__ import annotations

import re

import langcodes

#: Data sets of XTREME whose configurations are called `<data set>.<language>`, or by two languages of a pair.
_XTREME = re.compile(
    r"(?:udpos|pan-?x|xnli|xquad|mlqa|paws-?x|tydiqa|bucc18|tatoeba|xcopa|lareqa)\.(?P<one>[^.]+)(?:\.(?P<other>[^.]+))?",
    re.IGNORECASE,
)

#: Treebanks of Universal Dependencies that are called by two letters.
_TREEBANKS = ("kmr_mg", "uk_iu")

#: Languages that are official where another is the main one, in regions whose letters are a language's too.
_OFFICIAL = ("en-in", "en-ke", "en-mt", "en-ph", "fr-be", "fr-ca", "fr-ch", "it-ch", "sv-fi")

#: Speakers of a language in a region, below which the second code is that of another language.
_SPOKEN = 1_000_000


def is_region(code: str) -> bool:
    """Whether two letters are a country of ISO 3166, or three digits an area of the United Nations.

    >>> is_region("br"), is_region("419"), is_region("iu")
    (True, True, False)
    """
    return bool(langcodes.Language.make(territory=code.upper()).is_valid())


def is_language(code: str) -> bool:
    """Whether two letters are a language of ISO 639-1, and not the name of a treebank.

    >>> is_language("zh"), is_language("iu"), is_language("gsd")
    (True, False, False)
    """
    of_treebank = {name.partition("_")[2] for name in _TREEBANKS}
    return len(code) == 2 and code not in of_treebank and bool(langcodes.Language.make(language=code).is_valid())


def is_pair(language: str, region: str, written: str) -> bool:
    """Whether a code such as `en-de` names two languages, and not a language with a region (`pt-br`, `en-DE`).

    In capitals two letters are a region. In small ones they are the language that they are a code of, where that is the main
    language of the region of the same letters (German of Germany), or where the first is not
    the main language there, or hardly spoken.

    Parameters
    ----------
    language, region
        The parts in small letters.
    written
        The whole, as it is written.

    Examples
    --------
    >>> is_pair("en", "de", "en-de"), is_pair("en", "de", "en-DE"), is_pair("pt", "br", "pt-br"), is_pair("de", "de", "de-de")
    (True, False, False, False)
    """
    if (
        written in _TREEBANKS
        or f"{language}-{region}" in _OFFICIAL
        or language == region
        or not written[-2:].islower()
        or not langcodes.Language.make(language=region).is_valid()
    ):
        return False
    territory = region.upper()
    main = langcodes.Language.get(f"und-{territory}").maximize().language
    spoken = langcodes.Language.make(language=language, territory=territory).speaking_population()
    return bool(main == region or main != language or spoken < _SPOKEN)


def of_xtreme(name: str) -> tuple[str, str] | None:
    """Return the languages in a name of XTREME's (`udpos.English`, `MLQA.de.en`), the second empty where there is one.

    >>> of_xtreme("udpos.English"), of_xtreme("MLQA.de.en"), of_xtreme("de")
    (('English', ''), ('de', 'en'), None)
    """
    matched = _XTREME.fullmatch(name.strip())
    return (matched["one"], matched["other"] or "") if matched else None
