"""The kinds of distance between languages, each one object: from their codes, from texts, or from a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from transfer_analysis.distances.languages import attributes, lexical, subwords, trees
from transfer_analysis.distances.languages.imputation import Imputation
from transfer_analysis.distances.languages.typological import (
    TYPOLOGICAL,
    Measure,
    source_distances,
    typological_distances,
)
from transfer_analysis.distances.languages.wordorder import languages_with_word_order, word_order_distances
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.extensions import extended
from transfer_analysis.languages import joined_rows, known_languages, resolve
from transfer_analysis.languages.sources import ALL

if TYPE_CHECKING:
    from transfer_analysis.distances.languages.texts import LanguageTexts
    from transfer_analysis.distances.tokenizers import Tokenizer

#: The entry point under which others add their kinds.
GROUP = "transfer_analysis.language_distances"


@dataclass(frozen=True)
class Options:
    """How a distance of features is computed.

    Attributes
    ----------
    min_shared
        A pair with fewer features known for both languages is missing.
    measure
        `angular`, URIEL+'s own, or `gower`, the share of shared known features that differ.
    impute
        Guess unknown features: `nearest`, `family` or `knn`; never done unless asked.
    sources
        Of typology: `all`, `uriel-2017`, or names of sources parted by `+`.
    count_sources
        Count the shared features by source, which takes longer than the distances.
    """

    min_shared: int = 1
    measure: Measure = "angular"
    impute: Imputation | None = None
    sources: str = ALL
    count_sources: bool = False

    def require_none(self, kind: str) -> None:
        """Refuse options for a kind that does not come from features."""
        _require_plain(kind, self)
        if self.min_shared != 1:
            raise InputError(f"{kind} does not come from features; leave --min-shared out")


@dataclass(frozen=True)
class LanguageKind:
    """A kind of distance between languages; others add theirs under the entry point `transfer_analysis.language_distances`.

    Attributes
    ----------
    title
        What it is, in a few words.
    of_codes
        From codes and options to the matrix; None where codes do not suffice.
    of_text
        From texts and a tokenizer to the matrix.
    of_table
        From a table, and the languages that are wanted, to the matrix.
    known
        The languages of which something is known, where codes suffice.
    """

    name: str
    title: str
    of_codes: Callable[[Sequence[str], Options], DistanceMatrix] | None = None
    of_text: Callable[[LanguageTexts, Tokenizer], DistanceMatrix] | None = None
    of_table: Callable[[Path, Sequence[str] | None], DistanceMatrix] | None = None
    known: Callable[[], list[str]] | None = None


def _typological(kind: str, languages: Sequence[str], options: Options) -> DistanceMatrix:
    return typological_distances(
        languages,
        kind,
        min_shared=options.min_shared,
        measure=options.measure,
        impute=options.impute,
        sources=options.sources,
        count_sources=options.count_sources,
    )


def _of_one_source(source: str, languages: Sequence[str], options: Options) -> DistanceMatrix:
    if options.measure != "angular" or options.sources != ALL:
        raise InputError(
            f"{source} distances have their own source, and Gower's measure; leave --measure and --sources out"
        )
    return source_distances(languages, source, min_shared=options.min_shared, impute=options.impute)


def _word_order(languages: Sequence[str], options: Options) -> DistanceMatrix:
    _require_plain("word-order", options)
    return word_order_distances(languages, min_shared=options.min_shared)


def _script(languages: Sequence[str], options: Options) -> DistanceMatrix:
    options.require_none("script")
    return attributes.script_distances(languages)


def _pretraining_size(languages: Sequence[str], options: Options) -> DistanceMatrix:
    options.require_none("pretraining-size")
    return attributes.pretraining_size_distances(languages)


def _sizes_of_table(path: Path, languages: Sequence[str] | None) -> DistanceMatrix:
    sizes = attributes.read_sizes(path)
    return attributes.pretraining_size_distances(languages or sorted(sizes), sizes, path.name)


def _require_plain(kind: str, options: Options) -> None:
    if options.measure != "angular" or options.impute is not None or options.sources != ALL:
        raise InputError(
            f"{kind} has one measure and one source, and nothing to impute; leave --measure, --impute and --sources out"
        )


def _with_zero(compute: Callable[[Sequence[str], Options], DistanceMatrix]) -> list[str]:
    """Return the languages that have a distance from themselves, which those have of which something is known."""
    matrix = compute(list(known_languages()), Options())
    return [language for language in matrix.rows if matrix.values.at[language, language] == 0]


def _of_words(texts: LanguageTexts, tokenizer: Tokenizer) -> DistanceMatrix:
    return subwords.fertility_distances(texts.words or subwords.spaced_words(texts.sentences), tokenizer)


_TITLES = {
    "syntactic": "URIEL+: syntax",
    "phonological": "URIEL+: phonology",
    "inventory": "URIEL+: phoneme inventories",
    "morphological": "URIEL+: morphology (Grambank, APiCS, eWAVE)",
    "featural": "URIEL+: syntax, phonology and inventories together",
    "scriptural": "URIEL+: properties of scripts",
    "geographic": "URIEL+: distances from 299 places",
    "genetic": "URIEL+: membership in Glottolog's families and subfamilies",
}

_BUNDLED = (
    *(
        LanguageKind(
            name,
            title,
            partial(_typological, name),
            known=partial(lambda name: joined_rows(*TYPOLOGICAL[name]).known(), name),
        )
        for name, title in _TITLES.items()
    ),
    LanguageKind(
        "grambank",
        "Grambank: share of its features that differ (Gower)",
        partial(_of_one_source, "grambank"),
        known=lambda: joined_rows("typology", (), "grambank").known(),
    ),
    LanguageKind(
        "wals",
        "WALS: share of its features that differ (Gower)",
        partial(_of_one_source, "wals"),
        known=lambda: joined_rows("typology", (), "wals").known(),
    ),
    LanguageKind("word-order", "agreement in the word orders used", _word_order, known=languages_with_word_order),
    LanguageKind("script", "the usual script: the same or not", _script, known=partial(_with_zero, _script)),
    LanguageKind(
        "pretraining-size",
        "|log10 of the ratio| of pretraining text",
        _pretraining_size,
        of_table=_sizes_of_table,
        known=partial(_with_zero, _pretraining_size),
    ),
    LanguageKind(
        "subword-overlap",
        "subwords not shared (Jaccard)",
        of_text=lambda texts, tokenizer: subwords.subword_overlap_distances(texts.sentences, tokenizer),
    ),
    LanguageKind("fertility", "difference in subwords per word", of_text=_of_words),
    LanguageKind("tree", "path in a tree of one's own (Newick)", of_table=trees.tree_distances),
    LanguageKind("lexical", "lexical distance, from a table such as LDND's", of_table=lexical.lexical_distances),
)


@cache
def language_kinds() -> Mapping[str, LanguageKind]:
    """Return every kind of distance between languages by its name: the bundled ones, then those of other packages.

    Raises
    ------
    InputError
        For one of another package that is none, or takes a name that is taken.
    """
    return extended(
        _BUNDLED,
        GROUP,
        name=lambda kind: kind.name,
        fits=lambda kind: isinstance(kind, LanguageKind),
        noun="a kind of distance between languages",
        expected="a LanguageKind",
    )


def kinds_of_codes() -> list[str]:
    """Return the kinds that need nothing but codes of languages."""
    return [name for name, kind in language_kinds().items() if kind.of_codes is not None]


def language_kind(name: str) -> LanguageKind:
    """Return a kind of distance between languages by its name.

    Raises
    ------
    InputError
        For one that there is not, with the nearest.
    """
    known = language_kinds()
    if name not in known:
        raise InputError(f"unknown language distance {name!r}{nearest(name, known)}; expected {', '.join(known)}")
    return known[name]


def language_distances(
    languages: Sequence[str],
    kind: str = "syntactic",
    *,
    min_shared: int = 1,
    measure: Measure = "angular",
    impute: Imputation | None = None,
    sources: str = ALL,
    count_sources: bool = False,
) -> DistanceMatrix:
    """Return the distances between languages.

    Parameters
    ----------
    languages
        Codes that `transfer_analysis.languages.resolve` understands; they become the labels, as given.
    kind
        From URIEL+: `syntactic`, `phonological`, `inventory`, `featural` (those three together), `morphological`
        (Grambank, APiCS and eWAVE), `genetic` (shared membership in Glottolog's families and subfamilies; 0 within a language,
        1 between families), `geographic` (of how far languages are from 299 places), `scriptural` (properties of their
        scripts). `word-order`: agreement in the orders used; `script`: the same or not; `pretraining-size`: |log10 of
        the ratio| of XLM-R's, for the languages of XTREME and XTREME-R.
    min_shared
        A pair with fewer features known for both languages is missing. Over a handful of features distances are
        coarse: on the nine that URIEL+ knows of Croatian's word order, Croatian and English do not differ at all.
    measure
        Of the kinds from URIEL+ that are about properties: `angular`, URIEL+'s own, or `gower`, the share of shared
        known features that differ.
    impute
        Guess unknown features, for the same kinds: `nearest`, `family` or `knn`, URIEL+'s own (see `imputation`). Never done unless asked.
    sources
        Where features of syntax, phonology, inventories and morphology are from: `all` that URIEL+ has (Grambank, APiCS,
        eWAVE, BDPROTO and SAPhon beside the table of 2017, joined by its rules); `uriel-2017`, that table alone, as it
        was released and as lang2vec has it; or names of sources parted by `+` (`grambank`, `wals+sswl`).
    count_sources
        Count, for each pair, the shared features that each source knows of both, for up to 200 languages.

    Returns
    -------
    DistanceMatrix
        Symmetric, values in [0, 1] (of `pretraining-size`: not negative). `shared` counts the features known for both
        languages where the kind has features; a pair with none is missing (NaN), as is one with fewer than `min_shared`.
        `by_source` counts them by source where that is asked for.

    Raises
    ------
    InputError
        For an unknown kind or language, or an option that the kind does not have.
    """
    of_codes = language_kind(kind).of_codes
    if of_codes is None:
        raise InputError(f"{kind} needs more than codes of languages; {', '.join(kinds_of_codes())} do not")
    return of_codes(languages, Options(min_shared, measure, impute, sources, count_sources))


def languages_with(kind: str) -> list[str]:
    """Return every language of which something is known that a kind of distance is computed from, in order of code.

    Each language is there once, under its canonical code.
    """
    known = language_kind(kind).known
    return sorted({resolve(code).code for code in known()}) if known is not None else []
