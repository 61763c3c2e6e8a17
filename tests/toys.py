"""Small things that several tests are made of."""

from __future__ import annotations

from transfer_analysis.tasks import Task

WORDS = ["red", "green", "blue", "cat", "dog", "sees", "hears", "who", "what", "."]


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
