"""Permutation tests beside the libraries that have them.

    python benchmarks/permutations.py [--rounds 5]

scikit-bio is timed where it can be imported, R's vegan and ecodist where Rscript has them and up to 200 labels, once, as they
take long. Times of the others are medians after a warm-up, each inside one process, making the data left out everywhere.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from transfer_analysis.statistics import (
    association,
    joint_relabelings,
    mantel,
    matrix_regression,
    partial_mantel,
)

from timing import timed

R = """
suppressMessages({library(vegan); library(ecodist)})
arguments <- commandArgs(trailingOnly = TRUE)
read <- function(letter) as.dist(as.matrix(read.csv(file.path(arguments[1], paste0(letter, ".csv")), header = FALSE)))
y <- read("y"); x <- read("x"); z <- read("z")
timed <- function(f) system.time(f())[["elapsed"]]
cat(timed(function() vegan::mantel(y, x, permutations = 9999)),
    timed(function() vegan::mantel.partial(y, x, z, permutations = 9999)),
    timed(function() ecodist::MRM(y ~ x + z, nperm = 10000)), "\\n")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print("9,999 permutations\n\n| labels | test | here | scikit-bio | vegan / ecodist |\n|---|---|---|---|---|")
    for n in (100, 200, 400):
        of_squares(n, options.rounds)
    of_a_table(options.rounds)


def of_squares(n: int, rounds: int) -> None:
    rng = np.random.default_rng(n)
    y, x, z = (np.tril(m, -1) + np.tril(m, -1).T for m in rng.random((3, n, n)))
    calls = {
        "Mantel": lambda: mantel(y, x),
        "partial Mantel": lambda: partial_mantel(y, x, {"z": z}),
        "MRM": lambda: matrix_regression(y, {"x": x, "z": z}),
    }
    ours = {}
    for name, call in calls.items():
        call()
        ours[name] = timed(call, rounds)[1]
    others = by_r({"y": y, "x": x, "z": z}) if n <= 200 else {}
    for name, seconds in ours.items():
        bio = f"{by_scikit_bio(y, x, rounds):.3f} s" if name == "Mantel" and importlib.util.find_spec("skbio") else ""
        r = f"{others[name]:.2f} s ({others[name] / seconds:.0f}×)" if others else ""
        print(f"| {n} | {name} | {seconds:.3f} s | {bio} | {r} |", flush=True)


def by_scikit_bio(y: np.ndarray, x: np.ndarray, rounds: int) -> float:
    from skbio.stats.distance import DistanceMatrix
    from skbio.stats.distance import mantel as theirs

    one, other = DistanceMatrix(y), DistanceMatrix(x)
    theirs(one, other, permutations=9999)
    return timed(lambda: theirs(one, other, permutations=9999), rounds)[1]


def by_r(matrices: dict[str, np.ndarray]) -> dict[str, float]:
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as name:
        for letter, matrix in matrices.items():
            np.savetxt(Path(name) / f"{letter}.csv", matrix, delimiter=",")
        (Path(name) / "b.R").write_text(R)
        said = subprocess.run(["Rscript", f"{name}/b.R", name], capture_output=True, text=True, check=True).stdout
    return dict(zip(("Mantel", "partial Mantel", "MRM"), map(float, said.split()), strict=True))


def of_a_table(rounds: int) -> None:
    rng = np.random.default_rng(22)
    labels = [f"t{i}" for i in range(22)]
    distance, outcome = rng.random((22, 22)), rng.normal(size=(22, 21))
    outcome[range(21), range(21)] = np.nan

    def call() -> None:
        association(distance, outcome, joint_relabelings(labels, labels, labels[:21], count=99_999))

    call()
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    print(
        f"\n22 × 21 cells, self-transfer empty, Spearman within targets, 99,999 joint permutations of the labels, interval and "
        f"drawing them included ({threads} threads): {timed(call, rounds)[1]:.2f} s"
    )


if __name__ == "__main__":
    main()
