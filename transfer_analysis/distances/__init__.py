"""Distances between tasks and between languages, as labelled matrices."""

from transfer_analysis.distances.languages import kinds_of_codes, language_distances
from transfer_analysis.distances.matrix import DistanceMatrix
from transfer_analysis.distances.tasks.semantic import mean_embedding_distances

__all__ = ["DistanceMatrix", "kinds_of_codes", "language_distances", "mean_embedding_distances"]
