from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from transfer_analysis.observations import observe


@pytest.fixture
def rows():
    return pd.DataFrame(
        {
            "model": "m",
            "condition": ["squad", "mnli", "squad+mlm", "unlisted"],
            "target": ["xnli", "xnli", "mlqa", "xnli"],
            "source_language": "en",
            "language": ["de", "de", "zh", "de"],
            "score": [1.0, 2.0, 3.0, 4.0],
        }
    )


@pytest.fixture
def tasks():
    return DistanceMatrix(pd.DataFrame({"xnli": [0.5, 0.1], "mlqa": [0.2, np.nan]}, index=["squad", "mnli"]), "toy")


def test_distances_are_joined_by_label_and_the_rest_is_dropped_with_the_reason(rows, tasks):
    languages = DistanceMatrix(pd.DataFrame({"de": [0.3], "zh": [np.nan]}, index=["en"]), "toy")
    found = observe(rows, task_distances={"semantic": tasks}, language_distances={"syntactic": languages})
    assert found.frame["semantic_distance"].tolist() == [0.5, 0.1, 0.2]
    assert found.frame["syntactic_distance"].tolist()[:2] == [0.3, 0.3]
    assert np.isnan(found.frame["syntactic_distance"].iloc[2])
    assert found.frame["family"].tolist() == ["qa", "nli", "qa"]
    assert found.frame["overlap"].tolist() == [False, True, True]
    assert found.frame["language_family"].tolist() == ["Indo-European", "Indo-European", "Sino-Tibetan"]
    assert found.dropped["reason"].tolist() == ["no semantic distance for the condition: unlisted"]
    assert found.describe() == [
        "3 rows joined, 1 dropped",
        "1 rows dropped: no semantic distance for the condition: unlisted",
        "1 rows have no syntactic distance; none at all for the language zh",
    ]


def test_a_distance_of_another_model_is_not_joined(rows, tasks):
    other = DistanceMatrix(tasks.values, "toy", model="n")
    with pytest.raises(InputError, match="of another model: m|no row of the results"):
        observe(rows, task_distances={"semantic": other})


def test_nothing_left_is_an_error(rows, tasks):
    with pytest.raises(InputError, match="no row of the results could be joined"):
        observe(rows.assign(target="xcopa"), task_distances={"semantic": tasks})


def test_what_one_of_several_distances_lacks_is_missing_there_alone(rows, tasks):
    """A second distance knows neither squad nor this model's rows; what only it lacks stays for the first."""
    fewer = DistanceMatrix(pd.DataFrame({"xnli": [0.9, 0.7]}, index=["mnli", "unlisted"]), "toy")
    found = observe(rows, task_distances={"one": tasks, "two": fewer})
    assert len(found.frame) == 4
    assert found.frame["one_distance"].tolist()[:3] == [0.5, 0.1, 0.2]
    assert np.isnan(found.frame["one_distance"].iloc[3])
    assert found.frame["two_distance"].fillna(-1).tolist() == [-1, 0.9, -1, 0.7]
    of_models = {name: DistanceMatrix(tasks.values, "toy", model=name) for name in ("m", "n")}
    both = pd.concat([rows, rows.assign(model="n")], ignore_index=True)
    joined = observe(both, task_distances=of_models)
    assert joined.frame.groupby("model")[["m_distance", "n_distance"]].count().to_numpy().tolist() == [[3, 0], [0, 3]]
    assert len(joined.dropped) == 2


def test_an_overlap_inside_several_tasks_or_with_a_substitute_is_seen_in_the_recipe(rows):
    """multi-task holds SQuAD, which XQuAD is trained on; XNLI was trained on SNLI and ANLI, and so was what came before."""
    frame = pd.DataFrame(
        {
            "model": "m",
            "condition": ["multi-task", "multi-task", "snli", "snli", "squad", "none"],
            "target": ["xquad", "paws-x", "xnli", "xnli", "xnli", "xnli"],
            "source_language": "en",
            "language": "de",
            "score": 1.0,
            "recipe": [
                "small intermediate=squad:600+qqp:600",
                "small intermediate=squad:600+qqp:600",
                "small trained_on=snli+anli intermediate=snli:2000",
                None,
                "small trained_on=snli+anli intermediate=squad:2000",
                "small trained_on=snli+anli",
            ],
        }
    )
    found = observe(frame).frame
    assert found["overlap"].tolist() == [True, False, True, False, False, False]
