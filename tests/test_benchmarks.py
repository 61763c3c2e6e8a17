"""The benchmark for a card runs, at a tiny shape, where there is none; a packed corpus answers as the whole one does."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pytest
from transfer_analysis.corpora import FolderCorpus
from transfer_analysis.errors import MissingError
from transfer_analysis.tasks import load_catalogue

from tests.conftest import ROOT


def test_the_benchmark_of_a_card_runs_on_a_processor(tmp_path):
    out = tmp_path / "gpu.json"
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "gpu.py"),
        "--device",
        "cpu",
        "--shapes",
        "tiny",
        "--steps",
        "4",
    ]
    command += ["--batch", "4", "--precisions", "float32", "--no-grid", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert [row["embedding"] for row in found["shapes"]] == ["whole", "read rows"]
    assert all(row["subwords"] > 0 and 0 < row["share"] < 10 for row in found["shapes"])


def test_a_packed_corpus_answers_what_was_asked_before_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from packed import PackedCorpus, Recorder

    split = tmp_path / "corpora" / "qqp" / "en" / "train.jsonl.gz"
    split.parent.mkdir(parents=True)
    rows = [{"question1": f"a{n}", "question2": "b", "label": n % 2} for n in range(30)]
    with gzip.open(split, "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
    catalogue = load_catalogue()
    whole = FolderCorpus(tmp_path / "corpora", catalogue)
    recorder = Recorder(whole, catalogue)
    recorder.sample("qqp", "en", "train", 4, 1)
    recorder.sample("qqp", "en", "train", 7, 2)
    recorder.languages("qqp")
    with pytest.raises(MissingError):
        recorder.sample("qqp", "en", "validation", 4, 1)
    recorder.write(tmp_path / "packed")
    packed = PackedCorpus(tmp_path / "packed", catalogue)
    for count, seed in ((4, 1), (7, 2)):
        assert packed.sample("qqp", "en", "train", count, seed) == whole.sample("qqp", "en", "train", count, seed)
    assert packed.languages("qqp") == ["en"]
    with pytest.raises(MissingError, match="validation"):
        packed.sample("qqp", "en", "validation", 4, 1)
    with pytest.raises(KeyError):
        packed.sample("qqp", "en", "train", 5, 1)
    kept = (tmp_path / "packed" / "qqp.en.train.jsonl").read_text().splitlines()
    assert len(kept) < len(rows)
