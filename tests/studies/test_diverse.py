"""Diverse intermediate tasks in a study: their slopes among those of all choices, and beside the others' over languages."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import yaml
from transfer_analysis.distances import language_distances
from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable, read_table, write_table
from transfer_analysis.statistics import run_slopes
from transfer_analysis.studies import Given, analyse_study, load_study, run_study

TASKS = ("stsb", "qqp", "hellaswag", "cosmosqa", "commonsense-qa", "ud-parsing")
LANGUAGES = ("en", "de", "fr", "ru", "el", "hi", "tr", "sw", "zh", "th", "vi", "ar")


def hypothesis(analysis, **changes):
    return {
        "id": analysis,
        "statement": "Transfer falls less after diverse tasks.",
        "analysis": analysis,
        "diversity": "mattr",
        "k": 2,
        "distance": "syntactic",
        **changes,
    }


STUDY = {
    "name": "robust",
    "title": "Robust",
    "question": "Does it fall less?",
    "language_distances": ["syntactic"],
    "primary": "diverse-choice",
    "hypotheses": [hypothesis("diverse-choice"), hypothesis("diverse-slopes")],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("robust")
    rng = np.random.default_rng(0)
    away = language_distances(list(LANGUAGES), "syntactic").values.loc["en"]
    # The first two tasks are the most diverse, and fall by 10 points per unit of distance less than the others.
    rows = [
        {
            "model": "xlmr",
            "condition": condition,
            "target": target,
            "language": language,
            "seed": seed,
            "score": 75 - (20 - 10 * (condition in TASKS[:2])) * away[language] + rng.normal(scale=0.3),
        }
        for condition in ("none", *TASKS, "multi-task")
        for target in ("xnli", "udpos")
        for language in LANGUAGES
        for seed in (1, 2)
    ]
    write_table(TransferTable.from_frame(pd.DataFrame(rows)), path / "results.parquet")
    values = pd.DataFrame({"task": TASKS, "measure": "mattr", "value": np.linspace(0.9, 0.4, 6)})
    values.to_csv(path / "diversity.csv", index=False)
    (path / "study.yaml").write_text(yaml.safe_dump(STUDY))
    return path


@pytest.fixture(scope="module")
def outcomes(folder):
    given = Given(folder / "results.parquet", diversity=folder / "diversity.csv")
    run_study(load_study(str(folder / "study.yaml")), folder / "out", given)
    return {o["id"]: o for o in json.loads((folder / "out" / "outcomes.json").read_text())["outcomes"]}


def test_the_diverse_tasks_slopes_stand_among_those_of_all_choices(folder, outcomes):
    rows = pd.read_parquet(folder / "out" / "data" / "observations-gains.parquet")
    rows = rows[rows["condition"].isin(TASKS) & ~rows["overlap"]]
    rows = rows[
        ~rows["target"].eq("udpos")
    ]  # ud-parsing is made of what udpos is trained on, so all tasks have xnli only
    slopes = run_slopes(rows, distance="syntactic_distance").groupby("condition")["adjusted_slope"].mean()
    means = {c: slopes[list(c)].mean() for c in combinations(TASKS, 2)}
    found = outcomes["diverse-choice"]
    assert found["estimate"] == pytest.approx(means[TASKS[:2]], abs=0.6)
    assert found["p_value"] == pytest.approx(1 / 15)
    assert found["attainable_p"] == pytest.approx(1 / 15)
    assert found["random_selection"] == pytest.approx(np.mean(list(means.values())), abs=0.6)
    assert found["warnings"][0] == "the 2 most diverse by mattr: stsb, qqp"


def test_their_slope_is_beside_that_of_the_others_over_languages(outcomes):
    found = outcomes["diverse-slopes"]
    assert found["estimate"] == pytest.approx(10, abs=1.5)
    assert found["p_value"] < 0.01
    assert found["n"] == len(LANGUAGES) - 1


def test_what_is_missing_is_said(folder, tmp_path):
    study = load_study(str(folder / "study.yaml"))
    with pytest.raises(
        InputError, match="needs the diversity of the tasks: give --examples FILE.jsonl, --from, or --diversity"
    ):
        run_study(study, tmp_path / "out", Given(folder / "results.parquet"))
    table = pd.read_csv(folder / "diversity.csv")
    for change, message in (
        (table.iloc[1:], "no mattr is known of stsb"),
        (table.rename(columns={"value": "values"}), "column 'value' is missing .did you mean 'values'"),
        (pd.concat([table, table.iloc[:1]]), "diversity.csv row 8: value '0.9' is a second mattr of stsb"),
        (table.assign(value=["high", *table["value"][1:]]), "row 2: value 'high' is not a number"),
    ):
        change.to_csv(tmp_path / "diversity.csv", index=False)
        with pytest.raises(InputError, match=message):
            run_study(study, tmp_path / "out", Given(folder / "results.parquet", diversity=tmp_path / "diversity.csv"))
    every = study.model_copy(update={"hypotheses": (study.hypotheses[0].model_copy(update={"k": 6}),)})
    with pytest.raises(InputError, match="the 6 most diverse of 6 tasks are all of them"):
        run_study(every, tmp_path / "out", Given(folder / "results.parquet", diversity=folder / "diversity.csv"))
    (tmp_path / "s.yaml").write_text(
        yaml.safe_dump({**STUDY, "hypotheses": [hypothesis("diverse-choice", diversity="matr")]})
    )
    with pytest.raises(InputError, match="unknown measure of diversity 'matr' .did you mean 'mattr'"):
        load_study(str(tmp_path / "s.yaml"))


def test_targets_without_a_score_in_the_source_language_are_left_out(folder, tmp_path):
    """Of their slopes none can be adjusted, and none of their scores is a share of anything."""
    table = read_table(folder / "results.parquet").frame
    bare = table[(table["target"] != "udpos") | (table["language"] != "en")]
    write_table(TransferTable(bare.reset_index(drop=True)), tmp_path / "bare.parquet")
    given = {"diversity": folder / "diversity.csv"}
    study = load_study(str(folder / "study.yaml"))
    both = (study.hypotheses[0], study.hypotheses[0].model_copy(update={"id": "shares", "value": "normalised"}))
    study = study.model_copy(update={"hypotheses": both})
    alone = study.model_copy(update={"targets": ("xnli",)})
    found, expected = (
        {f.id: f.outcome for f in analyse_study(one, Given(path, **given)).findings}
        for one, path in ((study, tmp_path / "bare.parquet"), (alone, folder / "results.parquet"))
    )
    for name in ("diverse-choice", "shares"):
        assert found[name].estimate == pytest.approx(expected[name].estimate)
        assert found[name].p_value == pytest.approx(expected[name].p_value)
    assert any("udpos left out: without a score in en" in warning for warning in found["diverse-choice"].warnings)
