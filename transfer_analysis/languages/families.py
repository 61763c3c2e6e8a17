"""Language families: Glottolog's classification, as packaged with URIEL+.

"Family" means Glottolog's top level throughout the toolkit (Indo-European, Uralic, …).
"""

from __future__ import annotations

from transfer_analysis.languages.registry import resolve
from transfer_analysis.languages.uriel import glottocodes, glottolog_lineages

# Glottolog files retired codes under this heading; it is not a family.
_NOT_A_FAMILY = "Bookkeeping"


def lineages(codes: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the classification of each language, from the family downwards, the language itself last.

    Parameters
    ----------
    codes
        Codes that `resolve` understands.

    Returns
    -------
    dict
        A language that Glottolog does not classify (an isolate, a retired code) is a family of its own.
    """
    result = {}
    for code in codes:
        language = resolve(code)
        glottocode = glottocodes().get(resolve(language.descends_as).iso639_3, "")
        path = glottolog_lineages().get(glottocode, ())
        if path[:1] == (_NOT_A_FAMILY,):
            path = ()
        result[code] = (*path, language.name)
    return result


def families(codes: list[str]) -> dict[str, str]:
    """Return Glottolog's top-level family of each language; an unclassified one is named after itself."""
    return {code: path[0] for code, path in lineages(codes).items()}
