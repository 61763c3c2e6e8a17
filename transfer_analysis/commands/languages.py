"""Commands over languages: regression on the family tree, tests within families, robustness of conditions."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from transfer_analysis.commands.common import AsJson, key_values, print_table
from transfer_analysis.commands.fitting import (
    Direction,
    OfModel,
    OutCsv,
    Seed,
    Table,
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

    from transfer_analysis.analyses.languages import LanguageScores
    from transfer_analysis.statistics import Outcome

app = typer.Typer()

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
    model: OfModel = None,
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
        model=model,
        overlaps=with_overlaps,
        source_language=source_language,
    )

    def regression(of: LanguageScores) -> Outcome:
        return regression_of(of, distance, covariates, outcome, source_language, way, seed)

    outcomes, notes = {"on the tree": regression(scores)}, []
    complete = replace(scores, frame=scores.frame.dropna(subset=["distance", *covariates]), notes=())
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
    without = leave_one_family_out(families, lambda kept: regression(replace(complete, frame=complete.frame[kept])))
    say(outcomes, out, as_json, tuple(notes), {"without_each_family": without})
    if not as_json:
        typer.echo("\nwithout each family in turn:")
        _print_frame(without if without["note"].any() else without.drop(columns="note"))


@app.command(
    "robustness",
    epilog="Example: transfer-analysis fit robustness reports/quickstart/data/observations-gains.parquet --distance "
    "syntactic_distance --chosen sim-entailment --chosen sim-duplicates",
)
def robustness_command(
    table: Table,
    distance: Annotated[str, typer.Option(help="Column with the distance of each language.")],
    value: Annotated[
        str,
        typer.Option(
            "--outcome", help="gain, score, or normalised: (score - chance) / (score in the source language - chance)."
        ),
    ] = "gain",
    chosen: Annotated[
        list[str] | None,
        typer.Option(help="Task in your pre-declared set; the set is ranked among all sets of that size."),
    ] = None,
    compare: Annotated[
        list[str] | None, typer.Option(help="ONE=OTHER: is the slope of one condition flatter than that of another?")
    ] = None,
    adjust: Annotated[bool, typer.Option(help="Compare runs at the same score in the source language.")] = True,
    source_language: Source = "en",
    alternative: Direction = "two-sided",
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """How steeply does each condition fall with the distance of the language, and is a declared choice flatter than random ones?"""
    from transfer_analysis.languages import lineages
    from transfer_analysis.statistics import (
        against_random_selection,
        relatedness,
        run_slopes,
        slope_difference,
        transfer_gaps,
    )

    frame = _with_chance(read_frame(table)) if value == "normalised" else read_frame(table)
    pairs = key_values(compare, "--compare", "ONE=OTHER")
    slopes = run_slopes(frame, value=value, distance=distance, source_language=source_language, adjust=adjust)
    column = "adjusted_slope" if adjust else "slope"
    shown = ["slope", *(["adjusted_slope"] if adjust else []), "source_score"]
    by_condition = slopes.groupby("condition")[shown].mean()
    gaps = transfer_gaps(frame, source_language=source_language).groupby("condition")["transfer_gap"].mean()
    by_condition = by_condition.assign(transfer_gap=gaps, runs=slopes.groupby("condition").size())
    unlearnt = slopes.loc[slopes["learnt"].eq(False), "condition"].nunique()
    notes = (
        [f"{unlearnt} conditions have runs that have hardly learnt their task: their slopes say nothing"]
        if unlearnt
        else []
    )
    outcomes: dict[str, Outcome] = {}
    if chosen:
        values = by_condition.loc[[c for c in by_condition.index if c not in ("none", "multi-task")], column]
        outcomes["choice"] = against_random_selection(
            values.to_dict(),
            chosen,
            name=f"mean {column.replace('_', ' ')} of {value}",
            criterion="the declared",
            alternative=direction(alternative),
            seed=seed,
        )
    for one, other in pairs:
        away = frame[(frame["language"] != source_language) & frame[distance].notna()]
        codes = sorted(set(away["language"]))
        components = relatedness(list(lineages(codes).values()))
        outcomes[f"{one} and {other}"] = slope_difference(
            frame,
            one,
            other,
            components,
            codes,
            value=value,
            distance=distance,
            source_language=source_language,
            alternative=direction(alternative),
            seed=seed,
        )
    if pairs and adjust and value != "normalised":
        notes.append("raw slopes are compared; --outcome normalised compares them at one score in the source language")
    if not as_json:
        _print_frame(by_condition.reset_index())
    if outcomes:
        say(outcomes, out, as_json, tuple(notes), {"slopes": slopes})
        return
    write_csv(slopes, out)
    if as_json:
        typer.echo(json.dumps(records(slopes), indent=2))
    for note in notes:
        typer.echo(f"note: {note}", err=True)


def _with_chance(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the chance level of each target from the catalogue, where the table does not have it; 0 where guessing scores none."""
    from transfer_analysis.tasks import load_catalogue

    if "chance" in frame or "target" not in frame:
        return frame
    catalogue = load_catalogue()
    return frame.assign(chance=[catalogue[str(target)].chance or 0.0 for target in frame["target"]])


def _print_frame(frame: pd.DataFrame) -> None:
    def cell(value: object) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    rows: list[list[str]] = [[cell(value) for value in row] for row in frame.itertuples(index=False)]
    print_table(list(map(str, frame.columns)), rows)
