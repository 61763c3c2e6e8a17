"""Rows of a study, floors and effects, recomputed by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.analyses import condition_effects
from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable
from transfer_analysis.studies import load_study
from transfer_analysis.studies.selected import select_rows, what_was_learnt
from transfer_analysis.tasks import load_catalogue


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    rows = []
    for model, initialisations in (("simulated", ("pretrained", "random")), ("simulated-unshared", ("pretrained",))):
        for initialisation in initialisations:
            for condition in ("none", "sim-topic", "multi-task") if model == "simulated" else ("none",):
                for target in ("sim-pos", "sim-qa"):
                    for seed in (1, 2, 3):
                        for language in ("en", "de", "ja"):
                            for metric in ("accuracy",) if target == "sim-pos" else ("f1", "exact_match"):
                                rows.append(
                                    {
                                        "model": model,
                                        "initialisation": initialisation,
                                        "condition": condition,
                                        "target": target,
                                        "seed": seed,
                                        "language": language,
                                        "metric": metric,
                                        "score": 40 + 20 * rng.random(),
                                    }
                                )
    return TransferTable.from_frame(pd.DataFrame(rows))


@pytest.fixture(scope="module")
def selected(table):
    return select_rows(load_study("quickstart"), table, load_catalogue())


def test_the_floor_model_is_no_part_of_the_tests(table, selected):
    assert set(selected.table.frame["model"]) == {"simulated"}
    assert set(selected.table.frame["initialisation"]) == {"pretrained"}
    assert set(selected.comparable.frame["initialisation"]) == {"pretrained", "random"}
    assert "exact_match" not in set(selected.comparable.frame["metric"])
    frame = table.frame
    own = frame[(frame["model"] == "simulated-unshared") & frame["metric"].isin(["accuracy", "f1"])]
    expected = own.groupby(["target", "language"])["score"].mean()
    found = selected.floors.set_index(["target", "language"])["floor"]
    pd.testing.assert_series_equal(found, expected, check_names=False)


def test_effects_are_differences_of_means_over_languages(selected):
    found = condition_effects(selected.comparable.frame).set_index(
        ["initialisation", "languages", "target", "condition"]
    )
    assert len(found) == 2 * 2 * 2 * 2
    frame = selected.comparable.frame
    for (initialisation, languages, target, condition), row in found.iterrows():
        here = frame[(frame["initialisation"] == initialisation) & (frame["target"] == target)]
        here = here[(here["language"] == "en") == (languages == "source")]
        runs = here.groupby(["condition", "seed"])["score"].mean()
        assert row["effect"] == pytest.approx(runs[condition].mean() - runs["none"].mean())
        assert row["low"] < row["effect"] < row["high"]
        assert row["seeds"] == 3


def test_what_was_learnt_beside_its_floor(selected):
    found = what_was_learnt(selected, load_catalogue()).set_index(["initialisation", "target"])
    frame = selected.comparable.frame
    none = frame[(frame["condition"] == "none") & (frame["initialisation"] == "pretrained")]
    own = none[none["target"] == "sim-qa"]
    row = found.loc[("pretrained", "sim-qa")]
    by_language = own.groupby("language")["score"].mean()
    floor = selected.floors[selected.floors["target"] == "sim-qa"].set_index("language")["floor"]
    assert row["source"] == pytest.approx(by_language["en"])
    assert row["zero_shot"] == pytest.approx(by_language[["de", "ja"]].mean())
    assert row["lowest"] == pytest.approx(by_language[["de", "ja"]].min())
    assert row["floor"] == pytest.approx(floor[["de", "ja"]].mean())
    above = int((by_language[["de", "ja"]] > floor[["de", "ja"]]).sum())
    assert row["languages_above_floor"] == f"{above} of 2"
    assert row["chance"] == 0


def test_what_the_results_do_not_have_is_named(table):
    study = load_study("quickstart")
    with pytest.raises(InputError, match="no split 'validation'; they have test"):
        select_rows(study.model_copy(update={"split": "validation"}), table, load_catalogue())
    with pytest.raises(InputError, match="no las scores in split 'test'; they have accuracy, exact_match, f1"):
        select_rows(study.model_copy(update={"metric": "las"}), table, load_catalogue())
    random = study.model_copy(update={"initialisation": "random"})
    assert set(select_rows(random, table, load_catalogue()).table.frame["initialisation"]) == {"random"}
