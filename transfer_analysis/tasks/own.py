"""Tasks of one's own, where a whole entry of the catalogue is too much: a name, a metric, the score of guessing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.files import write_text
from transfer_analysis.tasks.aliases import named
from transfer_analysis.tasks.catalogue import Task
from transfer_analysis.tasks.heads import heads
from transfer_analysis.tasks.metrics import metrics


def task_of_mine(text: str) -> Task:
    """Return a task of one's own from `NAME`, `NAME:METRIC` or `NAME:METRIC:CHANCE`.

    It has what tables need: a metric and its score of guessing, in per cent. It cannot be trained on.

    Raises
    ------
    InputError
        For a metric that is unknown, or a chance that is no number.

    Examples
    --------
    >>> task_of_mine("belebele:accuracy:25").chance
    25.0
    """
    name, metric, chance, *rest = [*(part.strip() for part in text.split(":")), "", ""]
    known = metrics()
    if not name or any(rest):
        raise InputError(f"--task-of-mine {text}: expected NAME:METRIC:CHANCE, such as belebele:accuracy:25")
    if metric and not named(metric, known, "metrics"):
        raise InputError(
            f"--task-of-mine {text}: unknown metric {metric!r}{nearest(metric, known)}; there are {', '.join(known)}"
        )
    try:
        guessing = float(chance) if chance else None
    except ValueError as error:
        raise InputError(f"--task-of-mine {text}: chance {chance!r} is not a number, such as 25") from error
    metric = named(metric, known, "metrics") or "accuracy"
    head = next((kind.name for kind in heads().values() if metric in kind.metrics), "sequence-classification")
    return Task(
        name=name, title=name, family="own", head=head, metric=metric, chance=guessing, made_of=(name,), roles=("intermediate", "target")
    )  # fmt: skip


def write_tasks(path: Path, tasks: Sequence[Task]) -> None:
    """Write tasks of one's own as a file that `--tasks` reads."""
    fields = ("title", "family", "head", "metric", "chance", "made_of", "roles")
    entries = {task.name: task.model_dump(include=set(fields), mode="json") for task in tasks}
    write_text(path, yaml.safe_dump(entries, sort_keys=False, allow_unicode=True))
