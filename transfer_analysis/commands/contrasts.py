"""Commands that compare conditions: groups of them, and each with the baseline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from transfer_analysis.commands.common import AsJson, OwnTasks, group, pairs, print_table, read_catalogue
from transfer_analysis.commands.fitting import (
    Direction,
    Languages,
    OfModel,
    OutCsv,
    Permutations,
    Seed,
    Table,
    Targets,
    WithOverlaps,
    direction,
    languages_of,
    of_each_model,
    read_frame,
    records,
    say,
    write_csv,
)
from transfer_analysis.errors import InputError, nearest

if TYPE_CHECKING:
    from transfer_analysis.analyses.conditions import InUnits, Over
    from transfer_analysis.statistics import Outcome

T = TypeVar("T", bound=str)

app = group()


@app.command(
    "contrast",
    epilog="Example: transfer-analysis fit contrast reports/quickstart/data/observations-conditions.parquet --group "
    "sentence=sim-entailment,sim-duplicates --group none=none --target sim-entailment-target",
)
def contrast_command(
    table: Table,
    group: Annotated[
        list[str],
        typer.Option(help="NAME=CONDITION,CONDITION: give two, the first minus the second; none is a condition."),
    ],
    first_initialisation: Annotated[
        str | None, typer.Option(help="Weights of the first group: pretrained or random.")
    ] = None,
    second_initialisation: Annotated[str | None, typer.Option(help="Weights of the second group.")] = None,
    over: Annotated[
        str, typer.Option(help="seeds: about these tasks. tasks: about tasks like these, by exchanging them.")
    ] = "seeds",
    margin: Annotated[float | None, typer.Option(help="Test equivalence within this many points instead.")] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            help="points, or standardised within each target  [default: points for one target, else standardised]"
        ),
    ] = None,
    between: Annotated[
        str | None, typer.Option(help="ONE,OTHER: is the difference larger in one model, or from one initialisation?")
    ] = None,
    outcome: Annotated[str, typer.Option(help="Column that is compared.")] = "score",
    languages: Languages = "zero-shot",
    target: Targets = None,
    model: OfModel = None,
    initialisation: Annotated[str, typer.Option(help="Weights of runs where a group does not say.")] = "pretrained",
    with_overlaps: WithOverlaps = False,
    alternative: Direction = "two-sided",
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Do two groups of conditions differ, are they equivalent, and do they differ more in one model than in another?"""
    from transfer_analysis import analyses

    members = pairs(group, "--group", "NAME=CONDITION,CONDITION")
    if len(members) != 2:
        raise InputError(f"--group: a contrast is of two groups, and {len(members)} are given")
    weights = (first_initialisation, second_initialisation)
    first, second = (
        analyses.Group(name, tuple(word.strip() for word in words.split(",")), own)
        for (name, words), own in zip(members.items(), weights, strict=True)
    )
    units: tuple[Over, ...] = ("seeds", "tasks")
    scales: tuple[InUnits, ...] = ("points", "standardised")
    frame = read_frame(table)

    def answer(of: str | None) -> Outcome:
        return analyses.group_contrast(
            frame,
            first,
            second,
            outcome=outcome,
            over=_one_of(over, units, "--over"),
            margin=margin,
            scale=None if scale is None else _one_of(scale, scales, "--scale"),
            between=_two(between),
            languages=languages_of(languages),
            targets=target or [],
            model=of,
            overlaps=with_overlaps,
            initialisation=initialisation,
            alternative=direction(alternative),
            permutations=permutations,
            seed=seed,
        )

    question = f"{first.name} and {second.name}"
    say({question: answer(model)} if between else of_each_model(frame, model, question, answer), out, as_json)


def _one_of(given: str, known: tuple[T, ...], option: str) -> T:
    """Return one of the values that an option may have."""
    for name in known:
        if given == name:
            return name
    raise InputError(f"{option} {given!r}: expected {' or '.join(known)}{nearest(given, known)}")


def _two(given: str | None) -> tuple[str, str] | None:
    if given is None:
        return None
    one, comma, other = given.partition(",")
    if not (comma and one.strip() and other.strip()):
        raise InputError(f"--between {given!r}: expected ONE,OTHER: two models, or pretrained,random")
    return one.strip(), other.strip()


@app.command("effects", epilog="Example: transfer-analysis fit effects results.parquet -o effects.csv")
def effects_command(
    table: Annotated[Path, typer.Argument(help="A transfer table, Parquet or CSV.")],
    split: Annotated[str, typer.Option(help="Split of the scores.")] = "test",
    condition: Annotated[
        str | None, typer.Option(help="With --target: this effect alone, declared beforehand.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="With --condition: the target of the effect.")] = None,
    in_source: Annotated[bool, typer.Option("--source", help="Of the one effect: in the source language.")] = False,
    model: OfModel = None,
    initialisation: Annotated[str, typer.Option(help="Of the one effect: weights of the runs.")] = "pretrained",
    alternative: Direction = "two-sided",
    own_tasks: OwnTasks = None,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Does a condition differ from none by more than seeds do? Each target's conditions together, by Dunnett's procedure.

    A run's score is its mean over the languages that were not trained on, or that in the source language. With --condition
    and --target it is one effect that was declared beforehand, by t with the variance between all conditions' seeds.
    """
    from transfer_analysis.analyses import condition_effect, condition_effects
    from transfer_analysis.analyses.scores import scores_of
    from transfer_analysis.results import read_table

    catalogue = read_catalogue(own_tasks)
    scores = scores_of(read_table(table, catalogue), catalogue, split=split)
    if condition is not None or target is not None:
        if condition is None or target is None:
            raise InputError("--condition and --target: give both, for one effect that was declared beforehand")
        away = "source" if in_source else "zero-shot"
        one, where, way = condition, target, direction(alternative)

        def answer(of: str | None) -> Outcome:
            return condition_effect(
                scores,
                one,
                where,
                languages=languages_of(away),
                model=of,
                initialisation=initialisation,
                alternative=way,
            )

        say(of_each_model(scores, model, f"{condition} on {target}", answer), out, as_json)
        return
    found = condition_effects(scores)
    if found.empty:
        raise InputError(f"{table}: no target has runs with condition 'none' and with another")
    keys = ["model", "initialisation", "languages"]
    found = found[[*keys, *(column for column in found.columns if column not in keys)]]
    write_csv(found, out)
    if as_json:
        typer.echo(json.dumps(records(found), indent=2))
        return
    for (model, initialisation, languages), part in found.groupby(keys, sort=False):
        typer.echo(
            f"{model}, {initialisation}, {languages}: mean score, and effect over the baseline (none) with its interval"
        )
        targets = list(dict.fromkeys(part["target"]))
        cells = {(row.condition, row.target): _effect(row) for row in part.itertuples()}
        baselines = part.groupby("target")["baseline_mean"].first()
        rows = [["none", *(f"{baselines[target]:.1f}" for target in targets)]]
        rows += [[name, *(cells.get((name, t), "") for t in targets)] for name in dict.fromkeys(part["condition"])]
        print_table(["condition", *targets], rows)
    typer.echo("* differs from none at 5%, over all conditions of the target together")


def _effect(row: Any) -> str:
    """Say a condition's mean, its effect and the interval, as short as a cell wants it."""
    if row.p_value != row.p_value:
        return f"{row.mean:.1f} ({row.effect:+.1f})"
    return f"{row.mean:.1f} ({row.low:+.1f} to {row.high:+.1f}){'*' if row.p_value < 0.05 else ''}"
