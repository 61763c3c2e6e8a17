"""Contrasts of conditions: paired, of groups of tasks, and of a model's marginal means."""

from transfer_analysis.statistics.contrasts.contrast import Contrast
from transfer_analysis.statistics.contrasts.groups import group_contrast
from transfer_analysis.statistics.contrasts.marginal import MarginalMeans, marginal_means
from transfer_analysis.statistics.contrasts.paired import paired_contrast

__all__ = ["Contrast", "MarginalMeans", "group_contrast", "marginal_means", "paired_contrast"]
