"""Tests over languages, which are not independent of each other."""

from transfer_analysis.statistics.languages.phylogeny import (
    MIN_LANGUAGES,
    grafen_covariance,
    phylogenetic_regression,
    relatedness,
)

__all__ = ["MIN_LANGUAGES", "grafen_covariance", "phylogenetic_regression", "relatedness"]
