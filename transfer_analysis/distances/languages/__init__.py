"""Distances between languages: URIEL+'s, word order, script, pretraining size, subwords, and a table of one's own."""

from transfer_analysis.distances.languages.kinds import LANGUAGE_KINDS, language_distances, languages_with

__all__ = ["LANGUAGE_KINDS", "language_distances", "languages_with"]
