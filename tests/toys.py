"""Small things that several tests are made of."""

from __future__ import annotations

import json

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
