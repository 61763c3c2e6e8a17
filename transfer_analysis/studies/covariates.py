"""Properties of languages and of tasks, from tables that a person gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from transfer_analysis.errors import InputError, nearest
from transfer_analysis.languages import resolve
from transfer_analysis.results.store import csv_rows, read_csv
from transfer_analysis.studies.study import Study


def read_covariates(study: Study, path: Path | None) -> pd.DataFrame:
    """Return the covariates that a study declares, one row per language code and one column per covariate.

    Without a table there are none, and the frame has no columns.

    Raises
    ------
    InputError
        For a missing column, an unknown or repeated language, or a value that is not a number.
    """
    if path is None:
        return pd.DataFrame(index=pd.Index([], dtype="object", name="language"))
    frame = read_csv(path)
    problems = [
        f"{path.name}: column {column!r} is missing{nearest(column, frame.columns)}"
        for column in ("language", *(c.column for c in study.covariates.values()))
        if column not in frame
    ]
    if problems:
        raise InputError(problems)
    at = csv_rows(path, frame)
    frame = frame.reset_index(drop=True)
    codes = []
    for i, name in enumerate(frame["language"]):
        try:
            codes.append(resolve(name).code)
        except InputError as error:
            problems.append(f"{at[i]}: {error}")
    if problems:
        raise InputError(problems)
    repeated = pd.Index(codes).duplicated()
    if repeated.any():
        i = int(np.flatnonzero(repeated)[0])
        raise InputError(f"{at[i]}: language {codes[i]!r} is given twice")
    columns = {}
    for name, covariate in study.covariates.items():
        text = frame[covariate.column].str.strip()
        values = pd.to_numeric(text, errors="coerce")
        lowest = -1 if covariate.transform == "log1p" else -np.inf
        wrong = (values.isna() & (text != "")) | (values <= lowest)
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            raise InputError(
                f"{at[i]}: {covariate.column} {text.iloc[i]!r} is not a number that {covariate.transform} takes"
            )
        columns[name] = (np.log1p(values) if covariate.transform == "log1p" else values).to_numpy(dtype=float)
    return pd.DataFrame(columns, index=pd.Index(codes, name="language"))


def read_diversity(path: Path) -> pd.DataFrame:
    """Return a table of diversity as `distances diversity` writes it: columns `task`, `measure`, `value`, and others as text.

    Raises
    ------
    InputError
        For a missing column, a value that is not a number, or a task with two values of one measure.
    """
    frame = read_csv(path)
    missing = [c for c in ("task", "measure", "value") if c not in frame]
    if missing:
        raise InputError(f"{path.name}: column {missing[0]!r} is missing{nearest(missing[0], frame.columns)}")
    at = csv_rows(path, frame)
    values = pd.to_numeric(frame["value"], errors="coerce")
    wrong = np.flatnonzero(values.isna() | frame.duplicated(["task", "measure"]))
    if len(wrong):
        row = frame.iloc[wrong[0]]
        problem = (
            "is not a number" if values.isna().iloc[wrong[0]] else f"is a second {row['measure']} of {row['task']}"
        )
        raise InputError(f"{at[wrong[0]]}: value {row['value']!r} {problem}")
    return frame.assign(value=values)
