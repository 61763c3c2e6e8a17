"""Features of languages as distances read them: one row for one language, whatever codes its data are filed under."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from transfer_analysis.languages.registry import NO_LANGUAGE, known_languages, macrolanguage_codes
from transfer_analysis.languages.sources import ALL, typology
from transfer_analysis.languages.uriel import FeatureTable, features, memberships, positions, scripts

_TABLES: dict[str, Callable[[], FeatureTable]] = {
    "membership": memberships,
    "position": positions,
    "script": scripts,
}


#: A macrolanguage's row fills gaps only where it knows at least this many times as much as the language's own. Chinese
#: and Swahili, of which nearly everything is known, so keep the numbers that are published for them.
_TIMES = 2


@cache
def joined_rows(table: str, prefixes: tuple[str, ...] = (), sources: str = ALL) -> FeatureTable:
    """Return a table of URIEL+ in which the gaps of a language are filled from the row of its macrolanguage.

    URIEL+ files much of what is known of Estonian under `est` and little under `ekk`, of Malay under `msa` and not
    `zsm`, and so for some twenty languages. A row is filled where that of the macrolanguage knows at least twice as much;
    what the individual language's own row says is never changed.

    Parameters
    ----------
    table
        `typology`, `membership`, `position` or `script`.
    prefixes
        Only features whose names begin so.
    sources
        Of typology, where it is from, as `sources.typology` reads it.
    """
    raw = typology(sources) if table == "typology" else _TABLES[table]()
    raw = raw.columns(*prefixes) if prefixes else raw
    # Whether a row is filled is told by the table of 2017, which files languages under macrolanguages; later sources do not.
    old = features().columns(*prefixes) if table == "typology" else raw
    languages, values = list(raw.languages), raw.values.copy()
    values[[raw.index[code] for code in NO_LANGUAGE if code in raw.index]] = np.nan
    added: list[np.ndarray] = []
    filled: dict[str, str] = {}
    for language in known_languages().values():
        others = [raw.index[code] for code in macrolanguage_codes(language.code) if code in raw.index]
        own = raw.index.get(language.iso639_3)
        before = values[own] if own is not None else np.full(len(raw.names), np.nan, dtype=np.float32)
        after = before.copy()
        for other in others:
            pair = (raw.languages[other], language.iso639_3)
            if not (_knows_more(raw, *pair) or _knows_more(old, *pair)):
                continue
            after = np.where(np.isnan(after), raw.values[other], after)
            filled.setdefault(language.iso639_3, raw.languages[other])
        if language.iso639_3 not in filled:
            continue
        if own is not None:
            values[own] = after
        else:
            languages.append(language.iso639_3)
            added.append(after)
    return FeatureTable(tuple(languages), raw.names, np.vstack([values, *added]), raw.source, filled)


def _knows_more(table: FeatureTable, other: str, own: str) -> bool:
    """Whether a table knows at least twice as much of another row as of a language's own, and anything at all."""
    of_other, of_own = (int(np.isfinite(row).sum()) for row in table.rows([other, own]))
    return of_other >= max(1, _TIMES * of_own)
