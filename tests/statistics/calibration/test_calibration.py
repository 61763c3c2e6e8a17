"""The stored table of rejection and coverage, and the runs that it came from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.statistics.calibration.__main__ import TABLE, run
from tests.statistics.calibration.procedures import cases

CASES = cases()
#: Bounds for 2,000 replications, whose standard error is half a point.
MOST, LEAST, COVERED = 0.065, 0.035, 0.93


def within_bounds(row: dict[str, object] | pd.Series) -> bool:
    rejected, covered = float(row["rejected"]), float(row["covered"])
    fine = np.isnan(rejected) or rejected <= MOST
    fine &= np.isnan(rejected) or not row["exact"] or rejected >= LEAST
    return bool(fine and (np.isnan(covered) or covered >= COVERED))


def test_the_table_has_every_procedure_and_confirmatory_ones_keep_their_level():
    table = pd.read_csv(TABLE)
    assert (table["procedure"] + " | " + table["data"]).tolist() == [case.name for case in CASES]
    assert (table["role"].tolist(), table["exact"].tolist()) == ([c.role for c in CASES], [c.exact for c in CASES])
    assert (table["replications"] == 2000).all()
    failed = [
        row["procedure"] for _, row in table[table["role"] == "confirmatory"].iterrows() if not within_bounds(row)
    ]
    assert not failed


def test_what_is_shown_as_naive_rejects_too_often():
    table = pd.read_csv(TABLE)
    assert (table.loc[table["role"] == "naive", "rejected"] > MOST).all()


def test_a_run_gives_the_same_row_again():
    one, other = run(0, 20), run(0, 20)
    assert {**one, "seconds": 0} == {**other, "seconds": 0}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_two_thousand_replications(number):
    row = run(number, 2000)
    if row["role"] == "confirmatory":
        assert within_bounds(row)
