"""Questions on how scores and gains fall with the distance of the language, after each intermediate task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from transfer_analysis import statistics
from transfer_analysis.analyses.cells import balanced, distance_column
from transfer_analysis.analyses.conditions import Group
from transfer_analysis.analyses.rows import counted
from transfer_analysis.errors import InputError
from transfer_analysis.languages import lineages
from transfer_analysis.statistics import Outcome
from transfer_analysis.statistics.outcome import Alternative
from transfer_analysis.tasks import Catalogue, load_catalogue
from transfer_analysis.tasks.conditions import MLM, MULTI_TASK, NONE, task_of

#: What falls with distance: the gain, or the score as a share of what the source language's is above chance.
Falling = Literal["gain", "normalised"]

#: Languages that a line needs.
_FEWEST = 3

_CALLED = {"gain": "the gain", "normalised": "the normalised score"}


@dataclass(frozen=True)
class SlopeRows:
    """Rows after single intermediate tasks, and what their slopes are of.

    Attributes
    ----------
    frame
        One row per score, with the column `chance`.
    distance
        Column of the language distance.
    """

    frame: pd.DataFrame
    distance: str
    value: Falling
    source_language: str
    notes: tuple[str, ...] = ()

    @property
    def tasks(self) -> list[str]:
        """The intermediate tasks."""
        return sorted(self.frame["condition"].unique())

    @property
    def away(self) -> pd.DataFrame:
        """The rows of languages besides the source that have a distance."""
        frame = self.frame
        return frame[(frame["language"] != self.source_language) & frame[self.distance].notna()]

    def of_runs(self, *, adjust: bool = True) -> pd.DataFrame:
        """Return the slope of each run on the distance, and adjusted for its score in the source language."""
        return statistics.run_slopes(
            self.frame, value=self.value, distance=self.distance, source_language=self.source_language, adjust=adjust
        )


def slope_rows(
    frame: pd.DataFrame,
    distance: str,
    *,
    value: Falling = "gain",
    targets: Sequence[str] = (),
    model: str | None = None,
    initialisation: str | None = None,
    overlaps: bool = False,
    source_language: str = "en",
    catalogue: Catalogue | None = None,
) -> SlopeRows:
    """Return the rows after single intermediate tasks, overlaps left out, with the chance of their target.

    A target must be tested in three languages with a distance; and for a share of what the source language's score is above
    chance, in the source language.

    Parameters
    ----------
    distance
        A language distance (`syntactic`), or its column.
    targets, model, initialisation, overlaps
        As for `counted`.
    catalogue
        Tasks whose chance is known, where the frame has no column `chance`; the bundled ones where not given.

    Raises
    ------
    InputError
        Where no such target is left.
    """
    column = distance_column(frame, distance)
    single = ~frame["condition"].isin([NONE, MULTI_TASK, MLM]) & (frame["condition"] == frame["condition"].map(task_of))
    rows = counted(
        frame[single],
        languages="all",
        targets=targets,
        model=model,
        initialisation=initialisation,
        overlaps=overlaps,
    )
    frame = rows.frame
    if value == "normalised":
        at_home = set(frame.loc[frame["language"] == source_language, "target"])
        if not at_home:
            raise InputError(f"no target is tested in {source_language}")
        frame = frame[frame["target"].isin(at_home)]
    found = SlopeRows(frame, column, value, source_language)
    languages = found.away.groupby("target")["language"].nunique()
    frame = frame[frame["target"].isin(languages.index[languages >= _FEWEST])]
    if frame.empty:
        kind = column.removesuffix("_distance")
        raise InputError(f"no target is tested in {_FEWEST} languages with a {kind} distance")
    if "chance" not in frame:
        frame = frame.assign(chance=_chance(frame["target"], value, catalogue or load_catalogue()))
    return SlopeRows(frame, column, value, source_language, tuple(rows.notes))


def group_slopes(
    frame: pd.DataFrame,
    first: Group,
    second: Group,
    distance: str,
    *,
    alternative: Alternative = "two-sided",
    seed: int = 0,
    **which: Any,
) -> Outcome:
    """Return how two groups of conditions differ in their slopes on a language distance, over related languages.

    Parameters
    ----------
    **which
        Which rows count, and what falls: as for `slope_rows`.

    Raises
    ------
    InputError
        Where a group has no rows, or too few languages are left.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> pairs, questions = Group("pairs", ("qqp", "stsb")), Group("questions", ("squad", "cosmosqa"))
    >>> group_slopes(example_rows(), pairs, questions, "syntactic").n
    12
    """
    rows = slope_rows(frame, distance, **which)
    return _difference(rows, first.among(rows.frame), second.among(rows.frame), alternative, seed)


def task_choice(
    frame: pd.DataFrame,
    chosen: Sequence[str],
    distance: str,
    *,
    criterion: str = "the declared",
    adjust: bool = True,
    alternative: Alternative = "greater",
    permutations: int = 9_999,
    seed: int = 0,
    **which: Any,
) -> Outcome:
    """Place the mean slope of some tasks among those of all choices of as many, each task's over the same runs.

    Parameters
    ----------
    chosen
        Intermediate tasks, declared before results are seen.
    criterion
        What they were chosen by, in words.
    adjust
        Whether runs are compared at the same score in the source language.
    **which
        Which rows count, and what falls: as for `slope_rows`.

    Raises
    ------
    InputError
        Where too few tasks or runs are left.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> found = task_choice(example_rows(), ["qqp", "stsb"], "syntactic", targets=["wikiann"])
    >>> found.null
    'all 15 choices of 2 tasks'
    """
    return _choice(slope_rows(frame, distance, **which), chosen, criterion, adjust, alternative, permutations, seed)


def diverse_choice(
    frame: pd.DataFrame,
    diversity: pd.DataFrame,
    distance: str,
    *,
    measure: str,
    k: int,
    alternative: Alternative = "greater",
    permutations: int = 9_999,
    seed: int = 0,
    **which: Any,
) -> Outcome:
    """Place the mean slope of the k most diverse tasks among those of all choices of k, each task's over the same runs.

    Parameters
    ----------
    diversity
        Columns `task`, `measure`, `value`, as `distances diversity` writes them.
    **which
        Which rows count, and what falls: as for `slope_rows`.

    Raises
    ------
    InputError
        Where the diversity of a task is not known, or too few tasks or runs are left.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> import pandas as pd
    >>> words = pd.DataFrame({"task": ["cosmosqa", "hellaswag", "qqp", "squad", "stsb", "ud-pos-english"], "measure": "entropy-1",
    ...                       "value": [9.1, 8.7, 8.2, 9.4, 7.9, 9.0]})
    >>> found = diverse_choice(example_rows(), words, "syntactic", measure="entropy-1", k=2, targets=["wikiann"])
    >>> found.warnings[0]
    'the 2 most diverse by entropy-1: squad, cosmosqa'
    """
    rows = slope_rows(frame, distance, **which)
    chosen = most_diverse(diversity, measure, k, rows.tasks)
    found = _choice(rows, chosen, "the most diverse", True, alternative, permutations, seed)
    return found.noting(_said_of(chosen, measure, k))


def diverse_slopes(
    frame: pd.DataFrame,
    diversity: pd.DataFrame,
    distance: str,
    *,
    measure: str,
    k: int,
    alternative: Alternative = "greater",
    seed: int = 0,
    **which: Any,
) -> Outcome:
    """Return how the slope of the k most diverse tasks differs from that of the others, over related languages.

    Parameters as for `diverse_choice`.

    Examples
    --------
    >>> from transfer_analysis.example import example_results, example_rows
    >>> import pandas as pd
    >>> words = pd.DataFrame({"task": ["cosmosqa", "hellaswag", "qqp", "squad", "stsb", "ud-pos-english"], "measure": "entropy-1",
    ...                       "value": [9.1, 8.7, 8.2, 9.4, 7.9, 9.0]})
    >>> diverse_slopes(example_rows(), words, "syntactic", measure="entropy-1", k=2, targets=["wikiann"]).unit
    'languages'
    """
    rows = slope_rows(frame, distance, **which)
    chosen = most_diverse(diversity, measure, k, rows.tasks)
    others = [task for task in rows.tasks if task not in chosen]
    return _difference(rows, chosen, others, alternative, seed).noting(_said_of(chosen, measure, k))


def most_diverse(diversity: pd.DataFrame, measure: str, k: int, tasks: Sequence[str]) -> list[str]:
    """Return the k most diverse of some tasks.

    Raises
    ------
    InputError
        Where the diversity of some task is not known, or there are no others.
    """
    of_measure = diversity[diversity["measure"] == measure].set_index("task")["value"]
    lacking = [task for task in tasks if task not in of_measure.index]
    if lacking:
        raise InputError(f"no {measure} is known of {', '.join(lacking)}")
    if k >= len(tasks):
        raise InputError(f"the {k} most diverse of {len(tasks)} tasks are all of them")
    return list(of_measure.loc[list(tasks)].nlargest(k).index)


def _difference(
    rows: SlopeRows, first: Sequence[str], second: Sequence[str], alternative: Alternative, seed: int
) -> Outcome:
    """Test the difference of the slopes of two groups of conditions, over languages related as they are."""
    frame = rows.frame[rows.frame["condition"].isin([*first, *second])]
    away = rows.away[rows.away["condition"].isin([*first, *second])]
    tested = away.groupby(["target", "condition"])["language"].agg(set)
    if tested.empty:
        raise InputError(f"no row with a {rows.distance.removesuffix('_distance')} distance is left")
    languages = sorted(set.intersection(*tested))
    found = statistics.slope_difference(
        frame,
        first,
        second,
        statistics.relatedness(list(lineages(languages).values())),
        languages,
        value=rows.value,
        distance=rows.distance,
        source_language=rows.source_language,
        alternative=alternative,
        seed=seed,
    )
    return found.noting(*rows.notes, f"targets: {', '.join(sorted(frame['target'].unique()))}")


def _choice(
    rows: SlopeRows,
    chosen: Sequence[str],
    criterion: str,
    adjust: bool,
    alternative: Alternative,
    permutations: int,
    seed: int,
) -> Outcome:
    slopes, column = rows.of_runs(adjust=adjust), "adjusted_slope" if adjust else "slope"
    sides = ["model", "adaptation", "initialisation", "target"]
    runs = slopes[[s for s in sides if s in slopes]].astype(str).agg("/".join, axis=1)
    known = slopes.assign(_run_of=runs).dropna(subset=[column])
    means, notes = balanced(known, "condition", column)
    lost = [task for task in chosen if task in rows.tasks and task not in means.index]
    if lost:
        raise InputError(f"{', '.join(lost)} has no slope on the targets that the others have")
    source, kind = rows.source_language, rows.distance.removesuffix("_distance")
    nowhere = sorted(slopes.groupby("target")["source_score"].max().loc[lambda found: found.isna()].index)
    if nowhere and adjust:
        notes.append(f"{', '.join(nowhere)} left out: without a score in {source}, slopes cannot be adjusted for it")
    unlearnt = known["learnt"].eq(False).sum()
    if unlearnt:
        notes.append(
            f"{unlearnt} of {len(known)} runs are at chance in the source language, where a flat slope is no sign of robustness"
        )
    notes.append(f"targets: {', '.join(sorted(known['target'].unique()))}")
    found = statistics.against_random_selection(
        {str(task): float(value) for task, value in means.items()},
        chosen,
        name=f"mean slope of {_CALLED[rows.value]} on {kind} distance{', adjusted for the source language,' if adjust else ''}",
        criterion=criterion,
        alternative=alternative,
        permutations=permutations,
        seed=seed,
    )
    return found.noting(*rows.notes, *notes)


def _chance(targets: pd.Series, value: Falling, catalogue: Catalogue) -> pd.Series:
    """Return the chance of each row's target; 0 where guessing scores none, and where it is not known and not needed."""
    needed = value == "normalised"
    known = {t: catalogue[t].chance or 0.0 for t in targets.unique() if needed or t in catalogue}
    return targets.map(known).fillna(0.0)


def _said_of(chosen: Sequence[str], measure: str, k: int) -> str:
    return f"the {k} most diverse by {measure}: {', '.join(chosen)}"
