"""How diverse the examples of one task are: in their words, their meanings, their syntax, their lengths and genres."""

from transfer_analysis.distances.diversity.table import MEASURES, diversity_table

__all__ = ["MEASURES", "diversity_table"]
