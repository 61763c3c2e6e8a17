"""Which rows of the results a study is about, and what it says of runs beside those it tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from transfer_analysis.analyses.conditions import condition_effects
from transfer_analysis.analyses.rows import of_languages
from transfer_analysis.analyses.scores import narrowed, only, steps_to_scores
from transfer_analysis.errors import InputError, nearest
from transfer_analysis.results import TransferTable
from transfer_analysis.statistics.robustness import LEARNT
from transfer_analysis.studies.study import Study
from transfer_analysis.tasks import Catalogue
from transfer_analysis.tasks.conditions import NONE


@dataclass(frozen=True)
class Selected:
    """The rows of a study.

    Attributes
    ----------
    table
        What its tests are about.
    comparable
        The same of every initialisation.
    floors
        Columns `target`, `language`, `floor`: mean score of the study's floor model; empty where it has none.
    excluded
        Reason → how many scores of the results were excluded from the tests for it.
    """

    table: TransferTable
    comparable: TransferTable
    floors: pd.DataFrame
    excluded: Mapping[str, int] = field(default_factory=dict)

    def said_of_excluded(self) -> list[str]:
        """Say how many scores were excluded from the tests, and why."""
        count = sum(self.excluded.values())
        if not count:
            return []
        reasons = "; ".join(f"{reason}: {n:,}" for reason, n in self.excluded.items())
        return [f"{count:,} of {count + len(self.comparable):,} scores were excluded from the tests ({reasons})"]

    @cached_property
    def effects(self) -> pd.DataFrame:
        """The effect of each condition, as `condition_effects` gives it for every initialisation."""
        return condition_effects(self.comparable.frame)


def select_rows(study: Study, table: TransferTable, catalogue: Catalogue) -> Selected:
    """Keep the rows that the study is about.

    Raises
    ------
    InputError
        Where none is left, naming what the results have.
    """
    wanted, excluded = narrowed(table.frame, steps_to_scores(catalogue, study.metric, study.split, study.checkpoint))
    of_floor = wanted["model"].isin([study.floor_model])
    comparable, further = narrowed(
        wanted,
        {
            "floor model": lambda frame: frame[~of_floor],
            "other target": lambda frame: of_targets(frame, study.name, study.targets),
            "other model": lambda frame: _of_models(frame, study, wanted),
        },
    )
    floors = wanted[of_floor].groupby(["target", "language"], as_index=False)["score"].mean()
    studied = only(comparable, "initialisation", study.initialisation)
    floors = floors.rename(columns={"score": "floor"})
    return Selected(_table(studied), _table(comparable), floors, {**excluded, **further})


def _of_models(frame: pd.DataFrame, study: Study, wanted: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a study's models; an error names those of the rows that were wanted."""
    kept = frame[frame["model"].isin(study.models)] if study.models else frame
    if study.models and kept.empty:
        there = ", ".join(sorted(wanted["model"].unique()))
        raise InputError(
            f"{study.name}: the results have none of the models {', '.join(study.models)}; they have {there}"
        )
    return kept


def with_groups_of(study: Study, table: TransferTable) -> tuple[Study, list[str]]:
    """Return a study whose groups have the conditions that the results have, and what was left out for that.

    Raises
    ------
    InputError
        Where a group that a hypothesis compares has none.
    """
    there = set(table.frame["condition"])
    kept = {group: tuple(name for name in names if name in there) for group, names in study.groups.items()}
    compared = {group for hypothesis in study.hypotheses for group in hypothesis.compared} - {NONE}
    problems = [
        f"{group}: the results have none of its conditions, {', '.join(study.groups[group])}"
        for group in sorted(compared)
        if not kept[group]
    ]
    if problems:
        raise InputError(problems)
    said = [
        _group(group, kept[group], [name for name in names if name not in there])
        for group, names in study.groups.items()
    ]
    targets = set(table.frame["target"])
    for hypothesis in study.every:
        lacking = [name for name in hypothesis.on_targets if name not in targets]
        if lacking:
            said.append(f"{hypothesis.id}: the results have no {', '.join(lacking)}")
    return study.model_copy(update={"groups": kept}), said


def _group(name: str, members: Sequence[str], lacking: Sequence[str]) -> str:
    """Say what a group is, of what the results have."""
    there = ", ".join(members) or "nothing"
    return f"group {name}: {there}" + (f"; the results have no {', '.join(lacking)}" if lacking else "")


def of_targets(frame: pd.DataFrame, hypothesis: str, targets: Sequence[str]) -> pd.DataFrame:
    """Return the rows of the targets that count: those of them that there are; all where none is named.

    Raises
    ------
    InputError
        Where there is none of them.
    """
    known = set(frame["target"])
    if targets and not set(targets) & known:
        raise InputError(f"{hypothesis}: no target {targets[0]!r}{nearest(targets[0], known)}")
    return frame[frame["target"].isin(targets)] if targets else frame


def what_was_learnt(selected: Selected, catalogue: Catalogue) -> pd.DataFrame:
    """Return one row per initialisation and target, without intermediate training: English, zero-shot, floor, chance."""
    frame = selected.comparable.frame
    frame = frame[frame["condition"] == NONE]
    at_home, away = of_languages(frame, "source"), of_languages(frame, "zero-shot")
    key = [*(["model"] if frame["model"].nunique() > 1 else []), "initialisation", "target"]
    table = pd.DataFrame(
        {
            "source": at_home.groupby(key)["score"].mean(),
            "zero_shot": away.groupby(key)["score"].mean(),
            "lowest": away.groupby([*key, "language"])["score"].mean().groupby(key).min(),
        }
    ).reset_index()
    if len(selected.floors):
        sources = set(frame["source_language"])
        floors = selected.floors[~selected.floors["language"].isin(sources)]
        table["floor"] = table["target"].map(floors.groupby("target")["floor"].mean())
        means = away.groupby([*key, "language"], as_index=False)["score"].mean()
        above = means.merge(floors, on=["target", "language"])
        above["above"] = above["score"] > above["floor"]
        counts = above.groupby(key)["above"].agg(lambda a: f"{int(a.sum())} of {len(a)}")
        rows = table[key].itertuples(index=False, name=None)
        table["languages_above_floor"] = [counts.get(row, "") for row in rows]
    table["chance"] = [catalogue[name].chance for name in table["target"]]
    told = at_home[at_home["learnt"] != ""] if "learnt" in at_home else at_home.iloc[:0]
    if len(told):
        learnt = (told["learnt"] == "yes").groupby([told[column] for column in key]).mean()
        table["runs_learnt"] = table.set_index(key).index.map(learnt)
    return table


def _table(frame: pd.DataFrame) -> TransferTable:
    return TransferTable(frame.reset_index(drop=True))


def unlearnt(study: Study, selected: Selected, catalogue: Catalogue) -> list[str]:
    """Name the targets that were not learnt in the source language, of which nothing can be concluded.

    Of the initialisations that the study's hypotheses are on.

    A target is learnt where its score in the source language, without an intermediate task, is above chance by more than a
    twentieth of what lies above chance, and where at least half of the runs, as the table says of each, are better than
    guessing and than their most frequent class beyond the noise of examples.
    """
    table = what_was_learnt(selected, catalogue)
    if table.empty:
        return []
    table = table.dropna(subset=["source", "chance"])
    table = table[table["initialisation"].isin(study.initialisations)]
    near_chance = table["source"] - table["chance"] <= LEARNT * (100 - table["chance"])
    told = table["runs_learnt"] if "runs_learnt" in table else pd.Series(1.0, index=table.index)
    failed = table[near_chance | (told < 0.5)]
    return [
        f"{row.target} was not learnt from {row.initialisation} weights{_by(row)}: {row.source:.1f} in the source language, where guessing "
        f"gives {row.chance:.1f}; its scores stay in the tests, and say nothing about what transfers."
        for row in failed.itertuples()
    ]


def _by(row: Any) -> str:
    return f" by {row.model}" if hasattr(row, "model") else ""
