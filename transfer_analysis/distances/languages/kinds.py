"""The kinds of distance between languages that need nothing but their codes."""

from __future__ import annotations

from collections.abc import Sequence

from transfer_analysis.distances.languages.attributes import pretraining_size_distances, script_distances
from transfer_analysis.distances.languages.imputation import Imputation
from transfer_analysis.distances.languages.typological import TYPOLOGICAL, Measure, typological_distances
from transfer_analysis.distances.languages.wordorder import languages_with_word_order, word_order_distances
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import joined_rows, known_languages, resolve

_OWN = ("word-order", "script", "pretraining-size")

LANGUAGE_KINDS = (*TYPOLOGICAL, *_OWN)


def language_distances(
    languages: Sequence[str],
    kind: str = "syntactic",
    *,
    min_shared: int = 1,
    measure: Measure = "angular",
    impute: Imputation | None = None,
) -> DistanceMatrix:
    """Return the distances between languages.

    Parameters
    ----------
    languages
        Codes that `transfer_analysis.languages.resolve` understands; they become the labels, as given.
    kind
        From URIEL+: `syntactic`, `phonological`, `inventory`, `featural` (those three together), `morphological`
        (Grambank and APiCS), `genetic` (shared membership in Glottolog's families and subfamilies; 0 within a language,
        1 between families), `geographic` (of how far languages are from 299 places), `scriptural` (properties of their
        scripts). `word-order`: agreement in the orders used; `script`: the same or not; `pretraining-size`: |log10 of
        the ratio| of XLM-R's, for the languages of XTREME and XTREME-R.
    min_shared
        A pair with fewer features known for both languages is missing. Over a handful of features distances are
        coarse: on the twelve that URIEL+ knows of Croatian's word order, Croatian and English do not differ at all.
    measure
        Of the kinds from URIEL+ that are about properties: `angular`, URIEL+'s own, or `gower`, the share of shared
        known features that differ.
    impute
        Guess unknown features, for the same kinds: `nearest` or `family` (see `imputation`). Never done unless asked.

    Returns
    -------
    DistanceMatrix
        Symmetric, values in [0, 1] (of `pretraining-size`: not negative). `shared` counts the features known for both
        languages where the kind has features; a pair with none is missing (NaN), as is one with fewer than `min_shared`.

    Raises
    ------
    InputError
        For an unknown kind or language, or an option that the kind does not have.
    """
    if kind not in LANGUAGE_KINDS:
        raise InputError(
            f"unknown language distance {kind!r}{nearest(kind, LANGUAGE_KINDS)}; expected {', '.join(LANGUAGE_KINDS)}"
        )
    if kind in TYPOLOGICAL:
        return typological_distances(languages, kind, min_shared=min_shared, measure=measure, impute=impute)
    if measure != "angular" or impute is not None:
        raise InputError(f"{kind} has neither another measure nor anything to impute; leave --measure and --impute out")
    if kind == "word-order":
        return word_order_distances(languages, min_shared=min_shared)
    if min_shared != 1:
        raise InputError(f"{kind} does not come from features; leave --min-shared out")
    return script_distances(languages) if kind == "script" else pretraining_size_distances(languages)


def languages_with(kind: str) -> list[str]:
    """Return every language of which something is known that a kind of distance is computed from, in order of code.

    Each language is there once, under its canonical code.
    """
    if kind in ("script", "pretraining-size"):
        matrix = language_distances(list(known_languages()), kind)
        return sorted(language for language in matrix.rows if matrix.values.at[language, language] == 0)
    known = languages_with_word_order() if kind == "word-order" else joined_rows(*TYPOLOGICAL[kind]).known()
    return sorted({resolve(code).code for code in known})
