"""Processes: one that dies, one that is stopped, two grids on one store."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from transfer_analysis.corpora.simulated import World
from transfer_analysis.training.grid import Job
from transfer_analysis.training.pretraining.built import Shape, new_encoder, save_encoder
from transfer_analysis.training.runs.execute import Progress
from transfer_analysis.training.runs.run import Event
from transfer_analysis.training.runs.store import Store

from tests.training.test_grid import train


@dataclass(frozen=True)
class Deadly(World):
    """A world in which reading one task kills a worker process, as the system does where memory runs out."""

    parent: int = 0

    def sample(self, task, language, split, count, seed=0):
        if task == "sim-reading" and os.getpid() != self.parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().sample(task, language, split, count, seed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("workers")
    world = World(("en", "de", "tr"), seed=1)
    words = sorted({w for code in world.spoken for w in world.pieces(code)})
    save_encoder(
        new_encoder("tiny", [".", *words], Shape(layers=1, hidden=16, heads=2, feed_forward=16), 0), path / "tiny"
    )
    return path


def test_a_process_that_dies_is_a_failure_and_the_rest_goes_on(folder):
    corpus = Deadly(("en", "de", "tr"), seed=1, parent=os.getpid())
    wanted = {"seeds": (1,), "conditions": ("sim-topic", "sim-reading"), "targets": ("sim-pos",)}
    done = train(folder, folder / "deadly", workers=2, corpus=corpus, **wanted)
    assert len(done.failures) == 1
    assert done.failures[0].startswith("pretrained, sim-reading, seed 1, intermediate: the process died; was it killed")
    assert set(done.table.frame["condition"]) == {"none", "sim-topic"}
    assert [record["reason"] for record in Store(folder / "deadly").failed()] == done.failures
    healed = train(folder, folder / "deadly", workers=2, **wanted)
    assert healed.failures == []


SCRIPT = """
import sys
from pathlib import Path
from tests.training.test_grid import train
if __name__ == "__main__":
    try:
        seeds = tuple(range(1, int(sys.argv[5]) + 1))
        trained = train(Path(sys.argv[1]), Path(sys.argv[2]), workers=int(sys.argv[3]), seeds=seeds)
        trained.table.frame.to_parquet(sys.argv[4])
    except KeyboardInterrupt:
        sys.exit(130)
"""


def start(folder, store, workers, out, seeds=2):
    script = folder / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), *filter(None, sys.path)])}
    command = [sys.executable, str(script), str(folder), str(store), str(workers), str(out), str(seeds)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_two_grids_on_one_store(folder):
    expected = train(folder, folder / "alone").table.frame
    both = [start(folder, folder / "shared", 1, folder / f"{i}.parquet") for i in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    import pandas as pd

    for i in range(2):
        assert pd.read_parquet(folder / f"{i}.parquet").equals(expected)
    assert not list((folder / "shared").rglob("*.damaged"))
    assert train(folder, folder / "shared").table.frame.equals(expected)


@pytest.mark.parametrize(("workers", "asked"), [(1, signal.SIGINT), (2, signal.SIGINT), (2, signal.SIGTERM)])
def test_a_grid_that_is_interrupted_ends_soon_and_goes_on(folder, workers, asked):
    """A grid of many seeds, so that it cannot be done before it is stopped."""
    expected = train(folder, folder / "alone").table.frame
    store = folder / f"stopped{workers}-{asked.name}"
    process = start(folder, store, workers, folder / "x.parquet", seeds=40)
    while process.poll() is None and not list(store.glob("*.json")):
        time.sleep(0.05)
    process.send_signal(asked)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors.decode()
    assert b"Traceback" not in errors
    assert 0 < len(list(Store(store).finished())) < 40
    assert train(folder, store).table.frame.equals(expected)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="children of a process are read from /proc")
def test_workers_end_with_a_parent_that_is_killed(folder):
    store = folder / "killed"
    process = start(folder, store, 2, folder / "x.parquet", seeds=40)
    while process.poll() is None and not list(store.glob("*.json")):
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) >= 2
    process.kill()
    process.wait(timeout=10)
    end = time.monotonic() + 20
    while any(_runs(child) for child in children) and time.monotonic() < end:
        time.sleep(0.1)
    assert not any(_runs(child) for child in children)


def _runs(process: str) -> bool:
    """Return whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_progress_tells_how_much_is_left():
    jobs = [Job("pretrained", condition, 1) for condition in ("none", "squad")]
    progress = Progress({(job, node): None for job in jobs for node in ("a", "b")})
    assert progress.share() == 0
    assert progress.seconds_left() is None
    progress.tell(Event(jobs[0], "a", "finished"))  # was in the store
    assert progress.share() == 0.25
    assert progress.seconds_left() is None
    progress.began = time.monotonic() - 30
    progress.tell(Event(jobs[0], "b", "running", 1, 2, 50.0))
    assert "1 of 4 runs, 50 examples/s" in progress.line()
    progress.tell(Event(jobs[0], "b", "finished"))
    progress.tell(Event(jobs[1], "a", "running", 1, 2, 10.0))
    # One and a half runs took 30 s; one and a half are left.
    assert progress.seconds_left() == pytest.approx(30, abs=1)
    progress.tell(Event(jobs[1], "a", "failed"))
    assert progress.count("failed") == 1
