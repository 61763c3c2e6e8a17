from __future__ import annotations

import pandas as pd
import pytest
from transfer_analysis.errors import InputError
from transfer_analysis.results import TransferTable, read_table, write_table
from transfer_analysis.results.schema import COLUMNS, KEY


def rows(**columns):
    base = {"model": ["xlm-r"] * 3, "target": ["xnli"] * 3, "language": ["en", "de", "zh"], "score": [81.0, 74.0, 72.5]}
    return pd.DataFrame({**base, **columns})


def problems(frame):
    with pytest.raises(InputError) as caught:
        TransferTable.from_frame(frame, where="t.csv")
    return caught.value.problems


def test_defaults_are_filled_in():
    table = TransferTable.from_frame(rows())
    assert list(table.frame.columns) == list(COLUMNS)
    first = table.frame.iloc[0]
    assert first["condition"] == "none"
    assert first["metric"] == "accuracy"
    assert first["seed"] == 0
    assert table.describe().startswith("3 scores, 1 model, 1 adaptation")


def test_languages_become_canonical():
    table = TransferTable.from_frame(rows(language=["eng", "German", "zh-CN"]))
    assert sorted(table.frame["language"]) == ["de", "en", "zh"]


def test_two_spellings_of_one_language_are_a_repeated_key():
    problem, which = problems(rows(language=["en", "zh", "cmn"]))
    assert "the same key is given 2 times" in problem
    assert "zh and cmn are one language, zh" in which


def test_everything_wrong_is_said_at_once():
    frame = pd.DataFrame(
        {
            "model": ["m"] * 5,
            "target": ["xnli", "xnly", "xnli", "xnli", "xnli"],
            "language": ["en", "en", "germn", "de", "de"],
            "score": [812.0, 50.0, 50.0, "?", 50.0],
            "seed": [1, 1, 1, 1, "a"],
            "checkpoint": ["last", "last", "last", "best-en", "last"],
        }
    )
    text = "\n".join(problems(frame))
    assert "t.csv row 1: score 812.0 is outside the range of accuracy, 0–100" in text
    assert "t.csv row 2: target: unknown task 'xnly' (did you mean 'xnli'?)" in text
    assert "t.csv row 3: language: unknown language 'germn'" in text
    assert "t.csv row 4: score '?' is not a number" in text
    assert "t.csv row 4: checkpoint: unknown checkpoint 'best-en' (did you mean 'best-english'?)" in text
    assert "t.csv row 5: seed 'a' is not a whole number" in text


def test_fractions_are_refused_with_the_remedy():
    (problem,) = problems(rows(score=[0.81, 0.74, 0.725]))
    assert "look like fractions" in problem
    assert "--fractions" in problem


def test_a_correlation_may_be_negative_and_an_accuracy_may_not():
    assert len(TransferTable.from_frame(rows(metric="pearson", score=[-12.0, 40.0, 50.0]))) == 3
    assert "outside the range" in problems(rows(score=[-12.0, 40.0, 50.0]))[0]


def test_repeated_keys_are_refused_by_row():
    (problem,) = problems(rows(language=["en", "en", "de"]))
    assert "t.csv row 1, t.csv row 2" in problem


def test_missing_and_misspelt_columns():
    with pytest.raises(InputError) as caught:
        TransferTable.from_frame(pd.DataFrame({"model": ["m"], "targets": ["xnli"], "score": [1.0]}), where="t.csv")
    assert "column 'target' is missing (did you mean 'targets'?)" in str(caught.value)
    assert "unknown column 'targets' (did you mean 'target'?)" in str(caught.value)


def test_no_rows():
    assert "holds no rows" in problems(rows().iloc[:0])[0]


def test_conditions_may_carry_mlm():
    assert len(TransferTable.from_frame(rows(condition=["none", "squad+mlm", "multi-task"]))) == 3
    assert "condition: unknown task 'squat'" in problems(rows(condition=["none", "squat", "mnli"]))[0]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_round_trip(tmp_path, name):
    table = TransferTable.from_frame(rows(language=["no", "nan", "zh"], seed=[1, 2, 3]))
    write_table(table, tmp_path / name)
    pd.testing.assert_frame_equal(read_table(tmp_path / name).frame, table.frame)
    assert list(tmp_path.iterdir()) == [tmp_path / name]


def test_rows_of_a_csv_file_are_counted_with_its_header(tmp_path):
    path = tmp_path / "r.csv"
    path.write_text("model,target,score\nm,xnli,50\nm,xnli,900\n")
    with pytest.raises(InputError, match="r.csv row 3: score 900"):
        read_table(path)
    path.write_text("model,target,score\n\nm,xnli,50\n\nm,xnli,900\n")
    with pytest.raises(InputError, match="r.csv row 5: score 900"):
        read_table(path)


def test_whole_numbers_that_do_not_fit_and_odd_values_are_refused():
    assert "seed 1e+30 is not a whole number" in problems(rows(seed=[1, 2, 1e30]))[0]
    with pytest.raises(InputError, match="column 'model' holds"):
        TransferTable.from_frame(rows(model=[["a"], ["b"], ["c"]]))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"model,target,score\n", "is not a Parquet table"),
        ("a.csv", b"\xff\xfe\x00binary\x9c", "is not text in UTF-8"),
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b'model,target,score\n"m,xnli,5\n', "is not a CSV table"),
        ("a.csv", b"model,target,score\nm,xnli,80,5\n", "a.csv row 2: has 4 fields, but the header has 3"),
        ("a.csv", b"model,target,score,score\nm,xnli,80,5\n", "the header gives 'score' 2 times"),
        ("a.csv", b"model,target,score\n", "holds no rows"),
    ],
)
def test_files_that_are_not_what_they_say(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / name)


def test_key_is_unique_and_complete():
    assert len(set(KEY)) == 11
