"""Robustness of transfer to the distance of languages, and choices of tasks beside random ones."""

from transfer_analysis.statistics.robustness.choices import against_random_selection
from transfer_analysis.statistics.robustness.slopes import LEARNT, run_slopes, slope_difference, transfer_gaps

__all__ = ["LEARNT", "against_random_selection", "run_slopes", "slope_difference", "transfer_gaps"]
