"""Statistics on arrays and frames: no torch, no tasks, no files.

Every procedure answers with an :class:`Outcome`: an estimate with its interval, its p-value and the null that comes
from, n and the unit that n counts.
"""

from transfer_analysis.statistics.association import (
    association,
    columnwise_correlations,
    pair_correlation,
    partial_association,
    pigeonhole_interval,
    pooled_association,
)
from transfer_analysis.statistics.bands import regression_band
from transfer_analysis.statistics.contrasts import Contrast, group_contrast, marginal_means, paired_contrast
from transfer_analysis.statistics.correction import benjamini_hochberg, holm
from transfer_analysis.statistics.effects import condition_effect, effects_beside_baseline
from transfer_analysis.statistics.languages import (
    grafen_covariance,
    leave_one_family_out,
    phylogenetic_regression,
    relatedness,
    within_family_association,
)
from transfer_analysis.statistics.linear import (
    LinearFit,
    generalised_linear_model,
    linear_model,
    wild_cluster_bootstrap,
)
from transfer_analysis.statistics.matrices import MatrixRegression, mantel, matrix_regression, partial_mantel
from transfer_analysis.statistics.mixed import MixedFit, mixed_model
from transfer_analysis.statistics.outcome import Outcome
from transfer_analysis.statistics.permutation import Relabelings, joint_relabelings, separate_relabelings
from transfer_analysis.statistics.power import power_grid
from transfer_analysis.statistics.prediction import Predicted, leave_one_target_out
from transfer_analysis.statistics.robustness import (
    against_random_selection,
    run_slopes,
    slope_difference,
    transfer_gaps,
)
from transfer_analysis.statistics.selection import (
    NDCG,
    AverageRank,
    Regret,
    Top1,
    selection,
    selection_by_model,
    selection_curve,
)
from transfer_analysis.statistics.specification import SpecificationCurve, specification_curve

__all__ = [
    "NDCG",
    "AverageRank",
    "Contrast",
    "LinearFit",
    "MatrixRegression",
    "MixedFit",
    "Outcome",
    "Predicted",
    "Regret",
    "Relabelings",
    "SpecificationCurve",
    "Top1",
    "against_random_selection",
    "association",
    "benjamini_hochberg",
    "columnwise_correlations",
    "condition_effect",
    "effects_beside_baseline",
    "generalised_linear_model",
    "grafen_covariance",
    "group_contrast",
    "holm",
    "joint_relabelings",
    "leave_one_family_out",
    "leave_one_target_out",
    "linear_model",
    "mantel",
    "marginal_means",
    "matrix_regression",
    "mixed_model",
    "pair_correlation",
    "paired_contrast",
    "partial_association",
    "partial_mantel",
    "phylogenetic_regression",
    "pigeonhole_interval",
    "pooled_association",
    "power_grid",
    "regression_band",
    "relatedness",
    "run_slopes",
    "selection",
    "selection_by_model",
    "selection_curve",
    "separate_relabelings",
    "slope_difference",
    "specification_curve",
    "transfer_gaps",
    "wild_cluster_bootstrap",
    "within_family_association",
]
