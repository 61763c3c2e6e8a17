"""Commands that fit a formula to a table on disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from transfer_analysis.commands.common import AsJson, pairs, print_table
from transfer_analysis.commands.fitting import OutCsv, Seed, Table, read_frame, say
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer()


@app.command(
    "mixed",
    epilog="Example: transfer-analysis fit mixed reports/quickstart/data/observations-gains.parquet --formula "
    "'gain ~ semantic_distance * syntactic_distance' --random condition:target --random target:language --random language",
)
def mixed_command(
    table: Table,
    formula: Annotated[str, typer.Option(help="outcome ~ effects, in quotes.")],
    random: Annotated[
        list[str], typer.Option(help="Grouping with a random intercept, once for each: language, condition:target.")
    ],
    slope: Annotated[list[str] | None, typer.Option(help="Grouping=column with a random slope, once for each.")] = None,
    degrees: Annotated[str, typer.Option(help="satterthwaite, or kenward-roger for few levels.")] = "satterthwaite",
    reml: Annotated[bool, typer.Option(help="Restricted maximum likelihood, or maximum likelihood.")] = True,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Fit a linear mixed model; one that lacks the random term at its predictor's own level is refused."""
    from transfer_analysis.files import write_text
    from transfer_analysis.statistics.mixed import mixed_model, r_squared

    if degrees not in ("satterthwaite", "kenward-roger"):
        raise InputError(f"--degrees {degrees!r}: expected satterthwaite or kenward-roger")
    slopes = pairs(slope, "--slope", "GROUPING=COLUMN")
    fit = mixed_model(
        formula,
        read_frame(table),
        random,
        slopes,
        reml=reml,
        degrees_of_freedom=cast(Literal["satterthwaite", "kenward-roger"], degrees),
    )
    effects, marginal = fit.tidy(), r_squared(fit)
    if out is not None:
        write_text(out, effects.to_csv(index=False, lineterminator="\n"))
    if as_json:
        about = {
            "effects": json.loads(effects.to_json(orient="records", double_precision=15)),
            "variances": json.loads(fit.variances.to_json(orient="records", double_precision=15)),
            "log_likelihood": fit.log_likelihood,
            "converged": fit.converged,
            "singular": fit.singular,
            "r_squared": {"marginal": marginal[0], "conditional": marginal[1]},
        }
        typer.echo(json.dumps(about, indent=2))
        return
    _print_effects(effects)
    rows = [[r.term, str(r.levels), f"{r.variance:.4g}", f"{r.std_dev:.4g}"] for r in fit.variances.itertuples()]
    print_table(["random term", "levels", "variance", "std_dev"], rows)
    how = "REML" if reml else "ML"
    typer.echo(
        f"{fit.design.rows:,} rows, {how} log likelihood {fit.log_likelihood:.4f}, R² {marginal[0]:.3f} marginal, "
        f"{marginal[1]:.3f} conditional"
    )
    warnings = [warning for name in fit.design.names for warning in fit.outcome(name).warnings]
    for warning in dict.fromkeys(warnings):
        typer.echo(f"note: {warning}", err=True)


@app.command(
    "linear",
    epilog="Example: transfer-analysis fit linear cells.csv --formula 'gain ~ task_distance + log_size' --cluster condition "
    "--test task_distance",
)
def linear_command(
    table: Table,
    formula: Annotated[str, typer.Option(help="outcome ~ effects, in quotes.")],
    cluster: Annotated[
        list[str] | None, typer.Option(help="Column whose levels are independent; twice for two that cross.")
    ] = None,
    family: Annotated[
        str, typer.Option(help="normal, binomial (a share between 0 and 1) or poisson (a count).")
    ] = "normal",
    trials: Annotated[str | None, typer.Option(help="Column with the trials behind each share.")] = None,
    test: Annotated[
        str | None, typer.Option(help="Effect to test by the wild cluster bootstrap, which holds with few clusters.")
    ] = None,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Fit a linear or generalised linear model, with errors by cluster."""
    from transfer_analysis.files import write_text
    from transfer_analysis.statistics import generalised_linear_model, linear_model, wild_cluster_bootstrap

    if family not in ("normal", "binomial", "poisson"):
        raise InputError(f"--family {family!r}: expected normal, binomial or poisson")
    if test is not None:
        if family != "normal" or cluster is None or len(cluster) != 1:
            raise InputError("--test: the wild cluster bootstrap is of a normal model with one --cluster")
        say({test: wild_cluster_bootstrap(formula, read_frame(table), test, cluster[0], seed=seed)}, out, as_json)
        return
    frame = read_frame(table)
    if family == "normal":
        fit = linear_model(formula, frame, clusters=cluster)
    else:
        kind: Literal["binomial", "poisson"] = "binomial" if family == "binomial" else "poisson"
        fit = generalised_linear_model(formula, frame, kind, trials=trials, clusters=cluster)
    effects = fit.tidy()
    if out is not None:
        write_text(out, effects.to_csv(index=False, lineterminator="\n"))
    if as_json:
        typer.echo(effects.to_json(orient="records", double_precision=15, indent=2))
        return
    _print_effects(effects)
    typer.echo(
        f"{fit.method}, n = {fit.n} {fit.unit}, {fit.fixed.rows:,} rows, log likelihood {fit.log_likelihood:.4f}"
    )
    for note in fit.notes:
        typer.echo(f"note: {note}", err=True)


def _print_effects(effects: pd.DataFrame) -> None:
    rows = [[str(row[0]), *(f"{value:.4g}" for value in row[1:])] for row in effects.itertuples(index=False)]
    print_table(list(effects.columns), rows)
