"""Commands that fit a formula to a table on disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from transfer_analysis.commands.common import AsJson, group, pairs, print_table
from transfer_analysis.commands.fitting import (
    Direction,
    Languages,
    OfInitialisation,
    OfModel,
    OutCsv,
    Seed,
    Table,
    Targets,
    WithOverlaps,
    direction,
    languages_of,
    read_frame,
    records,
    say,
    write_csv,
)
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from transfer_analysis.statistics import LinearFit, MixedFit, Outcome

app = group()

Formula = Annotated[str, typer.Option(help="outcome ~ effects, in quotes; of `fit mixed` with lme4's (1|group) too.")]
Random = Annotated[
    list[str] | None, typer.Option(help="Grouping with a random intercept, once for each: language, condition:target.")
]
Slope = Annotated[list[str] | None, typer.Option(help="Grouping=column with a random slope, once for each.")]
Degrees = Annotated[str, typer.Option(help="satterthwaite, or kenward-roger for few levels.")]
Cluster = Annotated[
    list[str] | None, typer.Option(help="Column whose levels are independent; twice for two that cross.")
]


@app.command(
    "mixed",
    epilog="Example: transfer-analysis fit mixed reports/quickstart/data/observations-gains.parquet --formula "
    "'gain ~ semantic_distance * syntactic_distance' --random condition --random target --random condition:target --random "
    "target:language --random language --random run --slope condition:target=syntactic_distance --degrees kenward-roger "
    "--term semantic_distance",
)
def mixed_command(
    table: Table,
    formula: Formula,
    random: Random = None,
    slope: Slope = None,
    degrees: Degrees = "kenward-roger",
    reml: Annotated[bool, typer.Option(help="Restricted maximum likelihood, or maximum likelihood.")] = True,
    term: Annotated[
        list[str] | None, typer.Option(help="Effect to say in a sentence, with its test; several times for several.")
    ] = None,
    test: Annotated[
        str, typer.Option(help="Of --term: t, likelihood (ratio, profile interval), or bootstrap (parametric).")
    ] = "t",
    replicates: Annotated[int, typer.Option(help="Simulated outcomes of the bootstrap.", min=19)] = 200,
    alternative: Direction = "two-sided",
    languages: Languages = "zero-shot",
    target: Targets = None,
    model: OfModel = None,
    initialisation: OfInitialisation = None,
    with_overlaps: WithOverlaps = False,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Fit a linear mixed model; one that lacks the random term at its predictor's own level is refused."""
    from transfer_analysis import analyses
    from transfer_analysis.statistics.mixed import bootstrap_outcome, likelihood_outcome, r_squared

    if test not in ("t", "likelihood", "bootstrap"):
        raise InputError(f"--test {test!r}: expected t, likelihood or bootstrap")
    way = direction(alternative)
    if way != "two-sided" and test != "t":
        raise InputError(f"--alternative {alternative}: a test of likelihoods has no direction; use --test t")
    frame = read_frame(table)
    _note_repeated(frame)
    fit = analyses.mixed_model(
        formula,
        frame,
        random or [],
        pairs(slope, "--slope", "GROUPING=COLUMN"),
        degrees=_degrees(degrees),
        reml=reml,
        languages=languages_of(languages),
        targets=target or [],
        model=model,
        initialisation=initialisation,
        overlaps=with_overlaps,
    )
    if term:
        outcomes: dict[str, Outcome] = {}
        for name in term:
            if test == "t":
                outcomes[name] = fit.outcome(name, alternative=way)
            elif test == "likelihood":
                outcomes[name] = likelihood_outcome(fit, name)
            else:
                outcomes[name] = bootstrap_outcome(fit, name, replicates, seed=seed)
        say(outcomes, out, as_json)
        return
    effects, shares = fit.tidy(), r_squared(fit)
    write_csv(effects, out)
    warnings = list(dict.fromkeys(w for name in fit.design.names for w in fit.outcome(name).warnings))
    if as_json:
        about = {
            "effects": records(effects),
            "variances": records(fit.variances),
            "log_likelihood": fit.log_likelihood,
            "converged": fit.converged,
            "singular": fit.singular,
            "r_squared": {"marginal": shares[0], "conditional": shares[1]},
            "n": fit.n,
            "unit": fit.unit,
            "notes": warnings,
        }
        typer.echo(json.dumps(about, indent=2))
        return
    _print_effects(effects)
    rows = [[r.term, str(r.levels), f"{r.variance:.4g}", f"{r.std_dev:.4g}"] for r in fit.variances.itertuples()]
    print_table(["random term", "levels", "variance", "std_dev"], rows)
    how = "REML" if reml else "ML"
    typer.echo(
        f"{fit.design.rows:,} rows, {how} log likelihood {fit.log_likelihood:.4f}, R² {shares[0]:.3f} marginal, "
        f"{shares[1]:.3f} conditional"
    )
    for warning in warnings:
        typer.echo(f"note: {warning}", err=True)


@app.command(
    "linear",
    epilog="Example: transfer-analysis fit linear cells.csv --formula 'gain ~ task_distance + log_size' --cluster condition "
    "--test task_distance",
)
def linear_command(
    table: Table,
    formula: Formula,
    cluster: Cluster = None,
    family: Annotated[
        str, typer.Option(help="normal, binomial (a share between 0 and 1) or poisson (a count).")
    ] = "normal",
    trials: Annotated[str | None, typer.Option(help="Column with the trials behind each share.")] = None,
    test: Annotated[
        str | None, typer.Option(help="Effect to test by the wild cluster bootstrap, which holds with few clusters.")
    ] = None,
    alternative: Direction = "two-sided",
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Fit a linear or generalised linear model, with errors by cluster."""
    from transfer_analysis.statistics import wild_cluster_bootstrap

    if test is not None:
        if family != "normal" or cluster is None or len(cluster) != 1:
            raise InputError("--test: the wild cluster bootstrap is of a normal model with one --cluster")
        found = wild_cluster_bootstrap(
            formula, read_frame(table), test, cluster[0], alternative=direction(alternative), seed=seed
        )
        say({test: found}, out, as_json)
        return
    fit = _linear(read_frame(table), formula, family, trials, cluster)
    effects = fit.tidy()
    write_csv(effects, out)
    if as_json:
        about = {
            "effects": records(effects),
            "log_likelihood": fit.log_likelihood,
            "method": fit.method,
            "n": fit.n,
            "unit": fit.unit,
            "notes": list(fit.notes),
        }
        typer.echo(json.dumps(about, indent=2))
        return
    _print_effects(effects)
    typer.echo(f"{fit.method}, n = {fit.n} {fit.unit}; log likelihood {fit.log_likelihood:.4f}")
    for note in fit.notes:
        typer.echo(f"note: {note}", err=True)


@app.command(
    "means",
    epilog="Example: transfer-analysis fit means gains.csv --formula 'gain ~ group * model' --random condition --random "
    "condition:model --random run --factor group --factor model --contrast syntactic:mbert=1,semantic:mbert=-1 --margin 1",
)
def means_command(
    table: Table,
    formula: Formula,
    factor: Annotated[list[str], typer.Option(help="Factor of the means; several for each combination.")],
    random: Random = None,
    slope: Slope = None,
    degrees: Degrees = "kenward-roger",
    cluster: Cluster = None,
    contrast: Annotated[
        list[str] | None, typer.Option(help="MEAN=WEIGHT,MEAN=WEIGHT: a planned contrast; several times for several.")
    ] = None,
    margin: Annotated[float | None, typer.Option(help="Margin of equivalence, declared beforehand.")] = None,
    alternative: Direction = "two-sided",
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Estimated marginal means of a mixed (--random) or linear model, and planned contrasts of them."""
    from transfer_analysis.statistics import marginal_means

    frame = read_frame(table)
    planned = [_weights(given) for given in contrast or []]
    if random:
        fit: Any = _mixed(frame, formula, random, slope, degrees, reml=True)
    else:
        fit = _linear(frame, formula, "normal", None, cluster)
    means = marginal_means(fit, factor)
    if not planned:
        tidy = means.tidy()
        write_csv(tidy, out)
        if as_json:
            typer.echo(json.dumps({"means": records(tidy), "notes": list(fit.notes)}, indent=2))
            return
        wide = len(factor)
        rows = [[*map(str, row[:wide]), *(f"{v:.4g}" for v in row[wide:])] for row in tidy.itertuples(index=False)]
        print_table(list(map(str, tidy.columns)), rows)
        for note in fit.notes:
            typer.echo(f"note: {note}", err=True)
        return
    outcomes: dict[str, Outcome] = {}
    for weights in planned:
        found = means.contrast(weights)
        outcomes[found.name] = found.outcome(direction(alternative))
        if margin is not None:
            outcomes[f"equivalence, {found.name}"] = found.equivalence(margin)
    say(outcomes, out, as_json)


@app.command("correct", epilog="Example: transfer-analysis fit correct outcomes.csv --method holm -o corrected.csv")
def correct_command(
    table: Annotated[Path, typer.Argument(help="CSV with one row per test of the declared family, as --out writes.")],
    column: Annotated[str, typer.Option(help="Column with the p-values.")] = "p_value",
    method: Annotated[str, typer.Option(help="holm, or benjamini-hochberg (for screening).")] = "holm",
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Correct the p-values of a declared family of tests, one per row."""
    from transfer_analysis.statistics import benjamini_hochberg, holm
    from transfer_analysis.statistics.frames import require_named, require_numbers

    if method not in ("holm", "benjamini-hochberg"):
        raise InputError(f"--method {method!r}: expected holm or benjamini-hochberg")
    frame = read_frame(table)
    require_named(frame, [column])
    require_numbers(frame, [column])
    adjust = holm if method == "holm" else benjamini_hochberg
    frame = frame.assign(adjusted_p=adjust(frame[column].tolist()), correction=method)
    write_csv(frame, out)
    if as_json:
        typer.echo(json.dumps(records(frame), indent=2))
        return
    names = next((frame[c] for c in ("question", "statistic", "term") if c in frame), frame.index.to_series())
    rows = [[str(n), f"{p:.3g}", f"{a:.3g}"] for n, p, a in zip(names, frame[column], frame["adjusted_p"], strict=True)]
    print_table(["test", "p", f"p, {method} over these {len(frame)}"], rows)


def _mixed(
    frame: pd.DataFrame, formula: str, random: Sequence[str], slope: list[str] | None, degrees: str, reml: bool
) -> MixedFit:
    from transfer_analysis.statistics.mixed import mixed_model

    _note_repeated(frame)
    return mixed_model(
        formula,
        frame,
        random,
        pairs(slope, "--slope", "GROUPING=COLUMN"),
        reml=reml,
        degrees_of_freedom=_degrees(degrees),
    )


def _degrees(given: str) -> Literal["satterthwaite", "kenward-roger"]:
    if given not in ("satterthwaite", "kenward-roger"):
        raise InputError(f"--degrees {given!r}: expected satterthwaite or kenward-roger")
    return "kenward-roger" if given == "kenward-roger" else "satterthwaite"


def _linear(frame: pd.DataFrame, formula: str, family: str, trials: str | None, cluster: list[str] | None) -> LinearFit:
    from transfer_analysis.statistics import generalised_linear_model, linear_model

    if family not in ("normal", "binomial", "poisson"):
        raise InputError(f"--family {family!r}: expected normal, binomial or poisson")
    _note_repeated(frame)
    if family == "normal":
        return linear_model(formula, frame, clusters=cluster)
    kind: Literal["binomial", "poisson"] = "binomial" if family == "binomial" else "poisson"
    return generalised_linear_model(formula, frame, kind, trials=trials, clusters=cluster)


def _note_repeated(frame: pd.DataFrame) -> None:
    """Say that rows are there twice: alike in every column, they can hardly be two observations."""
    repeated = int(frame.duplicated().sum())
    if repeated:
        typer.echo(
            f"note: {repeated} rows repeat another in every column, and count twice; leave them out if they are not observations "
            "of their own",
            err=True,
        )


def _weights(given: str) -> dict[str, float]:
    """Return the weights of a contrast: `syntactic=1,semantic=-1`."""
    found: dict[str, float] = {}
    for part in given.split(","):
        name, equals, weight = part.rpartition("=")
        try:
            found[name.strip()] = float(weight)
        except ValueError as error:
            raise InputError(f"--contrast {given}: {part.strip()!r}: expected MEAN=WEIGHT") from error
        if not equals:
            raise InputError(f"--contrast {given}: {part.strip()!r}: expected MEAN=WEIGHT")
    return found


def _print_effects(effects: pd.DataFrame) -> None:
    rows = [[str(row[0]), *(f"{value:.4g}" for value in row[1:])] for row in effects.itertuples(index=False)]
    print_table(list(effects.columns), rows)
