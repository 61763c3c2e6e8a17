"""Tables as people have them: separators, workbooks, wide ones, names, missing scores, what tools write."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
import transfer_analysis as ta
from openpyxl import Workbook
from transfer_analysis.errors import InputError
from transfer_analysis.results.importers import Asked, import_file, import_trainer
from transfer_analysis.results.importers.generic import import_frame
from transfer_analysis.results.importers.reading import read_any
from transfer_analysis.tasks.aliases import known_as

SAID = {"m": "model"}


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def scores(imported):
    frame = imported.table.frame
    return {(row.condition, row.target, row.language): row.score for row in frame.itertuples()}


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("commas.csv", "model,target,language,condition,score\nm,xnli,de,none,81.2\nm,xnli,de,squad,80.9\n", "utf-8"),
        ("semicolons.csv", "model;target;language;condition;score\nm;xnli;de;none;81,2\nm;xnli;de;squad;80,9\n", "utf-8-sig"),
        ("tabs.tsv", "model\ttarget\tlanguage\tcondition\tscore\nm\txnli\tde\tnone\t81.2\nm\txnli\tde\tsquad\t80.9\n", "utf-8"),
        ("bars.txt", "model|target|language|condition|score\nm|xnli|de|none|81.2\nm|xnli|de|squad|80.9\n", "utf-8"),
        ("wide-comma.csv", 'model;target;language;condition;score\nm;xnli;"de";none;"81,2"\n\nm;xnli;de;squad;80,9\n', "utf-16"),
        ("trailing.csv", "model,target,language,condition,score,,\nm,xnli,de,none,81.2,,\nm,xnli,de,squad,80.9,,\n", "utf-8"),
        ("signs.csv", "model,target,language,condition,score\nm,xnli,de,none,81.2%\nm,xnli,de,squad,80.9 %\n", "utf-8"),
        (
            "lines.jsonl",
            '{"model": "m", "target": "xnli", "language": "de", "condition": "none", "score": 81.2}\n'
            '{"model": "m", "target": "xnli", "language": "de", "condition": "squad", "score": 80.9}\n',
            "utf-8",
        ),
    ],
)  # fmt: skip
def test_one_table_in_many_dresses(tmp_path, name, text, encoding):
    found = scores(import_file(write(tmp_path / name, text, encoding)))
    assert found == {("none", "xnli", "de"): 81.2, ("squad", "xnli", "de"): 80.9}


def test_an_encoding_is_named_with_the_cure(tmp_path):
    path = write(tmp_path / "old.csv", "model,target,language,score\nmodèle,xnli,de,81.2\n", "latin-1")
    with pytest.raises(InputError, match="not text in UTF-8 .* --encoding, such as latin-1"):
        import_file(path)
    assert import_file(path, Asked(encoding="latin-1")).table.frame["model"].tolist() == ["modèle"]


def test_a_workbook_with_sheets_and_merged_cells(tmp_path):
    book = Workbook()
    page = book.active
    page.title = "results"
    for row in (
        ["condition", "xnli", None, "paws-x", None],
        [None, "en", "de", "en", "de"],
        ["none", 88, 81.5, 94, 85],
        ["squad", 88.5, 80, 94.1, 84],
    ):
        page.append(row)
    page.merge_cells("B1:C1")
    page.merge_cells("D1:E1")
    page.merge_cells("A1:A2")
    book.create_sheet("notes")
    book.save(tmp_path / "book.xlsx")
    with pytest.raises(InputError, match="has 2 sheets; say which with --sheet: results, notes"):
        import_file(tmp_path / "book.xlsx")
    asked = Asked(constants={"model": "m"}, wide=("target", "language"))
    found = import_file(tmp_path / "book.xlsx", replace(asked, sheet="results"))
    assert scores(found)[("squad", "paws-x", "de")] == 84.0
    assert scores(found)[("none", "xnli", "en")] == 88.0
    assert len(found.table) == 8
    with pytest.raises(InputError, match="--sheet result: no such sheet .did you mean 'results'"):
        import_file(tmp_path / "book.xlsx", replace(asked, sheet="result"))


WIDE = "condition,en,de,sw,zh,avg\nnone,88.7,81.2,70.1,78.0,79.5\nsquad,88.5,81.0,71.1,77.0,79.4\n"


def test_a_column_for_each_language(tmp_path):
    path = write(tmp_path / "wide.csv", WIDE)
    constants = {"model": "m", "target": "xnli"}
    with pytest.raises(
        InputError, match=r"has a column for each language \(en, de, sw, zh, …\): read it with --wide language"
    ):
        import_file(path, Asked(constants=constants))
    found = import_file(path, Asked(constants=constants, wide=("language",)))
    assert scores(found)[("squad", "xnli", "sw")] == 71.1
    assert len(found.table) == 8
    assert "columns of averages left out: avg" in found.notes


def test_a_column_for_each_metric(tmp_path):
    path = write(tmp_path / "f1.csv", "model,target,language,condition,f1,em\nm,xquad,de,none,81,66\n")
    found = import_file(path, Asked(wide=("metric",))).table.frame
    assert dict(zip(found["metric"], found["score"], strict=True)) == {"f1": 81.0, "exact_match": 66.0}


def test_a_column_for_each_target_and_rows_of_averages(tmp_path):
    path = write(tmp_path / "t.csv", "lang,XNLI,PAN-X\nde,81.2,78\nsw,70,66\navg,75.6,72\n")
    asked = Asked(mapping={"lang": "language"}, constants={"model": "m"}, wide=("target",))
    found = import_file(path, asked)
    assert scores(found) == {
        ("none", "xnli", "de"): 81.2, ("none", "xnli", "sw"): 70.0, ("none", "wikiann", "de"): 78.0, ("none", "wikiann", "sw"): 66.0,
    }  # fmt: skip
    assert "target read as: PAN-X → wikiann, XNLI → xnli" in found.notes
    assert any(note.startswith("2 rows of averages left out") for note in found.notes)


def test_a_header_of_two_rows(tmp_path):
    path = write(
        tmp_path / "two.csv", "model,,xnli,xnli,paws-x\n,condition,en,de,en\nm,none,88,81,94\nm,squad,88,80,94\n"
    )
    with pytest.raises(InputError, match="has a column for each target and language .* --wide target,language"):
        import_file(path)
    found = import_file(path, Asked(wide=("target", "language")))
    assert scores(found)[("squad", "xnli", "de")] == 80.0
    assert len(found.table) == 6


NAMES = "model,target,language,condition,score\nm,XNLI,de,baseline,81.2\nm,panx,de,none,70\nm,bucc2018,de,none,70\nm,xnli,de,SQuAD v1.1,80.9\n"


def test_names_as_papers_write_them(tmp_path):
    found = import_file(write(tmp_path / "names.csv", NAMES))
    assert scores(found) == {
        ("none", "xnli", "de"): 81.2, ("none", "wikiann", "de"): 70.0, ("none", "bucc", "de"): 70.0, ("squad", "xnli", "de"): 80.9,
    }  # fmt: skip
    assert "condition read as: SQuAD v1.1 → squad, baseline → none" in found.notes


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("STS-B", "stsb"), ("TyDiQA-GoldP", "tydiqa"), ("MNLI-m", "mnli"), ("PAN-X", "wikiann"), ("squad1.1", "squad"),
        ("SQuAD v2.0", "squad_v2"), ("Social IQa", "social-iqa"), ("XQuAD-R", "lareqa"), ("HELLASWAG", "hellaswag"),
    ],
)  # fmt: skip
def test_aliases(name, ours):
    from transfer_analysis.tasks import load_catalogue

    assert known_as([name], [task.name for task in load_catalogue()], "tasks") == {name: ours}


def test_every_alias_is_of_a_task_that_there_is_and_of_one_alone():
    from transfer_analysis.tasks import load_catalogue, metrics
    from transfer_analysis.tasks.aliases import _aliases, spelling

    for kind, known in (("tasks", [task.name for task in load_catalogue()]), ("metrics", list(metrics()))):
        assert set(_aliases(kind).values()) <= set(known)
        spelt = {}
        for alias, name in _aliases(kind).items():
            assert spelt.setdefault(spelling(alias), name) == name
            alike = {n for n in known if n != name and spelling(n) == spelling(alias)}
            assert alike <= {"socialiqa"}  # TaskWeb's Social IQa


def test_a_name_of_ones_own_and_an_empty_baseline(tmp_path):
    path = write(tmp_path / "x.csv", "model,target,language,condition,score\nm,NLI15,de,,81.2\nm,NLI15,de,Q,80.9\n")
    with pytest.raises(
        InputError, match=r"condition: is empty; the condition without an intermediate task is called 'none'"
    ):
        import_file(path, Asked(renamed={"NLI15": "xnli", "Q": "squad"}))
    found = import_file(path, Asked(renamed={"NLI15": "xnli", "Q": "squad"}, baseline=""))
    assert scores(found) == {("none", "xnli", "de"): 81.2, ("squad", "xnli", "de"): 80.9}
    with pytest.raises(InputError, match="--baseline 'base': no row has that condition"):
        import_file(path, Asked(renamed={"NLI15": "xnli", "Q": "squad"}, baseline="base"))


@pytest.mark.parametrize("empty", ["-", "--", "", "NA", "n/a", "–"])
def test_missing_scores_are_missing(tmp_path, empty):
    path = write(tmp_path / "x.csv", f"model,target,language,score\nm,xnli,de,81.2\nm,xnli,sw,{empty}\n")
    with pytest.raises(
        InputError, match="1 scores are missing .x.csv row 3.: leave their rows out with --skip-missing"
    ):
        import_file(path)
    found = import_file(path, Asked(skip_missing=True))
    assert len(found.table) == 1
    assert "1 rows without a score left out" in found.notes


def test_what_trainer_writes(tmp_path):
    for condition, target, seed, accuracy in (
        ("none", "xnli", 1, 0.61),
        ("SQuAD", "xnli", 1, 0.63),
        ("none", "paws-x", 2, 0.8),
    ):
        folder = tmp_path / "runs" / condition / target / f"seed{seed}"
        folder.mkdir(parents=True)
        kept = {
            "epoch": 2.0,
            "eval_accuracy": accuracy + 0.1,
            "eval_loss": 0.5,
            "eval_samples": 2490,
            "train_loss": float("nan"),
        }
        (folder / "all_results.json").write_text(
            json.dumps({**kept, "predict_accuracy": accuracy, "predict_samples": 5010})
        )
        (folder / "predict_results.json").write_text(json.dumps({"predict_accuracy": accuracy}))
    asked = Asked(constants={"model": "m"})
    found = import_trainer(tmp_path / "runs", replace(asked, pattern="{condition}/{target}/seed{seed}"))
    frame = found.table.frame
    test = frame[frame["split"] == "test"].set_index(["condition", "target", "seed"])["score"]
    assert test.to_dict() == {("none", "paws-x", 2): 80.0, ("none", "xnli", 1): 61.0, ("squad", "xnli", 1): 63.0}
    assert set(frame.loc[frame["split"] == "validation", "score"]) == {71.0, 73.0, 90.0}
    assert set(frame["n_examples"]) == {2490, 5010}
    with pytest.raises(InputError, match="does not follow --pattern"):
        import_trainer(tmp_path / "runs", replace(asked, pattern="{condition}/{target}/run{seed}"))
    with pytest.raises(InputError, match="'sed' .did you mean 'seed'..: expected fields in braces"):
        import_trainer(tmp_path / "runs", replace(asked, pattern="{condition}/{target}/{sed}"))


def test_trainers_metrics_by_language_and_its_state(tmp_path):
    by = {
        "all_metrics": {
            code: {"predict_accuracy": value, "predict_loss": 1.0} for code, value in (("ar", 0.61), ("de", 0.7))
        }
    }
    (tmp_path / "per_language.json").write_text(json.dumps(by))
    asked = Asked(constants={"model": "m", "target": "xnli"})
    assert scores(import_trainer(tmp_path / "per_language.json", asked=asked)) == {
        ("none", "xnli", "ar"): 61.0, ("none", "xnli", "de"): 70.0,
    }  # fmt: skip
    state = {
        "log_history": [
            {"loss": 1.0},
            {"eval_f1": 80.0},
            {"eval_f1": 85.5, "eval_exact_match": 70.0},
            {"train_runtime": 3},
        ]
    }
    (tmp_path / "trainer_state.json").write_text(json.dumps(state))
    found = import_trainer(tmp_path / "trainer_state.json", asked=Asked(constants={"model": "m", "target": "xquad"}))
    assert sorted(found.table.frame["score"]) == [70.0, 85.5]
    with pytest.raises(InputError, match="read with `results import trainer`"):
        import_file(tmp_path / "per_language.json")


def test_python_reads_the_same_shapes(tmp_path):
    write(tmp_path / "wide.csv", WIDE)
    frame = pd.read_csv(tmp_path / "wide.csv")
    left_out = "columns of averages left out: avg"
    with pytest.warns(UserWarning, match=left_out):
        table = ta.read_results(tmp_path / "wide.csv", constants={"model": "m", "target": "XNLI"}, wide="language")
    with pytest.warns(UserWarning, match=left_out):
        again = ta.read_results(frame, constants={"model": "m", "target": "xnli"}, wide="language")
    assert table.frame["score"].tolist() == again.frame["score"].tolist()
    assert len(table) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model,target,score\n", "holds no rows"),
        ("model,target,score,score\nm,xnli,1,2\n", "the header gives 'score' 2 times"),
        ("model,target,score\nm,xnli\nm,xnli,81\n", "row 2: has 2 fields, and the table 3"),
    ],
)
def test_what_is_no_table(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read_any(write(tmp_path / "x.csv", text))


@pytest.mark.parametrize(
    ("columns", "asked", "said"),
    [
        ({"language": ["en"], "score": [85.0]}, {}, "has a column 'language' of its own"),
        ({"score": [85.0]}, {}, "has a column 'score' of its own"),
        ({}, {"constants": {"language": "fr"}}, "--set language=… would replace what --wide reads"),
        ({}, {"wide": ["language", "language"]}, "names a field twice"),
    ],
)
def test_columns_of_scores_never_write_over_others(columns, asked, said):
    frame = pd.DataFrame({"model": ["m"], "target": ["xnli"], **columns, "de": [70.1], "fr": [69.0]})
    with pytest.raises(InputError, match=said):
        import_frame(frame, "t", Asked(**{"wide": ["language"], **asked}))


def test_a_large_table_is_read_as_a_small_one_is(tmp_path, monkeypatch):
    rows = [f"m, XNLI,{code},{seed},{30 + seed}.5" for code in ("de", "fr", "sw") for seed in range(50)]
    text = "Table 3,,,,\nmodel,target,language,seed,score\n" + "\n".join(rows) + "\n"
    small = import_file(write(tmp_path / "t.csv", text))
    monkeypatch.setattr("transfer_analysis.results.importers.reading._LARGE", 100)
    monkeypatch.setattr("transfer_analysis.results.importers.reading._BEGINNING", 5)
    large = import_file(write(tmp_path / "t.csv", text))
    pd.testing.assert_frame_equal(small.table.frame, large.table.frame)
    assert small.notes == large.notes
    for spoilt, said in (
        (text.replace("m, XNLI,sw,7,37.5", "m, XNLI,sw,7"), "t.csv row 110: has 4 fields, and the table 5"),
        (text.replace("m, XNLI,sw,7,37.5", "m, XNLI,sw,7,many"), "t.csv row 110: score 'many' is not a number"),
    ):
        with pytest.raises(InputError, match=said):
            import_file(write(tmp_path / "t.csv", spoilt))
    with_gap = import_file(write(tmp_path / "t.csv", text.replace("m, XNLI,sw,7,37.5", "\nm, XNLI,sw,7,37.5")))
    pd.testing.assert_frame_equal(small.table.frame, with_gap.table.frame)
