"""Averages as the benchmarks report them, saying what was missing."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from transfer_analysis.errors import InputError
from transfer_analysis.keys import KEY
from transfer_analysis.results.table import TransferTable
from transfer_analysis.tasks import Catalogue, load_catalogue
from transfer_analysis.tasks.benchmarks import Benchmark

#: What a benchmark's average belongs to.
_RUNS = [column for column in KEY if column not in ("target", "language", "metric", "split")]
_BUT_CHECKPOINT = [column for column in _RUNS if column != "checkpoint"]


@dataclass(frozen=True)
class Averages:
    """A benchmark's averages.

    Attributes
    ----------
    frame
        A row per model, condition, seed and so on: the score of each task (mean over its languages and metrics),
        `average` over the tasks, the tasks that are `missing`, and the languages that are, by task.
    benchmark
        Its title.
    """

    frame: pd.DataFrame
    benchmark: str

    def remarks(self) -> list[str]:
        """Return what was missing, each once."""
        said = []
        for column, what in (("missing_tasks", "tasks"), ("missing_languages", "languages")):
            said += [f"{self.benchmark}: without the {what} {m}" for m in self.frame[column].unique() if m]
        if self.frame["missing_tasks"].nunique() > 1:
            said.append("averages over different tasks cannot be compared")
        return said


def benchmark_averages(table: TransferTable, benchmark: Benchmark, catalogue: Catalogue | None = None) -> Averages:
    """Return the averages of a benchmark over the test scores of a table.

    A task's score is the mean over its languages, of the mean over its metrics (question answering: F1 and exact match);
    the benchmark's is the mean over its tasks (Hu et al. 2020).

    Raises
    ------
    InputError
        Where the table has test scores on none of the tasks.
    """
    catalogue = catalogue or load_catalogue()
    test = table.frame[(table.frame["split"] == "test") & table.frame["target"].isin(benchmark.tasks())]
    if test.empty:
        raise InputError(f"{benchmark.title}: no test score on any of its tasks ({', '.join(benchmark.tasks())})")
    test = _untrained_everywhere(test, catalogue)
    rows = []
    for run, part in test.groupby(_RUNS, sort=True):
        row = dict(zip(_RUNS, run, strict=True))
        scores, lacking = {}, []
        for task in benchmark.tasks():
            languages, metrics = benchmark.languages(task, catalogue), benchmark.metrics(task, catalogue)
            of_task = part[(part["target"] == task) & part["language"].isin(languages) & part["metric"].isin(metrics)]
            # A language with one of two metrics would count by half of its score.
            cells = of_task.pivot_table(index="language", columns="metric", values="score")
            whole = cells.dropna() if set(cells.columns) == set(metrics) else cells.iloc[:0]
            if len(whole):
                scores[task] = float(whole.mean(axis=1).mean())
                absent = [code for code in languages if code not in whole.index]
                lacking += [f"{task} ({', '.join(absent)})"] if absent else []
        row |= {task: scores.get(task, float("nan")) for task in benchmark.tasks()}
        row["average"] = sum(scores.values()) / len(scores) if scores else float("nan")
        row["missing_tasks"] = ", ".join(task for task in benchmark.tasks() if task not in scores)
        row["missing_languages"] = "; ".join(lacking)
        rows.append(row)
    return Averages(pd.DataFrame(rows), benchmark.title)


def _untrained_everywhere(test: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Let the scores of targets that are not trained, which have one checkpoint, count beside every one of the others'."""
    untrained = test["target"].map(lambda target: not catalogue[target].head_kind.trained)
    checkpoints = test.loc[~untrained, [*_BUT_CHECKPOINT, "checkpoint"]].drop_duplicates()
    if checkpoints.empty or not untrained.any():
        return test
    repeated = test[untrained].drop(columns="checkpoint").merge(checkpoints, on=_BUT_CHECKPOINT, how="left")
    repeated["checkpoint"] = repeated["checkpoint"].fillna("last")
    return pd.concat([test[~untrained], repeated], ignore_index=True)
