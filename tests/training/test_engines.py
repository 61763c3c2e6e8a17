"""Engines: the same table whichever runs the work, and whatever dies on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from transfer_analysis.cli import app
from transfer_analysis.corpora.simulated import World
from transfer_analysis.errors import InputError
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.engines import ENGINES, local, make_engine
from transfer_analysis.training.engines.engine import Options
from transfer_analysis.training.grid import Grid, Job
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.recipes import recipe
from transfer_analysis.training.runs.endings import Blocked, Claimed, Failed, Finished, Lost, Preempted
from transfer_analysis.training.runs.execute import of_shard, run_grid
from transfer_analysis.training.runs.nodes import Node, nodes_of
from transfer_analysis.training.runs.run import Control
from transfer_analysis.training.runs.schedule import completed
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.session import Session, Setting
from typer.testing import CliRunner

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed (extra ray)")
needs_submitit = pytest.mark.skipif(find_spec("submitit") is None, reason="submitit is not installed (extra slurm)")

WORLD = World(("en", "de", "tr"), seed=1)
GRID = {
    "conditions": ("sim-topic",),
    "targets": ("sim-pos", "sim-qa"),
    "seeds": (1, 2),
    "intermediate_examples": 48,
    "target_examples": 48,
    "test_examples": 12,
}


def train(folder, store, engine="local", workers=1, options=None, checkpoint_every=600.0, shard=(1, 1), **changes):
    return run_grid(
        WORLD,
        load_catalogue(),
        str(folder / "tiny"),
        Grid(**{**GRID, **changes}),
        recipe("simulated", epochs=2),
        store,
        model="tiny",
        origin="test",
        workers=workers,
        engine=engine,
        options=options,
        checkpoint_every=checkpoint_every,
        shard=shard,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("engines")
    words = sorted({w for code in WORLD.spoken for w in WORLD.pieces(code)})
    save_encoder(
        new_encoder("tiny", [".", *words], Shape(layers=1, hidden=16, heads=2, feed_forward=16), 0), path / "tiny"
    )
    return path


@pytest.fixture(scope="module")
def reference(folder):
    return train(folder, folder / "reference").table.frame


def assert_same(folder, store, frame, reference):
    """The same table, the same weights and the same output for every example, bit for bit."""
    assert frame.equals(reference)
    for path in [*(folder / "reference").glob("*.safetensors"), *(folder / "reference").glob("*.parquet")]:
        assert (store / path.name).read_bytes() == path.read_bytes()
    assert not list(store.glob("*.claim"))


@needs_ray
def test_ray_gives_the_same_table(folder, reference):
    store = folder / "ray"
    assert_same(folder, store, train(folder, store, "ray", workers=2).table.frame, reference)


@needs_ray
def test_ray_without_a_shared_store_gives_the_same_table(folder, reference, monkeypatch):
    """Workers that do not see the driver's files: results and weights come through Ray."""
    from transfer_analysis.training.engines import ray as engine

    real = engine.Tasks.__init__

    def unseen(self, setting, options, ours):
        real(self, setting, options, ours)
        self._token.unlink()

    monkeypatch.setattr(engine.Tasks, "__init__", unseen)
    store = folder / "apart"
    assert_same(folder, store, train(folder, store, "ray", workers=2).table.frame, reference)


@needs_submitit
def test_slurms_jobs_give_the_same_table(folder, reference):
    """Through submitit's executor for one machine."""
    store, options = folder / "slurm", Options(cluster="local", minutes=10)
    found = train(folder, store, "slurm", options=options, seeds=(1,)).table.frame
    assert found.equals(reference[reference["seed"] == 1].reset_index(drop=True))


@needs_submitit
def test_a_job_that_is_asked_to_end_leaves_a_checkpoint_and_its_copy_goes_on(folder, reference):
    """As before a time limit: the signal, a checkpoint, and the work that is queued again."""
    import threading

    from transfer_analysis.training.engines.slurm import Work

    store = folder / "asked"
    setting = Setting(
        WORLD, load_catalogue(), str(folder / "tiny"), "tiny", Grid(**GRID), recipe("simulated", epochs=2), store, "test",
        checkpoint_every=1e9,
    )  # fmt: skip
    Store(store).open()
    node = next(n for n in nodes_of(Session(setting)) if n.what == "sim-pos" and n.job == Job("pretrained", "none", 1))
    work = Work(setting, node)
    work._stop, ended = threading.Event(), []
    work._stop.set()
    from transfer_analysis.training.runs.run import run_node

    work._thread = threading.Thread(
        target=lambda: ended.append(run_node(Session(setting), node, Control(stopping=work._stop.is_set)))
    )
    work._thread.start()
    again = work.checkpoint()
    assert ended == [Preempted(node)]
    assert again.function.node == node
    assert again.function() == Finished(node)
    rows = pd.DataFrame(Store(store).rows(node.identity))
    expected = reference[
        (reference["condition"] == "none") & (reference["seed"] == 1) & (reference["target"] == "sim-pos")
    ]
    assert sorted(rows["score"]) == sorted(expected["score"])


SCRIPT = """
import sys
from pathlib import Path
from tests.training.test_engines import train
if __name__ == "__main__":
    folder, store, engine, out = sys.argv[1:5]
    try:
        trained = train(Path(folder), Path(store), engine, workers=2, checkpoint_every=0)
    except KeyboardInterrupt:
        sys.exit(130)
    trained.table.frame.to_parquet(out)
"""


def start(folder, store, engine):
    script = folder / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *filter(None, sys.path)])}
    command = [sys.executable, str(script), str(folder), str(store), engine, str(folder / f"{store.name}.parquet")]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def children(process):
    """Return the processes below one, as far down as they go."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        found.append((int(path.parent.name), parent))
    below = {process}
    while True:
        more = {child for child, parent in found if parent in below} - below
        if not more:
            return sorted(below - {process})
        below |= more


def command_line(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def kill_one(process, which, rng):
    """Kill one process below another whose command line says what it is."""
    chosen = [child for child in children(process.pid) if which in command_line(child)]
    if chosen:
        os.kill(int(rng.choice(chosen)), signal.SIGKILL)
    return bool(chosen)


def kills(folder, store, engine, which, count, seed):
    """Kill workers, or the command itself, at random moments until it has ended or that many were killed."""
    rng = np.random.default_rng(seed)
    done = 0
    process = start(folder, store, engine)
    while process.poll() is None and done < count:
        time.sleep(float(rng.uniform(0.5, 4.0)))
        if which == "driver":
            if process.poll() is None:
                process.kill()
                done += 1
            process.wait()
            time.sleep(0.5)
            process = start(folder, store, engine)
        elif kill_one(process, which, rng):
            done += 1
    process.communicate()
    return done


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are read from /proc")
@pytest.mark.parametrize("which", ["spawn_main", "driver"])
def test_workers_or_the_command_are_killed(folder, reference, which):
    store = folder / f"killed-{which}"
    assert kills(folder, store, "local", which, count=2, seed=0) >= 1
    assert_same(folder, store, train(folder, store).table.frame, reference)


@pytest.mark.slow
@pytest.mark.parametrize("which", ["spawn_main", "driver"])
def test_twenty_kills_of_processes(folder, reference, which):
    done, round_ = 0, 0
    while done < 10:
        store = folder / f"many-{which}-{round_}"
        done += kills(folder, store, "local", which, count=3, seed=round_ + 1)
        assert_same(folder, store, train(folder, store).table.frame, reference)
        round_ += 1


@needs_ray
@pytest.mark.slow
@pytest.mark.parametrize("which", ["ray::", "raylet/raylet", "driver"])
def test_ray_is_killed(folder, reference, which):
    """Workers, the whole of a node, the command: two kills of each at least, and the same bytes."""
    done, round_ = 0, 0
    while done < 2:
        store = folder / f"ray-{which.replace('/', '-').strip(':')}-{round_}"
        done += kills(folder, store, "ray", which, count=2, seed=round_)
        assert_same(folder, store, train(folder, store).table.frame, reference)
        round_ += 1


@needs_ray
@pytest.mark.slow
def test_a_machine_of_a_ray_cluster_dies(folder, reference):
    """Two raylets, one of which is removed in the middle."""
    import threading

    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    second = cluster.add_node(num_cpus=1)
    ray.init(address=cluster.address, log_to_driver=False)
    try:
        timer = threading.Timer(8.0, lambda: cluster.remove_node(second, allow_graceful=False))
        timer.start()
        store = folder / "cluster"
        frame = train(folder, store, "ray", workers=2, checkpoint_every=0).table.frame
        timer.cancel()
        assert_same(folder, store, frame, reference)
    finally:
        ray.shutdown()
        cluster.shutdown()


def test_everything_gets_the_signal_at_once_and_leaves_checkpoints(folder, reference):
    """As a scheduler does to all processes of a job: the command ends in good order, and the next one goes on."""
    store = folder / "signal"
    process = start(folder, store, "local")
    while process.poll() is None and not list(store.glob("*.checkpoint.safetensors")):
        time.sleep(0.05)
    for one in (*children(process.pid), process.pid):
        os.kill(one, signal.SIGTERM)
    _, errors = process.communicate()
    assert process.returncode in (0, 130), errors.decode()
    assert_same(folder, store, train(folder, store).table.frame, reference)


class Scripted:
    """An engine that ends nodes as it is told, in order."""

    def __init__(self, store, script):
        self.store = store
        self.script = {node: list(kinds) for node, kinds in script.items()}
        self.left = []
        self.submitted = Counter()

    def submit(self, nodes):
        self.left += nodes
        self.submitted.update(node.identity for node in nodes)

    def endings(self, wait):
        found = []
        for node in self.left:
            kind = self.script[node.identity].pop(0) if self.script.get(node.identity) else Finished
            if kind is Finished:
                self.store.write(node.identity, [{"node": node.identity}], {}, pd.DataFrame())
                if node.what == "intermediate":
                    self.store.write_weights(node.weights, {})
            found.append(kind(node, "gone") if kind in (Lost, Failed) else kind(node))
        self.left = []
        return found

    def cancel(self):
        self.left = []


A = Node(Job("pretrained", "squad", 1), "intermediate", "a", "", "wa")
B = Node(Job("pretrained", "squad", 1), "xnli", "b", "a", "wa")
C = Node(Job("pretrained", "none", 1), "xnli", "c")


@pytest.mark.parametrize(
    ("script", "ended", "times"),
    [
        ({}, {"a": Finished, "b": Finished, "c": Finished}, {"a": 1, "b": 1, "c": 1}),
        ({"a": [Failed]}, {"a": Failed, "b": Blocked, "c": Finished}, {"a": 1, "c": 1}),
        ({"a": [Lost]}, {"a": Finished, "b": Finished, "c": Finished}, {"a": 2, "b": 1, "c": 1}),
        ({"c": [Lost, Lost]}, {"a": Finished, "b": Finished, "c": Failed}, {"a": 1, "b": 1, "c": 2}),
        ({"c": [Preempted] * 3}, {"a": Finished, "b": Finished, "c": Finished}, {"a": 1, "b": 1, "c": 4}),
        ({"a": [Claimed]}, {"a": Finished, "b": Finished, "c": Finished}, {"a": 2, "b": 1, "c": 1}),
    ],
)
def test_every_ending_has_its_consequence(tmp_path, script, ended, times):
    store = Store(tmp_path)
    store.open()
    engine = Scripted(store, script)
    found = list(completed(engine, [A, B, C], store, "m", Control()))
    assert {ending.node.identity: type(ending) for ending, _ in found} == ended
    assert engine.submitted == times
    assert all(rows == [{"node": e.node.identity}] for e, rows in found if isinstance(e, Finished))


def test_parts_of_the_work_make_the_whole_and_keep_weights_together():
    nodes = [
        Node(
            Job("pretrained", f"t{i}", 1),
            what,
            f"{what}{i}",
            "" if what == "intermediate" else f"intermediate{i}",
            f"w{i}",
        )
        for i in range(7)
        for what in ("intermediate", "x", "y")
    ]
    parts = [of_shard(nodes, part, 3) for part in (1, 2, 3)]
    assert sorted(node.identity for part in parts for node in part) == sorted(node.identity for node in nodes)
    assert all(len({node.weights for node in part}) * 3 == len(part) for part in parts)
    with pytest.raises(InputError, match="shard 4/3"):
        of_shard(nodes, 4, 3)


def test_parts_are_trained_on_their_own(folder, reference):
    tables = [train(folder, folder / f"part{i}", shard=(i, 2)).table.frame for i in (1, 2)]
    both = pd.concat(tables).sort_values(list(reference.columns[:11]), ignore_index=True)
    assert both.equals(reference)


@pytest.mark.parametrize("name", ["ray", "slurm"])
def test_an_engine_that_is_not_installed_names_its_extra(folder, tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, {"ray": "ray", "slurm": "submitit"}[name], None)
    with pytest.raises(InputError, match=rf"pip install 'transfer-analysis\[{name}\]'"):
        train(folder, tmp_path, name)


def test_engines_that_cannot_be_had(folder, tmp_path):
    with pytest.raises(InputError, match="unknown engine 'slrum' .did you mean 'slurm'"):
        make_engine("slrum", None, Options(), Control())
    assert set(ENGINES) == {"local", "ray", "slurm"}


@needs_ray
@pytest.mark.parametrize(
    ("address", "message"), [("127.0.0.1:9", "nothing answers at 127.0.0.1:9"), ("nowhere", "expected host:port")]
)
def test_an_address_that_does_not_answer(folder, tmp_path, address, message):
    with pytest.raises(InputError, match=message):
        train(folder, tmp_path, "ray", options=Options(address=address))


def test_a_disk_or_a_memory_that_is_too_small_is_said_before_training(folder, tmp_path, monkeypatch):
    from transfer_analysis.training.runs import execute

    monkeypatch.setattr(execute.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(InputError, match="the disk has 0.0 GB left"):
        train(folder, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(execute.os, "sysconf", lambda name: 1)
    with pytest.raises(InputError, match="set rows_at_once in the recipe"):
        train(folder, tmp_path)


def test_the_work_is_listed_and_who_does_what_is_said(folder, tmp_path):
    corpus = tmp_path / "corpus"
    for split, count in (("train", 40), ("validation", 10), ("test", 10)):
        path = corpus / "paws_x" / "en" / f"{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"sentence1": "a", "sentence2": "b", "label": 1}\n' * count)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        f"encoder: {folder / 'tiny'}\nrecipe: {{name: simulated}}\ngrid: {{conditions: [], targets: [paws-x], seeds: [1, 2], "
        "intermediate_examples: 9, target_examples: 20, test_examples: 5, unknown: keep, substitutes: {paws-x: [paws-x]}}\n"
    )
    store = tmp_path / "runs"
    arguments = ["train", "grid", str(plan), "--from", str(corpus), "--store", str(store)]
    listed = CliRunner().invoke(app, [*arguments, "--dry-run", "--tflops", "0.01"])
    assert listed.exit_code == 0, listed.output
    assert "pretrained, none, seed 2, paws-x" in listed.output
    assert "2 of 2 runs are left" in listed.output
    assert "GiB of memory a run" in listed.output
    assert not list(store.glob("*.json"))
    from transfer_analysis.training.runs.claims import take

    with take(Store(store).claim("x"), "pretrained, none, seed 1, paws-x"):
        said = CliRunner().invoke(app, ["train", "status", str(store)])
        assert "pretrained, none, seed 1, paws-x" in said.output
        assert "1 being done" in said.output


def test_what_is_listed_as_stored_is_what_was_trained(folder, tmp_path):
    """How is computed is part of what a run is known by, in the list too."""
    from transfer_analysis.training.runs.estimate import estimated

    chosen = recipe("simulated", matmul="fastest")
    grid = Grid(**{**GRID, "conditions": (), "targets": ("sim-pos",), "seeds": (1,)})
    setting = Setting(WORLD, load_catalogue(), str(folder / "tiny"), "tiny", grid, chosen, tmp_path, "test")
    assert [one.stored for one in estimated(setting, (1, 1), 1.0).nodes] == [False]
    run_grid(
        WORLD, load_catalogue(), str(folder / "tiny"), grid, chosen, tmp_path, model="tiny", origin="test", workers=1
    )
    assert [one.stored for one in estimated(setting, (1, 1), 1.0).nodes] == [True]


@pytest.mark.parametrize(
    ("free", "cores", "cards", "nodes"), [(80, 16, 1, 5), (80, 4, 1, 4), (80, 16, 4, 4), (4, 16, 1, 1)]
)
def test_a_card_is_shared_by_the_nodes_that_fit(monkeypatch, free, cores, cards, nodes):
    monkeypatch.setattr(local, "memory_of", lambda *_: 13e9)
    monkeypatch.setattr(local.torch.cuda, "mem_get_info", lambda device: (int(free * 1e9), int(80e9)))
    monkeypatch.setattr(local.torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(local.os, "cpu_count", lambda: cores)
    setting = Setting(
        WORLD, load_catalogue(), "e5-small", "m", Grid(**GRID), recipe("small"), Path("runs"), "test", "cuda"
    )
    assert local.fitting(setting, cards) == nodes


def test_a_card_runs_one_node_of_an_encoder_of_unknown_size():
    setting = Setting(
        WORLD, load_catalogue(), "some/encoder", "m", Grid(**GRID), recipe("small"), Path("runs"), "test", "cuda"
    )
    assert local.fitting(setting, 1) == 1
