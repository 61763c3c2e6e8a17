from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import WLS
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import Outcome, holm, regression_band
from transfer_analysis.statistics.outcome import alike, number, p_text


def test_sentence_and_row():
    outcome = Outcome(
        statistic="mean correlation",
        estimate=-0.2139,
        low=-0.362,
        high=-0.064,
        p_value=0.0026,
        alternative="less",
        null="9,999 random joint permutations",
        n=441,
        unit="cells",
        method="m",
        warnings=("a", "b"),
    )
    assert str(outcome) == (
        "Mean correlation −0.214; two-sided 95% interval −0.362 to −0.064; p = .003, one-sided; null: 9,999 random joint permutations; n = 441 cells."
    )
    row = outcome.tidy()
    assert row.shape[0] == 1
    assert row["warnings"].item() == "a; b"


@pytest.mark.parametrize(
    ("value", "text"), [(-52.4957, "−52.5"), (-108.2, "−108"), (-0.00002, "−2e−05"), (1234.5, "1234"), (0.5, "0.5")]
)
def test_number(value, text):
    assert number(value) == text


def test_p_text():
    assert p_text(0.0004) == "p < .001"
    assert p_text(0.0319) == "p = .032"
    assert p_text(1.0) == "p = 1.000"
    assert p_text(0.0496) == "p = .0496"


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_the_line_is_least_squares_and_the_band_resamples_groups():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.random(60), "row": np.repeat(range(12), 5), "column": np.tile(range(5), 12)})
    frame["y"] = 1 - 2 * frame["x"] + 0.1 * rng.normal(size=60) + 0.5 * rng.normal(size=12)[frame["row"]]
    band = regression_band(frame, "x", "y", ["row", "column"])
    fit = WLS(frame["y"], np.column_stack([np.ones(60), frame["x"]])).fit()
    np.testing.assert_allclose(band["fit"], fit.params.iloc[0] + fit.params.iloc[1] * band["x"])
    alone = regression_band(frame.assign(each=range(60)), "x", "y", ["each"])
    assert (band["high"] - band["low"]).mean() > (alone["high"] - alone["low"]).mean()
    with pytest.raises(InputError, match="x does not vary"):
        regression_band(frame.assign(x=1.0), "x", "y", ["row"])


def test_numbers_that_are_read_side_by_side_share_decimals():
    assert alike(2.04, 0.0801, 4.0, None) == ["2.04", "0.08", "4.00", ""]
    assert alike(-0.2, -0.362, -0.0641) == ["−0.200", "−0.362", "−0.064"]
    assert alike(151.2, -3.4) == ["151", "−3"]
    assert alike(-0.0001, 0.5) == ["0.000", "0.500"]
    assert alike(0.00002, None) == ["2e−05", ""]
