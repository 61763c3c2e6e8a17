"""The tables of a study."""

from __future__ import annotations

import pandas as pd

from transfer_analysis.statistics import columnwise_correlations
from transfer_analysis.studies.analysed import Analysed
from transfer_analysis.studies.analyses import Material
from transfer_analysis.studies.analyses.cells import task_cells
from transfer_analysis.studies.analyses.languages import gains_of_languages
from transfer_analysis.studies.hypotheses import Which
from transfer_analysis.studies.selected import what_was_learnt


def tables_of(analysed: Analysed) -> dict[str, tuple[str, pd.DataFrame]]:
    """Return the tables of a study by file name, each with its title."""
    material = analysed.material
    tables = {"outcomes": ("All tests", analysed.outcome_table())}
    scores = material.scores.frame
    learnt = what_was_learnt(material.selected, material.catalogue)
    if len(learnt):
        tables["learnt"] = ("What was learnt without intermediate training, and its floor", learnt)
    found = material.selected.effects
    if len(found):
        tables["effects"] = (
            "Effect of every condition beside none (exploratory; 95% intervals hold within a target)",
            _shown_effects(found),
        )
    if material.gains is not None or material.study.task_distances:
        tables["cells"] = ("Cells: mean score, gain and distance, overlapping ones too", _task_table(material))
    if material.study.task_distances:
        tables["per-target"] = ("Rank correlation of distance and gain within each target", _per_target(material))
    mean = scores.groupby(["target", "language"])["score"].mean().unstack("target").reset_index()
    tables["languages"] = ("Mean score per test language", mean.rename_axis(columns=None))
    if material.gains is not None:
        tables["language-gains"] = (
            "Mean gain per test language over intermediate tasks and targets, overlaps left out (95% intervals over seeds)",
            gains_of_languages(material.gains.frame),
        )
    return tables


def _shown_effects(found: pd.DataFrame) -> pd.DataFrame:
    """Put the columns of effects in reading order."""
    return found[["initialisation", "languages", "target", "condition", "effect", "low", "high", "p_value", "seeds"]]


def _task_table(material: Material) -> pd.DataFrame:
    """One row per intermediate × target: mean score and gain over runs and languages, distance, and overlap."""
    key = ["condition", "target"]
    named = [f"{distance.name}_distance" for distance in material.study.task_distances]
    columns = {"family": "first", **dict.fromkeys(named, "first"), "overlap": "first", "score": "mean"}
    scores = material.scores.frame.groupby(key).agg(columns)
    if material.gains is None:
        return scores.reset_index()
    gained = material.gains.frame.groupby(key).agg(
        gain=("gain", "mean"), share_improved=("gain", lambda g: float((g > 1e-6).mean()))
    )
    return scores.join(gained).reset_index()


def _per_target(material: Material) -> pd.DataFrame:
    which: Which = "gain" if material.gains is not None else "score"
    cells = task_cells(material, which, "all")
    names = [str(c) for c in cells.outcome.columns]
    table = columnwise_correlations(cells.observed, cells.outcome.to_numpy(), names)
    return table.rename(columns={"column": "target", "correlation": f"Spearman of distance and {which}"})
