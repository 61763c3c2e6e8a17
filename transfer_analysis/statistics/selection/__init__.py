"""Selection of intermediate tasks by a distance, beside random selection."""

from transfer_analysis.statistics.selection.by_model import LeaveOut, selection_by_model
from transfer_analysis.statistics.selection.chosen import selection, selection_curve
from transfer_analysis.statistics.selection.measures import NDCG, AverageRank, Measure, Reached, Regret, Relevance, Top1

__all__ = [
    "NDCG",
    "AverageRank",
    "LeaveOut",
    "Measure",
    "Reached",
    "Regret",
    "Relevance",
    "Top1",
    "selection",
    "selection_by_model",
    "selection_curve",
]
