"""Features of languages as distances read them: one row for one language, whatever codes its data are filed under."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from transfer_analysis.languages.registry import NO_LANGUAGE, known_languages, macrolanguage_codes
from transfer_analysis.languages.uriel import FeatureTable, features, memberships, morphology, positions, scripts

_TABLES: dict[str, Callable[[], FeatureTable]] = {
    "typology": features,
    "morphology": morphology,
    "membership": memberships,
    "position": positions,
    "script": scripts,
}


#: A macrolanguage's row fills gaps only where it knows at least this many times as much as the language's own. Chinese
#: and Swahili, of which nearly everything is known, so keep the numbers that are published for them.
_TIMES = 2


@cache
def joined_rows(table: str, prefix: str = "") -> FeatureTable:
    """Return a table of URIEL+ in which the gaps of a language are filled from the row of its macrolanguage.

    URIEL+ files much of what is known of Estonian under `est` and little under `ekk`, of Malay under `msa` and not
    `zsm`, and so for some twenty languages. A row is filled where that of the macrolanguage knows at least twice as much;
    what the individual language's own row says is never changed.

    Parameters
    ----------
    table
        `typology`, `morphology`, `membership`, `position` or `script`.
    prefix
        Only features whose names begin so.
    """
    raw = _TABLES[table]()
    raw = raw.columns(prefix) if prefix else raw
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
            if np.isfinite(raw.values[other]).sum() < max(1, _TIMES * np.isfinite(before).sum()):
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
