"""What tools write: Trainer, jiant, lm-evaluation-harness, mteb; and an importer of another package."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import transfer_analysis as ta
from transfer_analysis.cli import app
from transfer_analysis.errors import InputError
from transfer_analysis.results.importers import Asked, importers
from typer.testing import CliRunner

from tests.toys import installed


def put(path, given):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(given))
    return path


def read(name, path, **asked):
    return importers()[name].read(path, Asked(**asked))


def scores(found, *by):
    return found.table.frame.set_index(list(by))["score"].to_dict()


def test_several_files_of_one_run_are_all_read(tmp_path):
    for code, value in (("de", 0.7), ("fr", 0.72)):
        put(tmp_path / f"run/predict_{code}_results.json", {"language": code, "predict_accuracy": value})
    put(
        tmp_path / "run/per_language.json",
        {"all_metrics": {"sw": {"predict_accuracy": 0.6}, "th": {"predict_accuracy": 0.61}}},
    )
    put(tmp_path / "run/eval_results.json", {"eval_accuracy": 0.8, "eval_loss": 0.4})
    put(tmp_path / "run/all_results.json", {"eval_accuracy": 0.8, "eval_samples": 10, "epoch": 3})
    put(tmp_path / "run/trainer_state.json", {"log_history": [{"eval_accuracy": 0.5}]})  # not the model that was kept
    found = read("trainer", tmp_path, constants={"model": "m", "target": "xnli"})
    assert scores(found, "split", "language") == {
        ("test", "de"): 70.0, ("test", "fr"): 72.0, ("test", "sw"): 60.0, ("test", "th"): 61.0, ("validation", "en"): 80.0,
    }  # fmt: skip
    assert found.table.frame["n_examples"].dropna().tolist() == [10]
    put(tmp_path / "run/eval_results.json", {"eval_accuracy": 0.81})
    with pytest.raises(
        InputError,
        match=r"all_results.json and run/eval_results.json give different scores of validation, accuracy: 0.8 and 0.81",
    ):
        read("trainer", tmp_path, constants={"model": "m", "target": "xnli"})


def test_metrics_by_language_without_names(tmp_path):
    path = put(tmp_path / "per_language.json", {"all_metrics": {"de": 0.7}})
    with pytest.raises(InputError, match="all_metrics gives 0.7 for 'de'; expected metrics by their names"):
        read("trainer", path, constants={"model": "m", "target": "xnli"})


def jiant(**tasks):
    found = {name: {"loss": 1.0, "metrics": {"major": 0.5, "minor": minor}} for name, minor in tasks.items()}
    return {"aggregated": 0.5, **found}


def test_jiant(tmp_path):
    put(tmp_path / "none/seed1/val_metrics.json", jiant(xnli_de={"acc": 0.7}, panx_sw={"f1": 0.6, "precision": 0.5}))
    put(
        tmp_path / "squad/seed1/val_metrics.json",
        jiant(xnli_de={"acc": 0.72}, mlqa_de_de={"f1": 60.5, "em": 40.0}, mlqa_de_ar={"f1": 1.0}),
    )
    found = read("jiant", tmp_path, pattern="{condition}/seed{seed}", constants={"model": "xlmr"})
    assert scores(found, "condition", "target", "language", "metric") == {
        ("none", "wikiann", "sw", "f1"): 60.0, ("none", "xnli", "de", "accuracy"): 70.0,
        ("squad", "mlqa", "de", "exact_match"): 40.0, ("squad", "mlqa", "de", "f1"): 60.5, ("squad", "xnli", "de", "accuracy"): 72.0,
    }  # fmt: skip
    assert set(found.table.frame["split"]) == {"validation"}


def harness(model, **results):
    return {
        "results": {name: {"alias": name, **values} for name, values in results.items()},
        "group_subtasks": {"xnli": ["xnli_de", "xnli_fr"], "xnli_de": []},
        "configs": {"xnli_de": {"test_split": None, "validation_split": "validation"}, "paws_zh": {"test_split": "test"}},
        "n-samples": {"xnli_de": {"original": 2490, "effective": 100}},
        "config": {"model": "hf", "model_args": f"pretrained={model},dtype=float"},
    }  # fmt: skip


def test_lm_evaluation_harness(tmp_path):
    one = {"acc,none": 0.4, "acc_stderr,none": 0.01}
    put(tmp_path / "m/results_2026-01-01T10-00-00.json", harness("org/m", xnli_de={"acc,none": 0.1}))
    put(
        tmp_path / "m/results_2026-01-02T10-00-00.json",
        harness("org/m", xnli=one, xnli_de=one, paws_zh={"acc,none": 0.6}, xcopa_sw={"acc,none": 0.5, "acc,strict": 0.4}),
    )  # fmt: skip
    found = read("lm-eval", tmp_path)
    assert scores(found, "model", "target", "language", "split") == {
        ("org/m", "paws-x", "zh", "test"): 60.0, ("org/m", "xcopa", "sw", "test"): 50.0, ("org/m", "xnli", "de", "validation"): 40.0,
    }  # fmt: skip
    assert found.table.frame["n_examples"].dropna().tolist() == [100]


def test_names_of_tasks_with_languages():
    from transfer_analysis.results.importers.tool_files import task_and_language
    from transfer_analysis.tasks import load_catalogue

    def of(name):
        found = task_and_language(name, load_catalogue())
        return found.get("target"), found.get("language")

    assert of("belebele_deu_Latn") == ("belebele", "deu-Latn")
    assert of("xnli_de") == ("xnli", "de")
    assert of("hellaswag") == ("hellaswag", None)
    assert of("commonsense_qa") == ("commonsense-qa", None)
    assert of("arc_easy") == ("arc_easy", None)
    assert of("tydiqa_goldp_sw") == ("tydiqa", "sw")
    assert of("mlqa_de_ar") == (None, None)


def test_mteb(tmp_path):
    entry = {"hf_subset": "de", "languages": ["deu-Latn"], "main_score": 0.6, "accuracy": 0.61, "accuracy_stderr": 0.01}
    both = {"hf_subset": "fr-en", "languages": ["fra-Latn", "eng-Latn"], "main_score": 0.9, "f1": 0.9}
    every = {"hf_subset": "default", "languages": ["deu-Latn", "fra-Latn"], "main_score": 0.1}
    folder = tmp_path / "org__m" / "abc"
    put(
        folder / "XNLI.json",
        {"task_name": "XNLI", "mteb_version": "2.0", "scores": {"test": [entry, every], "dev": [entry]}},
    )
    put(folder / "Tatoeba.json", {"task_name": "Tatoeba", "mteb_version": "2.0", "scores": {"test": [both]}})
    found = read("mteb", tmp_path, constants={"condition": "mnli"})
    assert scores(found, "model", "target", "language", "split", "metric") == {
        ("org/m", "tatoeba", "fr", "test", "f1"): 90.0, ("org/m", "tatoeba", "fr", "test", "primary"): 90.0,
        ("org/m", "xnli", "de", "test", "accuracy"): 61.0, ("org/m", "xnli", "de", "test", "primary"): 60.0,
        ("org/m", "xnli", "de", "validation", "accuracy"): 61.0, ("org/m", "xnli", "de", "validation", "primary"): 60.0,
    }  # fmt: skip
    assert set(found.table.frame["condition"]) == {"mnli"}
    put(folder / "model_meta.json", {"name": "org/other", "revision": "abc"})
    assert set(read("mteb", tmp_path).table.frame["model"]) == {"org/other"}


@pytest.mark.parametrize("name", ["trainer", "jiant", "lm-eval", "mteb"])
def test_what_a_tool_has_not_written(tmp_path, name):
    with pytest.raises(InputError, match="no such file or folder"):
        read(name, tmp_path / "nowhere")
    with pytest.raises(InputError, match="has no .* in it"):
        read(name, tmp_path)
    for text in ("[1, 2]", "{", '{"other": 1}'):
        path = tmp_path / "results_val_metrics.json"
        path.write_text(text)
        with pytest.raises(InputError, match=r"is not JSON|expected an object|has a known metric"):
            read(name, path)


def test_commands_and_python_come_from_the_table(tmp_path):
    put(tmp_path / "runs/none/val_metrics.json", jiant(xnli_de={"acc": 0.7}))
    out = tmp_path / "t.csv"
    done = CliRunner().invoke(
        app,
        [
            "results",
            "import",
            "jiant",
            str(tmp_path / "runs"),
            "--set",
            "model=m",
            "--pattern",
            "{condition}",
            "-o",
            str(out),
        ],
    )
    assert done.exit_code == 0, done.output
    assert "1 file read" in done.output
    table = ta.read_results(tmp_path / "runs", importer="jiant", constants={"model": "m"})
    assert table.frame["score"].tolist() == [70.0]
    with pytest.raises(InputError, match="importer 'jaint': there is none .did you mean 'jiant'"):
        ta.read_results(tmp_path / "runs", importer="jaint")
    assert all(CliRunner().invoke(app, ["results", "import", name, "--help"]).exit_code == 0 for name in importers())


def test_an_importer_of_another_package_is_a_command(tmp_path):
    module = (
        "import pandas as pd\n"
        "from transfer_analysis.results.importers import Importer, import_frame\n"
        "IMPORTER = Importer('mine', 'Import mine.', 'A file of mine.', 'mine x.txt', 'mine:read', ('set',), {'twice': 'Double it.'})\n"
        "def read(path, asked, *, catalogue=None):\n"
        "    score = float(path.read_text()) * (2 if 'twice' in asked.flags else 1)\n"
        "    return import_frame(pd.DataFrame({'target': ['xnli'], 'score': [score]}), path.name, asked, catalogue=catalogue)\n"
    )
    environment = installed(tmp_path, module, "transfer_analysis.importers", "IMPORTER")
    (tmp_path / "x.txt").write_text("35.5")
    command = [
        sys.executable,
        "-m",
        "transfer_analysis.cli",
        "results",
        "import",
        "mine",
        "x.txt",
        "--twice",
        "--set",
        "model=m",
        "-o",
        "t.csv",
    ]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert ",71.0," in (tmp_path / "t.csv").read_text()


def test_folders_below_those_of_the_pattern(tmp_path):
    """lm-eval writes into a folder for the model, Trainer into one for each checkpoint: neither is a condition."""
    for condition, score in (("none", 0.4), ("squad", 0.5)):
        put(tmp_path / f"{condition}/org__m/results_2024.json", harness("org/m", xnli_de={"acc,none": score}))
    found = read("lm-eval", tmp_path, pattern="{condition}")
    assert scores(found, "condition", "model") == {("none", "org/m"): 40.0, ("squad", "org/m"): 50.0}


def test_states_of_checkpoints_are_no_results(tmp_path):
    run = tmp_path / "squad/xnli/seed1"
    put(run / "all_results.json", {"predict_accuracy": 0.7, "eval_accuracy": 0.8})
    for step, score in ((500, 0.6), (1000, 0.65)):
        put(run / f"checkpoint-{step}/trainer_state.json", {"log_history": [{"eval_accuracy": score}]})
    asked = {"pattern": "{condition}/{target}/seed{seed}", "constants": {"model": "m"}}
    assert scores(read("trainer", tmp_path, **asked), "split") == {"test": 70.0, "validation": 80.0}
    (run / "all_results.json").unlink()
    assert scores(read("trainer", tmp_path, **asked), "split") == {"validation": 65.0}  # of the last checkpoint


def test_the_newest_score_of_each_task(tmp_path):
    put(tmp_path / "m/results_1.json", harness("m", xnli_de={"acc,none": 0.4}, xcopa_sw={"acc,none": 0.5}))
    put(tmp_path / "m/results_2.json", harness("m", xnli_de={"acc,none": 0.45}))
    assert scores(read("lm-eval", tmp_path), "target") == {"xcopa": 50.0, "xnli": 45.0}


def test_subsets_of_one_language_do_not_stop_the_rest(tmp_path):
    def entry(subset, score):
        return {
            "hf_subset": subset,
            "languages": ["eng-Latn"],
            "main_score": score,
            "spearman": score,
            "cosine_spearman": score + 1e-8,
        }

    put(
        tmp_path / "org__m/abc/STSB.json",
        {"task_name": "stsb", "scores": {"test": [entry("en", 0.8), entry("en-ext", 0.7)]}},
    )
    found = read("mteb", tmp_path)
    assert scores(found, "metric") == {"primary": 80.0, "spearmanr": 80.0}
    assert "3 scores left out: the same file gives another of the same task, language and metric before" in found.notes


@pytest.mark.parametrize(
    ("name", "file", "given"),
    [
        ("jiant", "val_metrics.json", {"xnli_de": {"metrics": None}}), ("jiant", "val_metrics.json", {"xnli_de": []}),
        ("lm-eval", "results.json", {"results": {"xnli_de": "x"}}), ("lm-eval", "results.json", {"results": {"xnli_de": {"acc": 1}}, "config": "x"}),
        ("mteb", "a.json", {"task_name": "x", "scores": {"test": {"a": 1}}}), ("mteb", "a.json", {"task_name": "x", "scores": {"test": [1]}}),
    ],
)  # fmt: skip
def test_odd_files_are_refused_in_a_sentence(tmp_path, name, file, given):
    with pytest.raises(InputError):
        read(name, put(tmp_path / file, given))


def test_perplexity_of_language_modelling(tmp_path):
    path = put(tmp_path / "eval_results.json", {"eval_loss": 2.0, "perplexity": 7.4})
    assert scores(read("trainer", path, constants={"model": "m", "target": "xnli"}), "metric") == {"perplexity": -7.4}
