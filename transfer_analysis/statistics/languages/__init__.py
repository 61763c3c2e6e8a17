"""Tests over languages, which are not independent of each other."""

from transfer_analysis.statistics.languages.families import leave_one_family_out, within_family_association
from transfer_analysis.statistics.languages.phylogeny import (
    MIN_LANGUAGES,
    grafen_covariance,
    phylogenetic_regression,
    relatedness,
)

__all__ = [
    "MIN_LANGUAGES",
    "grafen_covariance",
    "leave_one_family_out",
    "phylogenetic_regression",
    "relatedness",
    "within_family_association",
]
