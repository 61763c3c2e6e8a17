"""Small things that several tests are made of."""

from __future__ import annotations

import json
import os
from pathlib import Path

from transfer_analysis.tasks import Task

WORDS = ["red", "green", "blue", "cat", "dog", "sees", "hears", "who", "what", "."]

#: The five studies that the project is built on.
STUDIES = (
    "semantic-distance-xtreme",
    "typological-robustness",
    "syntactic-vs-semantic",
    "semantic-similarity-xtreme-r",
    "task-families-vs-random-init",
)


def write(path, rows):
    """Write examples as JSON Lines, and the folders above them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def installed(folder, module, group, entry):
    """Write a package called `mine` of one module and one entry point, and return an environment that has it."""
    (folder / "mine.py").write_text(module)
    about = folder / "mine-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{group}]\nmine = mine:{entry}\n")
    paths = [str(folder), os.environ.get("PYTHONPATH", ""), str(Path(__file__).resolve().parents[1])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def task(head, columns, labels=(), metric="accuracy"):
    return Task(
        name="toy",
        title="Toy",
        family="toy",
        head=head,
        columns=columns,
        labels=labels,
        metric=metric,
        made_of=("toy",),
    )
