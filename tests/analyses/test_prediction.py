import json

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.analyses.prediction import predict
from transfer_analysis.cli import app
from transfer_analysis.distances import DistanceMatrix
from transfer_analysis.errors import InputError
from typer.testing import CliRunner

CODES = ["de", "fr", "fi", "hu", "tr", "ja", "zh", "ar", "ru", "sw", "en", "hi"]
FAST = {"learners": ["regression"], "repeats": 3}


def rows(sources=("en",), targets=("xnli", "udpos"), seed=0):
    rng = np.random.default_rng(seed)
    size = dict(zip(CODES, rng.normal(size=len(CODES)), strict=True))
    found = [
        {"target": target, "source_language": source, "language": language, "size": size[language],
         "score": 60 + 10 * (target == "udpos") + 5 * size[language] + rng.normal()}
        for target in targets for source in sources for language in CODES if language != source
    ]  # fmt: skip
    return pd.DataFrame(found)


def test_languages_are_left_out_beside_the_mean_of_the_target():
    found = predict(rows(), ["size", "target"], **FAST)
    assert list(found.errors["model"]) == ["mean", "mean of the target", "regression"]
    assert found.errors.set_index("model")["rmse"].idxmin() == "regression"
    assert found.outcomes["regression"].n == 11
    assert found.importance.set_index("predictors")["unit"].to_dict() == {"size": "language", "target": "target"}
    assert set(found.rows["left_out"]) == set(CODES) - {"en"}


def test_with_several_sources_a_language_is_left_out_on_both_sides():
    one = rows(sources=("en", "de", "ja"), targets=("udpos",))
    moved = one.assign(score=one["score"] + 500 * (one["source_language"] == "de"))
    before, after = (predict(frame, ["size"], **FAST).rows for frame in (one, moved))
    german = before["language"] == "de"
    assert before.loc[german, "predicted by regression"].tolist() == pytest.approx(
        after.loc[german, "predicted by regression"].tolist()
    )
    assert "mean of the source language" in list(predict(one, ["size"], **FAST).errors["model"])


def test_families_and_tasks():
    found = predict(rows(), ["size"], leave_out="family", **FAST)
    assert found.outcomes["regression"].unit == "families left out"
    assert set(found.rows.loc[found.rows["language"].isin(["fi", "hu"]), "left_out"]) == {"Uralic"}
    tasks = predict(rows(targets=("xnli", "udpos", "paws-x")), ["size"], leave_out="task", **FAST)
    assert tasks.outcomes["regression"].unit == "tasks left out"
    assert "mean of the language" in list(tasks.errors["model"])


def test_distances_are_computed_or_given():
    found = predict(rows(), ["syntactic", "mine"], matrices={"mine": matrix()}, **FAST)
    assert set(found.importance["predictors"]) == {"syntactic", "mine"}
    with pytest.raises(InputError, match="predictor 'syntatic'.*syntactic"):
        predict(rows(), ["syntatic"], **FAST)


def matrix():
    values = np.abs(np.subtract.outer(np.arange(12.0), np.arange(12.0)))
    return DistanceMatrix(pd.DataFrame(values, index=CODES, columns=CODES), "mine")


def test_predictors_that_tell_the_score_are_refused():
    frame = rows().assign(gain=lambda f: f["score"] - 60)
    with pytest.raises(InputError, match="gain: tells score itself"):
        predict(frame, ["gain"], **FAST)
    with pytest.raises(InputError, match="copy: is score itself"):
        predict(frame.assign(copy=2 * frame["score"]), ["copy"], **FAST)
    with pytest.raises(InputError, match="same: has one value"):
        predict(frame.assign(same=1.0), ["same"], **FAST)
    noted = predict(frame.assign(baseline=frame["size"]), ["baseline"], score="gain", **FAST)
    assert any("must be measured before" in note for note in noted.notes)


def test_seeds_are_averaged_and_metrics_are_not():
    seeds = pd.concat([rows().assign(seed=seed) for seed in range(3)])
    found = predict(seeds, ["size"], **FAST)
    assert len(found.rows) == len(rows()) - 0
    assert any("averaged to 22" in note for note in found.notes)
    metrics = pd.concat([rows().assign(metric="f1"), rows(seed=1).assign(metric="accuracy")])
    with pytest.raises(InputError, match="differ in metric.*--by metric"):
        predict(metrics, ["size"], **FAST)
    with pytest.raises(InputError, match="same observation"):
        predict(pd.concat([rows(), rows()]), ["size"], **FAST)


def test_gaps_are_left_out_and_said():
    frame = rows()
    frame.loc[frame["language"] == "de", "size"] = np.nan
    frame.loc[0, "score"] = np.nan
    found = predict(frame, ["size"], **FAST)
    assert {"de", "en"}.isdisjoint(found.rows["language"])
    assert any("size has no value" in note for note in found.notes)


def test_blocks_move_together():
    frame = rows().assign(more=lambda f: f["size"] ** 2)
    found = predict(frame, ["size", "more"], together={"sizes": ["size", "more"]}, **FAST)
    assert list(found.importance["predictors"]) == ["sizes"]
    with pytest.raises(InputError, match="'other' is no predictor"):
        predict(frame, ["size"], together={"sizes": ["other"]}, **FAST)


def test_command(tmp_path):
    rows().to_csv(tmp_path / "rows.csv", index=False)
    matrix().write(tmp_path / "mine.csv")
    call = ["fit", "predict", str(tmp_path / "rows.csv"), "--predictor", "size", "--predictor", f"mine={tmp_path / 'mine.csv'}",
            "--learner", "regression", "--learner", "ridge", "--by", "target", "--together", "all=size,mine"]  # fmt: skip
    shown = CliRunner().invoke(app, call)
    assert shown.exit_code == 0, shown.output
    assert "mean" in shown.output
    assert "udpos" in shown.output
    found = json.loads(CliRunner().invoke(app, [*call, "--json"]).stdout)
    assert [row["model"] for row in found["xnli"]["errors"]] == ["mean", "regression", "ridge"]
    wrong = CliRunner().invoke(app, [*call[:3], "--predictor", "size", "--together", "all"])
    assert isinstance(wrong.exception, InputError)
