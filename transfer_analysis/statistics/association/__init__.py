"""Association of a distance with scores or gains, tested by permutation of labels."""

from transfer_analysis.statistics.association.intervals import MIN_LEVELS, pigeonhole_interval
from transfer_analysis.statistics.association.partial import partial_association
from transfer_analysis.statistics.association.pooled import pair_correlation, pooled_association
from transfer_analysis.statistics.association.units import Method
from transfer_analysis.statistics.association.within import association, columnwise_correlations

__all__ = [
    "MIN_LEVELS",
    "Method",
    "association",
    "columnwise_correlations",
    "pair_correlation",
    "partial_association",
    "pigeonhole_interval",
    "pooled_association",
]
