from __future__ import annotations

import json
import subprocess
import sys

import pytest
import transfer_analysis


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
        ["results", "import", "csv"],
        ["results", "check"],
        ["results", "gains"],
        ["tasks", "list"],
        ["distances", "languages"],
        ["distances", "tasks"],
        ["corpora", "show"],
        ["corpora", "export"],
        ["train", "grid"],
        ["train", "status"],
        ["study", "list"],
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
        "results", "import", "csv", "t.csv", "--map", "lang=language", "--map", "acc=score", "--map", "inter=condition",
        "--set", "model=xlm-r", "--set", "target=xnli", "-o", "t.parquet", cwd=tmp_path,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert "2 scores" in found.stdout
    checked = run("results", "check", "t.parquet", "--json", cwd=tmp_path)
    assert json.loads(checked.stdout)["ok"]
    assert run("results", "gains", "t.parquet", "-o", "g.csv", cwd=tmp_path).returncode == 0
    assert ",2.0," in (tmp_path / "g.csv").read_text()


def test_bad_input_is_one_clear_message_exit_code_2_and_nothing_written(tmp_path):
    (tmp_path / "t.csv").write_text("model,target,language,score\nm,xnly,de,812\nm,xnli,de,0.5\n")
    found = run("results", "import", "csv", "t.csv", "-o", "t.parquet", cwd=tmp_path)
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.splitlines() == [
        "error: t.csv row 2: target: unknown task 'xnly' (did you mean 'xnli'?); `transfer-analysis tasks list` shows the "
        "catalogue, --tasks FILE adds your own",
        "error: t.csv row 2: score 812.0 is outside the range of accuracy, 0–100",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv"]
    found = run("results", "check", "t.csv", "--json", cwd=tmp_path)
    assert found.returncode == 2
    assert len(json.loads(found.stdout)["problems"]) == 2


def test_wrong_pairs():
    found = run("results", "import", "csv", "x.csv", "--map", "lang")
    assert found.returncode == 2
    assert "--map lang: expected COLUMN=FIELD" in found.stderr


def test_lists():
    tasks = json.loads(run("tasks", "list", "--family", "nli", "--json").stdout)
    assert {"xnli", "mnli"} <= {task["name"] for task in tasks}
    assert "no task has the family 'nly'" in run("tasks", "list", "--family", "nly").stderr
    assert {s["name"] for s in json.loads(run("study", "list", "--json").stdout)} >= {"quickstart"}
    assert "quickstart" in run("study", "list").stdout


def test_language_distances(tmp_path):
    shown = run("distances", "languages", "de", "ja", "--from", "en")
    assert "0.358" in shown.stdout
    assert run("distances", "languages", "de", "ja", "-o", "d.csv", cwd=tmp_path).returncode == 0
    assert (tmp_path / "d.csv").read_text().startswith("syntactic,de,ja\n")
    assert "unknown language 'xx1'" in run("distances", "languages", "xx1").stderr


def test_corpora_show():
    shown = run("corpora", "show", "simulated", "--task", "sim-pos", "--language", "ja", "--count", "1")
    assert "tokens" in shown.stdout
    assert "NOUN" in shown.stdout


def test_a_study_that_cannot_run_says_so():
    found = run("study", "run", "taskweb-similarity")
    assert found.returncode == 2
    assert "needs a transfer table" in found.stderr
