"""What the commands that fit something share: reading a table from disk, and saying what came out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from transfer_analysis.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from transfer_analysis.analyses import Languages as LanguagesThatCount
    from transfer_analysis.statistics import Outcome
    from transfer_analysis.statistics.outcome import Alternative

Table = Annotated[Path, typer.Argument(help="CSV or Parquet with one row per observation.")]
OutCsv = Annotated[Path | None, typer.Option("--out", "-o", help="CSV file for the result.")]
Permutations = Annotated[int, typer.Option(help="Random permutations, where there are too many to enumerate.", min=19)]
Seed = Annotated[int, typer.Option(help="Seed of whatever is drawn.", min=0)]
Languages = Annotated[
    str, typer.Option("--languages", help="Languages that count: zero-shot (not trained on), source, or all.")
]
OfModel = Annotated[
    str | None,
    typer.Option("--model", help="The model that counts  [default: each by itself, where there are several]"),
]
OfInitialisation = Annotated[
    str | None, typer.Option("--initialisation", help="Weights that count: pretrained or random.")
]
Targets = Annotated[
    list[str] | None, typer.Option("--target", help="A target that counts; several times for several  [default: all]")
]
WithOverlaps = Annotated[
    bool,
    typer.Option("--with-overlaps", help="Count cells whose intermediate task is part of the target's training data."),
]
Direction = Annotated[str, typer.Option("--alternative", help="two-sided, less or greater.")]


def read_frame(path: Path) -> pd.DataFrame:
    """Read a table of any columns; pandas is loaded only now."""
    from transfer_analysis.results import store

    return store.read_frame(path)


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows of a table for JSON: missing numbers are null."""
    rows: list[dict[str, object]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return rows


def write_csv(frame: pd.DataFrame, out: Path | None) -> None:
    """Write a result as CSV, where that is wanted."""
    from transfer_analysis.files import write_text

    if out is not None:
        write_text(out, frame.to_csv(index=False, lineterminator="\n"))


def languages_of(given: str) -> LanguagesThatCount:
    """Return which languages count, as an option names them."""
    names: tuple[LanguagesThatCount, ...] = ("zero-shot", "source", "all")
    for name in names:
        if given == name:
            return name
    raise InputError(f"--languages {given!r}: expected zero-shot, source or all")


def of_each_model(
    frame: pd.DataFrame, model: str | None, question: str, answer: Callable[[str | None], Outcome]
) -> dict[str, Outcome]:
    """Answer a question for the model that is named, or for each there is by itself: results are never pooled unasked."""
    models = sorted(map(str, frame["model"].dropna().unique())) if "model" in frame and model is None else [model]
    if len(models) < 2:
        return {question: answer(model)}
    return {f"{question}, {name}": answer(name) for name in models}


def direction(given: str) -> Alternative:
    """Return the alternative of a test that an option names."""
    from transfer_analysis.statistics.outcome import ALTERNATIVES

    for alternative in ALTERNATIVES:
        if given == alternative:
            return alternative
    raise InputError(f"--alternative {given!r}: expected two-sided, less or greater")


def say(
    outcomes: Mapping[str, Outcome],
    out: Path | None,
    as_json: bool,
    notes: tuple[str, ...] = (),
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Print outcomes as sentences with their warnings, or as JSON, and write them as CSV where that is wanted.

    Parameters
    ----------
    outcomes
        What each answers → the outcome.
    notes
        What was done to the table beforehand.
    tables
        What belongs to the outcomes, for the JSON.
    """
    import pandas as pd

    from transfer_analysis.statistics.outcome import number

    tidy = pd.concat([o.tidy().assign(question=name) for name, o in outcomes.items()], ignore_index=True)
    tidy = tidy[["question", *(c for c in tidy.columns if c != "question")]]
    write_csv(tidy, out)
    if as_json:
        more = {name: records(frame) for name, frame in (tables or {}).items()}
        typer.echo(json.dumps({"outcomes": records(tidy), "notes": list(notes), **more}, indent=2))
        return
    for outcome in outcomes.values():
        typer.echo(str(outcome))
        typer.echo(f"  {outcome.method}")
        facts = []
        if outcome.attainable_p is not None:
            facts.append(f"attainable p {outcome.attainable_p:.2g}")
        if outcome.minimum_detectable is not None:
            detectable = number(outcome.minimum_detectable)
            if "correlation" in outcome.statistic and outcome.minimum_detectable > 1:
                detectable = f"none (it would take a correlation of {detectable})"
            facts.append(f"detectable with 80% power: {detectable}")
        if facts:
            typer.echo(f"  {'; '.join(facts)}")
        for warning in outcome.warnings:
            typer.echo(f"  note: {warning}")
    for note in notes:
        typer.echo(f"  note: {note}")
