"""Time large tables: made up, imported, checked, gains made and written. Prints a Markdown table.

    python benchmarks/tables.py [--rows 1000000]

Each command is a process of its own; memory is its peak.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

PROGRAM = [sys.executable, "-m", "transfer_analysis.cli"]
CONDITIONS = ("none", "squad", "qqp", "stsb", "hellaswag", "mnli", "anli+", "cosmosqa")
TARGETS = ("xnli", "paws-x", "wikiann", "xquad", "mlqa")
LANGUAGES = ("en", "de", "fr", "es", "ru", "tr", "hi", "ja", "sw", "zh")


def made_up(rows: int, path: Path) -> None:
    """Write a table with so many scores: as many seeds as that takes."""
    cells = pd.DataFrame(list(product(CONDITIONS, TARGETS, LANGUAGES)), columns=["condition", "target", "language"])
    seeds = -(-rows // len(cells))
    frame = pd.concat([cells] * seeds, ignore_index=True).head(rows)
    frame.insert(0, "model", "m")
    frame["seed"] = np.arange(rows) // len(cells)
    frame["score"] = np.random.default_rng(0).uniform(30, 80, rows).round(2)
    frame.to_csv(path, index=False)


def measured(command: list[str]) -> tuple[float, float]:
    """Return wall seconds and peak memory (MB) of a command."""
    start = time.perf_counter()
    process = subprocess.Popen([*PROGRAM, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {rows:,} rows\n")
    print("| what | time | peak memory |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made_up(rows, folder / "t.csv")
        for command in (
            ["results", "import", "table", "t.csv", "-o", "t.parquet"],
            ["results", "check", "t.parquet"],
            ["results", "gains", "t.parquet", "-o", "gains.parquet"],
        ):
            paths = [str(folder / part) if "." in part else part for part in command]
            seconds, memory = measured(paths)
            print(f"| `{' '.join(command)}` | {seconds:.1f} s | {memory:,.0f} MB |")


if __name__ == "__main__":
    main()
