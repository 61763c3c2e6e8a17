"""The five studies at full scale from the hub: the path of a real grid, cut to a few made-up examples and a tiny encoder."""

from __future__ import annotations

import copy
import json
from importlib.resources import files

import pandas as pd
import pytest
import yaml
from transfer_analysis.cli import app
from transfer_analysis.encoders import known_encoders
from transfer_analysis.errors import InputError
from transfer_analysis.results import read_table
from transfer_analysis.tasks import load_catalogue
from typer.testing import CliRunner

from tests.hub.layouts import fill, tiny_encoder
from tests.hub.standin import StandIn
from tests.toys import STUDIES


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "tiny", layers=2, max_length=512)


@pytest.fixture(scope="module")
def data():
    """Every data set in every language that it has."""
    filled = StandIn()
    fill(filled, load_catalogue())
    return filled.repositories


@pytest.fixture
def served(hub, encoder, data):
    hub.repositories = copy.deepcopy(data)
    for name in ("xlm-r-large", "mbert"):
        known = known_encoders()[name]
        hub.add("models", known.hub, encoder, known.revision)
    return hub


#: Those that the targets share, few as they are.
LANGUAGES = ["en", "de", "es", "ru", "zh", "hi", "tr", "vi"]


#: One task of each group at least, and one target of each kind of data set.
CONDITIONS = (
    "anli+",
    "qqp",
    "squad",
    "cosmosqa",
    "commonsense-qa",
    "stsb",
    "ud-parsing",
    "ud-pos-english",
    "paws",
    "multi-task",
)
TARGETS = ("xnli", "paws-x", "xcopa", "wikiann", "tatoeba", "bucc")


def cut(name: str, folder):
    """Write a bundled study with a smaller grid; its tests and where its data lie are as they are."""
    fields = yaml.safe_load(files("transfer_analysis.studies").joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
    full, contrast = fields["scales"]["full"], name in ("syntactic-vs-semantic", "task-families-vs-random-init")
    seeds = {"seeds": [1, 2, 3] if contrast else [1], "baseline_seeds": []}
    sizes = {"intermediate_examples": 16, "target_examples": 16, "test_examples": 24}
    full["grid"] |= {**seeds, **sizes, "languages": LANGUAGES}
    for what, kept in (("conditions", CONDITIONS), ("targets", TARGETS)):
        full["grid"][what] = [task for task in full["grid"][what] if task in kept]
    if name == "task-families-vs-random-init":
        full["grid"]["targets"] = ["xnli", "tatoeba"]
    if "multi_task" in full["grid"]:
        full["grid"]["multi_task"] = {"tasks": ["qqp", "stsb", "squad"]}
    tiny = {
        "name": "jiant",
        "epochs": 1,
        "evaluate_every": 0,
        "layer": 1,
        "learning_rate": 0.02,
        "batch_size": 8,
        "tasks": {},
    }
    full["recipe"] = tiny
    full["encoders"] = {"xlm-r-large": "xlm-r-large", "mbert": {"source": "mbert", "recipe": {"layer": 2}}}
    fields["permutations"] = 99
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(fields), encoding="utf-8")
    return path


def run(*words) -> str:
    said = CliRunner().invoke(app, [str(word) for word in words])
    if said.exception is not None and not isinstance(said.exception, SystemExit):
        raise said.exception
    assert said.exit_code == 0, said.output
    return said.output


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_at_full_scale_from_the_hub(served, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    # XLM-R Large would not fit this machine; what stands for it does.
    monkeypatch.setattr("transfer_analysis.training.runs.execute.size_of", lambda encoder: None)
    study = cut(name, tmp_path)
    assert "no mistakes found" in run("study", "check", study, "--scale", "full", "--from", "hub")
    run("study", "run", study, "--scale", "full", "--from", "hub", "--out", "report", "--workers", 1)
    assert (tmp_path / "report" / "report.html").is_file()
    revisions = pd.read_parquet(tmp_path / "report" / "data" / "results.parquet")["data_revision"]
    assert revisions.str.contains("@").all()


PLAN = """
encoder: owner/tiny
recipe: {name: small, epochs: 1, max_length: 64, matmul: exact, tasks: {span-qa: {max_length: 64}}}
grid:
  conditions: [qqp]
  targets: [xnli, paws-x]
  seeds: [1]
  languages: [en, de]
  intermediate_examples: 8
  target_examples: 8
  test_examples: 6
"""


@pytest.fixture
def plan(served, encoder, tmp_path, monkeypatch):
    served.add("models", "owner/tiny", encoder)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.yaml").write_text(PLAN, encoding="utf-8")
    return tmp_path / "plan.yaml"


def grid(plan, *words, out="results.csv", store="runs") -> pd.DataFrame:
    run("train", "grid", plan, *words, "--store", store, "-o", out, "--workers", 1)
    return read_table(plan.parent / out).frame


def test_a_grid_says_what_it_read_and_is_the_same_offline_and_from_a_fetched_folder(served, plan):
    online = grid(plan, "--from", "hub")
    pins = {name: load_catalogue()[name].hub[0].revision[:12] for name in ("xnli", "qqp", "mnli")}
    row = online[(online.condition == "qqp") & (online.target == "xnli") & (online.split == "test")].iloc[0]
    assert (
        row.data_revision
        == (
            f"facebook/xnli@{pins['xnli']}; nyu-mll/glue@{pins['mnli']}"  # trained on MNLI, after QQP of the same repository
        )
    )
    assert row.encoder == f"owner/tiny@{served.commit('models', 'owner/tiny')}"
    run("corpora", "fetch", plan, "-o", "fetched")
    served.stop()
    offline = grid(plan, "--from", "hub", out="offline.csv", store="offline")
    pd.testing.assert_frame_equal(offline, online)
    fetched = grid(plan, "--from", "fetched", out="fetched.csv", store="fetched-runs")
    same = [column for column in online if column not in ("run", "origin")]
    pd.testing.assert_frame_equal(fetched[same], online[same])


def test_what_cannot_be_had_now_fails_alone_and_the_next_call_goes_on(served, plan):
    served.faults = [["google-research-datasets/paws-x/", 503, 999, {"Retry-After": "30"}]]
    said = CliRunner().invoke(app, ["train", "grid", str(plan), "--from", "hub", "-o", "results.csv", "--workers", "1"])
    assert said.exit_code == 1
    assert "paws-x" in said.output
    assert "answers 503 (busy)" in said.output
    first = read_table(plan.parent / "results.csv").frame
    assert set(first.target) >= {"xnli"}
    assert "paws-x" not in set(first.target)
    served.faults = []
    served.forget()
    assert "paws-x" in set(grid(plan, "--from", "hub").target)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("owner/tiny", "owner/nothing"), "encoder owner/nothing: the hub has nothing of that name"),
        (("[qqp]", "[ccg]"), "ccg: the catalogue knows no data set on the hub; use a folder"),
        (("[qqp]", "[qqp@de]"), "qqp: no data set on the hub is known for German"),
    ],
)
def test_mistakes_are_said_before_anything_large_is_fetched(served, plan, change, message):
    plan.write_text(PLAN.replace(*change), encoding="utf-8")
    for words in ([], ["--dry-run"]):
        with pytest.raises(InputError, match=message):
            run("train", "grid", plan, "--from", "hub", *words)
    assert not served.count(r"GET .*(parquet|safetensors)")


def test_all_mistakes_of_a_study_are_said_at_once(served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = cut("semantic-distance-xtreme", tmp_path)
    del served.repositories["datasets", "stanfordnlp/snli"]
    del served.repositories["models", known_encoders()["mbert"].hub]
    served.closed.add("google-research-datasets/paws-x")
    with pytest.raises(InputError) as caught:
        run("study", "check", study, "--scale", "full", "--from", "hub")
    said = str(caught.value)
    assert "stanfordnlp/snli: the hub has nothing of that name" in said
    assert "paws-x: is gated" in said
    assert "bert-base-multilingual-cased: the hub has nothing of that name" in said
    served.stop()
    said = run("study", "check", study, "--scale", "full", "--from", "hub")
    assert "no mistakes found" in said
    assert "not checked, as the hub cannot be reached" in said


def test_texts_and_distances_from_the_hub(served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run("corpora", "export", "xnli", "squad", "cosmosqa", "--from", "hub", "-o", "examples.jsonl")
    assert "squad: " in said
    run(
        "distances", "tasks", "xnli", "squad", "xcopa", "--from", "hub", "--kind", "token-divergence", "-o", "words.csv"
    )
    about = json.loads((tmp_path / "words.json").read_text(encoding="utf-8"))["parameters"]["data"]
    assert about["xnli"].startswith(
        f"en/train of facebook/xnli@{load_catalogue()['xnli'].hub[0].revision[:12]} sha256:"
    )
    assert "aps/super_glue@" in about["xcopa"]  # what XCOPA is trained on: it has no English examples
    names = ["qqp", "squad", "xnli"]
    run("distances", "diversity", *names, "--from", "hub", "-o", "diversity.csv", "--count", 24, "--resamples", 10)
    assert pd.read_csv(tmp_path / "diversity.csv")["data"].str.contains("@").all()
