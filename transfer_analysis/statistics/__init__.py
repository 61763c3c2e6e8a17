"""Statistics on arrays and frames: no torch, no tasks, no files.

Every procedure answers with an :class:`Outcome`: an estimate with its interval, its p-value and the null that comes
from, n and the unit that n counts.
"""

from transfer_analysis.statistics.association import (
    association,
    columnwise_correlations,
    partial_association,
    pigeonhole_interval,
    pooled_association,
)
from transfer_analysis.statistics.bands import regression_band
from transfer_analysis.statistics.correction import holm
from transfer_analysis.statistics.effects import condition_effect, effects_beside_baseline
from transfer_analysis.statistics.languages import grafen_covariance, phylogenetic_regression, relatedness
from transfer_analysis.statistics.matrices import MatrixRegression, mantel, matrix_regression, partial_mantel
from transfer_analysis.statistics.mixed import MixedFit, mixed_model
from transfer_analysis.statistics.outcome import Outcome
from transfer_analysis.statistics.permutation import Relabelings, joint_relabelings, separate_relabelings
from transfer_analysis.statistics.selection import (
    NDCG,
    AverageRank,
    Regret,
    Top1,
    selection,
    selection_by_model,
    selection_curve,
)

__all__ = [
    "NDCG",
    "AverageRank",
    "MatrixRegression",
    "MixedFit",
    "Outcome",
    "Regret",
    "Relabelings",
    "Top1",
    "association",
    "columnwise_correlations",
    "condition_effect",
    "effects_beside_baseline",
    "grafen_covariance",
    "holm",
    "joint_relabelings",
    "mantel",
    "matrix_regression",
    "mixed_model",
    "partial_association",
    "partial_mantel",
    "phylogenetic_regression",
    "pigeonhole_interval",
    "pooled_association",
    "regression_band",
    "relatedness",
    "selection",
    "selection_by_model",
    "selection_curve",
    "separate_relabelings",
]
