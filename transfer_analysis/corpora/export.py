"""Examples as a file of texts: one JSON object a line, with `task` and `text`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from transfer_analysis.corpora.records import Corpus, first_split, text_of
from transfer_analysis.errors import InputError
from transfer_analysis.files import write_text
from transfer_analysis.progress import Report, silent
from transfer_analysis.tasks import Task


def export_examples(
    corpus: Corpus,
    tasks: Sequence[Task],
    out: Path,
    language: str,
    splits: Sequence[str],
    count: int,
    seed: int,
    report: Report = silent,
) -> dict[str, str]:
    """Write a random sample of each task's examples as text.

    Parameters
    ----------
    splits
        The first of these that a task has is read.

    Returns
    -------
    dict
        Task → the split read and how many examples were written.

    Raises
    ------
    InputError
        For each task that has no such split or no text; nothing is written then.
    """
    if not splits:
        raise InputError("no split to read; give --splits 'train validation test' or some of them")
    lines, read, problems = [], {}, []
    for i, task in enumerate({task.name: task for task in tasks}.values()):
        report(f"reading examples: {task.name}", i / len(tasks))
        try:
            split, texts = _texts(corpus, task, language, splits)
        except InputError as error:
            problems += error.problems
            continue
        rng = np.random.default_rng([seed, i])
        chosen = np.sort(rng.permutation(len(texts))[:count])
        lines += [json.dumps({"task": task.name, "text": texts[k]}, ensure_ascii=False) for k in chosen]
        read[task.name] = f"{len(chosen)} of {len(texts):,} examples of {language}/{split}"
    if problems:
        raise InputError(problems)
    write_text(out, "\n".join(lines) + "\n")
    report("done", 1.0)
    return read


def _texts(corpus: Corpus, task: Task, language: str, splits: Sequence[str]) -> tuple[str, list[str]]:
    if not task.columns:
        raise InputError(f"{task.name}: the catalogue does not say which columns hold its text")
    split, records = first_split(splits, lambda split: corpus.examples(task.name, language, split), task.name)
    texts = [text for text in (text_of(task, record) for record in records) if text]
    if not texts:
        raise InputError(f"{task.name}/{language}/{split}: no example has any text")
    return split, texts
