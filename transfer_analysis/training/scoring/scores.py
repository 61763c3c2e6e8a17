"""Rows of the transfer table: predictions of a run, scored, with their provenance."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from transfer_analysis.tasks.conditions import NONE
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.grid import INTERMEDIATE, Job
from transfer_analysis.training.heads import Head
from transfer_analysis.training.phases import (
    data_hash,
    intermediate_sources,
    named_intermediate,
    named_sources,
)
from transfer_analysis.training.reading.data import Examples
from transfer_analysis.training.scoring.measured import Measured, measure
from transfer_analysis.training.scoring.retrieved import Retrieved, score_retrieval
from transfer_analysis.training.session import Session

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
                (self._measured(name, found, split, checkpoint), _frame(name, split, found))
                for found in measure(self.session, self.encoder, head, name, groups)
            ]
        )

    def retrieved(self, target: str) -> Scored:
        """Score a target that is not trained, in every language."""
        return together(
            [
                (self._retrieved(target, found), _retrieved(target, found))
                for found in score_retrieval(self.session, target, self.encoder)
            ]
        )

    def _measured(self, name: str, found: Measured, split: str, checkpoint: str) -> list[Row]:
        """Return a row for each metric of what was measured."""
        task = self.session.task(name)
        recipe = self.session.recipe(task)
        row = {
            **self._about(name, found.parts, split, checkpoint),
            "data_revision": revisions([found.parts, *self._before()]),
            "n_examples": len(found.rows),
            "unknown_tokens": round(found.unknown, 3),
            "inputs_cut": round(found.cut, 3),
            "learnt": found.learnt,
            "recipe": recipe.describe(checkpoint == "best-english"),
        }
        if not split.startswith(INTERMEDIATE):
            turns = self.session.training(name, self.session.grid.target_examples)
            row |= {"trained_on": named_sources(turns), "training_data": data_hash([*self._before(), *turns])}
            row["data_revision"] = revisions([found.parts, *self._before(), *turns])
        return [
            {**row, "metric": metric, "score": score, "majority": found.majority.get(metric)}
            for metric, score in found.scores.items()
        ]

    def _retrieved(self, target: str, found: Retrieved) -> list[Row]:
        """Return a row for each metric of a target that was not trained."""
        task = self.session.setting.catalogue[target]
        # Sentences of the source language ask for their nearest neighbours.
        asked = f" queries={self.session.grid.source_language}" if task.metric == "accuracy" else ""
        row = {
            **self._about(target, [found.examples], "test", "last"),
            "data_revision": revisions([[found.examples], *self._before()]),
            "n_examples": len(found.examples.records),
            "unknown_tokens": round(found.unknown, 3),
            "inputs_cut": round(found.cut, 3),
            "learnt": found.learnt,
            "recipe": self.session.recipe(task).describe_retrieval() + asked,
            "training_data": data_hash(self._before()) if self.job.condition != NONE else "",
        }
        return [{**row, "metric": metric, "score": score} for metric, score in found.scores.items()]

    def _about(self, name: str, parts: Sequence[Examples], split: str, checkpoint: str) -> Row:
        """Return what every row of a run says, whatever was measured."""
        setting, job = self.session.setting, self.job
        return {
            "model": setting.model,
            "initialisation": job.initialisation,
            "condition": job.condition,
            "target": name,
            "source_language": setting.grid.source_language,
            "language": parts[0].language,
            "split": split,
            "checkpoint": checkpoint,
            "seed": job.seed,
            "encoder": self.encoder.identity,
            "precision": self.session.numerics(self.session.recipe(setting.catalogue[name])).precision,
            "intermediate_on": named_intermediate(self.session, job) if job.condition != NONE else "",
            "tested_on": parts[0].split if split == "test" else split.removeprefix(f"{INTERMEDIATE}-"),
            "test_data": data_hash([parts]),
            "run": f"{setting.model}/{job.initialisation}/{job.condition}/{name}/{job.seed}",
            "origin": setting.origin,
        }

    def _before(self) -> list[list[Examples]]:
        """Return what the encoder was trained on before the target."""
        return intermediate_sources(self.session, self.job) if self.job.condition != NONE else []


def revisions(parts: Sequence[Sequence[Examples]]) -> str:
    """Return the data sets of the hub that examples come from, with their commits; empty where they come from folders."""
    return "; ".join(sorted({examples.revision for part in parts for examples in part if examples.revision}))


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
