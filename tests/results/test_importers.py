from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.results import gains
from transfer_analysis.results.importers import Asked, import_file, import_taskweb, import_xpos

HEADER = "model,adaptation,source_task,target_task,seed,metric,score,primary_metric,epochs,learning_rate,batch_size,matches_repo_config\n"
SCORES = """\
t5s,finetune,snli,mrpc,1,accuracy,0.80,1,3,1e-4,8,1
t5s,finetune,snli,mrpc,1,f1,0.90,1,3,1e-4,8,1
t5s,finetune,snli,cb,1,accuracy,0.70,1,3,1e-4,8,1
t5s,finetune,snli,cb,1,f1,0.40,0,3,1e-4,8,1
t5s,finetune,qnli,cb,1,accuracy,0.60,1,3,1e-4,8,1
t5s,finetune,qnli,cb,1,accuracy,0.10,1,3,9e-4,8,0
"""
BASELINES = """\
model,adaptation,target_task,seed,metric,score,uniquely_determined
t5s,finetune,mrpc,1,accuracy+f1,0.80,1
t5s,finetune,cb,1,accuracy,0.65,0
"""


@pytest.fixture
def taskweb(tmp_path):
    (tmp_path / "taskweb.csv").write_text(HEADER + SCORES)
    (tmp_path / "taskweb_baselines.csv").write_text(BASELINES)
    return tmp_path


def test_taskweb_primary_baselines_and_off_config_runs(taskweb):
    imported = import_taskweb(taskweb)
    frame = imported.table.frame
    primary = frame[(frame["metric"] == "primary") & (frame["condition"] != "none")]
    assert {(r.condition, r.target): pytest.approx(r.score) for r in primary.itertuples()} == {
        ("snli", "mrpc"): 85.0,
        ("snli", "cb"): 70.0,
        ("qnli", "cb"): 60.0,
    }
    assert any("1 scores dropped" in remark for remark in imported.notes)
    found = gains(imported.table)
    assert found.frame["gain"].tolist() == pytest.approx([5.0])
    assert (found.left_out["reason"] == "the baseline is not uniquely determined").sum() == 2


def test_taskweb_keeps_off_config_runs_when_asked(taskweb):
    frame = import_taskweb(taskweb / "taskweb.csv", Asked(flags=frozenset({"keep-off-config"}))).table.frame
    off = frame[frame["adaptation"] == "finetune-off-config"]
    assert set(off["metric"]) == {"accuracy", "primary"}
    assert set(off["score"]) == {10.0}


def test_taskweb_wrong_values_name_the_row_of_the_file(taskweb):
    (taskweb / "taskweb.csv").write_text(HEADER + SCORES.replace("qnli,cb,1,accuracy,0.60", "qnly,cb,1,accuracy,0.60"))
    with pytest.raises(InputError) as caught:
        import_taskweb(taskweb)
    assert "taskweb.csv row 6: condition: unknown task 'qnly' (did you mean 'qnli'" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.80,1,3", "abc,1,3", "taskweb.csv row 2: score 'abc' is not a fraction between -1 and 1"),
        ("0.80,1,3", "8.0,1,3", "taskweb.csv row 2: score '8.0' is not a fraction"),
        ("0.90,1,3", "0.90,yes,3", "taskweb.csv row 3: primary_metric 'yes' is neither 0 nor 1"),
        (SCORES, "", "taskweb.csv: holds no rows"),
    ],
)
def test_taskweb_refuses_what_it_cannot_read(taskweb, old, new, message):
    (taskweb / "taskweb.csv").write_text(HEADER + SCORES.replace(old, new))
    with pytest.raises(InputError, match=message):
        import_taskweb(taskweb)


def test_taskweb_missing_file_and_column(taskweb):
    (taskweb / "taskweb_baselines.csv").write_text("model,adaptation\n")
    with pytest.raises(InputError, match="taskweb_baselines.csv: column 'target_task' is missing"):
        import_taskweb(taskweb)
    (taskweb / "taskweb_baselines.csv").unlink()
    with pytest.raises(InputError, match="taskweb_baselines.csv: no such file"):
        import_taskweb(taskweb)


def test_xpos(tmp_path):
    (tmp_path / "xpos.csv").write_text(
        "source_language,target_language,score,model\nen,no,90.5,xlm-roberta-base\nno,no,98,xlm-roberta-base\nsme,lzh,20,xlm-roberta-base\n"
    )
    frame = import_xpos(tmp_path).table.frame
    assert set(frame["language"]) == {"no", "lzh"}
    assert set(frame["source_language"]) == {"en", "no", "se"}
    assert set(frame["condition"]) == {"none"}
    assert set(frame["metric"]) == {"accuracy"}


def test_csv_with_mapping_constants_and_fractions(tmp_path):
    path = tmp_path / "paper.csv"
    path.write_text("lang,acc,inter,comment\nde,0.71,squad,x\nde,0.69,none,y\n")
    asked = Asked(
        mapping={"lang": "language", "acc": "score", "inter": "condition"},
        constants={"model": "xlm-r", "target": "xnli"},
        fractions=True,
    )
    found = import_file(path, asked)
    table = found.table
    assert found.ignored == ("comment",)
    assert table.frame["score"].tolist() == pytest.approx([69.0, 71.0])
    assert set(table.frame["origin"]) == {"paper.csv"}
    assert gains(table).frame["gain"].tolist() == pytest.approx([2.0])


@pytest.mark.parametrize(
    ("mapping", "constants", "message"),
    [
        ({"langg": "language"}, {}, "does not have .did you mean 'lang'"),
        ({"lang": "languag"}, {}, "'languag' is not a column of the transfer table .did you mean 'language'"),
        ({}, {"models": "x"}, "'models' is not a column"),
        ({"lang": "language", "acc": "language"}, {}, "would come from more than one column"),
        ({"lang": "language"}, {"model": "m"}, "column 'target' is missing"),
        ({"lang": "language"}, {"language": "de"}, "--set language=… would replace a column"),
    ],
)
def test_csv_wrong_mappings(tmp_path, mapping, constants, message):
    path = tmp_path / "paper.csv"
    path.write_text("lang,acc\nde,71\n")
    with pytest.raises(InputError, match=message):
        import_file(path, Asked(mapping=mapping, constants=constants))


def test_csv_wrong_score_is_shown_with_its_row(tmp_path):
    path = tmp_path / "paper.csv"
    path.write_text("model,target,language,score\nm,xnli,de,0.7\nm,xnli,fr,high\n")
    with pytest.raises(InputError, match=r"paper.csv row 3: score 'high' is not a number"):
        import_file(path, Asked(fractions=True))


def test_published_taskweb_reproduces_its_own_summary(published):
    """Every summary cell follows from gains paired by seed: relative change, and share of seeds improved."""
    imported = import_taskweb(published)
    found = gains(imported.table).frame
    found = found[found["metric"] == "primary"]
    assert any(r.startswith("184 scores dropped") for r in imported.notes)
    key = ["model", "adaptation", "condition", "target"]
    mine = (
        found.assign(better=found["gain"] > 1e-6)
        .groupby(key)
        .agg(change=("relative_gain", "mean"), better=("better", "sum"))
    )
    summary = pd.read_csv(published / "taskweb_transfer.csv", keep_default_na=False).rename(
        columns={"source_task": "condition", "target_task": "target"}
    )
    joined = summary[summary["model"] != "all"].merge(mine.reset_index(), on=key, how="left")
    left_out = joined["change"].isna()
    assert set(joined.loc[left_out, "target"]) == {"wsc"}  # flagged baselines: 3 models × 21 sources
    assert left_out.sum() == 63
    used = joined[~left_out]
    assert len(used) == 3024
    np.testing.assert_allclose(used["change"], used["mean_relative_change"], atol=1e-8)
    np.testing.assert_allclose(used["better"] / 8, used["share_of_seeds_improved"], atol=1e-12)


def test_published_xpos_is_complete(published):
    frame = import_xpos(published).table.frame
    assert len(frame) == 6825
    assert frame["source_language"].nunique() == 65
    assert frame["language"].nunique() == 105
