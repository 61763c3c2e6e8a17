"""Time what the project promises, each as a process of its own, and print a Markdown table.

    python benchmarks/run.py [--published FOLDER] [--runs 5]

Figures are medians over runs after one warm-up, with minimum and maximum; memory is the peak of the largest process.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, "-m", "transfer_analysis.cli"]


def measure(command: list[str], runs: int) -> tuple[list[float], float]:
    """Return wall seconds of each run, and the peak memory of a child process in MB."""
    seconds = []
    for i in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        if i:
            seconds.append(time.perf_counter() - start)
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def row(what: str, target: str, seconds: list[float], memory: float) -> str:
    return f"| {what} | {statistics.median(seconds):.2f} s ({min(seconds):.2f}–{max(seconds):.2f}) | {memory:,.0f} MB | {target} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", type=Path, default=ROOT.parent / "shared" / "published")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, median (minimum–maximum) of {options.runs} runs\n"
    )
    print("| what | time | peak memory so far | target |\n|---|---|---|---|")
    print(row("`transfer-analysis --help`", "0.4 s", *measure([*PROGRAM, "--help"], options.runs)))
    print(
        row(
            "`import transfer_analysis`",
            "no torch",
            *measure([sys.executable, "-c", "import transfer_analysis"], options.runs),
        )
    )
    with tempfile.TemporaryDirectory() as name:
        figure = [
            "figures",
            "transfer-heatmap",
            "--from",
            "data/results/results.parquet",
            "--out",
            f"{name}/heatmap.pdf",
        ]
        print(row("`figures transfer-heatmap`, bundled results", "5 s", *measure([*PROGRAM, *figure], options.runs)))
        report = Path(name, "report")
        shutil.copytree(ROOT / "reports" / "semantic-similarity-xtreme-r", report)
        command = [*PROGRAM, "study", "report", str(report)]
        print(row("`study report` of `semantic-similarity-xtreme-r`", "15 s", *measure(command, options.runs)))
    if not (options.published / "taskweb.csv").is_file():
        print(f"\nPublished results not found in {options.published}: the studies on them are not timed.")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source, study, extra in (
            ("xpos", "pos-typology", ["--languages", options.published / "xpos_languages.csv"]),
            ("taskweb", "taskweb-similarity", ["--examples", options.published / "taskweb_examples.jsonl"]),
        ):
            table = folder / f"{source}.parquet"
            command = [*PROGRAM, "results", "import", source, str(options.published), "-o", str(table)]
            print(row(f"`results import {source}`", "", *measure(command, options.runs)))
            command = [
                *PROGRAM,
                "study",
                "run",
                study,
                "--results",
                str(table),
                "--out",
                str(folder / study),
                *map(str, extra),
            ]
            target = "60 s, 2,048 MB" if source == "taskweb" else ""
            print(row(f"`study run {study}`", target, *measure(command, options.runs)))


if __name__ == "__main__":
    main()
