"""Commands on cells of intermediate × target task: association, selection, specification curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from transfer_analysis.commands.common import AsJson, group, key_values, pairs
from transfer_analysis.commands.fitting import (
    Direction,
    Languages,
    OfInitialisation,
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
    import numpy as np
    import numpy.typing as npt

    from transfer_analysis.statistics import Outcome
    from transfer_analysis.statistics.association import Method
    from transfer_analysis.statistics.cells import CellTable
    from transfer_analysis.statistics.selection import LeaveOut, Measure, Reached, Relevance

app = group()

Value = Annotated[str, typer.Option("--outcome", help="Column with the gain or score.")]
Distances = Annotated[
    list[str], typer.Option("--distance", help="A distance (semantic), or its column; several times for several.")
]
Row = Annotated[str, typer.Option(help="Column that names the intermediate task (the rows of the cells).")]
Column = Annotated[str, typer.Option(help="Column that names the target (the columns of the cells).")]
Strata = Annotated[
    str | None, typer.Option(help="Column with the family of each intermediate task; exchanged within families only.")
]


@app.command(
    "association",
    epilog="Example: transfer-analysis fit association reports/quickstart/data/observations-gains.parquet --distance "
    "semantic_distance --alternative less",
)
def association_command(
    table: Table,
    distance: Annotated[str, typer.Option(help="A distance (semantic), or its column.")],
    outcome: Value = "gain",
    row: Row = "condition",
    column: Column = "target",
    method: Annotated[
        str, typer.Option(help="spearman, pearson, kendall, or distance (distance correlation).")
    ] = "spearman",
    covariate: Annotated[
        list[str] | None, typer.Option(help="Column to hold fixed; several times for several.")
    ] = None,
    strata: Strata = None,
    pooled: Annotated[
        bool, typer.Option("--pooled", help="Over all cells, the outcome standardised within its target.")
    ] = False,
    languages: Languages = "zero-shot",
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
    """Does a distance tell the gain? Correlation within targets, tested by permutation of labels."""
    from transfer_analysis import analyses

    if pooled and (method != "spearman" or covariate or strata):
        raise InputError(
            "--pooled: is a Pearson correlation of all cells; leave out --method, --covariate and --strata"
        )
    frame = read_frame(table)
    which: dict[str, Any] = {
        "outcome": outcome,
        "alternative": direction(alternative),
        "languages": languages_of(languages),
        "targets": target or [],
        "initialisation": initialisation,
        "overlaps": with_overlaps,
        "row": row,
        "column": column,
        "permutations": permutations,
        "seed": seed,
    }

    def answer(of: str | None) -> Outcome:
        if pooled:
            return analyses.pooled_association(frame, distance, model=of, **which)
        return analyses.association(
            frame,
            distance,
            method=cast("Method", method),  # checked there
            covariates=covariate or [],
            strata=strata,
            model=of,
            **which,
        )

    say(of_each_model(frame, model, f"{outcome} and {distance}", answer), out, as_json)


@app.command(
    "selection",
    epilog="Example: transfer-analysis fit selection reports/quickstart/data/observations-gains.parquet --distance "
    "semantic_distance --measure regret --k 1",
)
def selection_command(
    table: Table,
    distance: Distances,
    outcome: Value = "gain",
    row: Row = "condition",
    column: Column = "target",
    measure: Annotated[str, typer.Option(help="ndcg, regret, top-1 or rank.")] = "ndcg",
    relevance: Annotated[
        str, typer.Option(help="What NDCG counts: ranks, scores, clipped-gains or top-ranks (LangRank).")
    ] = "ranks",
    k: Annotated[
        int | None,
        typer.Option(help="How many are chosen: 1 for regret and rank, all for NDCG where not given.", min=1),
    ] = None,
    of: Annotated[str, typer.Option(help="Regret of the mean or the best of the k.")] = "best",
    relative: Annotated[
        bool,
        typer.Option(
            "--relative", help="Regret in per cent of the best, which must be positive: for scores, not gains."
        ),
    ] = False,
    leave_out: Annotated[
        str,
        typer.Option(help="With several distances, a model of them is fitted without the target, or without the task."),
    ] = "target",
    languages: Languages = "zero-shot",
    target: Targets = None,
    model: OfModel = None,
    initialisation: OfInitialisation = None,
    with_overlaps: WithOverlaps = False,
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Does choosing by a distance, or by a model of several, beat choosing at random?"""
    from transfer_analysis import analyses

    if leave_out not in ("target", "task"):
        raise InputError(f"--leave-out {leave_out!r}: expected target or task")
    chosen, frame = _measure(measure, relevance, k, of, relative), read_frame(table)

    def answer(of_model: str | None) -> Outcome:
        return analyses.selection(
            frame,
            distance,
            chosen,
            outcome=outcome,
            leave_out=cast("LeaveOut", leave_out),
            languages=languages_of(languages),
            targets=target or [],
            initialisation=initialisation,
            model=of_model,
            overlaps=with_overlaps,
            row=row,
            column=column,
            permutations=permutations,
            seed=seed,
        )

    say(of_each_model(frame, model, f"selection by {', '.join(distance)}", answer), out, as_json)


@app.command(
    "specification",
    epilog="Example: transfer-analysis fit specification cells.csv --distance semantic --distance vocabulary --covariates "
    "size=log_size --exclude condition=mnli --figure curve.pdf",
)
def specification_command(
    table: Table,
    distance: Distances,
    outcome: Value = "gain",
    row: Row = "condition",
    column: Column = "target",
    covariates: Annotated[
        list[str] | None, typer.Option(help="NAME=COLUMN,COLUMN: a set of covariates; once for each set.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="COLUMN=VALUE: leave those cells out; once for each.")
    ] = None,
    method: Annotated[str, typer.Option(help="spearman or pearson.")] = "spearman",
    figure: Annotated[Path | None, typer.Option(help="Figure to draw: .pdf, .svg or .png.")] = None,
    languages: Languages = "zero-shot",
    target: Targets = None,
    model: OfModel = None,
    initialisation: OfInitialisation = None,
    with_overlaps: WithOverlaps = False,
    permutations: Permutations = 999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Ask the same question with every distance × covariate set × exclusion. A description, not a test."""
    from transfer_analysis import analyses
    from transfer_analysis.commands.figures import figure_kind, write_figure

    if method not in ("spearman", "pearson"):
        raise InputError(f"--method {method!r}: expected spearman or pearson")
    kind = figure_kind(figure)
    sets = {
        name: columns.split(",") for name, columns in pairs(covariates, "--covariates", "NAME=COLUMN,COLUMN").items()
    }
    exclusions = key_values(exclude, "--exclude", "COLUMN=VALUE")
    cells = analyses.task_cells(
        read_frame(table),
        outcome,
        distance,
        covariates=list(dict.fromkeys(c for columns in sets.values() for c in columns)),
        languages=languages_of(languages),
        targets=target or [],
        model=model,
        initialisation=initialisation,
        overlaps=with_overlaps,
        row=row,
        column=column,
        permutations=permutations,
        seed=seed,
    )
    curve = analyses.specifications(
        cells,
        covariates=sets,
        exclusions={f"{side}={value}": _mask(cells, row, column, side, value) for side, value in exclusions},
        method="pearson" if method == "pearson" else "spearman",
    )
    write_csv(curve.table, out)
    if figure is not None and kind is not None:
        from transfer_analysis.reporting import specification_plot

        write_figure(specification_plot(curve.table), figure, kind)
    if as_json:
        typer.echo(json.dumps({"specifications": records(curve.table), "notes": list(cells.notes)}, indent=2))
        return
    say({"specifications": curve.outcome()}, None, as_json=False, notes=cells.notes)


def _measure(name: str, relevance: str, k: int | None, of: str, relative: bool) -> Measure:
    from transfer_analysis.statistics import NDCG, AverageRank, Regret, Top1

    measures: dict[str, Measure] = {
        "ndcg": NDCG(cast("Relevance", relevance), k),
        "regret": Regret(k or 1, cast("Reached", of), relative),
        "top-1": Top1(),
        "rank": AverageRank(k or 1),
    }
    if name not in measures:
        raise InputError(f"--measure {name!r}: expected {', '.join(measures)}{nearest(name, measures)}")
    return measures[name]


def _mask(cells: CellTable, row: str, column: str, side: str, value: str) -> npt.NDArray[np.bool_]:
    """Return the cells that a label excludes."""
    import numpy as np

    labels = {row: cells.outcome.index, column: cells.outcome.columns}
    if side not in labels:
        raise InputError(f"--exclude {side}={value}: cells are named by {row} and {column}")
    chosen = np.asarray(labels[side].astype(str) == value)
    if not chosen.any():
        raise InputError(f"--exclude {side}={value}: no {side} of that name{nearest(value, map(str, labels[side]))}")
    shape = cells.outcome.shape
    return np.broadcast_to(chosen[:, None] if side == row else chosen[None, :], shape)
