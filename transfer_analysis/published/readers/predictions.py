"""Predicted scores of multilingual models, as the SumEval shared task releases them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from transfer_analysis.errors import InputError


def beside_gold(places: Mapping[str, Path], *, gold: str, predicted: str, train: str, tasks: list[str]) -> pd.DataFrame:
    """Read gold and predicted scores, and what the training scores give without any model.

    Parameters
    ----------
    gold, predicted, train
        Folders of the files of each task.

    Returns
    -------
    DataFrame
        One row per configuration and language: `task`, `configuration`, `language`, `score`, `predicted`, and `usual`: the mean
        training score of that language.
    """
    rows = []
    for task in tasks:
        of_train = pd.DataFrame(_cells(places[f"{train}/{task}.json"], "eval_results"))
        usual = of_train.groupby("language")["score"].mean()
        cells = pd.DataFrame(_cells(places[f"{gold}/{task}.json"], "eval_results"))
        given = pd.DataFrame(_cells(places[f"{predicted}/{task}.json"], "eval_results"))
        both = cells.merge(given.rename(columns={"score": "predicted"}), on=["configuration", "language"], how="left")
        if both["predicted"].isna().any():
            row = both[both["predicted"].isna()].iloc[0]
            raise InputError(
                f"{predicted}/{task}.json: no prediction of {row['language']} in configuration {row['configuration']}"
            )
        rows.append(both.assign(task=task, usual=both["language"].map(usual).fillna(of_train["score"].mean())))
    return _named(pd.concat(rows, ignore_index=True))


def errors(places: Mapping[str, Path], *, folder: str, tasks: list[str]) -> pd.DataFrame:
    """Read absolute errors that were released without the predictions: `task`, `configuration`, `language`, `error`."""
    rows = [
        pd.DataFrame(_cells(places[f"{folder}/{task}.json"], "eval_error"))
        .rename(columns={"score": "error"})
        .assign(task=task)
        for task in tasks
    ]
    return _named(pd.concat(rows, ignore_index=True))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Name what a task's file is of: its data set, and the language of the data set."""
    frame["data"] = frame["task"].str.partition("_")[0]
    return frame.assign(unit=frame["data"] + " " + frame["language"])


def _cells(path: Path, field: str) -> Iterator[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        for number, configuration in enumerate(found):
            for language, score in configuration[field].items():
                yield {"configuration": number, "language": language, "score": float(score)}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path.name}: is no list of configurations with {field!r}: {error}") from error
