"""The command on pairs of a source and a target with a score and predictors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from transfer_analysis.commands.common import AsJson, group, print_table, progress
from transfer_analysis.commands.fitting import OutCsv, Permutations, Seed, read_frame, records, write_csv
from transfer_analysis.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from transfer_analysis.analyses.pairs import Direction, PairPanel, Predictor

app = group()

By = Annotated[
    str | None, typer.Option(help="Columns that are answered apart, with commas: task,model. Each is on its own scale.")
]


@app.command(
    "pairs",
    epilog="Example: transfer-analysis fit pairs scores.csv --source train --target test --score las --by model "
    "--predictor overlap:similarity --predictor syntactic:distance --predictor mine=matrix.csv:distance",
)
def pairs_command(
    table: Annotated[
        Path, typer.Argument(help="CSV or Parquet with a row per pair; with --wide, a column per target.")
    ],
    predictor: Annotated[
        list[str],
        typer.Option(
            help="NAME:similarity or NAME:distance: a column, or a distance of languages that is computed; "
            "NAME=FILE:distance for a matrix. Once for each."
        ),
    ],
    source: Annotated[str, typer.Option(help="Column that names the source.")] = "source_language",
    target: Annotated[str, typer.Option(help="Column that names the target.")] = "language",
    score: Annotated[str, typer.Option(help="Column with the score.")] = "score",
    by: By = None,
    wide: Annotated[
        bool, typer.Option("--wide", help="Sources in the first column, a column of scores for each target.")
    ] = False,
    lower_is_better: Annotated[bool, typer.Option("--lower-is-better", help="Of losses and perplexities.")] = False,
    within_families: Annotated[
        bool, typer.Option("--within-families", help="Exchange labels within language families only.")
    ] = False,
    k: Annotated[int, typer.Option("--k", help="Of NDCG@k and Regret@k.", min=1)] = 3,
    relevance: Annotated[
        str,
        typer.Option(
            help="What NDCG counts: ranks, scores, clipped-gains, or top-ranks (LangRank's exponential gains)."
        ),
    ] = "ranks",
    permutations: Permutations = 9_999,
    seed: Seed = 0,
    out: OutCsv = None,
    as_json: AsJson = False,
) -> None:
    """Does a property of pairs tell the score? Correlations, choice of sources, regression, prediction; labels relabeled."""
    import pandas as pd

    from transfer_analysis.analyses.pairs import pair_panel

    predictors = [_predictor(text) for text in predictor]
    frame = _melted(table, source, target, score) if wide else read_frame(table)
    parts, panels = dict(parts_of(frame, by)), {}
    with progress() as report:
        for number, (name, part) in enumerate(parts.items()):
            report(f"relabeling: {name or table.name}", number / len(parts))
            panels[name] = pair_panel(
                part,
                predictors,
                source=source,
                target=target,
                score=score,
                lower_is_better=lower_is_better,
                within_families=within_families,
                k=k,
                relevance=cast("Any", relevance),  # checked there
                permutations=permutations,
                seed=seed,
            )
    tidy = pd.concat([panel.tidy().assign(part=name) for name, panel in panels.items()], ignore_index=True)
    tidy = tidy[["part", "question", *(c for c in tidy.columns if c not in ("part", "question"))]]
    write_csv(tidy, out)
    if as_json:
        about = {
            name: {"r_squared": panel.r_squared, "errors": records(panel.errors), "notes": list(panel.notes)}
            for name, panel in panels.items()
        }
        typer.echo(json.dumps({"outcomes": records(tidy), "parts": about}, indent=2))
        return
    for name, panel in panels.items():
        _print(name, panel, predictors)


def _predictor(text: str) -> Predictor:
    from transfer_analysis.analyses.pairs import Predictor
    from transfer_analysis.distances import DistanceMatrix

    named, colon, direction = text.rpartition(":")
    name, equals, path = named.partition("=")
    if not colon or not name or (equals and not path):
        raise InputError(f"--predictor {text}: expected NAME:similarity, NAME:distance, or NAME=FILE:distance")
    matrix = DistanceMatrix.read(Path(path)) if equals else None
    return Predictor(name, cast("Direction", direction), matrix)  # the direction is checked there


def _melted(path: Path, source: str, target: str, score: str) -> pd.DataFrame:
    """Return a table with a column for each target as one with a row for each pair."""
    from transfer_analysis.distances import DistanceMatrix

    values = DistanceMatrix.read(path).values
    named = values.rename_axis(index=source, columns=target)
    return named.stack(future_stack=True).rename(score).dropna().reset_index()


def parts_of(frame: pd.DataFrame, by: str | None) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the parts of a table that are answered apart, each with its name.

    Raises
    ------
    InputError
        For a column that there is not.
    """
    from transfer_analysis.statistics.frames import require_labels

    columns = [column.strip() for column in by.split(",")] if by else []
    for column in columns:
        if column not in frame:
            raise InputError(f"--by {column}: the table has no such column{nearest(column, map(str, frame.columns))}")
    if not columns:
        yield "", frame
        return
    require_labels(frame, columns)
    for key, part in frame.groupby(columns, sort=True):
        yield ", ".join(map(str, key)), part


def _print(name: str, panel: PairPanel, predictors: list[Predictor]) -> None:
    from transfer_analysis.statistics.outcome import number, p_text

    if name:
        typer.echo(f"\n{name}")
    questions = list(dict.fromkeys(q.rpartition(", ")[0] for q in panel.outcomes if ", " in q))

    def cell(question: str, predictor: str) -> str:
        found = panel.outcomes.get(f"{question}, {predictor}")
        if found is None:
            return "–"
        random = "" if found.random_selection is None else f"; random {number(found.random_selection)}"
        return f"{number(found.estimate)}{random} ({'' if found.p_value is None else p_text(found.p_value)})"

    names = [predictor.name for predictor in predictors]
    print_table(["", *names], [[question, *(cell(question, one) for one in names)] for question in questions])
    n = next(iter(panel.outcomes.values()))
    typer.echo(f"{n.n} {n.unit}; null: {n.null}; regression R² {panel.r_squared:.3f}")
    if len(panel.errors):
        rows = [[r.model, number(r.rmse), number(r.mae), number(r.r_squared)] for r in panel.errors.itertuples()]
        print_table(["each target left out", "RMSE", "MAE", "R²"], rows)
        predicted = panel.outcomes["prediction for targets left out"]
        typer.echo(f"the regression's RMSE beside relabeled predictors: {p_text(predicted.p_value or 1.0)}, one-sided")
    for note in panel.notes:
        typer.echo(f"note: {note}")
