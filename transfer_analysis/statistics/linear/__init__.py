"""Linear and generalised linear models, with errors by cluster and the bootstrap that serves where clusters are few."""

from transfer_analysis.statistics.linear.fit import LinearFit, generalised_linear_model, linear_model
from transfer_analysis.statistics.linear.wild import wild_cluster_bootstrap

__all__ = ["LinearFit", "generalised_linear_model", "linear_model", "wild_cluster_bootstrap"]
