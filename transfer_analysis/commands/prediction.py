"""The command that predicts scores of what is left out."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from transfer_analysis.commands.common import AsJson, group, pairs, print_table, progress
from transfer_analysis.commands.fitting import Languages, OutCsv, Seed, languages_of, read_frame, records, write_csv
from transfer_analysis.commands.pairs import By, parts_of
from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    from transfer_analysis.analyses.prediction import Prediction
    from transfer_analysis.distances import DistanceMatrix

app = group()


@app.command(
    "predict",
    epilog="Example: transfer-analysis fit predict rows.csv --predictor syntactic --predictor genetic --predictor size "
    "--together geography=geographic,genetic --leave-out family",
)
def predict_command(
    table: Annotated[Path, typer.Argument(help="CSV or Parquet with a row per score: of a study, or your own.")],
    predictor: Annotated[
        list[str],
        typer.Option(
            help="A column (numbers or names), a distance of languages that is computed, or NAME=FILE for a matrix. Once for each."
        ),
    ],
    score: Annotated[str, typer.Option(help="Column that is predicted.")] = "score",
    leave_out: Annotated[
        str, typer.Option("--leave-out", help="What is left out in turn: language, family, task, or a column.")
    ] = "language",
    learner: Annotated[
        list[str] | None, typer.Option(help="regression, ridge, boosting or mixed; once for each  [default: all]")
    ] = None,
    together: Annotated[
        list[str] | None,
        typer.Option(help="NAME=PREDICTOR,PREDICTOR: whose importance is asked of all at once. Once for each."),
    ] = None,
    by: By = None,
    source: Annotated[str, typer.Option(help="Column of the language trained on.")] = "source_language",
    language: Annotated[str, typer.Option(help="Column of the language tested on.")] = "language",
    languages: Languages = "zero-shot",
    choose: Annotated[
        str | None,
        typer.Option(help="Column whose values are candidates, for NDCG  [default: sources, else conditions]"),
    ] = None,
    k: Annotated[int | None, typer.Option("--k", help="Of NDCG@k  [default: all places]", min=1)] = None,
    relevance: Annotated[
        str, typer.Option(help="What NDCG counts: ranks, scores, clipped-gains, or top-ranks.")
    ] = "ranks",
    lower_is_better: Annotated[bool, typer.Option("--lower-is-better", help="Of losses and perplexities.")] = False,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """How well are scores predicted of a language, family or task left out? Beside means; importance of predictors."""
    import pandas as pd

    from transfer_analysis.analyses.prediction import predict
    from transfer_analysis.statistics.prediction import LEARNERS

    named = dict(_predictor(text) for text in predictor)
    given = pairs(together, "--together", "NAME=PREDICTOR,PREDICTOR")
    blocks = {name: [member.strip() for member in members.split(",")] for name, members in given.items()}
    parts, found = dict(parts_of(read_frame(table), by)), {}
    with progress() as report:
        for name, part in parts.items():
            found[name] = predict(
                part,
                list(named),
                score=score,
                leave_out=leave_out,
                learners=learner or tuple(LEARNERS),
                matrices={name: matrix for name, matrix in named.items() if matrix is not None},
                together=blocks,
                languages=languages_of(languages),
                source=source,
                language=language,
                choose=choose,
                k=k,
                relevance=cast("Any", relevance),  # checked there
                lower_is_better=lower_is_better,
                seed=seed,
                report=report,
            )
    errors = pd.concat([one.errors.assign(part=name) for name, one in found.items()], ignore_index=True)
    write_csv(errors, out)
    if as_json:
        typer.echo(json.dumps({name: _records(one) for name, one in found.items()}, indent=2))
        return
    for name, one in found.items():
        _print(name, one)


def _predictor(text: str) -> tuple[str, DistanceMatrix | None]:
    from transfer_analysis.distances import DistanceMatrix

    name, equals, path = text.partition("=")
    if not name or (equals and not path):
        raise InputError(f"--predictor {text}: expected NAME, or NAME=FILE for a matrix")
    return name, DistanceMatrix.read(Path(path)) if equals else None


def _records(found: Prediction) -> dict[str, Any]:
    import pandas as pd

    outcomes = pd.concat([one.tidy().assign(learner=name) for name, one in found.outcomes.items()], ignore_index=True)
    return {
        "errors": records(found.errors),
        "outcomes": records(outcomes),
        "importance": records(found.importance),
        "notes": list(found.notes),
    }


def _print(name: str, found: Prediction) -> None:
    from transfer_analysis.statistics.outcome import alike, number

    if name:
        typer.echo(f"\n{name}")
    rows = []
    for row in found.errors.to_dict("records"):
        known = not isnan(row["low"])
        rmse, low, high, mae = alike(row["rmse"], *((row["low"], row["high"]) if known else (None, None)), row["mae"])
        others = ["–" if isnan(row[c]) else number(row[c]) for c in ("r_squared", "spearman", "ndcg")]
        rows.append([row["model"], rmse, f"{low} to {high}" if known else "–", mae, *others])
    print_table(["", "RMSE", "95% interval", "MAE", "R²", "rank correlation", "NDCG"], rows)
    for outcome in found.outcomes.values():
        typer.echo(str(outcome))
        for warning in outcome.warnings:
            typer.echo(f"  note: {warning}")
    learners = list(found.outcomes)
    table = found.importance.pivot(index=["predictors", "unit", "units"], columns="model", values="importance")
    typer.echo("\nhow much the RMSE grows when predictors are exchanged between units")
    print_table(
        ["", "units", *learners],
        [[key[0], f"{key[2]} {key[1]}", *(number(row[one]) for one in learners)] for key, row in table.iterrows()],
    )
    for note in found.notes:
        typer.echo(f"note: {note}")
