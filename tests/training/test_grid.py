"""The grid: results do not depend on workers or interruptions, and no run is lost or done twice."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.cli import app
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.corpora.simulated import World
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.grid import Grid
from transfer_analysis.training.identity import identity
from transfer_analysis.training.plan import load_plan
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.pretraining.simulated import Pretraining, pretrain
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs import run as run_module
from transfer_analysis.training.runs.collect import collected
from transfer_analysis.training.runs.execute import run_grid
from transfer_analysis.training.runs.provenance import provenance
from transfer_analysis.training.runs.store import Store
from typer.testing import CliRunner

TINY = Shape(layers=1, hidden=16, heads=2, feed_forward=16, dropout=0.1)


def train(folder, store, workers=1, grid=None, corpus=None, checkpoint_every=600.0, **changes):
    settings = {
        "conditions": ("sim-topic",),
        "targets": ("sim-pos", "sim-qa"),
        "seeds": (1, 2),
        "intermediate_examples": 48,
        "target_examples": 48,
        "test_examples": 12,
        **changes,
    }
    return run_grid(
        corpus or World(("en", "de", "tr"), seed=1),
        load_catalogue(),
        str(folder / "tiny"),
        grid or Grid(**settings),
        recipe("simulated", epochs=1, evaluate_every=1, patience=9),
        store,
        model="tiny",
        origin="test",
        workers=workers,
        checkpoint_every=checkpoint_every,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("grid")
    settings = Pretraining(steps=5, batch_size=8, documents=20)
    save_encoder(pretrain(World(("en", "de", "tr"), seed=1), TINY, settings, 0), path / "tiny")
    return path


@pytest.fixture(scope="module")
def reference(folder):
    return train(folder, folder / "reference").table.frame


def test_the_table_does_not_depend_on_the_number_of_workers(folder, reference):
    assert train(folder, folder / "two", workers=2).table.frame.equals(reference)
    test = reference[reference["split"] == "test"]
    # 2 conditions × 2 seeds × 3 languages × (2 metrics of tagging + 2 of QA)
    assert len(test) == 2 * 2 * 3 * 4
    assert set(reference.loc[reference["split"] == "intermediate-validation", "target"]) == {"sim-topic"}
    development = reference[reference["split"] == "validation"]
    assert (set(development["target"]), set(development["language"])) == ({"sim-pos", "sim-qa"}, {"en"})


def test_finished_runs_are_not_done_again(folder, reference, monkeypatch):
    monkeypatch.setattr(run_module, "train", None)  # would fail if anything were trained
    assert train(folder, folder / "reference").table.frame.equals(reference)
    record = next(Store(folder / "reference").finished())
    assert record["about"]["core"]
    predictions = pd.read_parquet(next((folder / "reference").glob("*.predictions.parquet")))
    assert set(predictions.columns) == {"task", "language", "split", "row", "output", "gold"}


def test_what_could_change_a_result_changes_the_identity(folder):
    """Another number of examples, recipe or seed is another run; more targets leave the finished ones alone."""
    train(folder, folder / "grow", seeds=(1,))
    before = {p.name for p in (folder / "grow").glob("*.json")}
    train(folder, folder / "grow", seeds=(1,), targets=("sim-pos", "sim-qa", "sim-paraphrase"))
    after = {p.name for p in (folder / "grow").glob("*.json")}
    assert before < after
    assert len(after - before) == 2  # the new target, with and without the intermediate task
    train(folder, folder / "grow", seeds=(1,), target_examples=40)
    assert len({p.name for p in (folder / "grow").glob("*.json")} - after) == 4
    assert identity(a=1, b=2) == identity(b=2, a=1) != identity(a=1, b=3)


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_damaged_files_are_set_aside_and_made_again(folder, reference, suffix):
    store = folder / f"damaged{suffix}"
    train(folder, store)
    path = sorted(p for p in store.glob(f"*{suffix}") if not p.name.endswith(".failed.json"))[0]
    path.write_bytes(path.read_bytes()[:-20])
    if suffix == ".safetensors":  # weights are read again only where a target of theirs is missing
        for record in store.glob("*.json"):
            if '"what": "target"' in json.loads(record.read_text())["content"]:
                record.unlink()
    assert train(folder, store).table.frame.equals(reference)
    assert [p.name for p in store.glob("*.damaged")] == [path.name + ".damaged"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FloatingPointError("the loss became nan"), "FloatingPointError: the loss became nan"),
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
        (RuntimeError("not enough memory: you tried to allocate 9 bytes"), "RuntimeError: not enough memory"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_failed_run_is_noted_and_the_rest_goes_on(folder, reference, monkeypatch, tmp_path, error, reason):
    real = run_module.train

    def fail(encoder, streams, order, chosen, seed, **options):
        if streams[0].features.task.name == "sim-qa" and seed == 2:
            raise error
        return real(encoder, streams, order, chosen, seed, **options)

    monkeypatch.setattr(run_module, "train", fail)
    trained = train(folder, tmp_path)
    assert len(trained.failures) == 2
    assert f"none, seed 2, sim-qa: {reason}" in trained.failures[0]
    assert len(list(Store(tmp_path).failed())) == 2
    kept = reference[~((reference["target"] == "sim-qa") & (reference["seed"] == 2))]
    assert trained.table.frame.equals(kept.reset_index(drop=True))
    monkeypatch.setattr(run_module, "train", real)
    assert train(folder, tmp_path).table.frame.equals(reference)
    assert not list(Store(tmp_path).failed())


def test_random_initialisation_is_a_run_of_its_own(folder):
    frame = train(folder, folder / "random", seeds=(1,), initialisations=("pretrained", "random")).table.frame
    scores = frame[frame["condition"] == "none"].groupby("initialisation")["score"].sum()
    assert set(scores.index) == {"pretrained", "random"}
    assert frame.groupby("initialisation").size().nunique() == 1


KILLED = """
import sys
from pathlib import Path
from tests.training.test_grid import train
train(Path(sys.argv[1]), Path(sys.argv[2]), checkpoint_every=0)
print("finished")
"""


def kill_until_finished(folder, store, kills, seed):
    """Kill the grid at random moments, and return how often it was killed before it could finish."""
    rng = np.random.default_rng(seed)
    done = 0
    while done < kills:
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(folder), str(store)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        try:
            out, _ = process.communicate(timeout=float(rng.uniform(2.5, 6.0)))
            assert out == "finished\n"
            break
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            done += 1
    return done


def test_a_killed_grid_goes_on_and_gives_the_same_table(folder, reference):
    store = folder / "killed"
    assert kill_until_finished(folder, store, kills=3, seed=0) >= 1
    assert train(folder, store).table.frame.equals(reference)
    # Weights after intermediate training and the output for every example, bit for bit.
    for path in [*(folder / "reference").glob("*.safetensors"), *(folder / "reference").glob("*.parquet")]:
        assert (store / path.name).read_bytes() == path.read_bytes()


@pytest.mark.slow
def test_twenty_kills(folder, reference):
    killed = 0
    for round_ in itertools.count():
        store = folder / f"killed{round_}"
        killed += kill_until_finished(folder, store, kills=3, seed=round_ + 1)
        assert train(folder, store).table.frame.equals(reference)
        if killed >= 20:
            break


@pytest.fixture
def corpus(tmp_path):
    """A corpus on disk: two NLI sets, one with training data and one without."""
    rng = np.random.default_rng(0)
    for task, language, split, count in (
        ("snli", "en", "train", 40),
        ("xnli", "en", "validation", 10),
        ("xnli", "de", "test", 10),
        ("qqp", "en", "train", 40),
    ):
        path = tmp_path / task / language
        path.mkdir(parents=True, exist_ok=True)
        first, second = ("question1", "question2") if task == "qqp" else ("premise", "hypothesis")
        rows = [{first: "a b", second: "c d", "label": int(rng.integers(2))} for _ in range(count)]
        (path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    save_encoder(new_encoder("tiny", list("abcd"), TINY, 0), tmp_path / "tiny")
    return FolderCorpus(tmp_path)


GRID = {"seeds": (1,), "intermediate_examples": 20, "target_examples": 20, "test_examples": 5}


def test_a_folder_with_a_declared_substitute(corpus):
    grid = Grid(conditions=("qqp",), targets=("xnli",), substitutes={"xnli": ("snli",)}, **GRID)
    frame = train(corpus.path, corpus.path / "runs", grid=grid, corpus=corpus).table.frame
    of_target = frame[frame["target"] == "xnli"]
    assert set(of_target.loc[of_target["split"] == "test", "language"]) == {"de", "en"}
    assert (of_target["trained_on"] == "snli:20").all()
    assert set(of_target["training_data"]) != {""}
    assert of_target.groupby(["language", "split"])["test_data"].nunique().eq(1).all()
    assert (of_target["encoder"].str.startswith("sha256:") & (of_target["precision"] == "float32")).all()
    assert set(of_target["inputs_cut"]) == {0.0}
    assert set(of_target.loc[of_target["split"] == "test", "n_examples"]) == {5}
    # QQP has no development split there: it is looked at on what is not trained on.
    assert set(frame.loc[frame["split"].str.endswith("-rest"), "target"]) == {"qqp"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"substitutes": {}}, "no task 'mnli'"),
        ({"languages": ("de", "fr")}, "languages: no target has examples in fr; there are de"),
        ({"conditions": ("qqq",)}, "unknown task 'qqq' .did you mean 'qqp'"),
        ({"conditions": ("tatoeba",)}, "tatoeba: has no training examples, so it cannot be an intermediate task"),
        ({"substitutes": {"xnli": ("qqp",)}}, "xnli: cannot be trained on qqp, whose head or labels differ"),
    ],
)
def test_mistakes_are_found_before_training(corpus, monkeypatch, changes, message):
    monkeypatch.setattr(run_module, "train", None)
    grid = Grid(**{"conditions": ("qqp",), "targets": ("xnli",), "substitutes": {"xnli": ("snli",)}, **GRID, **changes})
    with pytest.raises(InputError, match=message):
        train(corpus.path, corpus.path / "runs", grid=grid, corpus=corpus)
    assert not list((corpus.path / "runs").glob("*.json"))


def test_all_mistakes_of_a_folder_are_said_at_once(corpus):
    grid = Grid(conditions=("qqp", "stsb"), targets=("wikiann", "paws-x"), **GRID)
    with pytest.raises(InputError) as caught:
        train(corpus.path, corpus.path / "runs", grid=grid, corpus=corpus)
    assert {task for task in ("stsb", "wikiann", "paws") if f"no task {task!r}" in str(caught.value)} == {
        "stsb",
        "wikiann",
        "paws",
    }


def test_plans(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text(
        "encoder: owner/name@abc\nrecipe: {name: xtreme, epochs: 1}\n"
        "grid: {conditions: [qqp], targets: [xnli], seeds: [1], intermediate_examples: 5, target_examples: 5, test_examples: 5}\n"
    )
    plan = load_plan(path)
    assert plan.model_name() == "owner/name@abc"
    about = load_catalogue()
    assert plan.chosen_recipe().for_task(about["xnli"]).max_length == 128
    assert plan.chosen_recipe().for_task(about["xquad"]).max_length == 384
    path.write_text("encoder: x\ngrid: {conditions: [], seeds: [-1]}\n")
    with pytest.raises(InputError) as caught:
        load_plan(path)
    assert "plan.yaml line 2: grid.seeds.0" in str(caught.value)
    assert "plan.yaml line 2: grid.targets" in str(caught.value)
    path.write_text(path.read_text().replace("conditions: [], seeds: [-1]", "x: 1") + "recipe: {name: smal}\n")
    with pytest.raises(InputError):
        load_plan(path)


def test_what_runs_were_made_from_is_said_once(folder, reference, tmp_path):
    found = provenance(Store(folder / "reference"))
    assert found["runs"] == 2 * 2 * 2 + 2  # conditions × targets × seeds, and the intermediate training of two seeds
    assert set(found["targets"]) == {"sim-pos", "sim-qa"}
    assert set(found["targets"]["sim-pos"]["tested_on"]) == {"en/test", "de/test", "tr/test"}
    assert found["intermediate"]["sim-topic"]["sim-topic"]["trained_on"]
    assert found["common"]["model"] == ["tiny"]
    assert found["targets"]["sim-pos"]["recipe"]["epochs"] == 1
    out = tmp_path / "provenance.json"
    done = CliRunner().invoke(app, ["train", "provenance", str(folder / "reference"), "-o", str(out)])
    assert done.exit_code == 0
    assert json.loads(out.read_text()) == found
    table = reference
    of = provenance(Store(folder / "reference"), set(table.loc[table["target"] == "sim-qa", "run"]))
    assert set(of["targets"]) == {"sim-qa"}
    assert of["targets"]["sim-qa"] == found["targets"]["sim-qa"]


def test_some_conditions_are_trained_from_random_weights_too():
    settings = {
        "targets": ("sim-pos",),
        "seeds": (1,),
        "intermediate_examples": 8,
        "target_examples": 8,
        "test_examples": 8,
    }
    grid = Grid(
        conditions=("sim-topic", "sim-reading"),
        initialisations=("pretrained", "random"),
        random_conditions=("sim-topic",),
        **settings,
    )
    jobs = {(job.initialisation, job.condition) for job in grid.jobs()}
    assert jobs == {
        *(("pretrained", condition) for condition in ("none", "sim-topic", "sim-reading")),
        *(("random", condition) for condition in ("none", "sim-topic")),
    }
    with pytest.raises(ValueError, match="'sim-topik' is not among conditions .did you mean 'sim-topic'"):
        Grid(conditions=("sim-topic",), initialisations=("random",), random_conditions=("sim-topik",), **settings)
    with pytest.raises(ValueError, match="initialisations must list random too"):
        Grid(conditions=("sim-topic",), random_conditions=("sim-topic",), **settings)


def test_the_baseline_may_have_more_seeds_than_the_conditions():
    fields = {"targets": ("xnli",), **GRID, "seeds": (1, 2)}
    jobs = Grid(conditions=("qqp",), baseline_seeds=(3, 4), **fields).jobs()
    assert sorted((job.condition, job.seed) for job in jobs) == [
        *(("none", seed) for seed in (1, 2, 3, 4)),
        ("qqp", 1),
        ("qqp", 2),
    ]
    with pytest.raises(ValueError, match="baseline_seeds: 2 is given twice, or is one of seeds"):
        Grid(conditions=("qqp",), baseline_seeds=(2,), **fields)


def test_a_store_is_collected_into_the_table_of_its_grids(folder, reference, tmp_path):
    done = CliRunner().invoke(app, ["train", "collect", str(folder / "reference"), "-o", str(tmp_path / "all.csv")])
    assert done.exit_code == 0, done.output
    keys = ["condition", "target", "language", "split", "metric", "seed"]
    found = pd.read_csv(tmp_path / "all.csv").set_index(keys)["score"].sort_index()
    pd.testing.assert_series_equal(found, reference.set_index(keys)["score"].sort_index(), check_index_type=False)
    train(folder, tmp_path / "two")
    train(folder, tmp_path / "two", target_examples=40, targets=("sim-pos",))
    with pytest.raises(InputError, match="the same key is given 2 times"):
        collected(Store(tmp_path / "two"), load_catalogue())
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no run is finished"):
        collected(Store(tmp_path / "none"), load_catalogue())
