"""A relabeled predictor without any value says nothing, and is no number that is not there."""

from __future__ import annotations

import warnings

import numpy as np
from transfer_analysis.statistics.prediction.targets import _with_means


def test_missing_values_take_the_mean_of_their_column():
    x = np.array([[1.0, np.nan, 2.0], [3.0, np.nan, np.nan]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _with_means(x).tolist() == [[1.0, 0.0, 2.0], [3.0, 0.0, 2.0]]
