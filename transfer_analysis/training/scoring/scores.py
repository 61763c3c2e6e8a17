"""Rows of the transfer table: predictions of a run, scored, with their provenance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from transfer_analysis.tasks.conditions import NONE
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.grid import Job
from transfer_analysis.training.heads import Head
from transfer_analysis.training.reading.data import Examples
from transfer_analysis.training.runs.phases import describe_intermediate, name_source
from transfer_analysis.training.runs.session import Session
from transfer_analysis.training.scoring.measured import Measured, measure
from transfer_analysis.training.scoring.retrieved import Retrieved, score_retrieval

Row = dict[str, Any]

#: Rows, and for each example its task, language, split, row of the split, output and gold answer (as JSON).
Scored = tuple[list[Row], pd.DataFrame]


@dataclass(frozen=True)
class Scorer:
    """Scores an encoder and its head for a job."""

    session: Session
    job: Job
    encoder: Encoder

    def scored(self, head: Head, name: str, split: str, groups: list[list[Examples]], checkpoint: str) -> Scored:
        """Score a task's examples, each group those of one language, of one source or several put together.

        Parameters
        ----------
        split, checkpoint
            What the rows say on the split and on which of the weights these are.
        """
        return together(
            [
                (
                    self._rows(name, found.parts, split, found.scores, found.unknown, len(found.rows), checkpoint),
                    _frame(name, split, found),
                )
                for found in measure(self.session, self.encoder, head, name, groups)
            ]
        )

    def retrieved(self, target: str) -> Scored:
        """Score a target that is not trained, in every language."""
        return together(
            [
                (
                    self._rows(
                        target, [found.examples], "test", found.scores, found.unknown, len(found.examples.records)
                    ),
                    _retrieved(target, found),
                )
                for found in score_retrieval(self.session, target, self.encoder)
            ]
        )

    def _rows(
        self,
        name: str,
        parts: Sequence[Examples],
        split: str,
        scores: dict[str, float],
        unknown: float,
        examples: int,
        checkpoint: str = "last",
    ) -> list[Row]:
        setting, job = self.session.setting, self.job
        row = {
            "model": setting.model,
            "initialisation": job.initialisation,
            "condition": job.condition,
            "target": name,
            "source_language": setting.grid.source_language,
            "language": parts[0].language,
            "split": split,
            "checkpoint": checkpoint,
            "seed": job.seed,
            "n_examples": examples,
            "unknown_tokens": round(unknown, 3),
            "recipe": self._recipe(name, parts[0], split, checkpoint),
            "run": f"{setting.model}/{job.initialisation}/{job.condition}/{name}/{job.seed}",
            "origin": setting.origin,
        }
        return [{**row, "metric": metric, "score": score} for metric, score in scores.items()]

    def _recipe(self, name: str, examples: Examples, split: str, checkpoint: str) -> str:
        """Describe the recipe, and what the task was trained and tested on where that is not what its name says."""
        session, task = self.session, self.session.setting.catalogue[name]
        recipe = session.recipe(task)
        tested = f" tested_on={examples.split}" if split == "test" and examples.split != "test" else ""
        if self.job.condition != NONE:
            tested = f" intermediate={describe_intermediate(session, self.job)}{tested}"
        if task.head == "retrieval":
            # Sentences of the source language ask for their nearest neighbours.
            asked = f" queries={session.grid.source_language}" if task.metric == "accuracy" else ""
            return recipe.describe_retrieval() + asked + tested
        if split.startswith("intermediate"):
            return recipe.describe(checkpoint == "best-english") + tested
        turns = session.training(name, session.grid.target_examples)
        trained = ">".join("+".join(name_source(e) for e in turn) for turn in turns)
        stopped = checkpoint == "best-english"
        return recipe.describe(stopped) + (f" trained_on={trained}" if trained != name else "") + tested


def together(scored: list[Scored]) -> Scored:
    """Return the rows and outputs of several languages as one."""
    rows = [row for found, _ in scored for row in found]
    return rows, pd.concat([given for _, given in scored] or [_EMPTY], ignore_index=True)


def _frame(name: str, split: str, found: Measured) -> pd.DataFrame:
    """Return the output and the gold answer of each example, and the row of its split that it is."""
    return pd.DataFrame(
        {
            "task": name,
            "language": found.parts[0].language,
            "split": split,
            "row": found.rows,
            "output": [json.dumps(output, ensure_ascii=False) for output in found.outputs],
            "gold": [json.dumps(gold, ensure_ascii=False) for gold in found.golds],
        }
    )


def _retrieved(name: str, found: Retrieved) -> pd.DataFrame:
    """Return the outputs of retrieval: for pairs, the row of the nearest sentence beside the row itself."""
    rows = found.examples.rows
    paired = len(found.outputs) == len(rows) and "accuracy" in found.scores
    return pd.DataFrame(
        {
            "task": name,
            "language": found.examples.language,
            "split": "test",
            "row": rows if paired else "",
            "output": [rows[int(o)] for o in found.outputs] if paired else found.outputs,
            "gold": rows if paired else "",
        }
    )


_EMPTY = pd.DataFrame({"task": [], "language": [], "split": [], "row": [], "output": [], "gold": []})
