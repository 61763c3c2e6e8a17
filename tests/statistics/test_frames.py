"""What is asked of every frame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.statistics import association, joint_relabelings, mantel, separate_relabelings
from transfer_analysis.statistics.contrasts import group_contrast, marginal_means, paired_contrast
from transfer_analysis.statistics.frames import as_booleans, refuse_repeated, require_labels, without_overlap
from transfer_analysis.statistics.linear import linear_model, wild_cluster_bootstrap
from transfer_analysis.statistics.mixed import mixed_model


def test_seeds_tell_rows_apart_even_where_one_is_missing():
    frame = pd.DataFrame({"condition": ["a"] * 3, "seed": [1.0, 2.0, np.nan], "gain": [0.5, 0.7, 0.5]})
    refuse_repeated(frame)
    with pytest.raises(InputError, match=r"rows 0 and 3 are the same observation \(condition a, seed 1.0\)"):
        refuse_repeated(pd.concat([frame, frame.iloc[[0]].assign(gain=0.9)], ignore_index=True))
    with pytest.raises(InputError, match="rows 2 and 3"):
        refuse_repeated(pd.concat([frame, frame.iloc[[2]]], ignore_index=True))


def test_labels_and_overlaps():
    frame = pd.DataFrame({"condition": ["a", "b", None], "target": ["a", "t", "t"], "overlap": ["False", "TRUE", "0"]})
    with pytest.raises(InputError, match=r"condition is missing in 1 rows \(first: 2\)"):
        require_labels(frame, ["condition"])
    assert as_booleans(frame["overlap"]).tolist() == [False, True, False]
    kept, notes = without_overlap(frame)
    assert kept.index.tolist() == [2]
    assert notes == ("1 row of a condition with itself left out", "1 row of overlapping cells left out")


def noise(overlap=50.0):
    rng = np.random.default_rng(1)
    rows = [(c, t, s, rng.normal()) for c in "abcd" for t in "axy" for s in (1, 2, 3)]
    frame = pd.DataFrame(rows, columns=["condition", "target", "seed", "gain"])
    frame.loc[(frame["condition"] == "a") & (frame["target"] == "a"), "gain"] += overlap
    return frame


def test_contrasts_leave_a_task_with_itself_out():
    plain, inflated = noise(0.0), noise(50.0)
    groups = {"one": ["a", "b"], "other": ["c", "d"]}
    for call in (
        lambda f: group_contrast(f, groups, pairs=["target", "seed"]),
        lambda f: paired_contrast(f, {"condition": "a"}, {"condition": "b"}, value="gain", pairs=["target"]).outcome(),
    ):
        assert call(plain).estimate == pytest.approx(call(inflated).estimate)
        assert any("of a condition with itself left out" in warning for warning in call(inflated).warnings)


def test_a_contrast_of_means_says_what_its_fit_says():
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(8), 6)
    frame = pd.DataFrame({"y": rng.normal(size=48), "kind": np.where(g % 2, "a", "b"), "g": [f"g{v}" for v in g]})
    frame["y"] -= frame.groupby("g")["y"].transform("mean") * 0.98
    mixed = marginal_means(mixed_model("y ~ kind", frame, ["g"]), "kind").contrast({"a": 1, "b": -1}).outcome()
    assert any("singular" in warning for warning in mixed.warnings)
    linear = marginal_means(linear_model("y ~ kind", frame, clusters="g"), "kind").contrast({"a": 1, "b": -1}).outcome()
    assert (linear.n, linear.unit) == (8, "clusters (8 g)")
    assert any("descriptive" in warning for warning in linear.warnings)


def test_a_number_written_as_a_factor_is_one_in_the_means():
    rng = np.random.default_rng(3)
    s = np.tile([1, 2, 4], 20)
    frame = pd.DataFrame({"y": s + rng.normal(size=60), "g": np.repeat(["a", "b"], 30), "s": s})
    as_text = frame.assign(s=frame["s"].astype(str))
    means = marginal_means(linear_model("y ~ g + C(s)", frame), "g").tidy()["estimate"]
    assert means.to_numpy() == pytest.approx(
        marginal_means(linear_model("y ~ g + s", as_text), "g").tidy()["estimate"].to_numpy()
    )
    assert marginal_means(linear_model("y ~ g + C(s)", frame), "s").names == ["1", "2", "4"]


def test_an_effect_of_one_cluster_has_no_error_by_cluster():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"y": rng.normal(size=30), "g": np.repeat(list("abcdef"), 5)})
    frame["x"] = (frame["g"] == "c") * 1.0
    with pytest.raises(InputError, match="x differs in one cluster of g only"):
        linear_model("y ~ x", frame, clusters="g")
    with pytest.raises(InputError, match="6 effects are too many for 6 clusters"):
        linear_model("y ~ C(g)", frame, clusters="g")


def test_the_order_of_rows_does_not_matter():
    rng = np.random.default_rng(5)
    g = np.repeat([f"g{i}" for i in range(20)], 4)
    frame = pd.DataFrame({"y": rng.normal(size=80), "x": rng.normal(size=80), "g": g})
    mixed = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    one, other = (wild_cluster_bootstrap("y ~ x", f, "x", "g", replicates=499) for f in (frame, mixed))
    assert one.p_value == other.p_value


def test_what_there_is_no_such_thing_as_is_refused_everywhere():
    x = np.random.default_rng(6).random((6, 2))
    with pytest.raises(InputError, match="alternative 'two_sided'"):
        association(x, x[::-1], separate_relabelings(6, 2, count=99), alternative="two_sided")
    with pytest.raises(InputError, match="no coefficient 'pearsn'"):
        association(x, x[::-1], separate_relabelings(6, 2, count=99), method="pearsn")
    with pytest.raises(InputError, match="'z' is not a label"):
        joint_relabelings(["a", "b"], ["a", "z"], ["b"])
    with pytest.raises(InputError, match="method 'kendall'"):
        mantel(np.eye(5), np.eye(5), method="kendall")
    labels = list("abcdee")
    twice = pd.DataFrame(np.random.default_rng(7).random((6, 6)), labels, labels)
    with pytest.raises(InputError, match="'e' stands there twice"):
        mantel(twice, twice)
