from __future__ import annotations

import json
import subprocess
import sys

import pytest
import transfer_analysis

FITS = (
    "association",
    "selection",
    "specification",
    "languages",
    "robustness",
    "contrast",
    "effects",
    "mantel",
    "matrices",
    "mixed",
    "linear",
    "means",
    "correct",
)


def run(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "transfer_analysis.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["results", "import", "taskweb"],
        ["results", "import", "xpos"],
        ["results", "import", "table"],
        ["results", "check"],
        ["results", "gains"],
        ["tasks", "list"],
        ["distances", "languages"],
        ["distances", "tasks"],
        ["distances", "kinds"],
        *(["fit", name] for name in FITS),
        ["power"],
        ["distances", "compare"],
        ["distances", "diversity"],
        ["corpora", "show"],
        ["corpora", "export"],
        ["train", "grid"],
        ["train", "status"],
        ["train", "provenance"],
        ["study", "list"],
        ["study", "show"],
        ["study", "run"],
    ],
)
def test_help_has_an_example(command):
    found = run(*command, "--help")
    assert found.returncode == 0
    assert "Example: transfer-analysis" in " ".join(found.stdout.split())


def test_version():
    assert run("--version").stdout == f"transfer-analysis {transfer_analysis.__version__}\n"


def test_import_check_and_gains(tmp_path):
    (tmp_path / "t.csv").write_text("lang,acc,inter\nde,71,squad\nde,69,none\n")
    found = run(
        "results", "import", "table", "t.csv", "--map", "lang=language", "--map", "acc=score", "--map", "inter=condition",
        "--set", "model=xlm-r", "--set", "target=xnli", "-o", "t.parquet", cwd=tmp_path,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert "2 scores" in found.stdout
    checked = run("results", "check", "t.parquet", "--json", cwd=tmp_path)
    assert json.loads(checked.stdout)["ok"]
    assert run("results", "gains", "t.parquet", "-o", "g.csv", cwd=tmp_path).returncode == 0
    assert ",2.0," in (tmp_path / "g.csv").read_text()


def test_bad_input_is_one_clear_message_exit_code_2_and_nothing_written(tmp_path):
    (tmp_path / "t.csv").write_text("model,target,language,score\nm,xnly,de,812\nm,xnli,de,50\n")
    found = run("results", "import", "table", "t.csv", "-o", "t.parquet", cwd=tmp_path)
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.splitlines() == [
        "error: t.csv row 2: target: unknown task 'xnly' (did you mean 'xnli'?); `transfer-analysis tasks list` shows the "
        "catalogue; import one of your own with --task-of-mine xnly:METRIC:CHANCE, or give its entry with --tasks FILE",
        "error: t.csv row 2: score 812.0 is outside the range of accuracy, 0–100",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
    found = run("results", "check", "t.csv", "--json", cwd=tmp_path)
    assert found.returncode == 2
    assert len(json.loads(found.stdout)["problems"]) == 2


def test_wrong_pairs():
    found = run("results", "import", "table", "x.csv", "--map", "lang")
    assert found.returncode == 2
    assert "--map lang: expected COLUMN=FIELD" in found.stderr


def test_lists():
    tasks = json.loads(run("tasks", "list", "--family", "nli", "--json").stdout)
    assert {"xnli", "mnli"} <= {task["name"] for task in tasks}
    assert "no task has the family 'nly'" in run("tasks", "list", "--family", "nly").stderr
    assert {s["name"] for s in json.loads(run("study", "list", "--json").stdout)} >= {"quickstart"}
    assert "quickstart" in run("study", "list").stdout
    shown = run("study", "show", "quickstart").stdout
    assert "syntactic-slope" in shown
    assert "Holm's correction over 4 declared; primary: semantic-association" in shown
    assert json.loads(run("study", "show", "pos-typology", "--json").stdout)["name"] == "pos-typology"


def test_language_distances(tmp_path):
    shown = run("distances", "languages", "de", "ja", "--from", "en")
    assert "0.354" in shown.stdout
    assert run("distances", "languages", "de", "ja", "-o", "d.csv", cwd=tmp_path).returncode == 0
    assert (tmp_path / "d.csv").read_text().startswith("syntactic,de,ja\n")
    assert "unknown language 'xx1'" in run("distances", "languages", "xx1").stderr


def test_language_distances_of_other_kinds(tmp_path):
    found = run("distances", "languages", "en", "et", "no", "nan", "--kind", "genetic", "-o", "g.csv", cwd=tmp_path)
    assert found.returncode == 0
    assert "ekk from est" in found.stderr
    assert (tmp_path / "g.csv").read_text().startswith("genetic,en,et,no,nan\n")
    few = run("distances", "languages", "en", "hr", "--min-shared", "20")
    assert "3 of 4 syntactic distances are missing; none at all of hr" in few.stderr
    guessed = run("distances", "languages", "en", "hr", "--impute", "nearest", "--measure", "gower")
    assert "unknown features guessed: nearest, k = 10" in guessed.stderr
    (tmp_path / "l.csv").write_text("a,b,ldnd\nen,de,60\n")
    assert "60.000" in run("distances", "languages", "--kind", "lexical", "--table", "l.csv", cwd=tmp_path).stdout
    for options, message in {
        ("--kind", "lexical"): "give --table",
        ("--kind", "fertility"): "give --text FOLDER",
        ("--kind", "sintactic"): "did you mean 'syntactic'",
    }.items():
        refused = run("distances", "languages", "en", "de", *options)
        assert refused.returncode == 2
        assert message in refused.stderr
    everything = run("distances", "languages", "--kind", "word-order", "--from", "en", "-o", "all.csv", cwd=tmp_path)
    assert everything.returncode == 0
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 2
    assert "too many for a table" in run("distances", "languages").stderr


def examples(folder):
    lines = []
    vocabularies = {"colours": "red green blue", "animals": "cat dog cow", "mixed": "red cat blue dog"}
    vocabularies |= {"more": "red sees dog", "other": "who what blue", "last": "what sees cow cat green"}
    for task, words in vocabularies.items():
        chosen = words.split()
        for i in range(30):
            text = " ".join(chosen[(i + k) % len(chosen)] for k in range(2 + i % 3)) + f" {i}"
            lines.append(json.dumps({"task": task, "text": text, "label": i % 2}))
    (folder / "e.jsonl").write_text("\n".join(lines))


def test_task_distances_and_their_comparison(tmp_path):
    examples(tmp_path)
    found = run("distances", "tasks", "e.jsonl", "--kind", "tfidf", "-o", "t.csv", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "t.csv").read_text().startswith("tfidf,colours,animals,mixed,more,other,last\n")
    assert json.loads((tmp_path / "t.json").read_text())["kind"] == "tfidf"
    kinds = ["--kind", "tfidf", "--kind", "token-divergence", "--kind", "vocabulary-overlap"]
    found = run("distances", "compare", "e.jsonl", *kinds, "-o", "c", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert {p.name for p in (tmp_path / "c").iterdir()} >= {
        "correlations.csv",
        "cells.csv",
        "agreement.pdf",
        "tfidf.csv",
    }
    for command, message in {
        ("tasks", "e.jsonl", "--kind", "logme"): "name tasks and give a corpus with --from",
        ("tasks", "e.jsonl", "--kind", "tf-idf"): "did you mean 'tfidf'",
        ("tasks", "qqp", "squad"): "or names of tasks and --from",
        ("tasks", "qqp", "--from", "."): "qqp",
        ("tasks", "missing.jsonl"): "no such file",
        ("compare", "e.jsonl", "--kind", "description", "--kind", "tfidf"): "no description of",
        ("compare", "e.jsonl", "--kind", "tfidf"): "needs two kinds",
        ("compare", "e.jsonl", "--recipe", "smal"): "did you mean 'small'",
        ("tasks", "e.jsonl", "-o", "x.txt"): "ends in .csv",
        ("tasks", "e.jsonl", "--pooling", "mean"): "--pooling goes with --layer",
        ("tasks", "e.jsonl", "--language", "de"): "--language goes with --from",
        ("languages", "en", "de", "--kind", "script", "--table", "x.csv"): "no use for --table",
    }.items():
        refused = run("distances", *command, cwd=tmp_path)
        assert refused.returncode == 2, command
        assert message in refused.stderr, refused.stderr
    assert "mean-embedding-cosine" in run("distances", "kinds").stdout


def test_mixed_models(tmp_path):
    from tests.statistics.mixed.datasets import transfer

    data = transfer()
    data["target"] = data["target"].replace("t0", "no")  # which stays a name
    data.to_csv(tmp_path / "g.csv", index=False)
    model = [
        "fit",
        "mixed",
        "g.csv",
        "--formula",
        "gain ~ task_distance + language_distance",
        "--random",
        "condition:target",
    ]
    found = run(*model, "--random", "language", "--random", "run", "--json", "-o", "e.csv", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    said = json.loads(found.stdout)
    assert said["converged"]
    assert [row["term"] for row in said["effects"]] == ["Intercept", "task_distance", "language_distance"]
    assert (tmp_path / "e.csv").read_text().startswith("term,estimate,std_error,df,")
    shown = run(*model, "--random", "language", "--slope", "condition:target=language_distance", cwd=tmp_path)
    assert "condition:target: slope of language_distance" in shown.stdout
    refused = run(*model, cwd=tmp_path)
    assert refused.returncode == 2
    assert "add 'language' to the random intercepts" in refused.stderr
    assert "expected satterthwaite" in run(*model, "--degrees", "welch", cwd=tmp_path).stderr


def test_diversity(tmp_path):
    examples(tmp_path)
    found = run("distances", "diversity", "e.jsonl", "--resamples", "10", "-o", "d.csv", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert "30 examples of each task" in found.stdout
    assert (tmp_path / "d.csv").read_text().startswith("task,measure,value,low,high,level,examples,items,data\n")
    refused = run("distances", "diversity", "e.jsonl", "--count", "5", cwd=tmp_path)
    assert refused.returncode == 2
    assert "give more with --count" in refused.stderr


def test_corpora_show():
    shown = run("corpora", "show", "simulated", "--task", "sim-pos", "--language", "ja", "--count", "1")
    assert "tokens" in shown.stdout
    assert "NOUN" in shown.stdout


def test_a_study_that_cannot_run_says_so():
    found = run("study", "run", "taskweb-similarity")
    assert found.returncode == 2
    assert "needs a transfer table" in found.stderr
