"""Distances between languages: URIEL+'s, word order, script, pretraining size, subwords, and a table of one's own."""

from transfer_analysis.distances.languages.kinds import kinds_of_codes, language_distances, languages_with

__all__ = ["kinds_of_codes", "language_distances", "languages_with"]
