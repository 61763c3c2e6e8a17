from __future__ import annotations

import pandas as pd
import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable, gains


def table(entries):
    columns = ["condition", "target", "seed", "score", "flag"]
    frame = pd.DataFrame([(*e, "")[:5] for e in entries], columns=columns).assign(model="m")
    return TransferTable.from_frame(frame)


def test_gain_is_paired_by_seed():
    found = gains(
        table([("none", "xnli", 1, 70), ("none", "xnli", 2, 74), ("squad", "xnli", 1, 75), ("squad", "xnli", 2, 75)])
    )
    assert list(found.frame["gain"]) == [5.0, 1.0]
    assert set(found.frame["pairing"]) == {"seed"}
    assert found.frame["relative_gain"].iloc[0] == pytest.approx(5 / 70)


def test_without_all_seeds_the_mean_baseline_serves_the_whole_cell():
    found = gains(
        table([("none", "xnli", 1, 70), ("none", "xnli", 2, 74), ("squad", "xnli", 1, 75), ("squad", "xnli", 9, 75)])
    )
    assert list(found.frame["gain"]) == [3.0, 3.0]
    assert set(found.frame["pairing"]) == {"mean"}
    assert "2 paired by mean" in found.describe()


def test_scores_without_a_usable_baseline_are_left_out_with_the_reason():
    found = gains(
        table(
            [
                ("none", "xnli", 1, 70, "undetermined"),
                ("squad", "xnli", 1, 75),
                ("squad", "mlqa", 1, 60),
                ("none", "xcopa", 1, 50),
                ("squad", "xcopa", 1, 51),
            ]
        )
    )
    assert list(found.frame["target"]) == ["xcopa"]
    reasons = dict(zip(found.left_out["target"], found.left_out["reason"], strict=True))
    assert reasons == {
        "xnli": "the baseline is not uniquely determined",
        "mlqa": "no baseline (condition none)",
    }
    assert "1 scores left out: no baseline" in found.describe()


def test_baselines_are_of_the_same_language_metric_and_initialisation():
    frame = pd.DataFrame(
        {
            "model": "m",
            "target": "xquad",
            "condition": ["none", "none", "mnli", "mnli", "mnli"],
            "language": ["en", "de", "en", "de", "de"],
            "initialisation": ["pretrained", "pretrained", "pretrained", "pretrained", "random"],
            "score": [80.0, 60.0, 82.0, 65.0, 20.0],
        }
    )
    found = gains(TransferTable.from_frame(frame))
    assert dict(zip(found.frame["language"], found.frame["gain"], strict=True)) == {"de": 5.0, "en": 2.0}
    assert list(found.left_out["initialisation"]) == ["random"]


def test_a_table_without_intermediate_tasks_has_no_gains():
    with pytest.raises(InputError, match="every condition is none"):
        gains(table([("none", "xnli", 1, 70)]))
