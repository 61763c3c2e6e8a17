"""Ground floor: what a language is called, which family it belongs to, and its URIEL+ features."""

from transfer_analysis.languages.families import families, lineages
from transfer_analysis.languages.registry import Language, known_languages, pretraining_size, resolve
from transfer_analysis.languages.uriel import FeatureTable, features, memberships, source_shares

__all__ = [
    "FeatureTable",
    "Language",
    "families",
    "features",
    "known_languages",
    "lineages",
    "memberships",
    "pretraining_size",
    "resolve",
    "source_shares",
]
