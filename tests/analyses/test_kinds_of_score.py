"""Exact match and F1, test and development scores, are never averaged."""

import numpy as np
import pandas as pd
import pytest
import transfer_analysis as ta
from transfer_analysis.analyses.rows import one_kind_of_score


def rows(seed=0):
    """F1 of the test split goes with the distance; exact match and the development split go against it."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(6):
        for target in ("xquad", "mlqa"):
            noise = rng.normal()
            for metric, split, sign in (("f1", "test", -1), ("exact_match", "test", 3), ("f1", "validation", 3)):
                found.append((f"t{i}", target, "de", "en", metric, split, "last", 0, sign * i + noise / 10, float(i)))
    columns = ["condition", "target", "language", "source_language", "metric", "split", "checkpoint", "seed", "gain", "semantic_distance"]  # fmt: skip
    return pd.DataFrame(found, columns=columns)


def test_the_targets_own_metric_and_the_test_split_count():
    every, own = rows(), rows().query("metric == 'f1' and split == 'test'")
    kept, notes = one_kind_of_score(every)
    pd.testing.assert_frame_equal(kept, own)
    assert notes == [
        "12 rows of another metric left out (exact_match)",
        "12 rows of another split left out (validation)",
    ]
    assert one_kind_of_score(own)[1] == []
    found, wanted = (ta.association(frame, "semantic") for frame in (every, own))
    assert found.estimate == wanted.estimate == pytest.approx(-1.0)
    assert any("exact_match" in note for note in found.warnings)


def test_one_that_is_not_the_usual_counts_where_it_is_alone():
    alone = rows().query("metric == 'exact_match'").assign(split="validation", checkpoint="best")
    assert one_kind_of_score(alone)[1] == []
    assert ta.association(alone, "semantic").estimate == pytest.approx(1.0)


def test_targets_of_different_metrics_are_no_reason():
    mixed = pd.concat(
        [
            rows().query("metric == 'f1' and split == 'test'"),
            rows().query("metric == 'f1' and split == 'test'").assign(target="xnli", metric="accuracy"),
        ]
    )
    assert one_kind_of_score(mixed)[1] == []


def test_what_cannot_be_told_is_refused():
    with pytest.raises(ta.InputError, match=r"xquad has several splits \(dev, validation\) and none of them is test"):
        one_kind_of_score(rows().assign(split=lambda f: f["split"].replace("test", "dev")).query("metric == 'f1'"))
    with pytest.raises(ta.InputError, match="mine has several metrics .* and none of them is known to be its own"):
        one_kind_of_score(rows().query("split == 'test'").assign(target="mine"))
