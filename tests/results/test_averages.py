from __future__ import annotations

import pandas as pd
import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable, benchmark_averages
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.tasks.benchmarks import benchmark, benchmarks


def table(*rows, model="m"):
    columns = ["condition", "target", "language", "metric", "score"]
    return TransferTable.from_frame(pd.DataFrame(rows, columns=columns).assign(model=model))


def test_averages_by_hand():
    given = table(
        ("none", "xnli", "en", "accuracy", 80.0),
        ("none", "xnli", "de", "accuracy", 70.0),
        ("none", "xquad", "en", "f1", 60.0),
        ("none", "xquad", "en", "exact_match", 40.0),
        ("none", "xquad", "de", "f1", 50.0),
        ("none", "xquad", "de", "exact_match", 30.0),
        ("none", "xquad", "ro", "f1", 99.0),  # not in XTREME
        ("none", "xquad", "ro", "exact_match", 99.0),
        ("none", "udpos", "en", "span_f1", 90.0),
        ("none", "udpos", "en", "accuracy", 10.0),  # not its metric
        ("squad", "xnli", "en", "accuracy", 50.0),
    )
    found = benchmark_averages(given, benchmark("xtreme")).frame.set_index("condition")
    none = found.loc["none"]
    assert none["xnli"] == 75
    assert none["xquad"] == 45
    assert none["udpos"] == 90
    assert none["average"] == pytest.approx((75 + 45 + 90) / 3)
    assert none["missing_tasks"] == "paws-x, wikiann, mlqa, tydiqa, bucc, tatoeba"
    assert "xnli (ar, bg, el, es," in none["missing_languages"]
    assert "ro" not in none["missing_languages"].partition("xquad")[2].partition(";")[0]
    assert found.loc["squad", "average"] == 50
    extended = benchmark_averages(given, benchmark("xtreme-r")).frame.set_index("condition")
    assert extended.loc["none", "xquad"] == pytest.approx((50 + 40 + 99) / 3)
    remarks = benchmark_averages(given, benchmark("xtreme")).remarks()
    assert remarks[-1] == "averages over different tasks cannot be compared"


def test_a_language_with_one_of_two_metrics_does_not_count():
    given = table(
        ("none", "xquad", "en", "f1", 60.0),
        ("none", "xquad", "en", "exact_match", 40.0),
        ("none", "xquad", "de", "f1", 9.0),
    )
    found = benchmark_averages(given, benchmark("xtreme")).frame.iloc[0]
    assert found["xquad"] == 50
    assert "de" in found["missing_languages"]


def test_nothing_to_average():
    with pytest.raises(InputError, match="XTREME: no test score on any of its tasks"):
        benchmark_averages(table(("none", "squad", "en", "f1", 5.0)), benchmark("xtreme"))
    with pytest.raises(InputError, match="unknown benchmark 'xtrem' .did you mean 'xtreme'"):
        benchmark("xtrem")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        (
            "xtreme",
            {
                "xnli": 15,
                "paws-x": 7,
                "udpos": 33,
                "wikiann": 40,
                "xquad": 11,
                "mlqa": 7,
                "tydiqa": 9,
                "bucc": 4,
                "tatoeba": 36,
            },
        ),
        (
            "xtreme-r",
            {
                "xnli": 15,
                "xcopa": 11,
                "udpos": 38,
                "wikiann": 48,
                "xquad": 12,
                "mlqa": 7,
                "tydiqa": 9,
                "tatoeba": 41,
                "mewsli-x": 11,
                "lareqa": 11,
            },
        ),
    ],
)
def test_benchmarks_have_their_tasks_and_languages(name, counts):
    chosen = benchmarks()[name]
    assert {task: len(chosen.languages(task, load_catalogue())) for task in chosen.tasks()} == counts
    assert set(chosen.without) <= set(chosen.tasks())
    assert all(set(codes) <= set(load_catalogue()[task].languages) for task, codes in chosen.without.items())


def test_targets_that_are_not_trained_count_beside_every_checkpoint():
    frame = pd.DataFrame(
        [("xnli", "last", 60.0), ("xnli", "best-english", 80.0), ("tatoeba", "last", 40.0)],
        columns=["target", "checkpoint", "score"],
    ).assign(model="m", language="de")
    found = benchmark_averages(TransferTable.from_frame(frame), benchmark("xtreme")).frame.set_index("checkpoint")
    assert found["average"].to_dict() == {"last": 50, "best-english": 60}
