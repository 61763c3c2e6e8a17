"""A grid whose encoder is pretrained first: a node like others, done once, by any engine, gone on with where it was stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml
from transfer_analysis.cli import app
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.plan import Plan
from transfer_analysis.training.pretraining import pretrain as pretrain_module
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs import run as run_module
from transfer_analysis.training.runs.estimate import estimated
from transfer_analysis.training.runs.execute import run_grid
from transfer_analysis.training.session import Setting
from typer.testing import CliRunner

SETTINGS = {
    "name": "little",
    "text": ["bible-nt"],
    "held_out": 0.2,
    "pieces": 600,
    "encoder": {"layers": 1, "hidden": 16, "heads": 2, "feed_forward": 16, "max_length": 64},
    "steps": 30,
    "batch_size": 8,
    "matmul": "exact",
}
GRID = {"conditions": (), "targets": ("qqp",), "seeds": (1,), "intermediate_examples": 16, "target_examples": 16}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("pretrained")
    rng = np.random.default_rng(0)
    words = [f"{a}{b}" for a in "kmnpt" for b in ("ai", "oe")]

    def text():
        return " ".join(rng.choice(words, 6))

    rows = {
        "bible_nt/en/train": [{"verse_id": f"MAT.1.{n}", "text": text()} for n in range(120)],
        "qqp/en/train": [{"question1": text(), "question2": text(), "label": n % 2} for n in range(16)],
        "qqp/en/validation": [{"question1": text(), "question2": text(), "label": n % 2} for n in range(12)],
    }
    for name, given in rows.items():
        file = path / "corpora" / f"{name}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(row) + "\n" for row in given))
    (path / "little.yaml").write_text(yaml.safe_dump(SETTINGS))
    return path


def train(folder, store, workers=1, **rest):
    return run_grid(
        FolderCorpus(folder / "corpora"),
        load_catalogue(),
        str(folder / "little.yaml"),
        Grid(test_examples=8, **GRID),
        recipe("simulated", epochs=1),
        store,
        model="little",
        origin="test",
        workers=workers,
        **rest,
    ).table.frame


def bytes_of(store):
    (made,) = store.glob("*.encoder")
    return (made / "model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def reference(folder):
    return train(folder, folder / "reference")


def test_it_is_pretrained_once_and_the_grid_is_trained_from_it(folder, reference, monkeypatch):
    assert set(reference["model"]) == {"little"}
    assert set(reference["target"]) == {"qqp"}

    def again(*_, **__):
        raise AssertionError("it is in the store")

    monkeypatch.setattr(run_module, "pretrain", again)
    assert train(folder, folder / "reference").equals(reference)


def test_processes_give_the_same_bytes(folder, reference, tmp_path):
    assert train(folder, tmp_path / "runs", workers=2).equals(reference)
    assert bytes_of(tmp_path / "runs") == bytes_of(folder / "reference")


def test_it_goes_on_where_it_was_stopped(folder, reference, tmp_path, monkeypatch):
    real, steps = pretrain_module.train, []

    def until_step_ten(*args, watch, **rest):
        def told(step, total, examples):
            watch(step, total, examples)
            steps.append(step)
            if len(steps) == 10:
                raise MemoryError("no more")

        return real(*args, watch=told, **rest)

    monkeypatch.setattr(pretrain_module, "train", until_step_ten)
    with pytest.raises(InputError, match="pretraining: MemoryError: no more"):
        train(folder, tmp_path / "runs", checkpoint_every=0.0)
    assert not list((tmp_path / "runs").glob("*.encoder"))
    assert train(folder, tmp_path / "runs", checkpoint_every=0.0).equals(reference)
    assert steps[10] == 10  # the step that was not finished is done again, those before it are not
    assert bytes_of(tmp_path / "runs") == bytes_of(folder / "reference")


def test_what_is_not_pretrained_yet_is_not_estimated(folder, tmp_path):
    setting = Setting(
        FolderCorpus(folder / "corpora"), load_catalogue(), str(folder / "little.yaml"), "little",
        Grid(test_examples=8, **GRID), recipe("simulated", epochs=1), tmp_path / "runs", "test",
    )  # fmt: skip
    (tmp_path / "runs").mkdir()
    with pytest.raises(InputError, match="is not pretrained yet"):
        estimated(setting, (1, 1), 1.0)


def test_a_plan_names_it_by_its_settings(folder, tmp_path):
    encoder = str(folder / "little.yaml")
    assert Plan(encoder=encoder, grid=Grid(test_examples=8, **GRID)).model_name() == "little"
    grid = {**GRID, "conditions": [], "targets": ["qqp"], "seeds": [1], "test_examples": 8}
    plan = {"encoder": encoder, "recipe": {"name": "simulated", "epochs": 1}, "grid": grid}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan))
    command = ["train", "grid", str(tmp_path / "plan.yaml"), "--from", str(folder / "corpora"), "--store"]
    done = CliRunner().invoke(app, [*command, str(folder / "reference"), "-o", str(tmp_path / "table.csv")])
    assert done.exit_code == 0, done.output
    (tmp_path / "wrong.yaml").write_text(yaml.safe_dump({**plan, "encoder": str(tmp_path / "none.yaml")}))
    command[2] = str(tmp_path / "wrong.yaml")
    done = CliRunner().invoke(app, [*command, str(tmp_path / "runs"), "-o", str(tmp_path / "table.csv")])
    assert "none.yaml: no such file; expected settings of pretraining" in str(done.exception)
