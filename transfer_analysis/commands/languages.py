"""Commands over languages: regression on the family tree, tests within families, robustness of conditions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from transfer_analysis.commands.common import AsJson, group, key_values, print_table
from transfer_analysis.commands.fitting import (
    Direction,
    OfInitialisation,
    OfModel,
    OutCsv,
    Permutations,
    Seed,
    Table,
    Targets,
    WithOverlaps,
    direction,
    read_frame,
    records,
    say,
    write_csv,
)
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from transfer_analysis.analyses import Group
    from transfer_analysis.analyses.languages import LanguageScores
    from transfer_analysis.analyses.slopes import Falling, SlopeRows
    from transfer_analysis.statistics import Outcome

app = group()

Source = Annotated[str, typer.Option(help="Source language, left out: its distance is 0 and it was trained on.")]


@app.command(
    "languages",
    epilog="Example: transfer-analysis fit languages reports/quickstart/data/observations-scores.parquet --distance "
    "syntactic_distance --alternative less",
)
def languages_command(
    table: Table,
    distance: Annotated[str, typer.Option(help="Column with the distance of each language.")],
    outcome: Annotated[str, typer.Option(help="Column that is explained; averaged within each language.")] = "score",
    covariate: Annotated[
        list[str] | None, typer.Option(help="Column to hold fixed; several times for several.")
    ] = None,
    source_language: Source = "en",
    target: Targets = None,
    model: OfModel = None,
    initialisation: OfInitialisation = None,
    with_overlaps: WithOverlaps = False,
    alternative: Direction = "two-sided",
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Does a distance of languages tell the score? On the family tree, within families, and without each in turn."""
    from transfer_analysis.analyses.languages import language_scores, regression_of
    from transfer_analysis.languages import lineages
    from transfer_analysis.statistics import leave_one_family_out
    from transfer_analysis.statistics import within_family_association as within

    covariates, way = covariate or [], direction(alternative)
    if distance in covariates:
        raise InputError(f"--covariate {distance}: is the distance itself")
    scores = language_scores(
        read_frame(table),
        distance,
        outcome=outcome,
        covariates=covariates,
        targets=target or [],
        model=model,
        initialisation=initialisation,
        overlaps=with_overlaps,
        source_language=source_language,
    )

    def regression(of: LanguageScores) -> Outcome:
        return regression_of(of, distance, outcome, source_language, way, seed)

    outcomes, notes = {"on the tree": regression(scores)}, []
    complete = scores.where(scores.complete)
    families = [lineage[0] for lineage in lineages(list(complete.frame["language"])).values()]
    if covariates:
        notes.append(f"not tested within families, where {', '.join(covariates)} cannot be held fixed")
    else:
        y, x = (complete.frame[column].to_numpy(dtype=float) for column in ("score", "distance"))
        names = (outcome, distance.replace("_", " "))
        try:
            outcomes["within families"] = within(y, x, families, names=names, alternative=way, seed=seed)
        except InputError as error:
            notes.append(f"not tested within families: {error}")
    without = leave_one_family_out(families, lambda kept: regression(complete.where(kept)))
    say(outcomes, out, as_json, tuple(notes), {"without_each_family": without})
    if not as_json:
        typer.echo("\nwithout each family in turn:")
        _print_frame(without if without["note"].any() else without.drop(columns="note"))


@app.command(
    "robustness",
    epilog="Example: transfer-analysis fit robustness reports/quickstart/data/observations-gains.parquet --distance "
    "syntactic --chosen sim-entailment --chosen sim-duplicates",
)
def robustness_command(
    table: Table,
    distance: Annotated[str, typer.Option(help="A distance of languages (syntactic), or its column.")],
    value: Annotated[
        str,
        typer.Option(
            "--outcome", help="gain, or normalised: (score - chance) / (score in the source language - chance)."
        ),
    ] = "gain",
    chosen: Annotated[
        list[str] | None,
        typer.Option(help="Task in your pre-declared set; the set is ranked among all sets of that size."),
    ] = None,
    diversity: Annotated[
        Path | None,
        typer.Option(help="Table of `distances diversity`: the --k most diverse tasks by --measure are the set."),
    ] = None,
    measure: Annotated[str, typer.Option(help="Measure of diversity.")] = "entropy-1",
    k: Annotated[int, typer.Option("--k", help="How many tasks are the most diverse.", min=1)] = 3,
    compare: Annotated[
        list[str] | None,
        typer.Option(help="ONE,TWO=OTHER: are the slopes of some conditions flatter than those of others?"),
    ] = None,
    adjust: Annotated[bool, typer.Option(help="Compare runs at the same score in the source language.")] = True,
    source_language: Source = "en",
    target: Targets = None,
    model: OfModel = None,
    initialisation: OfInitialisation = None,
    with_overlaps: WithOverlaps = False,
    alternative: Direction = "two-sided",
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """How steeply does each condition fall with the distance of the language, and is a declared choice flatter than random ones?"""
    from transfer_analysis import analyses
    from transfer_analysis.studies.covariates import read_diversity

    falling, way, frame = _falling(value), direction(alternative), read_frame(table)
    sides = [(_group(one), _group(other)) for one, other in key_values(compare, "--compare", "ONE,TWO=OTHER")]
    which: dict[str, Any] = {
        "value": falling,
        "targets": target or [],
        "model": model,
        "initialisation": initialisation,
        "overlaps": with_overlaps,
        "source_language": source_language,
    }
    drawn: dict[str, Any] = {"alternative": way, "permutations": permutations, "seed": seed}
    rows = analyses.slope_rows(frame, distance, **which)
    slopes = rows.of_runs(adjust=adjust)
    outcomes: dict[str, Outcome] = {}
    if chosen:
        outcomes["choice"] = analyses.task_choice(frame, chosen, distance, adjust=adjust, **drawn, **which)
    if diversity is not None:
        asked = {"measure": measure, "k": k, **which}
        measured = read_diversity(diversity)
        outcomes["most diverse"] = analyses.diverse_choice(frame, measured, distance, **drawn, **asked)
        try:
            outcomes["most diverse, over languages"] = analyses.diverse_slopes(
                frame, measured, distance, alternative=way, seed=seed, **asked
            )
        except InputError as error:
            typer.echo(f"note: not tested over languages: {error}", err=True)
    for one, other in sides:
        outcomes[f"{one.name} and {other.name}"] = analyses.group_slopes(
            frame, one, other, distance, alternative=way, seed=seed, **which
        )
    notes = _notes(slopes, rows.notes, raw=bool(sides) and adjust and falling == "gain")
    if not as_json:
        _print_frame(_by_condition(rows, slopes, adjust))
    if outcomes:
        say(outcomes, out, as_json, tuple(notes), {"slopes": slopes})
        return
    write_csv(slopes, out)
    if as_json:
        typer.echo(json.dumps(records(slopes), indent=2))
    for note in notes:
        typer.echo(f"note: {note}", err=True)


def _falling(given: str) -> Falling:
    names: tuple[Falling, ...] = ("gain", "normalised")
    for name in names:
        if given == name:
            return name
    raise InputError(f"--outcome {given!r}: expected gain or normalised")


def _group(members: str) -> Group:
    from transfer_analysis.analyses import Group

    return Group(members, tuple(member.strip() for member in members.split(",")))


def _notes(slopes: pd.DataFrame, said: tuple[str, ...], *, raw: bool) -> list[str]:
    notes = list(said)
    unlearnt = slopes.loc[slopes["learnt"].eq(False), "condition"].nunique()
    if unlearnt:
        notes.append(f"{unlearnt} conditions have runs that have hardly learnt their task: their slopes say nothing")
    if raw:
        notes.append(
            "--compare is of raw slopes; --outcome normalised compares them at one score in the source language"
        )
    return notes


def _by_condition(rows: SlopeRows, slopes: pd.DataFrame, adjust: bool) -> pd.DataFrame:
    """Return the mean slope of each condition, with what else tells how it transfers."""
    from transfer_analysis.statistics import transfer_gaps

    shown = ["slope", *(["adjusted_slope"] if adjust else []), "source_score"]
    gaps = transfer_gaps(rows.frame, source_language=rows.source_language).groupby("condition")["transfer_gap"].mean()
    found = slopes.groupby("condition")[shown].mean()
    return found.assign(transfer_gap=gaps, runs=slopes.groupby("condition").size()).reset_index()


def _print_frame(frame: pd.DataFrame) -> None:
    def cell(value: object) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    rows: list[list[str]] = [[cell(value) for value in row] for row in frame.itertuples(index=False)]
    print_table(list(map(str, frame.columns)), rows)
