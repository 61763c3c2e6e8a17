"""The benchmark for a card runs, at a tiny shape, where there is none."""

from __future__ import annotations

import json
import subprocess
import sys

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
