"""How well scores of what was left out are predicted, beside means."""

from transfer_analysis.statistics.prediction.cases import Cases, Fold, folds_of
from transfer_analysis.statistics.prediction.held_out import Predictions, compare_predictions, predict_held_out
from transfer_analysis.statistics.prediction.importance import Block, importance
from transfer_analysis.statistics.prediction.learners import LEARNERS, Learner, learner_named
from transfer_analysis.statistics.prediction.targets import Predicted, leave_one_target_out

__all__ = [
    "LEARNERS",
    "Block",
    "Cases",
    "Fold",
    "Learner",
    "Predicted",
    "Predictions",
    "compare_predictions",
    "folds_of",
    "importance",
    "learner_named",
    "leave_one_target_out",
    "predict_held_out",
]
