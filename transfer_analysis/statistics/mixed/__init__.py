"""Linear mixed models with any number of crossed or nested random intercepts and uncorrelated random slopes."""

from transfer_analysis.statistics.mixed.fit import MixedFit, mixed_model, require_model
from transfer_analysis.statistics.mixed.inference import (
    Comparison,
    bootstrap_intervals,
    bootstrap_outcome,
    bootstrap_p_value,
    likelihood_outcome,
    likelihood_ratio,
    profile_interval,
    r_squared,
)

__all__ = [
    "Comparison",
    "MixedFit",
    "bootstrap_intervals",
    "bootstrap_outcome",
    "bootstrap_p_value",
    "likelihood_outcome",
    "likelihood_ratio",
    "mixed_model",
    "profile_interval",
    "r_squared",
    "require_model",
]
