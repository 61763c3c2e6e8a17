"""Ground floor: what a language is called, which family it belongs to, and its URIEL+ features."""

from transfer_analysis.languages.families import families, lineages
from transfer_analysis.languages.registry import (
    Language,
    find,
    known_languages,
    macrolanguage_codes,
    pretraining_size,
    resolve,
    tag,
)
from transfer_analysis.languages.rows import joined_rows
from transfer_analysis.languages.uriel import FeatureTable, features, glottocodes, memberships, source_shares

__all__ = [
    "FeatureTable",
    "Language",
    "families",
    "features",
    "find",
    "glottocodes",
    "joined_rows",
    "known_languages",
    "lineages",
    "macrolanguage_codes",
    "memberships",
    "pretraining_size",
    "resolve",
    "source_shares",
    "tag",
]
