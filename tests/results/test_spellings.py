"""Numbers, names and headers as people write them: each was read as something else, or refused, before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import transfer_analysis as ta
from openpyxl import Workbook
from transfer_analysis.errors import InputError
from transfer_analysis.results.importers import Asked, import_file, import_frame

HEAD = "model\ttarget\tlanguage\tcondition\tscore\tn_examples\n"


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def frame_of(path, asked=None):
    return import_file(path, asked).table.frame


@pytest.mark.parametrize(
    ("scores", "counts", "expected"),
    [
        (("81.2", "80.9"), ("5,000", "12,345"), (81.2, 80.9, 5000, 12345)),  # thousands beside decimal points
        (("81,2", "80,9"), ("5.000", "12.345"), (81.2, 80.9, 5000, 12345)),  # the other way round
        (("81,234", "80,912"), ("5 000", "12’345"), (81.234, 80.912, 5000, 12345)),  # three decimals
        (("81,2", "80.9"), ("5000", "1,234,567"), (81.2, 80.9, 5000, 1234567)),  # each cell can mean one thing only
        (("81,2 %", "80,9%"), ("5000", "12345"), (81.2, 80.9, 5000, 12345)),  # per cent signs behind commas
    ],
)
def test_commas_between_decimals_and_thousands(tmp_path, scores, counts, expected):
    rows = [f"m\txnli\t{code}\tnone\t{s}\t{n}\n" for code, s, n in zip(("de", "fr"), scores, counts, strict=True)]
    found = frame_of(write(tmp_path / "t.tsv", HEAD + "".join(rows)))
    assert (*found["score"], *found["n_examples"]) == pytest.approx(expected)


def test_decimal_commas_in_quotes_in_frames_and_in_workbooks(tmp_path):
    text = 'model,target,language,score\nm,xnli,de,"81,2"\nm,xnli,fr,"−0,5"\n'
    path = write(tmp_path / "t.csv", text)
    with pytest.raises(InputError, match="score -0.5 is outside"):
        import_file(path)
    path = write(tmp_path / "t.csv", text.replace("xnli", "stsb"))
    assert frame_of(path)["score"].tolist() == [81.2, -0.5]
    frame = pd.DataFrame({"model": "m", "target": "xnli", "language": ["de", "fr"], "score": ["81,2", "80,9"]})
    assert import_frame(frame, "t").table.frame["score"].tolist() == [81.2, 80.9]
    book = Workbook()
    for row in (["model", "target", "language", "score"], ["m", "xnli", "de", "81,2"], ["m", "xnli", "fr", 80.9]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    assert frame_of(tmp_path / "t.xlsx")["score"].tolist() == [81.2, 80.9]


def of_perplexities(path, cells):
    text = "model;target;language;metric;score\n" + "".join(
        f"m;xnli;{code};perplexity;{cell}\n" for code, cell in zip(("de", "fr", "sw"), cells, strict=False)
    )
    return sorted(-score for score in frame_of(write(path, text))["score"])


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (("1,234,567", "1,234", "9.5"), [9.5, 1234, 1234567]),  # what commas part is certain
        (("1,234.5", "2,500"), [1234.5, 2500]),
        (("81,25", "1,234"), [1.234, 81.25]),
        (("1.234.567", "12"), [12, 1234567]),
        (("1 234,5", "1’234,5"), [1234.5, 1234.5]),
    ],
)
def test_numbers_without_ends_are_read_as_their_column_says(tmp_path, cells, found):
    assert of_perplexities(tmp_path / "t.csv", cells) == pytest.approx(found)


@pytest.mark.parametrize("cells", [("1,234", "987"), ("1.234", "981,5"), ("1,234", "12,345")])
def test_numbers_that_could_be_two_are_refused(tmp_path, cells):
    with pytest.raises(InputError, match="could be a number with decimals or one with thousands apart"):
        of_perplexities(tmp_path / "t.csv", cells)


def test_numbers_of_a_workbook_keep_their_points(tmp_path):
    book = Workbook()
    rows = (["model", "target", "language", "metric", "score", "n_examples"], ["m", "xnli", "de", "ppl", "81,2", 1.0])
    for row in (*rows, ["m", "xnli", "fr", "ppl", 80.912, 500]):
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")
    found = frame_of(tmp_path / "t.xlsx")
    assert found["score"].tolist() == [-81.2, -80.912]
    assert found["n_examples"].tolist() == [1, 500]
    text = "model,target,language,seed,score,n_examples\nm,xnli,de,1.000,70.1,500.000\nm,xnli,de,2.000,70.2,500.000\n"
    found = frame_of(write(tmp_path / "t.csv", text))  # as to_csv(float_format="%.3f") writes it
    assert found["seed"].tolist() == [1, 2]
    assert found["n_examples"].tolist() == [500, 500]


def test_per_cent_of_a_workbook_is_what_it_shows(tmp_path):
    book = Workbook()
    for row in (["model", "target", "language", "score"], ["m", "xquad", "de", 0.812], ["m", "xquad", "ru", 70.0]):
        book.active.append(row)
    book.active["D2"].number_format = "0.0%"
    book.save(tmp_path / "t.xlsx")
    assert frame_of(tmp_path / "t.xlsx")["score"].tolist() == [81.2, 70.0]


def test_fractions_beside_per_cent_signs(tmp_path):
    text = "model,target,language,score\nm,xnli,de,81.2%\nm,xnli,fr,0.5\n"
    assert frame_of(write(tmp_path / "t.csv", text), Asked(fractions=True))["score"].tolist() == [81.2, 50.0]


@pytest.mark.parametrize("mark", ["-", "", "NA"])
def test_a_missing_score_in_the_first_row_is_no_second_header(tmp_path, mark):
    text = f",model,target,language,score\nx,m,xnli,de,{mark}\ny,m,xnli,fr,70\n"
    assert frame_of(write(tmp_path / "t.csv", text), Asked(skip_missing=True))["score"].tolist() == [70.0]


def test_a_header_of_two_rows_with_numbers_in_the_second(tmp_path):
    text = "model,language,xnli,xnli,paws-x\n,,1,2,1\nm,de,70,71,80\nm,fr,72,73,81\n"
    found = frame_of(write(tmp_path / "t.csv", text), Asked(wide=("target", "seed")))
    assert found.set_index(["target", "language", "seed"])["score"].to_dict() == {
        ("paws-x", "de", 1): 80.0, ("paws-x", "fr", 1): 81.0, ("xnli", "de", 1): 70.0, ("xnli", "de", 2): 71.0,
        ("xnli", "fr", 1): 72.0, ("xnli", "fr", 2): 73.0,
    }  # fmt: skip


@pytest.mark.parametrize("title", ["Table 2: results\n", "Table 2,,,\n", "Table 2,,,\n(test sets),,,\n"])
def test_a_title_over_the_table(tmp_path, title):
    path = write(tmp_path / "t.csv", title + "model,target,language,score\nm,xnli,de,70\n")
    found = import_file(path)
    assert found.table.frame["score"].tolist() == [70.0]
    assert any(note.startswith("above the table, not read: Table 2") for note in found.notes)


def test_a_title_over_all_columns_of_a_workbook(tmp_path):
    book = Workbook()
    for row in (["Results"], ["model", "target", "language", "score"], ["m", "xnli", "de", 70]):
        book.active.append(row)
    book.active.merge_cells("A1:D1")
    book.save(tmp_path / "t.xlsx")
    assert frame_of(tmp_path / "t.xlsx")["score"].tolist() == [70.0]


def test_names_reach_conditions_of_several_parts(tmp_path):
    rows = ["SQuAD+MLM", "MLM", "Multi-Task", "Mine+mlm", "Mine@de", "MNLI-m @ DE".replace(" ", "")]
    text = "model,target,language,condition,score\n" + "".join(f"m,xnli,sw,{name},70\n" for name in rows)
    found = frame_of(write(tmp_path / "t.csv", text), Asked(renamed={"Mine": "qqp"}))
    assert set(found["condition"]) == {"squad+mlm", "mlm", "multi-task", "qqp+mlm", "qqp@de", "mnli@DE"}


def test_columns_that_number_rows_and_columns_left_out(tmp_path):
    path = write(tmp_path / "t.csv", "id,en,de,note\n1,80,70,x\n2,81,71,y\n")
    asked = Asked(wide=("language",), constants={"model": "m", "target": "xnli"}, left_out=("note",))
    with pytest.raises(InputError, match="the same key"):
        import_file(path, asked)  # two rows without a seed
    path = write(tmp_path / "t.csv", "id,seed,en,de,note\n1,1,80,70,x\n2,2,81,71,y\n")
    found = import_file(path, asked)
    assert set(found.table.frame["language"]) == {"en", "de"}
    assert found.left_out == ("columns that number the rows left out: id",)
    assert "scores by language in columns: en, de" in found.notes
    path = write(tmp_path / "t.csv", "seed,en,id,note\n1,80,70,x\n2,81,71,y\n")
    assert set(frame_of(path, asked)["language"]) == {"en", "id"}  # Indonesian, as its scores say
    with pytest.raises(InputError, match="--leave-out notes: no such column .did you mean 'note'"):
        import_file(path, Asked(wide=("language",), left_out=("notes",)))


def test_averages_are_of_languages_and_targets_only(tmp_path):
    path = write(tmp_path / "t.csv", "language,all,mnli\nde,70,71\nmean,70,71\n")
    asked = Asked(wide=("condition",), constants={"model": "m", "target": "xnli"}, renamed={"all": "multi-task"})
    found = import_file(path, asked)
    assert set(found.table.frame["condition"]) == {"multi-task", "mnli"}
    assert found.left_out == ("2 rows of averages left out (language mean)",)
    text = "model,target,language,score\nm,xnli,de,70\nm,Avg.,de,70\n"
    assert import_file(write(tmp_path / "u.csv", text)).left_out == ("1 rows of averages left out (target Avg.)",)


def test_what_python_leaves_out_is_a_warning(tmp_path):
    write(tmp_path / "t.csv", "model,target,language,score\nm,xnli,de,70\nm,xnli,avg,70\n")
    with pytest.warns(UserWarning, match=r"t.csv: 1 rows of averages left out \(language avg\)"):
        assert len(ta.read_results(tmp_path / "t.csv")) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path, encoding):
    path = write(tmp_path / "t.csv", "model,target,language,score\nm,xnli,de,70\n", "utf-8-sig")
    assert len(frame_of(path, Asked(encoding=encoding))) == 1


def test_frames_of_any_kind():
    wide = pd.DataFrame(
        [[70.0, 80.0], [71.0, 81.0]],
        columns=pd.MultiIndex.from_tuples([("xnli", "de"), ("paws-x", "de")]),
        index=pd.Index(["none", "squad"], name="condition"),
    )
    table = ta.read_results(wide, constants={"model": "m"}, wide="target,language")
    assert table.frame.set_index(["condition", "target"])["score"].to_dict() == {
        ("none", "paws-x"): 80.0, ("none", "xnli"): 70.0, ("squad", "paws-x"): 81.0, ("squad", "xnli"): 71.0,
    }  # fmt: skip
    long = pd.DataFrame(
        {
            "model": pd.Categorical(["m", "m"]),
            "target": pd.Categorical(["XNLI", "XNLI"]),
            "language": pd.Categorical(["de", "fr"]),
            "score": pd.array([70.5, pd.NA], dtype="Float64"),
            "n_examples": pd.array([5, pd.NA], dtype="Int64"),
        }
    )
    with pytest.warns(UserWarning, match="1 rows without a score left out"):
        assert ta.read_results(long, skip_missing=True).frame["score"].tolist() == [70.5]
    with pytest.raises(InputError, match="1 scores are missing"):
        ta.read_results(long)
    by_seed = pd.DataFrame({"model": ["m"], "target": ["xnli"], "language": ["de"], 1: [70.0], 2: [71.0]})
    assert ta.read_results(by_seed, wide="seed").frame["seed"].tolist() == [1, 2]
    twice = by_seed.set_axis(["model", "target", "language", "score", "score"], axis=1)
    with pytest.raises(InputError, match="2 columns are called 'score'"):
        ta.read_results(twice)
    with pytest.raises(InputError, match="language"):
        ta.read_results(pd.DataFrame({"model": "m", "target": "xnli", "language": [None, "de"], "score": [1.5, 70]}))


def test_missing_cells_of_parquet(tmp_path):
    frame = pd.DataFrame(
        {
            "model": "m",
            "target": "xnli",
            "language": ["de", "fr"],
            "score": pd.array([70.5, pd.NA], dtype="Float64"),
            "seed": pd.array([1, 1], dtype="Int64"),
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    assert frame_of(tmp_path / "t.parquet", Asked(skip_missing=True))["score"].tolist() == [70.5]


def test_a_column_of_a_header_of_two_rows_can_be_mapped(tmp_path):
    text = "setting,setting,xnli,paws-x\nwith,who,de,de\nnone,m,70,80\nsquad,m,71,81\n"
    asked = Asked(mapping={"setting · with": "condition", "setting · who": "model"}, wide=("target", "language"))
    found = frame_of(write(tmp_path / "t.csv", text), asked)
    assert set(found["condition"]) == {"none", "squad"}
    assert set(found["score"]) == {70.0, 71.0, 80.0, 81.0}


SCALES = "model,target,language,metric,score\n" + "".join(
    f"{model},xquad,{code},f1,{score}\n"
    for model, scores in (("a", (81.2, 70.1, 66.0)), ("b", (0.79, 0.72, 0.6)), ("c", (0.3, 0.2, 0.4)))
    for code, score in zip(("en", "de", "sw"), scores, strict=True)
)


def test_the_scale_is_judged_by_model_against_the_others(tmp_path):
    path = write(tmp_path / "t.csv", SCALES)
    with pytest.raises(InputError) as error:
        import_file(path)
    (said,) = error.value.problems  # c, which failed, may have such scores
    assert "t.csv row 5, t.csv row 6, t.csv row 7: the f1 scores of xquad with model b are at most 0.79" in said
    assert "--scale xquad/b=fraction" in said
    found = frame_of(path, Asked(scales={"xquad/b": "fraction"})).set_index(["model", "language"])["score"]
    assert found["b"].to_dict() == {"en": 79.0, "de": 72.0, "sw": 60.0}
    assert found["c"].to_dict() == {"en": 0.3, "de": 0.2, "sw": 0.4}


def test_metrics_without_ends_and_those_that_fall(tmp_path):
    text = "model,target,language,condition,metric,score\n" + "".join(
        f"m,xnli,de,{condition},{metric},{score}\n"
        for condition, metric, score in (
            ("none", "PPL", 12.5), ("squad", "PPL", 10.0), ("none", "COMET", 0.81), ("squad", "COMET", -0.1),
            ("none", "BLEU", 30.1), ("squad", "BLEU", 31.0), ("none", "macro F1", 60), ("none", "chrF++", 55.2),
        )
    )  # fmt: skip
    found = import_file(write(tmp_path / "t.csv", text))
    scores = found.table.frame.set_index(["metric", "condition"])["score"]
    assert scores["perplexity"].to_dict() == {"none": -12.5, "squad": -10.0}
    assert scores["comet"].to_dict() == {"none": 0.81, "squad": -0.1}
    assert {"bleu", "macro_f1", "chrf"} <= set(found.table.frame["metric"])
    assert "perplexity: less is better, so its scores are kept with their sign turned" in found.notes
    gained = ta.gains(found.table).set_index("metric")["gain"]
    assert gained["perplexity"] == 2.5  # lower perplexity is a gain
    again = import_frame(found.table.frame, "again").table.frame  # what was turned stays as it is
    assert again["score"].tolist() == found.table.frame["score"].tolist()
    with pytest.raises(InputError, match="perplexity has scores of both signs"):
        import_file(write(tmp_path / "u.csv", text.replace("12.5", "-12.5")))


def test_marks_of_overlap_in_any_spelling():
    from transfer_analysis.statistics.frames import as_booleans

    column = pd.Series(["yes", "No", "TRUE ", "", None, np.nan, "n"], name="overlap", dtype=object)
    assert as_booleans(column).tolist() == [True, False, True, False, False, False, False]


def test_languages_that_are_categories_are_told_apart():
    from transfer_analysis.analyses.rows import of_languages

    frame = pd.DataFrame(
        {"language": pd.Categorical(["en", "de"]), "source_language": pd.Categorical(["en", "en"]), "x": [1, 2]}
    )
    assert of_languages(frame, "zero-shot")["x"].tolist() == [2]


def test_tasks_of_ones_own(tmp_path):
    from transfer_analysis.cli import app
    from transfer_analysis.tasks.own import task_of_mine
    from typer.testing import CliRunner

    text = "model,target,language,condition,score\n" + "".join(
        f"m,Belebele,{code},{condition},{score}\n"
        for code, condition, score in (
            ("de", "none", 61.0), ("de", "my-chat-data", 65.0), ("sw", "none", 24.6), ("sw", "my-chat-data", 40.0)
        )
    )  # fmt: skip
    write(tmp_path / "t.csv", text)
    out = tmp_path / "t.parquet"
    command = ["results", "import", "table", str(tmp_path / "t.csv"), "-o", str(out)]
    refused = CliRunner().invoke(app, command)
    assert "unknown task 'Belebele'" in str(refused.exception)
    assert "--task-of-mine Belebele" in str(refused.exception)
    done = CliRunner().invoke(app, [*command, "--task-of-mine", "Belebele:acc:25"])
    assert done.exit_code == 0, done.output
    assert (
        "conditions that are no tasks of the catalogue, so of no family and with no known overlap: my-chat-data"
        in done.output
    )
    beside = tmp_path / "t.tasks.yaml"
    assert f"--tasks {beside}" in done.output
    checked = CliRunner().invoke(app, ["results", "check", str(out), "--tasks", str(beside)])
    assert checked.exit_code == 0, checked.output
    assert (
        CliRunner()
        .invoke(app, ["results", "gains", str(out), "--tasks", str(beside), "-o", str(tmp_path / "g.csv")])
        .exit_code
        == 0
    )
    table = ta.read_results(tmp_path / "t.csv", tasks_of_mine=["Belebele:accuracy:25"])
    assert ta.gains(table)["gain"].tolist() == [4.0, pytest.approx(15.4)]
    with pytest.raises(InputError, match="unknown metric 'accurracy' .did you mean 'accuracy'"):
        task_of_mine("x:accurracy")
    with pytest.raises(InputError, match="chance 'a quarter' is not a number"):
        task_of_mine("x:f1:a quarter")
    with pytest.raises(InputError, match="unknown task 'squat' .did you mean 'squad'.*--task-of-mine squat"):
        import_file(write(tmp_path / "u.csv", "model,target,condition,score\nm,xnli,squat,70\n"))


def test_names_may_be_given_in_a_file(tmp_path):
    from transfer_analysis.cli import app
    from typer.testing import CliRunner

    write(
        tmp_path / "t.csv",
        "model,target,language,condition,score\nm,NLI-15,de,Q,70\nm,NLI-15,de,none,71\nm,Tags,de,Q,70\n",
    )
    write(tmp_path / "names.yaml", "NLI-15: xnli\nTags: udpos\nQ: qqp\n")
    out = tmp_path / "o.csv"
    command = ["results", "import", "table", str(tmp_path / "t.csv"), "-o", str(out), "--rename"]
    done = CliRunner().invoke(app, [*command, str(tmp_path / "names.yaml"), "--rename", "Q=squad"])
    assert done.exit_code == 0, done.output
    assert "target read as: NLI-15 → xnli, Tags → udpos" in done.output
    assert set(pd.read_csv(out, keep_default_na=False)["condition"]) == {"squad", "none"}  # what is said singly stands
    refused = CliRunner().invoke(app, [*command, str(tmp_path / "nothing.yaml")])
    assert isinstance(refused.exception, InputError)


def test_statistics_are_no_languages(tmp_path):
    asked = Asked(wide=("language",), constants={"target": "xnli"})
    found = import_file(write(tmp_path / "t.csv", "model,de,fr,Ave,Min,Max,Std\nm,81,80,80.5,80,81,0.5\n"), asked)
    assert set(found.table.frame["language"]) == {"de", "fr"}
    assert found.left_out == ("columns of averages left out: Ave, Min, Max, Std",)
    found = import_file(
        write(tmp_path / "t.csv", "model,ind,jav,min\nm,81,80,75\n"), asked
    )  # Minangkabau, as NusaX has it
    assert set(found.table.frame["language"]) == {"id", "jv", "min"}


def test_a_row_of_means_is_no_model(tmp_path):
    asked = Asked(wide=("language",), constants={"target": "xnli"})
    found = import_file(write(tmp_path / "t.csv", "model,de,fr\na,81,80\nb,71,70\nAverage,76,75\n"), asked)
    assert set(found.table.frame["model"]) == {"a", "b"}
    assert found.left_out == ("2 rows of averages left out (model Average)",)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("Model,Target,Language,Score\nm,xnli,de,70\n", 1),  # capitals
        (",model,target,language,score\n0,m,xnli,de,70\n1,m,xnli,fr,71\n", 2),  # the index of a frame
        ("| model | target | language | score |\n|---|:---|---|---:|\n| m | xnli | de | 70 |\n", 1),  # Markdown
        ("model,target,language,score\nm,xnli,de,70\n* dev set\n", 1),  # a footnote
        ("# a note\n" * 40 + "model,target,language,score\nm,xnli,de,70\n", 1),  # many lines above
        ("model,target,language,score\nm\x85x,xnli,de,70\n", 1),  # no end of a line
        ("model,target,language,score\nm,xnli,de,70\u00a0%\n", 1),
    ],
)
def test_tables_as_they_are_pasted(tmp_path, text, rows):
    assert len(frame_of(write(tmp_path / "t.csv", text))) == rows


@pytest.mark.parametrize("mark", ["#N/A", "#DIV/0!", "n.a.", "…", "−", "---"])
def test_further_marks_of_missing_scores(tmp_path, mark):
    text = f"model,target,language,score\nm,xnli,de,{mark}\nm,xnli,fr,70\n"
    assert len(frame_of(write(tmp_path / "t.csv", text), Asked(skip_missing=True))) == 1


def test_unsigned_and_special_numbers_of_frames():
    frame = pd.DataFrame({"model": "m", "target": "xnli", "language": ["de", "fr"], "metric": "loss"})
    assert import_frame(frame.assign(score=np.array([3, 2], "uint8")), "t").table.frame["score"].tolist() == [
        -3.0,
        -2.0,
    ]
    for seed in (pd.array([1, 2], dtype="int64[pyarrow]"), pd.arrays.SparseArray([1, 2])):
        found = import_frame(frame.assign(score=70.0, metric="accuracy", seed=seed), "t").table.frame
        assert found["seed"].tolist() == [1, 2]
    for wrong, said in (
        (frame.assign(score=[[70, 71], [80, 81]]), "column 'score' holds lists"),
        (frame.assign(score=[np.inf, 70.0], metric="ppl"), "inf is not a number"),
    ):
        with pytest.raises(InputError, match=said):
            import_frame(wrong, "t")
    kept = frame.assign(score=70.0, metric="accuracy").set_index("model", drop=False)
    assert len(ta.read_results(kept)) == 2
    assert (
        len(ta.read_results(frame.assign(score=70.0).rename(columns={"metric": 0}), rename={0: "metric"}, wide=None))
        == 2
    )
    with pytest.raises(InputError, match="expected a frame or a path, not Series"):
        ta.read_results(frame["model"])


@pytest.mark.parametrize("cell", ["81.2±0.3", "81.2 ± 0.3", "81.2 (0.3)", "**81.2**", "81.2*", "81.2†", "81.2 +/- 0.3"])
def test_deviations_and_marks_are_refused_with_the_remedy(tmp_path, cell):
    path = write(tmp_path / "t.csv", f",de,fr\nmbert,{cell},{cell}\nxlmr,70,71\n")
    asked = Asked(mapping={"": "model"}, wide=("language",), constants={"target": "xnli"})
    with pytest.raises(
        InputError, match=r"t.csv row 2, column 'de': score .* has more than a number in it, and 1 more like it"
    ):
        import_file(path, asked)
