"""Commands on cells of intermediate × target task: association, selection, specification curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from transfer_analysis.commands.common import AsJson, key_values, pairs
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
from transfer_analysis.errors import InputError, nearest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from transfer_analysis.statistics.association import Method
    from transfer_analysis.statistics.cells import CellTable
    from transfer_analysis.statistics.selection import LeaveOut, Measure, Reached, Relevance

app = typer.Typer()

Value = Annotated[str, typer.Option("--outcome", help="Column with the gain or score.")]
Distances = Annotated[list[str], typer.Option("--distance", help="Column with a distance; several times for several.")]
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
    distance: Annotated[str, typer.Option(help="Column with the distance.")],
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
    alternative: Direction = "two-sided",
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Does a distance tell the gain? Correlation within targets, tested by permutation of labels."""
    from transfer_analysis.statistics import association, partial_association, pigeonhole_interval
    from transfer_analysis.statistics.association import MIN_LEVELS
    from transfer_analysis.statistics.cells import cell_table

    methods = ("spearman", "pearson", "kendall", "distance")
    if method not in methods:
        raise InputError(f"--method {method!r}: expected {', '.join(methods)}{nearest(method, methods)}")
    kind = cast("Method", method)
    cells = cell_table(
        read_frame(table),
        outcome,
        [distance],
        row=row,
        column=column,
        covariates=covariate or [],
        strata=strata,
        permutations=permutations,
        seed=seed,
    )
    notes = list(cells.notes)
    if covariate:
        if kind == "kendall" or kind == "distance":
            raise InputError(f"--covariate: partial associations are of spearman or pearson correlations, not {method}")
        found = partial_association(
            cells.distances[distance],
            cells.values,
            cells.covariates,
            cells.relabelings,
            method=kind,
            alternative=direction(alternative),
            column=column,
        )
    else:
        found = association(
            cells.distances[distance],
            cells.values,
            cells.relabelings,
            method=kind,
            alternative=direction(alternative),
            column=column,
            names=list(map(str, cells.outcome.columns)),
        )
        if kind != "distance" and min(cells.values.shape) >= MIN_LEVELS:
            low, high = pigeonhole_interval(
                cells.observed(distance), cells.values, method=kind, same_labels=cells.same_labels, seed=seed
            )
            notes.append(f"95% interval by the pigeonhole bootstrap of {row}s and {column}s: {low:.3g} to {high:.3g}")
    say({f"{outcome} and {distance}": found}, out, as_json, tuple(notes))


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
    relevance: Annotated[str, typer.Option(help="What NDCG counts: ranks, scores or clipped-gains.")] = "ranks",
    k: Annotated[int, typer.Option(help="How many are chosen, for regret and rank.", min=1)] = 1,
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
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Does choosing by a distance, or by a model of several, beat choosing at random?"""
    from transfer_analysis.statistics import selection, selection_by_model
    from transfer_analysis.statistics.cells import cell_table

    if leave_out not in ("target", "task"):
        raise InputError(f"--leave-out {leave_out!r}: expected target or task")
    if len(set(distance)) < len(distance):
        raise InputError(f"--distance {distance[0]}: given twice")
    chosen = _measure(measure, relevance, k, of, relative)
    cells = cell_table(
        read_frame(table), outcome, distance, row=row, column=column, permutations=permutations, seed=seed
    )
    unit = f"{column}s"
    if len(distance) == 1:
        found = selection(cells.distances[distance[0]], cells.values, cells.relabelings, chosen, seed=seed, unit=unit)
    else:
        found = selection_by_model(
            cells.distances,
            cells.values,
            cells.relabelings,
            chosen,
            leave_out=cast("LeaveOut", leave_out),
            labels=(list(map(str, cells.outcome.index)), list(map(str, cells.outcome.columns))),
            seed=seed,
            unit=unit,
        )
    say({f"selection by {', '.join(distance)}": found}, out, as_json, cells.notes)


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
    permutations: Permutations = 999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Ask the same question with every distance × covariate set × exclusion. A description, not a test."""
    from transfer_analysis.commands.figures import figure_kind, write_figure
    from transfer_analysis.statistics import specification_curve
    from transfer_analysis.statistics.cells import cell_table

    if method not in ("spearman", "pearson"):
        raise InputError(f"--method {method!r}: expected spearman or pearson")
    kind = figure_kind(figure)
    sets = {
        name: columns.split(",") for name, columns in pairs(covariates, "--covariates", "NAME=COLUMN,COLUMN").items()
    }
    exclusions = key_values(exclude, "--exclude", "COLUMN=VALUE")
    held = list(dict.fromkeys(c for columns in sets.values() for c in columns))
    cells = cell_table(
        read_frame(table),
        outcome,
        distance,
        row=row,
        column=column,
        covariates=held,
        permutations=permutations,
        seed=seed,
    )
    curve = specification_curve(
        cells.distances,
        cells.values,
        cells.relabelings,
        covariates={name: {c: cells.covariates[c] for c in columns} for name, columns in sets.items()},
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


def _measure(name: str, relevance: str, k: int, of: str, relative: bool) -> Measure:
    from transfer_analysis.statistics import NDCG, AverageRank, Regret, Top1

    measures: dict[str, Measure] = {
        "ndcg": NDCG(cast("Relevance", relevance)),
        "regret": Regret(k, cast("Reached", of), relative),
        "top-1": Top1(),
        "rank": AverageRank(k),
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
