"""Mixed models of joined rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import pandas as pd

from transfer_analysis import statistics
from transfer_analysis.analyses.rows import Languages, Rows, counted
from transfer_analysis.results.schema import BESIDE
from transfer_analysis.statistics import MixedFit


def model_rows(
    frame: pd.DataFrame,
    *,
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    overlaps: bool = False,
) -> Rows:
    """Return the rows that a model of joined rows is of; parameters as for `counted`.

    Columns that describe a run (its recipe, hashes of its data) are no groupings of their own, and left away.
    """
    rows = counted(frame, languages=languages, targets=targets, model=model, overlaps=overlaps)
    described = [column for column in BESIDE if column in rows.frame and column != "run"]
    return Rows(rows.frame.drop(columns=described), rows.notes)


def mixed_model(
    formula: str,
    frame: pd.DataFrame,
    random: Sequence[str],
    slopes: Mapping[str, str] | None = None,
    *,
    degrees: Literal["satterthwaite", "kenward-roger"] = "kenward-roger",
    reml: bool = True,
    languages: Languages = "zero-shot",
    targets: Sequence[str] = (),
    model: str | None = None,
    overlaps: bool = False,
) -> tuple[MixedFit, tuple[str, ...]]:
    """Return a linear mixed model of joined rows, and what was left out.

    Parameters
    ----------
    formula
        Such as `gain ~ semantic_distance * syntactic_distance`.
    random, slopes
        Groupings with a random intercept (`condition:target`), and grouping → column with a random slope.
    languages, targets, model, overlaps
        As for `counted`.

    Raises
    ------
    InputError
        Where the model lacks the random term at its predictor's own level, or cannot be fitted.
    """
    rows = model_rows(frame, languages=languages, targets=targets, model=model, overlaps=overlaps)
    fit = statistics.mixed_model(formula, rows.frame, random, dict(slopes or {}), reml=reml, degrees_of_freedom=degrees)
    return fit, rows.notes
