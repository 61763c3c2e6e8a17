"""Mantel tests and regressions on matrices, against vegan, ecodist and enumeration by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr
from transfer_analysis.errors import InputError
from transfer_analysis.statistics.matrices import mantel, matrix_regression, partial_mantel

from tests.statistics.matrices.datasets import CASES, matrices

HERE = Path(__file__).parent
REFERENCE = pd.read_csv(HERE / "reference.csv")


def expected(case, what):
    rows = REFERENCE[(REFERENCE["case"] == case) & (REFERENCE["what"] == what)]
    return rows.set_index("term")


def close(p, reference):
    return abs(p - reference) <= max(4 * np.sqrt(2 * reference * (1 - reference) / 10_000), 4e-4)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize("case", CASES)
def test_mantel_and_its_partial_form_are_vegans(case, method):
    given = matrices(*CASES[case])
    found = mantel(given["y"], given["x"], method=method)
    wanted = expected(case, "mantel").loc[method]
    assert found.estimate == pytest.approx(wanted["value"], abs=1e-10)
    assert close(found.p_value, wanted["p_value"])
    partial = partial_mantel(given["y"], given["x"], {"z": given["z"]}, method=method)
    wanted = expected(case, "partial").loc[method]
    assert partial.estimate == pytest.approx(wanted["value"], abs=1e-10)
    assert close(partial.p_value, wanted["p_value"])


@pytest.mark.parametrize("case", CASES)
def test_regression_on_matrices_is_ecodists(case):
    given = matrices(*CASES[case])
    fit = matrix_regression(given["y"], {"x": given["x"], "z": given["z"]})
    wanted = expected(case, "mrm")
    assert fit.coefficients == pytest.approx(wanted["value"].iloc[:3].to_numpy(), abs=1e-10)
    assert fit.r_squared == pytest.approx(wanted.loc["R2", "value"], abs=1e-10)
    assert close(fit.r_squared_p, wanted.loc["R2", "p_value"])
    for term in ("x", "z"):
        assert close(fit.outcome(term).p_value, wanted.loc[term, "p_value"])
    partial = partial_mantel(given["y"], given["x"], {"z": given["z"]})
    assert partial.estimate == pytest.approx(expected(case, "ecodist partial")["value"].iloc[0], abs=1e-10)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not installed")
def test_the_stored_values_are_what_r_gives(tmp_path):
    subprocess.run([sys.executable, "-m", "tests.statistics.matrices.datasets", str(tmp_path)], check=True)
    said = subprocess.run(
        ["Rscript", str(HERE / "reference.R"), str(tmp_path)], check=True, capture_output=True, text=True
    ).stdout
    (tmp_path / "again.csv").write_text(said)
    again = pd.read_csv(tmp_path / "again.csv")
    assert again["value"].to_numpy() == pytest.approx(REFERENCE["value"].to_numpy(), rel=1e-9, abs=1e-12)


def test_directed_matrices_count_both_ways_and_few_labels_are_enumerated():
    rng = np.random.default_rng(1)
    y, x, z = rng.normal(size=(3, 5, 5))
    off = ~np.eye(5, dtype=bool)
    found = mantel(y, x)
    null = [pearsonr(y[np.ix_(p, p)][off], x[off]).statistic for p in permutations(range(5))]
    assert found.estimate == pytest.approx(null[0])
    assert found.p_value == pytest.approx(np.mean(np.abs(null) >= abs(null[0]) - 1e-12))
    assert found.attainable_p == pytest.approx(1 / 120)
    assert (found.n, found.unit) == (5, "labels (20 pairs)")
    fit = matrix_regression(y, {"x": x, "z": z})
    design = np.column_stack([np.ones(20), x[off], z[off]])
    assert fit.coefficients == pytest.approx(np.linalg.lstsq(design, y[off], rcond=None)[0])


def test_random_relabelings_give_the_p_value_of_all(monkeypatch):
    rng = np.random.default_rng(2)
    y, x = rng.normal(size=(2, 7, 7))
    y, x = y + y.T, x + x.T
    exact = mantel(y, x)
    assert exact.null == "all joint permutations of the 7 labels"
    monkeypatch.setattr("transfer_analysis.statistics.matrices.square.EXACT_LIMIT", 10)
    drawn = mantel(y, x, permutations=39_999, seed=3)
    assert drawn.p_value == pytest.approx(exact.p_value, abs=4 * np.sqrt(0.25 / 40_000))
    assert drawn.estimate == pytest.approx(exact.estimate)
    assert drawn == mantel(y, x, permutations=39_999, seed=3)


def test_labels_of_frames_are_put_in_order():
    rng = np.random.default_rng(3)
    labels = list("abcdef")
    y, x = (pd.DataFrame(m + m.T, labels, labels) for m in rng.normal(size=(2, 6, 6)))
    mixed = x.loc[list("fbadce"), list("fbadce")]
    assert mantel(y, mixed).estimate == pytest.approx(mantel(y, x).estimate)
    with pytest.raises(InputError, match="lacks labels of the others, or has more: a, g"):
        mantel(y, x.rename(index={"a": "g"}, columns={"a": "g"}))
    with pytest.raises(InputError, match="stands on one side only"):
        mantel(y, x.rename(index={"a": "g"}))


def test_every_answer_says_that_it_is_a_description():
    given = matrices(*CASES["middle"])
    outcomes = [
        mantel(given["y"], given["x"]),
        partial_mantel(given["y"], given["x"], {"z": given["z"]}),
        matrix_regression(given["y"], {"x": given["x"]}).outcome("x"),
    ]
    for outcome in outcomes:
        assert any("descriptive" in warning and "Guillot & Rousset" in warning for warning in outcome.warnings)


def test_what_is_no_square_matrix_is_refused_with_what_serves():
    square = np.arange(25.0).reshape(5, 5)
    with pytest.raises(InputError, match=r"vector of 5 values.*phylogenetic_regression"):
        mantel(np.arange(5.0), square)
    with pytest.raises(InputError, match="distance is a vector of 5 values"):
        mantel(square, np.arange(5.0)[:, None])
    with pytest.raises(InputError, match=r"shape 5 × 4.*separate_relabelings"):
        partial_mantel(square, square[:, :4], {"z": square})
    with pytest.raises(InputError, match="shape 4 × 5"):
        matrix_regression(square, {"x": square[:4]})
    with pytest.raises(InputError, match="4 labels are needed"):
        mantel(square[:3, :3], square[:3, :3])
    with pytest.raises(InputError, match="has 4 labels and the first matrix 5"):
        mantel(square, square[:4, :4])
    with pytest.raises(InputError, match="same for all pairs"):
        mantel(square, np.ones((5, 5)))
    gap = square.copy()
    gap[0, 1] = np.nan
    with pytest.raises(InputError, match="distance is missing for 1 of 20 pairs"):
        mantel(square, gap)
    with pytest.raises(InputError, match="needs a matrix to hold fixed"):
        partial_mantel(square, square.T, {})
    with pytest.raises(InputError, match="does not vary once z is held fixed"):
        partial_mantel(square, square.T, {"z": 2 * square.T})
    with pytest.raises(InputError, match="combinations of each other"):
        matrix_regression(square, {"x": square.T, "z": 2 * square.T})
    with pytest.raises(InputError, match="no predictor 'y'"):
        matrix_regression(square, {"x": square.T}).outcome("y")
