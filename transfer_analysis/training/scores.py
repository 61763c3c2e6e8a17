"""Rows of the transfer table: predictions of a run, scored, with their provenance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from transfer_analysis.training.data import Examples
from transfer_analysis.training.encoder import Encoder
from transfer_analysis.training.evaluate import evaluate, outputs
from transfer_analysis.training.grid import Job
from transfer_analysis.training.heads import Head
from transfer_analysis.training.loop import predict
from transfer_analysis.training.retrieval_scores import score_retrieval
from transfer_analysis.training.session import Session

Row = dict[str, Any]

#: Rows, and the output for each example: language, split, number, output.
Scored = tuple[list[Row], pd.DataFrame]


@dataclass(frozen=True)
class Scorer:
    """Scores an encoder and its head for a job."""

    session: Session
    job: Job
    encoder: Encoder

    def scored(self, head: Head, name: str, split: str, examples: Examples, checkpoint: str) -> Scored:
        """Score a task's examples in one language.

        Parameters
        ----------
        split, checkpoint
            What the rows say on the split and on which of the weights these are.
        """
        session = self.session
        features = session.features(examples, session.task(name), self.encoder)
        numerics = replace(session.setting.numerics, precision=session.recipe(examples.task).precision)
        given = outputs(features, predict(self.encoder, head, features, numerics))
        scores = evaluate(features, given, examples.language)
        rows = self._rows(name, examples, split, scores, features.unknown_share(), checkpoint)
        return rows, _frame(examples.language, split, [str(output) for output in given])

    def retrieved(self, target: str) -> Scored:
        """Score a target that is not trained, in every language."""
        return together(
            [
                (
                    self._rows(target, found.examples, "test", found.scores, found.unknown),
                    _frame(found.examples.language, "test", found.outputs),
                )
                for found in score_retrieval(self.session, target, self.encoder)
            ]
        )

    def _rows(
        self,
        name: str,
        examples: Examples,
        split: str,
        scores: dict[str, float],
        unknown: float,
        checkpoint: str = "last",
    ) -> list[Row]:
        setting, job = self.session.setting, self.job
        row = {
            "model": setting.model,
            "initialisation": job.initialisation,
            "condition": job.condition,
            "target": name,
            "source_language": setting.grid.source_language,
            "language": examples.language,
            "split": split,
            "checkpoint": checkpoint,
            "seed": job.seed,
            "n_examples": len(examples.records),
            "unknown_tokens": round(unknown, 3),
            "recipe": self._recipe(name, examples, split),
            "run": f"{setting.model}/{job.initialisation}/{job.condition}/{name}/{job.seed}",
            "origin": setting.origin,
        }
        return [{**row, "metric": metric, "score": score} for metric, score in scores.items()]

    def _recipe(self, name: str, examples: Examples, split: str) -> str:
        """Describe the recipe, and what the task was trained and tested on where that is not what its name says."""
        session, task = self.session, self.session.setting.catalogue[name]
        recipe = session.recipe(task)
        tested = f" tested_on={examples.split}" if split == "test" and examples.split != "test" else ""
        if task.head == "retrieval":
            return recipe.describe_retrieval() + tested
        turns = session.training(name, session.grid.target_examples)
        trained = ">".join("+".join(_named(e) for e in turn) for turn in turns)
        return recipe.describe() + (f" trained_on={trained}" if trained != name else "") + tested


def together(scored: list[Scored]) -> Scored:
    """Return the rows and outputs of several languages as one."""
    rows = [row for found, _ in scored for row in found]
    return rows, pd.concat([given for _, given in scored] or [_frame("", "", [])], ignore_index=True)


def _named(examples: Examples) -> str:
    usual = examples.task.splits.train == examples.split
    return examples.task.name if usual else f"{examples.task.name}/{examples.split}"


def _frame(language: str, split: str, given: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"language": language, "split": split, "number": range(len(given)), "output": given})
