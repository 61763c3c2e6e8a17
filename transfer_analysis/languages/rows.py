"""Features of languages as distances read them: one row for one language, whatever codes its data are filed under."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from transfer_analysis.languages.registry import known_languages, macrolanguage_codes
from transfer_analysis.languages.uriel import FeatureTable, features, memberships, morphology, positions, scripts

_TABLES: dict[str, Callable[[], FeatureTable]] = {
    "typology": features,
    "morphology": morphology,
    "membership": memberships,
    "position": positions,
    "script": scripts,
}


@cache
def joined_rows(table: str, prefix: str = "") -> FeatureTable:
    """Return a table of URIEL+ in which the gaps of a language are filled from the row of its macrolanguage.

    URIEL+ files much of what is known of Estonian under `est` and little under `ekk`, of Malay under `msa` and not
    `zsm`, and so for about fifty languages. What the individual language's own row says is never changed.

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
    added: list[np.ndarray] = []
    filled = {}
    for language in known_languages().values():
        others = [code for code in macrolanguage_codes(language.code) if code in raw.index]
        own = raw.index.get(language.iso639_3)
        before = values[own] if own is not None else np.full(len(raw.names), np.nan, dtype=np.float32)
        after = before.copy()
        for other in others:
            after = np.where(np.isnan(after), raw.values[raw.index[other]], after)
            if np.isfinite(after).sum() > np.isfinite(before).sum() and language.iso639_3 not in filled:
                filled[language.iso639_3] = other
        if language.iso639_3 not in filled:
            continue
        if own is not None:
            values[own] = after
        else:
            languages.append(language.iso639_3)
            added.append(after)
    return FeatureTable(tuple(languages), raw.names, np.vstack([values, *added]), raw.source, filled)
