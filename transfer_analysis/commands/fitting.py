"""Commands that fit models to a table on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from transfer_analysis.commands.common import AsJson, pairs, print_table
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

app = typer.Typer(no_args_is_help=True, help="Models fitted to a table: observations of a study, gains, or your own.")


@app.command(
    "mixed",
    epilog="Example: transfer-analysis fit mixed reports/quickstart/data/observations-gains.parquet --formula "
    "'gain ~ semantic_distance * syntactic_distance' --random condition:target --random target:language --random language",
)
def mixed_command(
    table: Annotated[Path, typer.Argument(help="CSV or Parquet with one row per observation.")],
    formula: Annotated[str, typer.Option(help="outcome ~ effects, in quotes.")],
    random: Annotated[
        list[str], typer.Option(help="Grouping with a random intercept, once for each: language, condition:target.")
    ],
    slope: Annotated[list[str] | None, typer.Option(help="Grouping=column with a random slope, once for each.")] = None,
    degrees: Annotated[str, typer.Option(help="satterthwaite, or kenward-roger for few levels.")] = "satterthwaite",
    reml: Annotated[bool, typer.Option(help="Restricted maximum likelihood, or maximum likelihood.")] = True,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="CSV file for the fixed effects.")] = None,
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
        _frame(table),
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
    print_table(
        list(effects.columns),
        [[str(row[0]), *(f"{value:.4g}" for value in row[1:])] for row in effects.itertuples(index=False)],
    )
    rows = [[r.term, str(r.levels), f"{r.variance:.4g}", f"{r.std_dev:.4g}"] for r in fit.variances.itertuples()]
    print_table(["random term", "levels", "variance", "std_dev"], rows)
    how = "REML" if reml else "ML"
    typer.echo(
        f"{fit.design.rows:,} rows, {how} log likelihood {fit.log_likelihood:.4f}, R² {marginal[0]:.3f} marginal, "
        f"{marginal[1]:.3f} conditional"
    )
    if len(fit.design.names) > 1:
        for warning in fit.outcome(fit.design.names[1]).warnings:
            typer.echo(f"note: {warning}", err=True)


def _frame(path: Path) -> pd.DataFrame:
    """Read a table, in whose text columns `no` and `nan` stay what they are."""
    import pandas as pd

    from transfer_analysis.results.store import read_csv, read_parquet

    if path.suffix == ".parquet":
        return read_parquet(path)
    text = read_csv(path)
    frame = {}
    for column in text.columns:
        numbers = pd.to_numeric(text[column].replace("", None), errors="coerce")
        empty = text[column] == ""
        frame[column] = (
            numbers if numbers.notna().any() and (numbers.notna() | empty).all() else text[column].mask(empty)
        )
    return pd.DataFrame(frame)
