"""Commands that compare conditions, groups of conditions and square matrices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from transfer_analysis.commands.common import AsJson, OwnTasks, key_values, pairs, print_table, read_catalogue
from transfer_analysis.commands.fitting import (
    Direction,
    OutCsv,
    Permutations,
    Seed,
    Table,
    direction,
    read_frame,
    records,
    say,
    write_csv,
)
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from transfer_analysis.statistics import Contrast, Outcome
    from transfer_analysis.statistics.outcome import Alternative

app = typer.Typer()


@app.command(
    "contrast",
    epilog="Example: transfer-analysis fit contrast reports/quickstart/data/observations-gains.parquet --group "
    "sentence=sim-entailment,sim-duplicates --group words=sim-supertags,sim-topic --margin 2",
)
def contrast_command(
    table: Table,
    group: Annotated[list[str], typer.Option(help="NAME=CONDITION,CONDITION: give two; none is a condition too.")],
    where: Annotated[
        list[str] | None,
        typer.Option(help="NAME.COLUMN=VALUE: which rows a group has, such as baseline.initialisation=random."),
    ] = None,
    outcome: Annotated[str, typer.Option(help="Column that is compared.")] = "gain",
    pair: Annotated[
        list[str] | None, typer.Option(help="Column by which conditions are paired besides the seed: target, language.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Split by this column, and test the difference."),
    ] = None,
    margin: Annotated[float | None, typer.Option(help="Margin of equivalence, declared beforehand.")] = None,
    alternative: Direction = "two-sided",
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Do two groups of conditions differ? Over tasks like these, and for these tasks over seeds."""
    groups = {
        name: [member.strip() for member in members.split(",")]
        for name, members in pairs(group, "--group", "NAME=CONDITION,CONDITION").items()
    }
    if len(groups) != 2:
        raise InputError(f"--group: a contrast is of two groups, and {len(groups)} are given")
    sides = _sides(groups, where)
    frame = read_frame(table)
    paired_by = [c for c in dict.fromkeys(pair or ["target", "language"]) if c != "seed" and (pair or c in frame)]
    way = direction(alternative)
    outcomes: dict[str, Outcome] = {}
    contrasts: dict[str, Contrast] = {}
    notes: list[str] = []
    for name, part in _parts(frame, by).items():
        suffix = f" in {name}" if name else ""
        if where is None and sum(map(len, groups.values())) > 2:
            outcomes[f"tasks{suffix}"] = _over_tasks(part, groups, outcome, paired_by, way, permutations, seed)
        else:
            notes.append(f"not tested over tasks{suffix}: that takes three conditions or more, of the same rows")
        if "seed" not in part or part["seed"].nunique() < 2:
            notes.append(f"not tested over seeds{suffix}: there is one")
            continue
        contrasts[name] = _over_seeds(part, sides, outcome, paired_by)
        outcomes[f"seeds{suffix}"] = contrasts[name].outcome(way)
        if margin is not None:
            outcomes[f"equivalence{suffix}"] = contrasts[name].equivalence(margin)
    if len(contrasts) == 2:
        (one, first), (other, second) = contrasts.items()
        words = f"difference of the contrast between {one} and {other}"
        outcomes[f"interaction with {by}"] = first.minus(second, words).outcome()
    elif len(contrasts) > 2:
        notes.append(f"no interaction with {by}: it has {len(contrasts)} values; compare two, or use `fit means`")
    if margin is not None and not contrasts:
        raise InputError("--margin: a test of equivalence needs several seeds")
    if not outcomes:
        raise InputError(notes)
    say(outcomes, out, as_json, tuple(notes))


@app.command("effects", epilog="Example: transfer-analysis fit effects results.parquet -o effects.csv")
def effects_command(
    table: Annotated[Path, typer.Argument(help="A transfer table, Parquet or CSV.")],
    split: Annotated[str, typer.Option(help="Split of the scores.")] = "test",
    own_tasks: OwnTasks = None,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Does a condition differ from none by more than seeds do? Each target's conditions together, by Dunnett's procedure.

    A run's score is its mean over the languages that were not trained on, or that in the source language.
    """
    from transfer_analysis.results import TransferTable, read_table
    from transfer_analysis.studies.selected import effects, scores_of

    catalogue = read_catalogue(own_tasks)
    scores = scores_of(read_table(table, catalogue), catalogue, split=split)
    found = effects(TransferTable(scores.reset_index(drop=True)))
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


def _sides(groups: dict[str, list[str]], where: list[str] | None) -> list[dict[str, list[str]]]:
    sides = {name: {"condition": members} for name, members in groups.items()}
    for key, value in key_values(where, "--where", "NAME.COLUMN=VALUE"):
        name, _, column = key.partition(".")
        if name not in sides or not column:
            raise InputError(f"--where {key}={value}: expected NAME.COLUMN=VALUE, NAME being {' or '.join(sides)}")
        sides[name][column] = [*sides[name].get(column, []), value]
    return list(sides.values())


def _parts(frame: pd.DataFrame, by: str | None) -> dict[str, pd.DataFrame]:
    if by is None:
        return {"": frame}
    if by not in frame:
        raise InputError(f"--by {by!r}: the table has no such column; there are {', '.join(map(str, frame.columns))}")
    return {str(name): part for name, part in frame.groupby(by, sort=True)}


def _over_tasks(
    frame: pd.DataFrame,
    groups: dict[str, list[str]],
    outcome: str,
    paired_by: list[str],
    way: Alternative,
    permutations: int,
    seed: int,
) -> Outcome:
    from transfer_analysis.statistics import group_contrast

    blocks = [*paired_by, *(["seed"] if "seed" in frame else [])]
    return group_contrast(
        frame, groups, value=outcome, pairs=blocks, alternative=way, permutations=permutations, seed=seed
    )


def _over_seeds(frame: pd.DataFrame, sides: list[dict[str, list[str]]], outcome: str, paired_by: list[str]) -> Contrast:
    from transfer_analysis.statistics import paired_contrast

    return paired_contrast(frame, sides[0], sides[1], value=outcome, pairs=paired_by)


Complete = Annotated[
    bool, typer.Option("--complete", help="Leave out the fewest labels without which no distance is missing.")
]
Square = Annotated[
    Path, typer.Argument(help="CSV with labels in the first column and the first row, as `distances` writes.")
]


@app.command(
    "mantel",
    epilog="Example: transfer-analysis fit mantel syntactic.csv genetic.csv --control geographic=geographic.csv",
)
def mantel_command(
    outcome: Square,
    distance: Square,
    control: Annotated[list[str] | None, typer.Option(help="NAME=FILE: a matrix to hold fixed.")] = None,
    method: Annotated[str, typer.Option(help="pearson or spearman.")] = "pearson",
    without_gaps: Complete = False,
    alternative: Direction = "two-sided",
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Compare two square matrices of the same labels; a description, and refused for a vector or a rectangle."""
    from transfer_analysis.statistics import mantel, partial_mantel

    if method not in ("pearson", "spearman"):
        raise InputError(f"--method {method!r}: expected pearson or spearman")
    kind: Literal["pearson", "spearman"] = "spearman" if method == "spearman" else "pearson"
    controls = {name: _square(Path(path)) for name, path in pairs(control, "--control", "NAME=FILE").items()}
    (y, x, *held), notes = _without_gaps([_square(outcome), _square(distance), *controls.values()], without_gaps)
    controls, way = dict(zip(controls, held, strict=True)), direction(alternative)
    if controls:
        found = partial_mantel(y, x, controls, method=kind, alternative=way, permutations=permutations, seed=seed)
    else:
        found = mantel(y, x, method=kind, alternative=way, permutations=permutations, seed=seed)
    say({f"{outcome.stem} and {distance.stem}": found}, out, as_json, notes)


@app.command(
    "matrices",
    epilog="Example: transfer-analysis fit matrices scores.csv --on syntactic=syntactic.csv --on genetic=genetic.csv",
)
def matrices_command(
    outcome: Square,
    on: Annotated[list[str], typer.Option(help="NAME=FILE: a matrix to regress on; several times for several.")],
    without_gaps: Complete = False,
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Regress a square matrix on others (MRM); a description."""
    from transfer_analysis.statistics import matrix_regression

    predictors = {name: _square(Path(path)) for name, path in pairs(on, "--on", "NAME=FILE").items()}
    (y, *held), notes = _without_gaps([_square(outcome), *predictors.values()], without_gaps)
    predictors = dict(zip(predictors, held, strict=True))
    fit = matrix_regression(y, predictors, permutations=permutations, seed=seed)
    say(
        {name: fit.outcome(name) for name in predictors},
        out,
        as_json,
        (f"R² {fit.r_squared:.3f}, p = {fit.r_squared_p:.3g}", *notes),
    )


def _without_gaps(matrices: list[pd.DataFrame], asked: bool) -> tuple[list[pd.DataFrame], tuple[str, ...]]:
    """Leave out the fewest labels that leave no distance missing, where that is asked for, and say which."""
    from transfer_analysis.statistics.matrices import complete

    if not asked:
        return matrices, ()
    found, dropped = complete({str(i): matrix for i, matrix in enumerate(matrices)})
    return list(found.values()), (f"left out, as distances are missing: {', '.join(dropped)}",) if dropped else ()


def _square(path: Path) -> pd.DataFrame:
    """Read a matrix; one of a single row or column stays that, for the procedure to refuse."""
    from transfer_analysis.distances import DistanceMatrix

    return DistanceMatrix.read(path).values
